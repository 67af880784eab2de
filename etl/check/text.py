"""The text of `load --check`, by section; text from the file is shortened, redacted and printable."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from etl.check.inspect import Check, Found
from etl.check.labels import labels_csv, unclassified_labels
from etl.check.suggest import Suggestion
from etl.check.time_shapes import MOST_SHAPES, Shape
from etl.common.paths import SHIPPED
from etl.common.problem import Problem
from etl.common.terminal import printable
from etl.read.records import REASONS
from etl.read.tins import redact
from etl.store.mapping import file_columns
from etl.store.redact_file import redacted_name

MAX_WIDTH = 48
RECORDS_SHOWN = 3
NUMBERS_SHOWN = 10
LABELS_SHOWN = 50
# The loader makes them for itself; they explain nothing to a newcomer.
NOT_SHOWN = ("file_id", "row_no", "row_hash", "occurrence_no", "pattern")
GUIDE = "docs/your-first-export.md"


def joined(sections: list[str]) -> str:
    """The sections that are not empty, without control characters."""
    lines = "\n\n".join([*filter(None, sections), "Nothing was stored."]).split("\n")
    return "\n".join(map(printable, lines))


def refusal(path: Path, problem: Problem) -> str:
    """Why a load would refuse the file, and where to find help."""
    help_text = f"Other files would still load. See Refusals in {GUIDE} for what to do."
    return joined([f"{redacted_name(path)[0]} would be refused: {problem}", help_text])


def file(found: Found) -> str:
    source, staged = found.source, found.staged
    remark = f" ({staged.remark})" if staged.remark else ""
    settings = f"in {found.check.settings.path}, for files named {', '.join(source.files)}"
    lines = [
        f"Format   {found.format}",
        f"Records  {staged.record_count}{remark}",
        f'Source   "{source.name}" (kind {source.kind}) {settings}',
    ]
    return section(redacted_name(found.path)[0], lines)


def headings(found: Found) -> str:
    """What each heading means, and the first value under it."""
    columns, source = found.columns, found.source
    fields = [f"c{place}" for place in range(len(columns.headings))]
    firsts = ", ".join(f"arg_min({field}, row_no)" for field in fields)
    values = found.check.database.execute(f"select {firsts} from staged").fetchall()[0]
    names = {place: name for name, place in columns.places.items()}
    lines = table(
        ("heading", "our column", "first value"),
        [
            (redact(heading)[0], names.get(place, "(extra)"), values[place])
            for place, heading in enumerate(columns.headings)
        ],
    )
    constants = dict(columns.source.constants)
    if not columns.has("firm_id") and source.firm_id is not None:
        constants["firm_id"] = source.firm_id
    lines += [f'{name} is "{value}" on every record, from the settings.' for name, value in constants.items()]
    if columns.unmapped:
        lines.append("Columns that are not mapped are stored under (extra) with every record.")
    return section("Headings", lines)


def missing(found: Found) -> str:
    """The required columns that no heading feeds, and the headings that may mean them."""
    lines = [f"No column for {' and '.join(found.missing)}, so a load would refuse the file."]
    return section("Missing", lines + [candidates(suggestion) for suggestion in found.suggested])


def candidates(suggestion: Suggestion) -> str:
    column, why = suggestion.column, f"({suggestion.why})"
    if suggestion.constant:
        return f'{column}: "{suggestion.constant}" for every record {why}'
    quoted = ", ".join(f'"{cell(heading)}"' for heading in suggestion.headings)
    if suggestion.heading is not None:
        return f"{column}: {quoted} {why}"
    return f"{column}: perhaps one of {quoted}" if quoted else f"{column}: no heading looks like it"


def times(found: Found) -> str:
    """How the times are written, and which formats read them."""
    if not found.times:
        return ""
    lines = [time_line(shape) for shape in found.times]
    if len(lines) == MOST_SHAPES:
        lines.append("Other times may be written in other ways.")
    zone, firm_zone = found.source.timezone, found.check.settings.timezone
    lines.append(
        f"Times without an offset are in {zone}, the zone of the source; days are in {firm_zone}, the firm's."
    )
    return section("Times", lines)


def time_line(shape: Shape) -> str:
    """One way to write a time, and whether the settings read it."""
    numbers = {0: "none", shape.count: "all"}
    state = f"the settings read {numbers.get(shape.known_count, shape.known_count)} of them"
    if shape.is_ambiguous:
        choices = [f"{time} with {one}" for one, time in zip(shape.formats, shape.meanings, strict=True)]
        state = f"month and day are ambiguous: {', or '.join(choices)}; {state}"
    elif shape.formats:
        some = "" if shape.read_count == shape.count else f" reads {shape.read_count} of them"
        state = f"{shape.formats[0]}{some}; {state}"
    elif not shape.known_count:
        state = "no known format reads them"
    return f"{shape.count} like {cell(shape.example)}: {state}."


def records(found: Found) -> str:
    """The first records as they would be stored, their times also in the firm's zone."""
    title = "The first records as they would be stored"
    names = [name for name in file_columns(found.source.kind) if name not in NOT_SHOWN]
    moment = "event_at" if found.source.kind == "events" else "exported_at"
    texts = ", ".join(f"{name}::varchar" for name in names)
    first = f"select row_no from reasons where reason is null order by row_no limit {RECORDS_SHOWN}"
    rows = found.check.database.execute(
        f"select row_no, {texts} from mapped where row_no in ({first}) order by row_no"
    ).fetchall()
    if not rows:
        return section(title, ["None."])
    numbers, *columns = zip(*rows, strict=True)
    lines = []
    for name, values in zip(names, columns, strict=True):
        if any(value is not None for value in values):
            lines.append((f"{name} (UTC)" if name == moment else name, *values))
            if name == moment:
                zone = found.check.settings.timezone
                lines.append((f"  in {zone}", *(local_time(value, zone) for value in values)))
    return section(title, table(("", *(f"record {number}" for number in numbers)), lines))


def local_time(moment: str | None, zone: str) -> str | None:
    """A time in UTC as local time, to the second."""
    if moment is None:
        return None
    local = datetime.fromisoformat(moment).replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    return f"{local:%Y-%m-%d %H:%M:%S}"


def unrecognized_events(check: Check) -> str:
    """The labels that no rule matches, and the rows for labels.csv that would define them."""
    labels, count = unclassified_labels(check)
    if not labels:
        return section("Unrecognized events", [f"None. Known labels: {count}."])
    shown = labels[:LABELS_SHOWN]
    rows = [(tab, words, status, str(event_count)) for tab, words, status, event_count in shown]
    more = [f"And {len(labels) - LABELS_SHOWN} more."] if len(labels) > LABELS_SHOWN else []
    lines = [
        f"Unknown labels: {len(labels)} of {count}. Their events load as unclassified:",
        *table(("tab", "label", "status", "events"), rows),
        *more,
        "Rows for reference/labels.csv of the data directory; replace unclassified with a code of codes.csv:",
        "tab,recipient,label,status,code,note",
        *labels_csv(shown).splitlines(),
    ]
    return section("Unrecognized events", lines)


def quarantined(found: Found) -> str:
    """How many records would be quarantined, why, and which."""
    mapped = "" if found.missing else "union all select reason, row_no from reasons where reason is not null"
    rows = found.check.database.execute(f"""
        select reason, count(*), (list(row_no order by row_no))[:{NUMBERS_SHOWN}]
        from (select reason, row_no from malformed {mapped})
        group by reason order by count(*) desc, reason
    """).fetchall()
    lines = []
    for reason, count, numbers in rows:
        more = ", ..." if count > len(numbers) else ""
        lines.append(f"{count} {reason}: record {', '.join(map(str, numbers))}{more}. {REASONS[reason]}")
    return section("Quarantined", lines or ["None."])


def lines_to_paste(toml: str, check: Check) -> str:
    """A [[source]] for files like this one, and where to paste it."""
    own, current = check.data.root / "settings.toml", check.settings.path
    copy = f"Copy {current} to {own} first. " if current == SHIPPED / "settings.toml" != own else ""
    where = f"{copy}Paste these lines before the first [[source]]; then check again."
    return f"To paste into {own}\n    {where}\n\n{redact(toml)[0]}"


def section(title: str, lines: list[str]) -> str:
    return "\n".join([title, *(f"    {line}" for line in lines)])


def table(titles: tuple[str, ...], rows: Sequence[tuple[str | None, ...]]) -> list[str]:
    """Rows in columns that are as wide as their widest cell."""
    cells = [titles, *([cell(value) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def cell(value: str | None) -> str:
    """A text of the file for the terminal, on one line and not too long."""
    text = printable(redact(value or "")[0])
    return text if len(text) <= MAX_WIDTH else text[: MAX_WIDTH - 3] + "..."
