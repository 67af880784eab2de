"""The lines for settings.toml with which a file would load; where the file leaves a choice, all of them.

A line without a `#` is certain. The patterns match no name of a file that the lines could read wrongly.
"""

import re
from collections.abc import Sequence

from etl.check.inspect import Found
from etl.check.name_lines import NameLines, name_lines
from etl.check.names_in import file_patterns, literally
from etl.check.suggest import Suggestion
from etl.check.time_shapes import ISO, Shape
from etl.check.toml_texts import free_name, printed, quoted, texts
from etl.config.source import Heading, Source, joined_places, unpacked_name

# The keys of a source that stay as they are.
KEPT = ("records", "header_line", "fill_down", "layout", "repeats")


def source_toml(found: Found) -> str:
    """A complete [[source]] for files with names like this one, to paste before the others."""
    names = name_lines(found)
    constants = constant_lines(found, names)
    sections = {
        "[[source]]": own_lines(found, names, bool(constants)),
        "[source.columns]": column_lines(found),
        "[source.constants]": constants,
        "[source.names]": names.lines,
    }
    return "\n\n".join("\n".join([title, *lines]) for title, lines in sections.items() if lines)


def own_lines(found: Found, names: NameLines, has_constants: bool) -> list[str]:
    source = found.source
    stem = unpacked_name(found.file_name)
    kept = {key: value for key in KEPT if (value := getattr(source, key)) != getattr(DEFAULT, key)}
    return [
        f"name = {quoted(free_name(name_of(stem), found.check.source_names))}",
        f"kind = {quoted(source.kind)}",
        f"files = {texts(name_patterns(found, names, has_constants))}",
        *([f"firm_id = {quoted(source.firm_id)}"] if source.firm_id is not None else []),
        f"timezone = {quoted(source.timezone)}",
        *format_lines(found.times),
        *(
            f"{key} = {texts(value) if isinstance(value, tuple) else written(value)}"
            for key, value in kept.items()
        ),
    ]


DEFAULT = Source("", "events", (), None, "UTC", "UTC")


def written(value: str | int) -> str:
    return quoted(value) if isinstance(value, str) else str(value)


def name_patterns(found: Found, names: NameLines, has_constants: bool) -> list[str]:
    """The patterns of names: with a constant, only this name, because other files may need another one."""
    name = unpacked_name(found.file_name)
    suffix = "".join(re.findall(r"\.\w+$", name))
    stem = name.removesuffix(suffix)
    found_patterns = [f"{pattern}{suffix}" for pattern in names.files]
    found_patterns = found_patterns or [f"{one}{suffix}" for one in file_patterns(stem, names.has_tab)]
    if not names.files and (
        has_constants or not re.search(r"[^\W\d_]", re.sub(r"\[.\]", "", found_patterns[0]))
    ):
        found_patterns = [literally(name)]
    return found_patterns


def column_lines(found: Found) -> list[str]:
    """The headings of each column: those that are known, those that are certain, and choices."""
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
            lines.append(f"{name} = [{of_heading(heading)}]")
    if found.source.kind == "events" and not columns.has("status"):
        known = [
            one for one in found.source.columns.get("status", ()) if not moved.intersection(parts_of(one))
        ]
        lines += (
            [f"status = [{', '.join(map(of_heading, known))}]  # If another file has it."] if known else []
        )
    for suggestion in found.suggested:
        lines += suggested_lines(suggestion)
    return lines


def suggested_lines(suggestion: Suggestion) -> list[str]:
    column = suggestion.column
    named = [f"{column} = [{of_heading(heading)}]" for heading in suggestion.headings]
    if suggestion.is_certain:
        return [f"{named[0]}  # Suggested: {suggestion.why}."]
    notes = [f"  # {printed(note)}" if note else "" for note in suggestion.notes] or [""] * len(named)
    lines = [f"{line}{note}" for line, note in zip(named, notes, strict=True)]
    if column == "return_id" and lines:
        return choice("Does one of these headings mean the ID of the return?", lines)
    if not lines and column not in ("return_id", "tab"):
        return [f"# No heading looks like {column}. Write yours here:", f"# {column} = []"]
    return choice(f"Which of these headings means {column}?", lines) if lines else []


def constant_lines(found: Found, names: NameLines) -> list[str]:
    """The constants of the source, and a choice of the tab if nothing else gives it."""
    lines = [f"{name} = {quoted(value)}" for name, value in found.source.constants.items()]
    suggestion = next((one for one in found.suggested if one.column == "tab"), None)
    if suggestion is None or suggestion.headings or "tab" in names.covered:
        return lines
    tabs = ["Client", "Internal"]
    tabs = [found.tab, *(tab for tab in tabs if tab != found.tab)] if found.tab else tabs
    lines_of_tabs = [f'tab = "{tab}"' for tab in tabs]
    if found.tab:
        lines_of_tabs[0] += f"  # The known labels in it are of the {found.tab} tab."
    return lines + choice("Which tab is in this file?", lines_of_tabs)


def choice(question: str, lines: list[str]) -> list[str]:
    return [f"# {question} Use one of these lines:", *(f"# {line}" for line in lines)]


def format_lines(times: list[Shape]) -> list[str]:
    """The formats of the times, where ISO 8601 does not read them."""
    own = [shape for shape in times if shape.formats and shape.formats[0] != ISO and not shape.is_day]
    certain = [shape.formats[0] for shape in own if not shape.is_ambiguous]
    ambiguous = [shape for shape in own if shape.is_ambiguous]
    days = [time_formats(certain + shape.formats[:1]) for shape in times if shape.is_day]
    accepted = choice("Some dates have no time of day. Are they midnight?", days) if days else []
    if not ambiguous:
        return ([time_formats(certain)] if certain else []) + accepted
    first, lines = ambiguous[0], []
    for number in range(max(len(shape.formats) for shape in ambiguous)):
        chosen = [shape.formats[min(number, len(shape.formats) - 1)] for shape in ambiguous]
        meaning = first.meanings[min(number, len(first.formats) - 1)]
        lines.append(f"{time_formats(certain + chosen)}  # {first.example} is {meaning}")
    return choice("Month and day are ambiguous in this file.", lines) + accepted


def time_formats(formats: list[str]) -> str:
    return f"time_formats = {texts(dict.fromkeys(formats))}"


def name_of(words: str) -> str:
    """A name for a source, after the file."""
    stem = re.sub(r"\.\w+(?= |$)", "", words)
    return " ".join(re.findall(r"[^\W\d_]+", stem)).lower() or "export"


def parts_of(heading: Heading) -> Sequence[str]:
    return (heading,) if isinstance(heading, str) else heading


def of_heading(heading: Heading) -> str:
    return quoted(heading) if isinstance(heading, str) else texts(heading)
