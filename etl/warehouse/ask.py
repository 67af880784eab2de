"""The only connection to the data: the name of a report in, rows out.

The dashboard, the CSV reports and the tests all ask here, so they cannot disagree, and an analyst who types
the same call in DuckDB gets the same rows. Names are checked against the catalog in the file; values are
always bound.
"""

import warnings
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

import duckdb
import polars as pl

from etl.common.duck import OFFLINE, error_sentence, literal, problem_of
from etl.common.problem import Problem
from etl.warehouse.cells import as_csv, with_hidden

BATCH_ROWS = 50_000
# Rows of one screen are few enough to be copied once more.
warnings.filterwarnings("ignore", "Arrow output on a DB-API result makes an extra copy")
BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
# Without temporary files: a sort would write data of the firm's clients beside the warehouse, as plain text.
READER = OFFLINE | {"allow_community_extensions": False, "temp_directory": ""}


def convert_argument(report: str, name: str, default: str, value: object) -> object:
    """The value to bind for a parameter with this default (as SQL). Raises a Problem that says what it takes.

    A parameter `for_...s` takes a list; a single value becomes a list. None means all. A text, from a page's
    address or a command line, becomes a number, date or boolean where the parameter needs one.
    """
    if name.startswith("for_") and name.endswith("s") and value is not None:
        values = list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]
        return [convert_value(report, name, default, each) for each in values]
    return convert_value(report, name, default, value)


def convert_value(report: str, name: str, default: str, value: object) -> object:
    if not isinstance(value, str):
        return value
    text = value.strip()
    try:
        if name == "for_years" or name.endswith("_days") or default.isdecimal():
            expected = "whole numbers" if name.startswith("for_") else "a whole number"
            return int(text)
        if name in ("since", "until"):
            expected = "a date such as 2026-03-04"
            return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
        if default in ("true", "false"):
            expected = "true or false"
            return BOOLEANS[text.casefold()]
    except (ValueError, KeyError):
        raise Problem(f'{name} of the report {report} takes {expected}, not "{value}".') from None
    return value


@dataclass(frozen=True)
class Facts:
    """The row of raw.build; times are UTC."""

    as_of: datetime | None
    before_at: datetime | None
    built_at: datetime
    version: str
    input_digest: str
    firm_name: str
    timezone: str


@dataclass(frozen=True)
class Report:
    """A report in the catalog: parameters with defaults as SQL, columns with types and meanings."""

    name: str
    meaning: str
    every: str | None
    access: str | None
    params: dict[str, str]
    columns: dict[str, str]
    meanings: dict[str, str]
    key: list[str]


@dataclass(frozen=True)
class Question:
    """A question about a report, with checked names: columns, parameters, and the values to bind.

    `condition` is one more condition on its rows, and `replaced` what some columns are instead, both as SQL.
    `order` are terms of an order other than the report's own. `arranged` makes it, and searches.
    """

    report: str
    columns: list[str] | None
    params: tuple[str, ...]
    values: dict[str, object]
    condition: str = ""
    replaced: str = ""
    order: tuple[str, ...] = ()

    @property
    def select(self) -> str:
        """The rows, in the report's order or in another one."""
        columns = ", ".join(self.columns or "*")
        if self.order:
            return f"select {columns} {self.source('unsorted')} order by {', '.join(self.order)}"
        return f"select {columns} {self.source('report')}"

    @property
    def count(self) -> str:
        """The number of rows; DuckDB would sort them first if the report that it counts were sorted."""
        return f"select count(*) {self.source('unsorted')}"

    def source(self, schema: str) -> str:
        arguments = ", ".join(f"{name} := ${name}" for name in self.params)
        where = f" where {self.condition}" if self.condition else ""
        rows = f"{schema}.{self.report}({arguments})"
        if self.replaced:
            rows = f"(select * replace ({self.replaced}) from {rows})"
        return f"from {rows}{where}"


@dataclass(frozen=True)
class Warehouse(AbstractContextManager["Warehouse"]):
    """An open warehouse. It reads the file that it opened, even after a new build has replaced it."""

    file: Path
    database: duckdb.DuckDBPyConnection
    facts: Facts
    reports: dict[str, Report]

    @cached_property
    def offices(self) -> list[tuple[str, str]]:
        """Each firm and office that returns have."""
        with warehouse_cursor(self.database) as cursor:
            offices = (
                "select distinct firm_id, office from mart.returns where office is not null order by all"
            )
            return cursor.execute(offices).fetchall()

    def __exit__(self, *error: object) -> None:
        self.database.close()


def open_warehouse(file: Path) -> Warehouse:
    """The warehouse, attached read-only to a database in memory that can reach no other file.

    connect() to a path that is still open elsewhere in the process would return the old file.
    """
    if not file.exists():
        steps = "`returntrail run`, or `returntrail load FILE` and then `returntrail build`"
        inbox = file.parent / "inbox"
        raise Problem(f"{file}: there is no warehouse yet. Put exports into {inbox} and type {steps}.")
    database = duckdb.connect(config=READER)
    try:
        database.execute(f"attach {literal(file)} as warehouse (read_only)")
        database.execute("set global timezone = 'UTC'")
        database.execute("set enable_external_access = false")
        database.execute("set lock_configuration = true")
        with warehouse_cursor(database) as cursor:
            names = ", ".join(field.name for field in fields(Facts))
            facts = Facts(*cursor.execute(f"select {names} from raw.build").fetchall()[0])
            return Warehouse(file, database, facts, read_reports(cursor))
    except duckdb.Error as error:
        database.close()
        raise Problem(f"{file}: {opening_fault(error)}") from error


def opening_fault(error: duckdb.Error) -> str:
    """Why a warehouse cannot be opened, and what to do about it."""
    text = str(error)
    if isinstance(error, duckdb.CatalogException | duckdb.BinderException):
        return "not a warehouse of this version of returntrail. Type `returntrail build` to build it again."
    if "newer version" in text or "Unsupported Storage Version" in text:
        return "written by a newer DuckDB than this one. Upgrade returntrail, or type `returntrail build`."
    if "ermission" in text:
        return "this user may not read the warehouse. Ask its owner."
    if "not set lock" in text:
        return "another program has the warehouse open for writing. Close it there, or open it read-only."
    return "the warehouse is damaged. Type `returntrail build`; the store has all that it needs."


def read_reports(cursor: duckdb.DuckDBPyConnection) -> dict[str, Report]:
    """The reports in the file by their short names."""
    rows = cursor.execute("""
        select
            replace(name, 'report.', ''),
            max(meaning) filter (kind = 'report'),
            max(type) filter (kind = 'report'),
            max(access) filter (kind = 'report'),
            map_from_entries(coalesce(list((part, type) order by position) filter (kind = 'parameter'), [])),
            map_from_entries(coalesce(list((part, type) order by position) filter (kind = 'result'), [])),
            map_from_entries(coalesce(list((part, meaning) order by position) filter (kind = 'result'), [])),
            coalesce(list(part order by position) filter (kind = 'result' and is_key), [])
        from main.catalog
        where kind in ('report', 'parameter', 'result')
        group by name
        order by name
    """).fetchall()
    return {row[0]: Report(*row) for row in rows}


@contextmanager
def warehouse_cursor(database: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """A cursor for one question; users who share a connection would get each other's rows."""
    with database.cursor() as cursor:
        cursor.execute("use warehouse")
        yield cursor


def ask(
    warehouse: Warehouse, report: str, columns: list[str] | None = None, **filters: object
) -> pl.DataFrame:
    """The rows of `report.<report>`, with the columns named or all; DuckDB skips the work for the others.

    A filter not given has the default of the report's header; None means all, an empty list means nothing.
    """
    return fetch_rows(warehouse, question_of(warehouse, report, columns, filters))


def fetch_rows(
    warehouse: Warehouse, question: Question, limit: int | None = None, offset: int = 0
) -> pl.DataFrame:
    """The rows of the answer in its order; with a limit only so many, after leaving out `offset` rows."""
    query = question.select if limit is None else f"{question.select} limit {limit} offset {offset}"
    with report_cursor(warehouse, question) as cursor:
        # Not cursor.sql, which binds the query once more: of a long report, that takes a third of the time.
        answer = cursor.execute(query, question.values or None).to_arrow_table()
        return pl.DataFrame(pl.from_arrow(answer))


def count_rows(warehouse: Warehouse, question: Question) -> int:
    """How many rows the answer has. No row is made for it."""
    with report_cursor(warehouse, question) as cursor:
        [(count,)] = cursor.execute(question.count, question.values or None).fetchall()
        return int(count)


def fetch_batches(warehouse: Warehouse, question: Question, rows: int = BATCH_ROWS) -> Iterator[pl.DataFrame]:
    """The rows of the answer in batches, so that Python holds one; at least one frame, which may be empty."""
    with report_cursor(warehouse, question) as cursor:
        yield from in_batches(cursor.sql(question.select, params=question.values or None), rows)


def in_batches(relation: duckdb.DuckDBPyRelation, rows: int = BATCH_ROWS) -> Iterator[pl.DataFrame]:
    """The rows of a query, some at a time; at least one frame, so that an empty result has its columns."""
    reader, batch = relation.to_arrow_reader(rows), None
    for batch in reader:
        yield pl.DataFrame(pl.from_arrow(batch))
    if batch is None:
        yield pl.DataFrame(pl.from_arrow(reader.schema.empty_table()))


def question_of(
    warehouse: Warehouse, report: str, columns: list[str] | None, filters: Mapping[str, object]
) -> Question:
    """The question about a report. Raises a Problem that lists the known names."""
    known = warehouse.reports.get(report)
    if known is None:
        raise Problem(f'No report is named "{report}". There are: {", ".join(warehouse.reports) or "none"}.')
    for what, names, has in ("parameter", filters, known.params), ("column", columns or (), known.columns):
        for name in names:
            if name not in has:
                offered = ", ".join(has) or "none"
                raise Problem(f'The report {report} has no {what} "{name}". It has: {offered}.')
    values = {
        name: convert_argument(report, name, known.params[name], value) for name, value in filters.items()
    }
    return Question(report, columns, tuple(filters), values)


def arranged(question: Question, report: Report, search: str, searched: Sequence[str], sort: str) -> Question:
    """A question for those of its rows that contain all words of a search, sorted by a column.

    A word may be in any of the `searched` columns; `has_words` in SQL says which spellings are the same.
    `sort` is a column, `-column` for the largest first, or "" for the report's order; rows without a value
    are last. Raises a Problem for a column that the report does not have.
    """
    sorted_by = sort.removeprefix("-")
    for name in (*searched, *([sorted_by] if sort else [])):
        if name not in report.columns:
            raise Problem(
                f'The report {report.name} has no column "{name}". It has: {", ".join(report.columns)}.'
            )
    conditions, values = [question.condition], question.values
    if search.strip() and not searched:
        raise Problem(f"The report {report.name} has no column that can be searched.")
    if search.strip():
        conditions.append(f"has_words(folded(concat_ws(' ', {', '.join(searched)})), $words)")
        values = values | {"words": search}
    order: tuple[str, ...] = ()
    if sort:
        value = f"folded({sorted_by})" if report.columns[sorted_by] == "VARCHAR" else sorted_by
        order = (f"{value}{' desc' if sort.startswith('-') else ''} nulls last", *report.key)
    return replace(
        question, condition=" and ".join(f"({one})" for one in conditions if one), values=values, order=order
    )


@contextmanager
def report_cursor(warehouse: Warehouse, question: Question) -> Iterator[duckdb.DuckDBPyConnection]:
    """A cursor for a question about a report; an error of report or file is raised as a Problem."""
    report = question.report
    try:
        with warehouse_cursor(warehouse.database) as cursor:
            yield cursor
    except duckdb.InvalidInputException as error:
        raise Problem(f"The report {report}: {error_sentence(error)}") from error
    except duckdb.Error as error:
        # An earlier version made fewer functions, and opening finds only some of them missing.
        if "orrupt" in str(error) or isinstance(error, duckdb.IOException | duckdb.CatalogException):
            raise Problem(f"{warehouse.file}: {opening_fault(error)}") from error
        raise problem_of(error, f"report.{report}") from error


def csv_file(warehouse: Warehouse, question: Question) -> Generator[bytes, None, None]:
    """The answer as a CSV file for spreadsheets, in batches; with a byte order mark, times of the firm."""
    for number, frame in enumerate(fetch_batches(warehouse, question)):
        rows = as_csv(with_hidden(frame), warehouse.facts.timezone, header=number == 0)
        yield rows.encode("utf-8" if number else "utf-8-sig")
