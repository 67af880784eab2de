"""Proposes a [[source]] with which a content would load; where the content leaves a choice, all lines of it.

A line without a `#` is certain. The patterns match no name of a file that the lines could read wrongly.
"""

import re

from etl.check.findings import named
from etl.check.inspect import Found
from etl.check.names import EXAMPLES, WORDS, NameLines, file_patterns, name_lines
from etl.check.proposal import Choice, Line, Lines, Proposal, choice
from etl.check.suggest import Suggestion
from etl.check.time_shapes import ISO, Shape
from etl.common.paths import SHIPPED
from etl.config.source import PROBE, Heading, Source, joined_places, parts_of, unpacked_name
from etl.read.tins import redact_name
from etl.store.texts import PLACE, content_name

# The keys of a source that stay as they are.
KEPT = ("records", "header_line", "fill_down", "layout", "repeats")
DEFAULT = Source("", "events", (), None, "UTC", "UTC")


def needs_lines(found: Found) -> bool:
    """Whether lines are needed: for a missing column, for unread times, or to choose month or day first."""
    is_shipped = found.check.settings.path == SHIPPED / "settings.toml"
    return bool(found.suggested) or any(
        shape.known_count < shape.read_count or (shape.is_ambiguous and is_shipped) for shape in found.times
    )


def propose(found: Found) -> Proposal:
    """A complete [[source]] for files with names like this one, to paste before the others."""
    source, names = found.source, name_lines(found)
    constants = constant_lines(found, names)
    files, wide_files = file_patterns(found.file_name, names, bool(constants))
    # The words of the name, without endings such as .csv.
    words = re.findall(r"[^\W\d_]+", re.sub(r"\.\w+(?= |$)", "", unpacked_name(found.file_name)))
    place = found.unpacked.place if found.unpacked.sheet else ()
    kept = {key: value for key in KEPT if (value := getattr(source, key)) != getattr(DEFAULT, key)}
    return Proposal(
        kind=source.kind,
        keys=(
            *([Line("firm_id", source.firm_id)] if source.firm_id is not None else []),
            Line("timezone", source.timezone),
            *format_lines(found.times),
            *(Line(key, value) for key, value in kept.items()),
        ),
        columns=(*column_lines(found), *(line for one in found.suggested for line in suggested_lines(one))),
        constants=constants,
        names=names.lines,
        content=content_name(found.unpacked.file, found.unpacked.place)[0],
        file=named(found.unpacked.file),
        sheet=PLACE.join(redact_name(one)[0] for one in place),
        name=" ".join(words).lower() or "export",
        files=files,
        wide_files=wide_files,
        is_log=all(one.headings or one.column in EXAMPLES for one in found.suggested),
    )


def column_lines(found: Found) -> list[Line]:
    """The headings of the columns that are known."""
    columns = found.columns
    joined = joined_places(found.source, columns.headings)
    # A heading that is suggested for a missing column does not mean another one as well.
    moved = {part for one in found.suggested for heading in one.headings for part in parts_of(heading)}
    lines = []
    for name, place in columns.places.items():
        heading: Heading = columns.headings[place]
        if name in joined:
            heading = tuple(columns.headings[part] for part in joined[name])
        elif heading == name and name in found.values:
            continue
        if moved.isdisjoint(parts_of(heading)):
            lines.append(Line(name, (heading,)))
    known = found.source.columns.get("status", ())
    known = tuple(heading for heading in known if moved.isdisjoint(parts_of(heading)))
    if found.source.kind == "events" and not columns.has("status") and known:
        lines.append(Line("status", known, "If another file has it."))
    return lines


def suggested_lines(suggestion: Suggestion) -> Lines:
    """The headings that may mean a missing column."""
    column = suggestion.column
    if suggestion.is_certain:
        return (Line(column, tuple(suggestion.headings), f"Suggested: {suggestion.why}."),)
    lines = [Line(column, (heading,), note) for heading, note in suggestion.headings.items()]
    if not lines and column not in EXAMPLES:
        return (Choice(f"No heading looks like {column}. Write yours here:", (Line(column, ()),)),)
    which = "this heading" if len(lines) == 1 else "one of these headings"
    return choice(f"Does {which} mean {WORDS.get(column, column)}?", lines)


def constant_lines(found: Found, names: NameLines) -> Lines:
    """The constants of the source, and a choice of the tab if nothing else gives it."""
    lines = tuple(Line(name, value) for name, value in found.source.constants.items())
    suggestion = next((one for one in found.suggested if one.column == "tab"), None)
    if suggestion is None or suggestion.headings or names.has_tab:
        return lines
    note = f"The known labels in it are of the {found.tab} tab."
    tabs = [Line("tab", tab, note if tab == found.tab else "") for tab in ("Client", "Internal")]
    tabs.sort(key=lambda line: not line.note)
    return lines + choice("Which tab is in this file?", tabs)


def format_lines(times: list[Shape]) -> Lines:
    """The formats of the times, where ISO 8601 does not read them."""
    own = [shape for shape in times if shape.formats and shape.formats[0] != ISO and not shape.is_day]
    certain = [shape.formats[0] for shape in own if not shape.is_ambiguous]
    ambiguous = [shape for shape in own if shape.is_ambiguous]
    days = [time_formats(certain + shape.formats[:1]) for shape in times if shape.is_day]
    accepted = choice("Some dates have no time of day. Are they midnight?", days)
    if not ambiguous:
        return ((time_formats(certain),) if certain else ()) + accepted
    first, lines = ambiguous[0], []
    for number in range(max(len(shape.formats) for shape in ambiguous)):
        chosen = [shape.formats[min(number, len(shape.formats) - 1)] for shape in ambiguous]
        note = f"{first.example} is {first.meanings[min(number, len(first.formats) - 1)]}"
        if len(set(first.meanings)) < len(first.meanings):
            # Their order shows in another time only.
            note = f"{PROBE.strftime(chosen[0])} would be {PROBE:%Y-%m-%d}"
        lines.append(time_formats(certain + chosen, note))
    return choice("Month and day are ambiguous in this file.", lines) + accepted


def time_formats(formats: list[str], note: str = "") -> Line:
    return Line("time_formats", tuple(dict.fromkeys(formats)), note)
