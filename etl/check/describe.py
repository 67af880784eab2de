"""Describes what was found in a content, as texts: redacted, shortened and printable."""

import json

import polars as pl

from etl.check.findings import LABEL_TITLES, ContentCheck, Labels, Quarantined, Table, cell, said
from etl.check.inspect import Found
from etl.check.names import patterns
from etl.check.suggest import Suggestion
from etl.check.time_shapes import MOST_SHAPES, Shape
from etl.common.duck import count_of
from etl.common.paths import QUERIES
from etl.common.problem import Problem, listed
from etl.config.names import words_of
from etl.config.source import DAY_NUMBER, file_columns, parts_of
from etl.config.source import TIME as TIME_COLUMNS
from etl.read.records import REASONS
from etl.store.date_order import refuse_other_order
from etl.store.mapping import unread_attributes
from etl.store.quarantine import commonest_faults, quarantined_records, refuse_unread, warning
from etl.store.texts import content_name, content_path
from etl.store.time_column import time_zone, words_found
from etl.warehouse.cells import TIME, in_zone
from etl.warehouse.models import create_model
from etl.warehouse.raw import number_labels
from etl.warehouse.reference import fill_reference

LONGEST_EXAMPLE = 160
RECORDS_SHOWN = 3
NUMBERS_SHOWN = 10
LABELS_SHOWN = 50
# What a person may say in the command, with an example.
SAYABLE = {"return_id": "2025-0001", "tab": "Client"}
# The loader makes them for itself; they explain nothing to a newcomer.
NOT_SHOWN = ("file_id", "row_no", "row_hash", "occurrence_no", "pattern")


def describe(found: Found) -> ContentCheck:
    """All that is to be said of a content."""
    kept, first_records, labels = 0, None, Labels()
    quarantine = "from malformed"
    if not found.missing:
        found.database.execute("create temp table reasons as select row_no, reason from mapped('staged')")
        kept = count_of(found.database, "select count(*) from reasons where reason is null")
        quarantine = quarantined_records(found.columns, "reasons", True)
        first_records = records_of(found)
        if found.source.kind == "events":
            labels = labels_of(found)
    refusal, warning = judged(found, kept, quarantine)
    return ContentCheck(
        name=content_name(found.unpacked.file, found.unpacked.place)[0],
        refusal=refusal,
        warning=warning,
        facts=facts_of(found),
        records=found.staged.record_count,
        kept=kept,
        headings=headings_of(found),
        from_names=[(name, cell(value)) for name, value in found.values.items()],
        named_in=named_in(found),
        about_headings=about_headings(found),
        times=about_times(found),
        missing_columns=found.missing,
        typable=typable(found),
        hints=[(one.column, hint(one)) for one in found.suggested],
        missing=about_missing(found),
        first_records=first_records,
        labels=labels,
        quarantined=quarantine_of(found, quarantine),
    )


def named_in(found: Found) -> str | None:
    """Where the folder is that names the return, if a folder does."""
    is_named = "return_id" in found.values and "return_id" in words_of(found.source.names.folder)
    return content_path(found.unpacked.file, found.unpacked.place).rpartition("/")[0] if is_named else None


def judged(found: Found, kept: int, quarantine: str) -> tuple[str | None, str | None]:
    """Why a load would refuse a content, and what it would warn of, with the functions of a load."""
    if found.refusal or found.missing:
        return found.refusal and said(found.refusal), None
    query = f"select 0 as file_no, row_no, reason from ({quarantine})"
    fault = commonest_faults(found.database, query).get(0)
    records, purged = found.staged.record_count, found.purged_count
    try:
        refuse_other_order(found.database, found.columns)
        if fault is None:
            return None, None
        counts = {"record_count": records, "kept_count": kept, "purged_count": purged}
        refuse_unread(found.database, found.columns, counts, fault)
    except Problem as problem:
        return said(str(problem)), None
    warned = warning(found.check.settings.limits, kept, records - kept - purged, fault)
    return None, warned and said(warned)


def facts_of(found: Found) -> list[tuple[str, str]]:
    source, staged = found.source, found.staged
    unread = None if found.missing else unread_attributes(found.database, found.columns)
    remark = "; ".join(filter(None, [staged.remark, unread]))
    remark = f" ({said(remark)})" if remark else ""
    settings = f"in {found.check.settings.path}, for files named {', '.join(source.files)}"
    return [
        ("Format", found.format),
        ("Records", f"{staged.record_count}{remark}"),
        ("Source", f'"{source.name}" (kind {source.kind}) {settings}'),
    ]


def headings_of(found: Found) -> Table:
    """What each heading means, and the first value under it."""
    columns = found.columns
    firsts = ", ".join(f"arg_min(c{place}, row_no)" for place in range(len(columns.headings)))
    values = found.database.execute(f"select {firsts} from staged").fetchall()[0]
    names = {place: name for name, place in columns.places.items()}
    rows = [
        (cell(heading), names.get(place, "(extra)"), cell(values[place]))
        for place, heading in enumerate(columns.headings)
    ]
    return Table(("heading", "our column", "first value"), rows)


def about_headings(found: Found) -> list[str]:
    columns, source = found.columns, found.source
    constants = dict(columns.source.constants)
    if not columns.has("firm_id") and source.firm_id is not None:
        constants["firm_id"] = source.firm_id
    lines = [f'{name} is "{value}" on every record, from the settings.' for name, value in constants.items()]
    if columns.unmapped:
        lines.append("Columns that are not mapped are stored under (extra) with every record.")
    return lines


def about_missing(found: Found) -> list[str]:
    """The required columns that no heading feeds, and the headings that may mean them."""
    if not found.suggested:
        return [found.refusal] if found.refusal else []
    lines = []
    if found.missing:
        lines.append(f"No column for {listed(found.missing)}, so a load would refuse the file.")
    lines += (f"{one.column}: {hint(one)}" for one in found.suggested)
    for heading in found.json_headings:
        lines.append(f'"{cell(heading)}" has JSON texts; a value inside of them is "{cell(heading)}.KEY".')
    if columns := typable(found):
        values = " ".join(f"--set {column}={SAYABLE[column]}" for column in columns)
        todo = f"say it in the command: returntrail load FILE {values}"
        lines.append(f"If it is the same in all of the file, {todo}")
    return lines


def typable(found: Found) -> list[str]:
    """The missing columns that a person may say; none if the names of sheets may tell them apart.

    Not a tab if a column has tabs: the records differ in it.
    """
    if found.unpacked.sheet and patterns(found.unpacked.sheet, ["return_id"]):
        return []
    unsure = [one for one in found.suggested if one.column in SAYABLE and not one.is_certain]
    return [one.column for one in unsure if not (one.column == "tab" and one.headings)]


def hint(suggestion: Suggestion) -> str:
    """The headings that may mean a column."""
    headings = [[f'"{cell(part)}"' for part in parts_of(heading)] for heading in suggestion.headings]
    quoted = ", ".join(map(listed, headings))
    if suggestion.is_certain:
        return f"{quoted} ({suggestion.why})"
    return f"perhaps {quoted}; only you can say it" if quoted else "no heading looks like it"


def about_times(found: Found) -> list[str]:
    """How the times are written, and which formats read them."""
    if not found.times:
        return []
    lines = [time_line(shape) for shape in found.times]
    if len(lines) == MOST_SHAPES:
        lines.append("Other times may be written in other ways.")
    zone, firm_zone = found.source.timezone, found.check.settings.timezone
    zones = time_zone(found.columns, (word for word, _ in words_found(found.database)))
    if zones:
        lines.append(f"The file names the time zone: {zones}.")
    which = "Times without an offset" if zones is None else "Other times"
    lines.append(f"{which} are in {zone}, the zone of the source; days are in {firm_zone}, the firm's.")
    return lines


def time_line(shape: Shape) -> str:
    """One way to write a time, and whether the settings read it."""
    numbers = {0: "none", shape.count: "all"}
    state = f"the settings read {numbers.get(shape.known_count, shape.known_count)} of them"
    if shape.is_mixed:
        state = f"in some the month comes first, in others the day, and no format reads all; {state}"
    elif shape.is_day:
        state = f"a date without a time of day, which is no time of an event; {state}"
    elif shape.is_ambiguous:
        choices = [f"{time} with {one}" for one, time in zip(shape.formats, shape.meanings, strict=True)]
        state = f"month and day are ambiguous: {', or '.join(choices)}; {state}"
    elif shape.formats:
        some = "" if shape.read_count == shape.count else f" reads {shape.read_count} of them"
        words = ", the days that spreadsheets count" if shape.formats[0] == DAY_NUMBER else ""
        state = f"{shape.formats[0]}{words}{some}; {state}"
    elif not shape.known_count:
        state = "no known format reads them"
    return f"{shape.count} like {cell(shape.example)}: {state}."


def records_of(found: Found) -> Table:
    """The first records as they would be stored, their times also in the firm's zone."""
    zone = found.check.settings.timezone
    names = [name for name in file_columns(found.source.kind) if name not in NOT_SHOWN]
    moment = "event_at" if found.source.kind == "events" else TIME_COLUMNS[found.source.kind]
    texts = ", ".join(f"{name}::varchar as {name}" for name in names)
    first = f"select row_no from reasons where reason is null order by row_no limit {RECORDS_SHOWN}"
    query = f"""
        select row_no, {texts}, {moment} as moment
        from mapped('staged')
        where row_no in ({first})
        order by row_no
    """
    rows = pl.DataFrame(found.database.sql(query))
    if rows.is_empty():
        return Table(("",))
    local, lines = rows.select(in_zone(zone).dt.strftime(TIME)).to_series(), list[tuple[str, ...]]()
    for values in rows.select(names):
        if values.count():
            is_moment = values.name == moment
            lines.append((f"{moment} (UTC)" if is_moment else values.name, *map(cell, values)))
            lines += [(f"  in {zone}", *map(cell, local))] if is_moment else []
    return Table(("", *(f"record {number}" for number in rows["row_no"])), lines)


def labels_of(found: Found) -> Labels:
    """The labels of the file: how many there are, and which no rule of the build matches."""
    make_labels(found)
    count = count_of(found.database, "select count(*) from model.labels")
    query = (QUERIES / "check" / "unclassified_labels.sql").read_text(encoding="utf-8")
    labels = pl.DataFrame(found.database.sql(query))
    shown = labels.head(LABELS_SHOWN)
    rows = [tuple(map(cell, row)) for row in shown.select(LABEL_TITLES).rows()]
    texts = shown.drop("events").write_csv().splitlines() if rows else []
    return Labels(count, labels.height, Table(LABEL_TITLES, rows), list(map(said, texts)))


def make_labels(found: Found) -> None:
    """Makes `model.labels` of the mapped records, with the models of the build."""
    database, catalog = found.database, found.check.catalog
    for schema in ("raw", "ref", "model"):
        database.execute(f"create schema {schema}")
    database.execute((QUERIES / "functions" / "duckdb.sql").read_text(encoding="utf-8"))
    for file in catalog.of("raw", "ref"):
        if not file.is_view:
            database.execute(file.text)
    fill_reference(database, found.check.data, catalog)
    database.execute("create temp view mapped as from mapped('staged')")
    database.execute(number_labels("select * from mapped where reason is null"))
    model = catalog.files["model.labels"]
    create_model(database, model, model.text)


def quarantine_of(found: Found, quarantine: str) -> list[Quarantined]:
    """How many records would be quarantined, why, and which."""
    rows = found.database.execute(f"""
        select
            reason, count(*), (list(row_no order by row_no))[:{NUMBERS_SHOWN}],
            arg_min(record, row_no)
        from ({quarantine})
        group by reason
        order by count(*) desc, reason
    """).fetchall()
    return [
        Quarantined(reason, count, numbers, REASONS[reason], example_of(record))
        for reason, count, numbers, record in rows
    ]


def example_of(record: str) -> str:
    """A quarantined record in a few words: the fields of one that was split, or the line itself."""
    try:
        fields = json.loads(record)
        text = ", ".join(f"{heading}: {value}" for heading, value in fields.items())
    except (ValueError, AttributeError):
        text = record
    return cell(text, LONGEST_EXAMPLE)
