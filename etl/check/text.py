"""The text of `load --check`, by section; text from the file is shortened, redacted and printable."""

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import duckdb

from etl.check.inspect import Found
from etl.check.labels import Label, labels_csv
from etl.check.suggest import Suggestion
from etl.check.time_shapes import MOST_SHAPES, Shape
from etl.common.paths import SHIPPED, DataDir
from etl.common.problem import Problem
from etl.common.terminal import printable
from etl.config.settings import Settings
from etl.read.records import REASONS
from etl.read.tins import redact
from etl.store.mapping import file_columns
from etl.store.redact_file import redacted_fields

WIDEST = 48
FIRST = 3
NUMBERS_SHOWN = 10
LABELS_SHOWN = 50
# Made by the loader for itself; a newcomer learns nothing from them.
UNSHOWN = ("file_id", "row_no", "row_hash", "occurrence_no", "pattern")
GUIDE = "docs/your-first-export.md"


def joined(sections: list[str]) -> str:
    """The sections that say something, without characters that would steer the terminal."""
    lines = "\n\n".join([*(section for section in sections if section), "Nothing was stored."]).split("\n")
    return "\n".join(map(printable, lines))


def refusal(name: str, problem: Problem) -> str:
    """What a load would say, and where there is help."""
    return joined(
        [
            f"{name} would be refused: {problem}",
            f"Other files would still load. {GUIDE} explains each refusal under Refusals, and how to fix it.",
        ]
    )


def file(found: Found) -> str:
    """The file, and what reads it."""
    source = found.source
    patterns = ", ".join(source.files)
    remark = f" ({found.staged.remark})" if found.staged.remark else ""
    return section(
        found.name,
        [
            f"Written as  {found.written}",
            f"Records     {found.staged.record_count}{remark}",
            f'Source      "{source.name}" (kind {source.kind}) of {found.settings.path}, '
            f"whose files are {patterns}",
        ],
    )


def headings(database: duckdb.DuckDBPyConnection, found: Found) -> str:
    """What each heading means, and the first value under it."""
    columns = found.columns
    places = range(len(columns.headings))
    fields = redacted_fields("staged", [f"c{place}" for place in places], found.redacted)
    firsts = ", ".join(f"arg_min(c{place}, row_no)" for place in places)
    values = database.execute(f"select {firsts} from ({fields})").fetchall()[0]
    meant = {place: name for name, place in columns.places.items()}
    rows = [
        (redact(columns.headings[place])[0], meant.get(place, "(extra)"), values[place]) for place in places
    ]
    lines = table(("heading", "our column", "first value"), rows)
    lines += [
        f'{name} is "{value}" on every record, as the settings say.'
        for name, value in columns.constants.items()
    ]
    if not columns.has("firm_id") and found.source.firm_id is not None:
        lines.append(f'firm_id is "{found.source.firm_id}", as the settings say.')
    if columns.unmapped:
        lines.append("Columns without a mapping are stored under (extra) with every record.")
    return section("Headings", lines)


def missing(found: Found) -> str:
    """The required columns that nothing feeds, with what may be meant by them."""
    lines = [f"No column for {' and '.join(found.missing)}, so a load would refuse the file."]
    return section("Missing", lines + [f"{one.column}: {candidates(one)}" for one in found.suggested])


def candidates(one: Suggestion) -> str:
    """What may feed a missing column, and why."""
    headings = ", ".join(f'"{cell(heading)}"' for heading in one.headings)
    if one.constant:
        return f'"{one.constant}" for every record ({one.why})'
    if len(one.headings) == 1:
        return f"{headings} ({one.why})"
    return f"perhaps one of {headings}" if headings else "no heading looks like it"


def times(found: Found) -> str:
    """How the times are written, and what reads them."""
    if not found.times:
        return ""
    lines = [shape_words(shape) for shape in found.times]
    if len(lines) == MOST_SHAPES:
        lines.append("Others may be written in further ways.")
    zone, firm_zone = found.source.timezone, found.settings.timezone
    lines.append(
        f"Times without an offset are of {zone}, the zone of the source; days are of {firm_zone}, the firm's."
    )
    return section("Times", lines)


def shape_words(shape: Shape) -> str:
    """One way to write a time, and whether the settings read it."""
    words = f"{shape.count} like {cell(shape.example)}: "
    if not shape.formats:
        return (
            words
            + ("read by the settings" if shape.known_count else "no format is known that reads them")
            + "."
        )
    settings = {0: "the settings read none of them", shape.count: "the settings read them all"}
    state = settings.get(shape.known_count, f"the settings read {shape.known_count} of them")
    if shape.is_open:
        either = ", or ".join(
            f"{meaning} by {one}" for one, meaning in zip(shape.formats, shape.meanings, strict=True)
        )
        return f"{words}month and day cannot be told apart: {either}; {state}."
    some = "" if shape.read_count == shape.count else f" reads {shape.read_count} of them"
    return f"{words}{shape.formats[0]}{some}; {state}."


def records(database: duckdb.DuckDBPyConnection, found: Found) -> str:
    """The first records as they would be stored, their times also in the firm's zone."""
    names = [name for name in file_columns(found.source.kind) if name not in UNSHOWN]
    moment = "event_at" if found.source.kind == "events" else "exported_at"
    texts = ", ".join(f"{name}::varchar" for name in names)
    first = f"select row_no from judged where reason is null order by row_no limit {FIRST}"
    rows = database.execute(
        f"select row_no, {texts} from mapped where row_no in ({first}) order by row_no"
    ).fetchall()
    lines = []
    for name, *values in zip(names, *(row[1:] for row in rows), strict=True) if rows else ():
        if any(value is not None for value in values):
            lines.append((f"{name} (UTC)" if name == moment else name, *values))
        if name == moment and any(values):
            zone = found.settings.timezone
            lines.append((f"  in {zone}", *(local(value, zone) for value in values)))
    titles = ("", *(f"record {row[0]}" for row in rows))
    return section("The first records as they would be stored", table(titles, lines) if rows else ["None."])


def local(moment: str | None, zone: str) -> str | None:
    """A UTC time on the clocks of a zone, to the second."""
    if moment is None:
        return None
    return (
        f"{datetime.fromisoformat(moment).replace(tzinfo=UTC).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}"
    )


def labels(unknown: list[Label], known_count: int) -> str:
    """The labels that no rule knows, and the rows that would teach it."""
    if not unknown:
        return section("Labels", [f"All {known_count} are known."])
    rows = [(tab, words, status, str(count)) for tab, words, status, count in unknown[:LABELS_SHOWN]]
    more = [f"And {len(unknown) - LABELS_SHOWN} more."] if len(unknown) > LABELS_SHOWN else []
    return section(
        "Labels",
        [
            f"{len(unknown)} of {known_count} are unknown; their events load as unclassified:",
            *table(("tab", "label", "status", "events"), rows),
            *more,
            "Rows for reference/labels.csv of the data directory; "
            "write a code of codes.csv in place of unclassified:",
            "tab,recipient,label,status,code,note",
            *labels_csv(unknown[:LABELS_SHOWN]).splitlines(),
        ],
    )


def aside(database: duckdb.DuckDBPyConnection, found: Found) -> str:
    """How many records would be quarantined, why, and which."""
    mapped = "" if found.missing else "union all select reason, row_no from judged where reason is not null"
    rows = database.execute(f"""
        select reason, count(*), (list(row_no order by row_no))[:{NUMBERS_SHOWN}]
        from (select reason, row_no from malformed {mapped})
        group by reason order by count(*) desc, reason
    """).fetchall()
    if not rows:
        return section("Set aside", ["No record."])
    lines = []
    for reason, count, numbers in rows:
        more = ", ..." if count > len(numbers) else ""
        lines.append(f"{count} {reason}: record {', '.join(map(str, numbers))}{more}. {REASONS[reason]}")
    return section("Set aside", lines)


def lines_to_paste(toml: str, data: DataDir, settings: Settings) -> str:
    """A source of its own for files like this one, and where it goes."""
    own = data.root / "settings.toml"
    is_shipped = settings.path == SHIPPED / "settings.toml" != own
    copy = f"Copy {settings.path} to {own} first. " if is_shipped else ""
    where = f"{copy}These lines go before the first [[source]]; then check again."
    return f"To paste into {own}\n    {where}\n\n{redact(toml)[0]}"


def section(title: str, lines: list[str]) -> str:
    return "\n".join([title, *(f"    {line}" for line in lines)])


def table(titles: tuple[str, ...], rows: Sequence[tuple[str | None, ...]]) -> list[str]:
    """Rows in columns that are as wide as their widest cell."""
    cells = [titles, *([cell(value) for value in row] for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(titles))]
    return [
        "  ".join(one.ljust(width) for one, width in zip(row, widths, strict=True)).rstrip() for row in cells
    ]


def cell(value: str | None) -> str:
    """A text of the file for the terminal, on one line and not too long."""
    text = printable(redact(value or "")[0])
    return text if len(text) <= WIDEST else text[: WIDEST - 3] + "..."
