"""What a purge takes away: which returns, in which parts, and by which words they are found elsewhere."""

from dataclasses import dataclass
from datetime import date

import duckdb

from etl.common.duck import OFFLINE, literal
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.store.parts import Part, check_part, damage_is_a_problem, parts
from etl.upkeep.purge_files import Words

RETURN, BEFORE, FILE = "return", "before", "file"
# What names a client or a return; elsewhere it tells what must go.
NAMES = {
    "events": ("return_id", "client_id", "client_name", "recipient_email"),
    "returns": ("return_id", "client_id", "client_name"),
}
ALIKE = {"events": "event_on", "returns": "cast(exported_at as date)"}


@dataclass(frozen=True)
class Plan:
    """One purge. `returns` are firm and return of those that go for good; of `file_id` its part goes as it is.

    `words` find them in other files, in the store's own and in those that people were given; `at` is UTC in ISO.
    """

    at: str
    kind: str
    before: str | None
    file_id: str | None
    returns: list[list[str]]
    words: list[str]
    file_count: int
    record_count: int


def said(database: duckdb.DuckDBPyConnection, data: DataDir, only: str | None = None) -> list[Part]:
    """Makes `said`, a row for each part, return and set of names, with the last day it is about; the parts read."""
    found = [part for part in parts(data) if only is None or part.file_id == only]
    database.execute("""
        create or replace temp table said (
            file_id varchar, kind varchar, firm_id varchar, return_id varchar, client_id varchar, client_name varchar,
            recipient_email varchar, said_on date, record_count bigint
        )
    """)
    for part in found:
        names = ["firm_id", *NAMES[part.kind]]
        loaded_on = f"cast({literal(part.ledger['loaded_at'])} as timestamp)::date"
        check_part(part)
        with damage_is_a_problem(part):
            database.execute(f"""
                insert into said by name
                select
                    {literal(part.file_id)} as file_id,
                    {literal(part.kind)} as kind,
                    {", ".join(names)},
                    max(coalesce({ALIKE[part.kind]}, {loaded_on})) as said_on,
                    count(*) as record_count
                from read_parquet({literal(part.data)})
                group by {", ".join(names)}
            """)
    return found


def opened() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config=OFFLINE)


def plan_return(data: DataDir, at: str, return_id: str, firm: str | None) -> Plan:
    """One return. Raises a Problem where the store has none of that name, or several firms have it."""
    with opened() as database:
        said(database, data)
        firms = [
            firm_id
            for (firm_id,) in database.execute(
                "select distinct firm_id from said where return_id = $1 and firm_id = coalesce($2, firm_id) order by all",
                [return_id, firm],
            ).fetchall()
        ]
        if not firms:
            place = f' of the firm "{firm}"' if firm else ""
            raise Problem(f'The store has no return "{return_id}"{place}, so there is nothing to purge.')
        if len(firms) > 1:
            raise Problem(
                f'Several firms have a return "{return_id}": {", ".join(firms)}. Name one with --firm.'
            )
        return planned(database, data, at, RETURN, [[firms[0], return_id]])


def plan_before(data: DataDir, at: str, before: date) -> Plan:
    """Every return of which the last event, or the last register that names it where it has none, is of before a day."""
    with opened() as database:
        said(database, data)
        returns = database.execute(
            """
            select firm_id, return_id
            from said
            group by firm_id, return_id
            having coalesce(max(said_on) filter (where kind = 'events'), max(said_on)) < $1
            order by all
            """,
            [before],
        ).fetchall()
        return planned(database, data, at, BEFORE, [list(one) for one in returns], str(before))


def plan_file(data: DataDir, at: str, file_id: str) -> Plan:
    """One loaded file. Its returns may be in others and come back with others; the file itself does not."""
    with opened() as database:
        found = said(database, data, file_id)
        if not found:
            raise Problem(
                f'No loaded file has the id "{file_id}". `returntrail show NAME` says the id of a file.'
            )
        names = [
            name
            for (name,) in database.execute("select distinct return_id from said order by all").fetchall()
        ]
        count = found[0].ledger["kept_count"] + found[0].ledger["quarantined_count"]
        return Plan(at, FILE, None, file_id, [], names, 1, count)


def planned(
    database: duckdb.DuckDBPyConnection,
    data: DataDir,
    at: str,
    kind: str,
    returns: list[list[str]],
    before: str | None = None,
) -> Plan:
    """The plan of some returns: what is only theirs finds them elsewhere, and what other returns share does not."""
    database.execute("create temp table going (firm_id varchar, return_id varchar)")
    if returns:
        database.executemany("insert into going values ($1, $2)", returns)
    theirs, others = (
        f"select unnest([return_id, client_id, client_name, recipient_email]) as word from said {join} join going using "
        "(firm_id, return_id)"
        for join in ("semi", "anti")
    )
    query = (
        f"select word from ({theirs}) where word is not null except select word from ({others}) order by all"
    )
    words = [word for (word,) in database.execute(query).fetchall()]
    rows = "from said semi join going using (firm_id, return_id)"
    files = database.execute(f"select file_id, sum(record_count)::bigint {rows} group by all").fetchall()
    counts, sought = dict(files), Words(words)
    for part in parts(data):
        number = len(set_aside(database, part, sought))
        if number:
            counts[part.file_id] = counts.get(part.file_id, 0) + number
    return Plan(at, kind, before, None, returns, words, len(counts), sum(counts.values()))


def set_aside(database: duckdb.DuckDBPyConnection, part: Part, words: Words) -> list[int]:
    """The numbers of the records of a part that were set aside and name what goes."""
    if not part.ledger["quarantined_count"]:
        return []
    query = (
        f"select row_no, coalesce(record, '') from read_parquet({literal(part.quarantine)}) order by row_no"
    )
    with damage_is_a_problem(part):
        found = database.execute(query).fetchall()
    named = words.are_in_each([record for _, record in found])
    return [row_no for (row_no, _), is_named in zip(found, named, strict=True) if is_named]
