"""The plan of a purge: which returns or which file it removes, and the words that other files may contain."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime

import duckdb
from duckdb import DuckDBPyConnection

from etl.common.duck import OFFLINE, literal
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.store.parts import Part, check_part, damage_is_a_problem, parts
from etl.upkeep.part_files import rows_of
from etl.upkeep.text_search import TextSearch

# The columns that identify a client or a return, and the day of a record.
NAMES = {
    "events": ["firm_id", "return_id", "client_id", "client_name", "recipient_email"],
    "returns": ["firm_id", "return_id", "client_id", "client_name"],
}
DAYS = {"events": "event_on", "returns": "cast(exported_at as date)"}


@dataclass(frozen=True)
class Plan:
    """One purge: the firm and id of each return that is removed, or the `file_id` whose part is removed.

    Other files are searched for `words`. `at` is UTC in ISO format.
    """

    at: str
    kind: str
    before: str | None
    file_id: str | None
    returns: list[list[str]]
    words: list[str]
    file_count: int
    record_count: int


def read_names(database: DuckDBPyConnection, selected: list[Part]) -> None:
    """Fills `names`: a row for each part, return and set of names, with the last day of its records."""
    database.execute("""
        create or replace temp table names (
            file_id varchar, kind varchar, firm_id varchar, return_id varchar, client_id varchar,
            client_name varchar, recipient_email varchar, last_on date, record_count bigint
        )
    """)
    for part in selected:
        names = ", ".join(NAMES[part.kind])
        loaded_on = f"cast({literal(part.ledger['loaded_at'])} as timestamp)::date"
        check_part(part)
        with damage_is_a_problem(part):
            database.execute(f"""
                insert into names by name
                select
                    {literal(part.file_id)} as file_id,
                    {literal(part.kind)} as kind,
                    {names},
                    max(coalesce({DAYS[part.kind]}, {loaded_on})) as last_on,
                    count(*) as record_count
                {rows_of(part.data)}
                group by {names}
            """)


def plan_return(data: DataDir, return_id: str, firm: str | None) -> Plan:
    """The plan for one return. Raises a Problem if the store has no such return, or several firms have it."""
    with duckdb.connect(config=OFFLINE) as database:
        read_names(database, parts(data))
        query = "select distinct firm_id from names where return_id = $1 and firm_id = coalesce($2, firm_id)"
        firms = sorted(firm_id for (firm_id,) in database.execute(query, [return_id, firm]).fetchall())
        if not firms:
            of_firm = f' of the firm "{firm}"' if firm else ""
            raise Problem(f'The store has no return "{return_id}"{of_firm}; there is nothing to purge.')
        if len(firms) > 1:
            raise Problem(f'Several firms have a return "{return_id}": {", ".join(firms)}. Add --firm.')
        return plan_returns(database, data, [[firms[0], return_id]])


def plan_before(data: DataDir, before: date) -> Plan:
    """The plan for all returns whose last event is before a day; without events, the last register counts."""
    query = """
        select firm_id, return_id
        from names
        group by firm_id, return_id
        having coalesce(max(last_on) filter (where kind = 'events'), max(last_on)) < $1
        order by all
    """
    with duckdb.connect(config=OFFLINE) as database:
        read_names(database, parts(data))
        returns = database.execute(query, [before]).fetchall()
        return plan_returns(database, data, [list(row) for row in returns], str(before))


def plan_file(data: DataDir, file_id: str) -> Plan:
    """The plan for one loaded file. Its returns may be loaded again from other files; the file may not."""
    selected = [part for part in parts(data) if part.file_id == file_id]
    if not selected:
        raise Problem(f'No loaded file has the id "{file_id}". Type `returntrail show NAME` for its id.')
    with duckdb.connect(config=OFFLINE) as database:
        read_names(database, selected)
        words = database.sql("select distinct return_id from names order by all").pl()["return_id"].to_list()
    record_count = selected[0].ledger["kept_count"] + selected[0].ledger["quarantined_count"]
    return Plan(now(), "file", None, file_id, [], words, 1, record_count)


def plan_returns(
    database: DuckDBPyConnection, data: DataDir, returns: list[list[str]], before: str | None = None
) -> Plan:
    """The plan for some returns. Other files are searched for words that no other return shares."""
    fill_purged_returns(database, returns)
    words = "select unnest([return_id, client_id, client_name, recipient_email]) as word from names"
    query = f"""
        select word from ({words} semi join purged_returns using (firm_id, return_id)) where word is not null
        except
        select word from ({words} anti join purged_returns using (firm_id, return_id))
        order by all
    """
    own_words = database.sql(query).pl()["word"].to_list()
    rows = "from names semi join purged_returns using (firm_id, return_id)"
    query = f"select file_id, sum(record_count)::bigint {rows} group by all"
    counts = Counter(dict(database.execute(query).fetchall()))
    search = TextSearch(own_words)
    for part in parts(data):
        counts[part.file_id] += len(quarantined_matches(database, part, search))
    counts = +counts
    kind = "before" if before else "return"
    return Plan(now(), kind, before, None, returns, own_words, len(counts), counts.total())


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def fill_purged_returns(database: DuckDBPyConnection, returns: list[list[str]]) -> None:
    """Fills `purged_returns`, the returns that a plan removes."""
    database.execute("create or replace temp table purged_returns (firm_id varchar, return_id varchar)")
    if returns:
        database.executemany("insert into purged_returns values ($1, $2)", returns)


def record_count(database: DuckDBPyConnection, part: Part) -> int:
    """How many records of a part belong to the returns in `purged_returns`."""
    rows = f"{rows_of(part.data)} semi join purged_returns using (firm_id, return_id)"
    with damage_is_a_problem(part):
        count: int = database.execute(f"select count(*) {rows}").fetchall()[0][0]
    return count


def affected_files(database: DuckDBPyConnection, data: DataDir, plan: Plan, search: TextSearch) -> set[str]:
    """The ids of the files with records of the plan's returns."""
    fill_purged_returns(database, plan.returns)
    return {
        part.file_id
        for part in parts(data)
        if record_count(database, part) or quarantined_matches(database, part, search)
    }


def quarantined_matches(database: DuckDBPyConnection, part: Part, search: TextSearch) -> list[int]:
    """The numbers of the quarantined records of a part that contain one of the words."""
    if not part.ledger["quarantined_count"]:
        return []
    query = f"select row_no, coalesce(record, '') {rows_of(part.quarantine)} order by row_no"
    with damage_is_a_problem(part):
        rows = database.execute(query).fetchall()
    matches = search.is_in_each([record for _, record in rows])
    return [row_no for (row_no, _), is_match in zip(rows, matches, strict=True) if is_match]
