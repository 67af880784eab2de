"""`load --check`: how a file would be read, for a person who loads it for the first time. Nothing is stored.

The text has one section after the other; what comes from the file is shortened, redacted and printable.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from etl.check.inspect import Check, Found, inspect_file, known_labels
from etl.check.source_toml import source_toml
from etl.check.suggest import Suggestion
from etl.check.time_shapes import MOST_SHAPES, Shape
from etl.common.duck import count_of
from etl.common.paths import QUERIES, SHIPPED, DataDir
from etl.common.problem import Problem
from etl.common.terminal import printable
from etl.config.settings import Settings
from etl.config.source import file_columns
from etl.read.records import REASONS
from etl.read.tins import redact
from etl.sql.catalog import read_catalog
from etl.store.load import open_database
from etl.store.mapping import map_staged
from etl.store.texts import redacted_name
from etl.warehouse.cells import TIME, in_zone
from etl.warehouse.models import create_model
from etl.warehouse.raw import number_labels
from etl.warehouse.reference import fill_reference

MAX_WIDTH = 48
RECORDS_SHOWN = 3
NUMBERS_SHOWN = 10
LABELS_SHOWN = 50
# The loader makes them for itself; they explain nothing to a newcomer.
NOT_SHOWN = ("file_id", "row_no", "row_hash", "occurrence_no", "pattern")
GUIDE = "docs/your-first-export.md"


def check_file(
    data: DataDir, settings: Settings, path: Path, given: Mapping[str, str] | None = None
) -> tuple[str, bool]:
    """How a file would be read and the lines to paste, as text; and whether it would load with the settings.

    `given` are values of columns that the file does not have.

    A fault of the file is part of the text; a fault of settings, labels or queries raises a Problem.
    """
    catalog = read_catalog()
    labels = known_labels(data, catalog)
    with TemporaryDirectory(prefix="returntrail-") as folder, open_database(Path(folder)) as database:
        check = Check(data, settings, catalog, labels, database, Path(folder), given or {})
        try:
            found = inspect_file(check, path)
        except Problem as problem:
            refusal = f"{redacted_name(path)[0]} would be refused: {problem}"
            help_text = f"Other files would still load. See Refusals in {GUIDE} for what to do."
            return joined([refusal, help_text]), False
        sections = [about_file(found), about_headings(found), about_times(found)]
        if found.missing:
            sections.append(about_missing(found))
        else:
            map_staged(database, found.columns)
            database.execute("create temp view mapped as from mapped('staged')")
            database.execute("create temp table reasons as select row_no, reason from mapped")
            sections.append(about_records(found))
            if found.source.kind == "events":
                sections.append(about_labels(check))
        sections.append(about_quarantine(found))
        # Lines are needed for a missing column, for unread times, and to choose the order of month and day.
        is_shipped = settings.path == SHIPPED / "settings.toml"
        if found.missing or any(
            shape.known_count < shape.read_count or (shape.is_ambiguous and is_shipped)
            for shape in found.times
        ):
            sections.append(lines_to_paste(source_toml(found), check))
        return joined(sections), not found.missing


def joined(sections: list[str]) -> str:
    """The sections that are not empty, without control characters."""
    lines = "\n\n".join([*filter(None, sections), "Nothing was stored."]).split("\n")
    return "\n".join(map(printable, lines))


def about_file(found: Found) -> str:
    source, staged = found.source, found.staged
    remark = f" ({staged.remark})" if staged.remark else ""
    settings = f"in {found.check.settings.path}, for files named {', '.join(source.files)}"
    lines = [
        f"Format   {found.format}",
        f"Records  {staged.record_count}{remark}",
        f'Source   "{source.name}" (kind {source.kind}) {settings}',
    ]
    return section(redacted_name(found.path)[0], lines)


def about_headings(found: Found) -> str:
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


def about_missing(found: Found) -> str:
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


def about_times(found: Found) -> str:
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


def about_records(found: Found) -> str:
    """The first records as they would be stored, their times also in the firm's zone."""
    title, zone = "The first records as they would be stored", found.check.settings.timezone
    names = [name for name in file_columns(found.source.kind) if name not in NOT_SHOWN]
    moment = "event_at" if found.source.kind == "events" else "exported_at"
    texts = ", ".join(f"{name}::varchar as {name}" for name in names)
    first = f"select row_no from reasons where reason is null order by row_no limit {RECORDS_SHOWN}"
    query = (
        f"select row_no, {texts}, {moment} as moment from mapped where row_no in ({first}) order by row_no"
    )
    rows = found.check.database.sql(query).pl()
    if rows.is_empty():
        return section(title, ["None."])
    local, lines = rows.select(in_zone(zone).dt.strftime(TIME)).to_series(), []
    for values in rows.select(names):
        if values.count():
            is_moment = values.name == moment
            lines.append((f"{moment} (UTC)" if is_moment else values.name, *values))
            lines += [(f"  in {zone}", *local)] if is_moment else []
    return section(title, table(("", *(f"record {number}" for number in rows["row_no"])), lines))


def about_labels(check: Check) -> str:
    """The labels that no rule matches, and the rows for labels.csv that would define them.

    They are found with the models of the build, before anything is stored.
    """
    database, catalog = check.database, check.catalog
    for schema in ("raw", "ref", "model"):
        database.execute(f"create schema {schema}")
    database.execute((QUERIES / "functions" / "duckdb.sql").read_text(encoding="utf-8"))
    for file in catalog.of("raw", "ref"):
        if not file.is_view:
            database.execute(file.text)
    fill_reference(database, check.data, catalog)
    database.execute(number_labels("select * from mapped where reason is null"))
    model = catalog.files["model.labels"]
    create_model(database, model, model.text)
    count = count_of(database, "select count(*) from model.labels")
    query = (QUERIES / "check" / "unclassified_labels.sql").read_text(encoding="utf-8")
    labels = database.sql(query).pl()
    title = "Unrecognized events"
    if labels.is_empty():
        return section(title, [f"None. Known labels: {count}."])
    shown, names = labels.head(LABELS_SHOWN), ("tab", "label", "status", "events")
    lines = [f"Unknown labels: {labels.height} of {count}. Their events load as unclassified:"]
    lines += table(names, shown.select(names).rows())
    lines += [f"And {labels.height - LABELS_SHOWN} more."] if labels.height > LABELS_SHOWN else []
    rows = "Rows for reference/labels.csv of the data directory"
    lines.append(f"{rows}; replace unclassified with a code of codes.csv:")
    return section(title, lines + shown.drop("events").write_csv().splitlines())


def about_quarantine(found: Found) -> str:
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
