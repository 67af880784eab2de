"""Fills the tables of `raw` from parts and refusals: logs, returns lists, the ledger, and the build."""

import hashlib
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from etl.common.duck import literal, parquet
from etl.common.files import make_private_folder
from etl.common.paths import DataDir, version
from etl.common.problem import Problem
from etl.config.settings import Settings
from etl.sql.catalog import Catalog
from etl.sql.file import SqlFile
from etl.store.contents import records_of, sets_of
from etl.store.identity import content_of
from etl.store.parts import (
    SEAL,
    WEB_HOOKS,
    Part,
    check_part,
    damage_is_a_problem,
    has_checksums,
    parts,
    refusals,
)
from etl.warehouse.models import columns_of, insert_rows

RECORDS, SETS, OCCURRENCES = "raw.records", "raw.attribute_sets", "raw.occurrences"
# The labels of e-signatures in web hooks, which model.joined_signatures makes events.
SIGNED = """
    select distinct
        'Client' as tab,
        case lower(trim(signer)) when 'taxpayer' then 'Taxpayer: ' when 'spouse' then 'Spouse: ' else '' end
            || 'E-signed (web hook)' as pattern,
        null as status
    from raw.webhook
    where body = 'signature'
"""
# The tables that the next build may keep, besides those that are made by return.
KEPT = ("raw.file_numbers", "raw.label_texts", SETS, RECORDS, OCCURRENCES)


def fill_raw(
    database: duckdb.DuckDBPyConnection,
    data: DataDir,
    catalog: Catalog,
    settings: Settings,
    as_of: datetime | None,
    code: str | None,
    folder: Path,
) -> None:
    """Fills the tables of `raw` but OCCURRENCES; the records of logs that it has already stay.

    By default `as_of` is the newest event not later than the newest load. Checksums are verified first:
    DuckDB itself does not notice every changed byte of Parquet.
    """
    # A file that was refused and has been loaded since is no longer refused.
    ledger = {row["file_id"]: row | {"state": "refused"} for row in refusals(data)}
    loaded = parts(data)
    for part in loaded:
        check_part(part)
        if part.kind != "events":
            fill_table(
                database, catalog.files[f"raw.{part.kind}"], part, part.data, part.ledger["kept_count"]
            )
        if quarantined := part.ledger["quarantined_count"]:
            fill_table(database, catalog.files["raw.quarantine"], part, part.quarantine, quarantined)
        own = {"file_id": part.file_id, "content_id": content_of(part), "kind": part.kind, "state": "loaded"}
        ledger[part.file_id] = {"purged_count": 0} | part.ledger | own
    for row in ledger.values():
        if isinstance(row.get("unmapped_columns"), list):
            row["unmapped_columns"] = json.dumps(row["unmapped_columns"], ensure_ascii=False)
    insert_rows(database, "raw.files", [row for _, row in sorted(ledger.items())])
    insert_rows(
        database, "raw.parts", [{"file_id": part.file_id, "seal": part.ledger.get(SEAL)} for part in loaded]
    )
    known = dict(database.execute("select file_id, file_no from raw.file_numbers").fetchall())
    new = number_files(database, [part for part in loaded if part.file_id not in known], len(known) + 1)
    if new_logs := [part for part in new if part.kind == "events"]:
        fill_records(database, catalog, new_logs, len(known) + 1, folder)
    database.execute(number_labels(SIGNED))
    if as_of is None:
        as_of = database.execute("""
            select max(event_at)
            from (
                select event_at from raw.records
                union all
                select seen_at from raw.webhook where body = 'signature'
            )
            where event_at <= (select max(loaded_at) from raw.files where state = 'loaded')
        """).fetchall()[0][0]
    else:
        in_zone = as_of if as_of.tzinfo else as_of.replace(tzinfo=ZoneInfo(settings.timezone))
        as_of = in_zone.astimezone(UTC).replace(tzinfo=None)
    built_at = datetime.now(UTC).replace(microsecond=0, tzinfo=None)
    values = [as_of, settings.timezone, as_of, built_at, version(), input_digest(data, catalog)]
    values += [settings.firm_name, settings.timezone, settings_digest(data, catalog), code]
    columns = "?::timestamp, workday_before(?, ?::timestamp), ?, ?, ?, ?, ?, ?, ?, null"
    database.execute(f"insert into raw.build select {columns}", values)
    fill_limits(database, settings)


def fill_limits(database: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Fills raw.wait_limits from [aging]. Raises a Problem for a step or a form that does not exist."""
    steps = "select next_step from ref.next_steps where owner <> 'nobody' order by rank"
    known = [step for (step,) in database.execute(steps).fetchall()]
    for limit in settings.aging:
        if limit.next_step not in known:
            fault = f'unknown step "{limit.next_step}" under {limit.section}'
            raise Problem(f"{settings.path}: {fault}. Known: {', '.join(known)}.")
    forms = "select distinct return_type from ref.forms order by return_type"
    known = [form for (form,) in database.execute(forms).fetchall()]
    for limit in settings.aging:
        if limit.return_type is not None and limit.return_type not in known:
            fault = f'unknown form "{limit.return_type}" in {limit.section}'
            raise Problem(f"{settings.path}: {fault}. Known: {', '.join(known)}.")
    insert_rows(database, "raw.wait_limits", [asdict(limit) for limit in settings.aging])


def number_files(database: duckdb.DuckDBPyConnection, loaded: list[Part], first_no: int) -> list[Part]:
    """Numbers logs, and then files of web hooks, for the signatures in them; returns these files."""
    numbered = [part for part in loaded if part.kind != "returns"]
    numbered.sort(key=lambda part: part.kind != "events")
    insert_rows(
        database,
        "raw.file_numbers",
        [
            {"file_no": number, "file_id": part.file_id, "is_web_hook": part.ledger.get(WEB_HOOKS, False)}
            for number, part in enumerate(numbered, first_no)
        ],
    )
    return numbered


def fill_table(
    database: duckdb.DuckDBPyConnection, table: SqlFile, part: Part, file: Path, count: int
) -> None:
    """Inserts one file of a part, which must have as many records as its ledger says."""
    source = f"{parquet(file)}"
    with damage_is_a_problem(part):
        present = columns_of(database, source)
        shared = ", ".join(column.name for column in table.columns if column.name in present)
        insert = f"insert into {table.full_name} by name select {shared} from {source}"
        inserted = database.execute(insert).fetchall()[0][0]
    refuse_other_count(part, file, inserted, count)


def refuse_other_count(part: Part, file: Path, found: int, count: int) -> None:
    if found != count:
        fault = f"{found} records in {file.name}, and its ledger says {count}"
        advice = "The part is damaged; remove it and load its file again."
        raise Problem(f"{part.folder}: {fault}. {advice}")


def fill_records(
    database: duckdb.DuckDBPyConnection, catalog: Catalog, logs: list[Part], first_no: int, folder: Path
) -> None:
    """Appends parts of logs to `raw.records` and to the tables that give its numbers their meaning.

    The parts get the numbers from `first_no`. All are read in one statement, so that the records are sorted
    once. That needs no memory for each part, and the sort uses the disk if the memory is too small.
    """
    files = [files_of_part(database, part, folder) for part in logs]
    events, sets = (parquet(*column) for column in zip(*files, strict=True))
    check_counts(database, logs, first_no, events)
    own = ", ".join(column.name for column in catalog.files[SETS].columns if column.name != "file_no")
    file_no = f"file_index + {first_no} as file_no"
    database.execute(f"insert into {SETS} by name select {file_no}, {own} from {sets}")
    database.execute(number_labels(f"from {events}"))
    records = records_query(catalog, f"(select {file_no}, * from {events})")
    order = "return_key, event_at, content_hash, file_no, row_no"
    database.execute(f"insert into {RECORDS} by name {records} order by {order}")


def fill_occurrences(database: duckdb.DuckDBPyConnection) -> None:
    """Fills OCCURRENCES from all records, since a new record may be the copy of an old one.

    Equal records of a file that repeats its lines all have the number 1, so that all but one are copies.
    """
    database.execute(f"""
        insert into {OCCURRENCES}
        select
            file_no, row_no, return_key, event_at, content_hash, source_event_id,
            case when file_no in (
                select file_no from raw.file_numbers join raw.files using (file_id) where repeats = 'copies'
            ) then 1 else row_number() over (
                partition by file_no, return_key, event_at, content_hash, source_event_id
                order by row_no
            ) end
        from raw.records
        semi join (
            select return_key, event_at, content_hash
            from raw.records
            group by all
            having count(*) > 1
        ) using (return_key, event_at, content_hash)
        order by file_no, row_no
    """)


def records_query(catalog: Catalog, events: str) -> str:
    """A query for the rows of `raw.records`, for any engine: `events` has those of the parts."""
    names = [column.name for column in catalog.files[RECORDS].columns]
    other = {"return_key": "sets.return_key", "label_no": "labels.label_no", "logged_label": "events.label"}
    return f"""
        select {", ".join(f"{other.get(name, f'events.{name}')} as {name}" for name in names)}
        from {events} as events
        join {SETS} as sets on sets.file_no = events.file_no and sets.set_no = events.set_no
        join raw.label_texts as labels
            on labels.tab = events.tab
            and labels.pattern = events.pattern
            and labels.logged_status = coalesce(events.status, '')
    """


def check_counts(database: duckdb.DuckDBPyConnection, logs: list[Part], first_no: int, events: str) -> None:
    """Raises a Problem unless each part has as many records as its ledger says."""
    query = f"select file_index + {first_no} as file_no, count(*) from {events} group by file_no"
    found = dict(database.execute(query).fetchall())
    for file_no, part in enumerate(logs, first_no):
        refuse_other_count(part, part.data, found.get(file_no, 0), part.ledger["kept_count"])


def number_labels(records: str) -> str:
    """The statement that gives new labels the next numbers, from a query with tab, pattern and status."""
    return f"""
        insert into raw.label_texts
        select
            (select count(*) from raw.label_texts) + row_number() over (order by tab, pattern, logged_status),
            tab, pattern, logged_status
        from (
            select tab, pattern, coalesce(status, '') as logged_status from ({records})
            except
            select tab, pattern, logged_status from raw.label_texts
        )
    """


def files_of_part(database: duckdb.DuckDBPyConnection, part: Part, folder: Path) -> tuple[Path, Path]:
    """The events and the sets of attributes of a part, as files of version 2.

    A part without checksums is copied even if it is of version 2, so that an error of DuckDB names the part.
    """
    if part.has_attributes and has_checksums(part.ledger):
        return part.data, part.attributes
    own = folder / "version 1" / part.file_id
    files = own / "events.parquet", own / "attributes.parquet"
    if own.exists():
        return files
    make_private_folder(own)
    with damage_is_a_problem(part):
        for file, query, order in zip(
            files, (records_of(part), sets_of(part)), ("row_no", "set_no"), strict=True
        ):
            database.execute(f"copy (from ({query}) order by {order}) to {literal(file)} (format parquet)")
    return files


def input_digest(data: DataDir, catalog: Catalog) -> str:
    """A hash of the parts, refusals, settings and reference files that go into a build."""
    digest = hashlib.sha256()
    ledgers = [part.ledger | {"folder": part.folder.name} for part in parts(data)]
    digest.update(json.dumps([ledgers, refusals(data)], sort_keys=True, default=str).encode())
    digest.update(settings_digest(data, catalog).encode())
    return digest.hexdigest()[:16]


def settings_digest(data: DataDir, catalog: Catalog) -> str:
    """A hash of the settings and of the reference files."""
    digest = hashlib.sha256()
    references = [path for table in catalog.of("ref") for path in data.reference(f"{table.name}.csv")]
    for file in [data.settings, *sorted(references)]:
        digest.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def fill_counts(database: duckdb.DuckDBPyConnection) -> None:
    """Writes into the ledger what became of the records of each log."""
    database.execute("""
        update raw.files as files set
            distinct_count = counts.distinct_count,
            repeated_count = counts.repeated_count,
            later_count = counts.later_count
        from model.file_counts as counts
        where counts.file_id = files.file_id
    """)
