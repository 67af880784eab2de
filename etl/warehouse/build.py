"""Builds a new warehouse from the parts of the store, and publishes it if every check passes.

The same store gives the same build at any time; only `built_at` differs.
"""

import re
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from etl.common.duck import OFFLINE, error_sentence, line_of_error, literal, problem_of, work_limits
from etl.common.files import put_in_place, remove_leftovers, work_folder
from etl.common.paths import QUERIES, DataDir
from etl.common.problem import Problem
from etl.common.terminal import step
from etl.config.settings import read_settings
from etl.sql.catalog import Catalog, read_catalog
from etl.sql.file import SqlFile
from etl.warehouse.last import Last, Unfit, code_digest, copy_last, keep_last, note_last, write_digest
from etl.warehouse.models import Engine, attach, check_table, columns_of, insert_rows, on_duckdb
from etl.warehouse.raw import KEPT, OCCURRENCES, RECORDS, SETS, fill_counts, fill_occurrences, fill_raw
from etl.warehouse.reference import fill_reference
from etl.warehouse.touched import fill_before, find_touched, touched_models

MEMORY_BYTES = 2_700_000_000


@dataclass(frozen=True)
class BuildResult:
    """A warehouse that was published, what is in it, and how it was made.

    `appended` is the number of files that the last warehouse did not have; None for a full build, with why.
    `remade` is the number of returns whose rows were made anew; None for all.
    """

    file: Path
    appended: int | None
    why_full: str | None
    remade: int | None
    as_of: datetime | None
    files: int
    refused: int
    events: int
    repeated: int
    later: int
    returns: int

    def __str__(self) -> str:
        if not self.files:
            empty = "an empty warehouse, because the store has no files yet. Load some and build again."
            return f"{self.file}: {empty}"
        moment = f"as of {self.as_of} UTC" if self.as_of else "without events"
        later = f", {self.later} later events left out" if self.later else ""
        content = f"{self.events} events of {self.returns} returns from {self.files} files"
        how = f"A full build, because {self.why_full}."
        if self.appended is not None:
            remade = "all" if self.remade is None else self.remade
            how = f"Started from the last warehouse; new files: {self.appended}, returns made anew: {remade}."
        return f"{self.file}: {content}, {moment}{later}. {how}"


def build(
    data: DataDir,
    as_of: datetime | None = None,
    queries: Path = QUERIES,
    engine: Engine = on_duckdb,
    *,
    full: bool = False,
) -> BuildResult:
    """Builds and publishes the warehouse as of a time; a time without a zone is in the firm's zone.

    It appends new files to the records of the last warehouse if it can, unless a full build is asked for.
    Raises a Problem and leaves the old warehouse untouched if anything is wrong.
    """
    exists = data.warehouse.exists()
    old = "The old warehouse stays." if exists else "Nothing was built."
    why = "it was asked for" if full else None if exists else "there was no warehouse"
    try:
        catalog = read_catalog(queries)
        remove_leftovers(data.root)
        if why is None:
            try:
                return make_warehouse(data, as_of, catalog, queries, engine, None)
            except Unfit as unfit:
                why = str(unfit)
            except (Problem, duckdb.Error, OSError):
                # If something else is wrong, the full build finds it too, and says what.
                why = "the last warehouse could not be used"
        return make_warehouse(data, as_of, catalog, queries, engine, why)
    except Problem as problem:
        raise Problem(f"{problem} {old}") from problem
    except duckdb.Error as error:
        raise Problem(f"{problem_of(error, str(data.warehouse))} {old}") from error


def make_warehouse(
    data: DataDir,
    as_of: datetime | None,
    catalog: Catalog,
    queries: Path,
    engine: Engine,
    why_full: str | None,
) -> BuildResult:
    """Makes and publishes a warehouse: in full for a reason, else with what the last one has.

    Raises Unfit if the last one cannot be used.
    """
    settings, code = read_settings(data.settings), code_digest(queries, engine)
    with work_folder(data.root) as folder:
        new, last = folder / "warehouse.duckdb", None
        if why_full is None:
            copy_last(data, new, code)
        with new_database(new, folder) as database:
            if why_full is None:
                last = keep_last(database, data, catalog, code)
            create_tables(database, data, catalog, queries, KEPT if last else ())
            with step("Reading the store"):
                fill_raw(database, data, catalog, settings, as_of, code, folder)
                if last:
                    note_last(database, last)
                for file in catalog.of("raw", "ref"):
                    if not file.is_view and file.full_name != OCCURRENCES:
                        check_table(database, file, new_rows(file, last))
            remade = find_touched(database, catalog, last, folder) if last else None
            if remade is None:
                made = all_models(database, catalog, engine, last, folder)
            else:
                made = touched_models(database, catalog, derived(catalog), queries)
            with closing(made):
                for file in made:
                    check_table(database, file)
            fill_counts(database)
            if any("raw.returns_before" in file.reads for file in catalog.of("report")):
                with step("Looking back one day"):
                    fill_before(database, catalog, derived(catalog), queries, folder)
                check_table(database, catalog.files["raw.returns_before"])
            with step("Checking the reports"):
                database.begin()
                describe_tables(database, catalog, create_reports(database, catalog))
                database.commit()
            for file in catalog.of("main"):
                check_table(database, file)
            result = read_result(database, data, catalog, last, why_full, remade)
        with step("Publishing"):
            replace_warehouse(new, data)
        return result


@contextmanager
def new_database(file: Path, folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Opens a new file, and writes it to the disk completely at the end.

    A checkpoint does not merge the incomplete row groups that each file of the store leaves.
    """
    limits = work_limits(folder, MEMORY_BYTES)
    with duckdb.connect(config=OFFLINE | limits | {"max_vacuum_tasks": 0}) as database:
        attach(database, file, "warehouse")
        database.execute("use warehouse")
        database.execute("set timezone = 'UTC'")
        yield database
        database.execute("checkpoint warehouse")
        database.execute("use memory")
        database.execute("detach warehouse")


def create_tables(
    database: duckdb.DuckDBPyConnection, data: DataDir, catalog: Catalog, queries: Path, kept: tuple[str, ...]
) -> None:
    """Creates schemas, functions, the empty tables of `raw` but those kept, and filled reference tables."""
    database.begin()
    for schema in ("raw", "ref", "model", "mart", "report"):
        database.execute(f"create schema if not exists {schema}")
    for file in catalog.of("raw", "ref", "main"):
        if not file.is_view and file.full_name not in kept:
            database.execute(file.text)
    for name in ("duckdb", "raw", "report"):
        database.execute((queries / "functions" / f"{name}.sql").read_text(encoding="utf-8"))
    fill_reference(database, data, catalog)
    database.commit()


def new_rows(file: SqlFile, last: Last | None) -> str:
    """The rows of a table of `raw` or `ref` that the last build had not checked: those of later files."""
    if last and file.full_name in (RECORDS, SETS, "raw.file_numbers"):
        return f"(from {file.full_name} where file_no > {last.newest_no})"
    return file.full_name


def all_models(
    database: duckdb.DuckDBPyConnection, catalog: Catalog, engine: Engine, last: Last | None, folder: Path
) -> Generator[SqlFile, None, None]:
    """Makes every table and view from all records, in place of those of the last build."""
    files = derived(catalog)
    if last:
        for file in files:
            if file.by_return:
                database.execute(f"drop table {file.full_name}")
        database.execute(f"delete from {OCCURRENCES}")
        # From now on the space of these tables is used again.
        database.execute("checkpoint warehouse")
    fill_occurrences(database)
    check_table(database, catalog.files[OCCURRENCES])
    return engine(database, files, folder)


def derived(catalog: Catalog) -> list[SqlFile]:
    """The tables and views that are made from the filled tables of `raw` and `ref`, in order."""
    return [file for file in catalog.files.values() if file.schema in ("model", "mart") or file.is_view]


def create_reports(database: duckdb.DuckDBPyConnection, catalog: Catalog) -> dict[str, dict[str, str]]:
    """Creates each report, runs it with its defaults, and checks its columns and keys. Returns column types.

    A report about one return runs only for the longest: for all returns it would have as many rows as there
    are events. Tests check that case. `unsorted` has the same reports without their order, to count rows.
    """
    longest = None
    if "mart.returns" in catalog.files:
        order = "event_count desc, firm_id, return_id"
        longest = database.execute(f"select return_id from mart.returns order by {order} limit 1").fetchone()
    types: dict[str, dict[str, str]] = {}
    set_times(database)
    database.execute("create schema unsorted")
    for file in catalog.of("report"):
        name = file.full_name
        params = ", ".join(f"{param.name} := {param.default}" for param in file.params)
        try:
            database.execute(f"create macro {name}({params}) as table {file.text}")
            database.execute(f"create macro unsorted.{file.name}({params}) as table {file.unsorted}")
            types[name] = columns_of(database, source_of(file))
        except duckdb.Error as error:
            raise problem_of(error, file.label, line_in_report(database, file, error)) from error
        check_table(database, file, source_of(file, longest[0] if longest else None), types[name])
    return types


def set_times(database: duckdb.DuckDBPyConnection) -> None:
    """Puts the times of this build in place of the functions that ask for them.

    DuckDB compares rows with a date while it reads them; a row of `raw.build` it would join to each of them.
    """
    for name, kind in (("last_full_week", "date"), ("newest_time", "timestamp")):
        [(value,)] = database.execute(f"select {name}()").fetchall()
        constant = "null" if value is None else literal(str(value))
        database.execute(f"create or replace macro {name}() as cast({constant} as {kind})")


def line_in_report(database: duckdb.DuckDBPyConnection, file: SqlFile, error: duckdb.Error) -> int | None:
    """The line of an error in a report: an error of a macro has the line of its call.

    So the query is bound once more with its defaults in place of its parameters.
    """
    if "report." not in str(error):
        return line_of_error(error)
    defaults = {param.name: f"({param.default})" for param in file.params}
    text = re.sub(r"\b\w+\b(?!\s*:=)", lambda match: defaults.get(match[0], match[0]), file.text)
    try:
        database.execute(f"describe from ({text}\n)")
    except duckdb.Error as other:
        return line_of_error(other) if error_sentence(other) == error_sentence(error) else None
    return None


def source_of(file: SqlFile, return_id: str | None = None) -> str:
    """A table's name, or the call of a report: with its defaults, and for one return if it takes one."""
    if file.schema != "report":
        return file.full_name
    takes_return = any(param.name == "for_return" for param in file.params)
    argument = f"for_return := {literal(return_id)}" if return_id is not None and takes_return else ""
    return f"{file.full_name}({argument})"


def describe_tables(
    database: duckdb.DuckDBPyConnection, catalog: Catalog, report_types: dict[str, dict[str, str]]
) -> None:
    """Fills `main.catalog`, and writes the meanings also as comments, which other tools show."""
    rows: list[tuple[object, ...]] = []
    comments: list[str] = []
    # One query for all tables: asking for each of them would take longer than to write a small one.
    columns = database.execute("""
        select schema_name || '.' || table_name, map_from_entries(list((column_name, data_type)))
        from duckdb_columns()
        where database_name = current_database()
        group by all
    """)
    all_types = dict(columns.fetchall()) | report_types
    for file in catalog.files.values():
        is_report, name = file.schema == "report", file.full_name
        types = all_types[name]
        kind, part_kind = ("report", "result") if is_report else ("table", "column")
        rows.append((kind, name, "", 0, file.every, file.meaning, False, file.access))
        commented = "macro table" if is_report else "view" if file.is_view else "table"
        comments.append(f"comment on {commented} {name} is {literal(file.meaning)};")
        for number, param in enumerate(file.params, start=1):
            rows.append(("parameter", name, param.name, number, param.default, param.meaning, False, None))
        for number, column in enumerate(file.columns, start=1):
            part, is_key = column.name, column.name in file.key
            rows.append((part_kind, name, part, number, types[part], column.meaning, is_key, None))
            if not is_report:
                comments.append(f"comment on column {name}.{part} is {literal(column.meaning)};")
    names = [column.name for column in catalog.files["main.catalog"].columns]
    insert_rows(database, "main.catalog", [dict(zip(names, row, strict=True)) for row in rows])
    database.execute("\n".join(comments))


def replace_warehouse(new: Path, data: DataDir) -> None:
    """Replaces the old warehouse by one rename. Programs that have it open keep the old file.

    The digest is written first: after a kill in between, the next build is a full one.
    """
    for file, what in ((data.warehouse, "the warehouse"), (data.warehouse_digest, "its checksum")):
        if file.is_dir():
            raise Problem(f"{file}: a folder is where {what} belongs. Move it away.")
    write_digest(data, new)
    # What another program wrote and did not complete belongs to the old file.
    data.warehouse.with_name("warehouse.duckdb.wal").unlink(missing_ok=True)
    put_in_place(new, data.warehouse)


def read_result(
    database: duckdb.DuckDBPyConnection,
    data: DataDir,
    catalog: Catalog,
    last: Last | None,
    why_full: str | None,
    remade: int | None,
) -> BuildResult:
    has_returns = "mart.returns" in catalog.files
    counts = database.execute(f"""
        select
            (select as_of from raw.build),
            count(*) filter (where state = 'loaded'),
            count(*) filter (where state = 'refused'),
            cast(coalesce(sum(distinct_count), 0) as bigint),
            cast(coalesce(sum(repeated_count), 0) as bigint),
            cast(coalesce(sum(later_count), 0) as bigint),
            {"(select count(*) from mart.returns)" if has_returns else 0}
        from raw.files
    """).fetchall()[0]
    appended = counts[1] - len(last.file_ids) if last else None
    return BuildResult(data.warehouse, appended, why_full, remade, *counts)
