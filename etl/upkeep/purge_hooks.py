"""Which records of web hooks belong to what is purged: a signature names its return by its client only."""

from collections.abc import Iterable, Iterator
from contextlib import suppress

import duckdb
import polars as pl
from duckdb import DuckDBPyConnection

from etl.common.duck import OFFLINE, create_table, literal, parquet
from etl.common.paths import QUERIES, DataDir
from etl.store.parts import Part, check_part, damage_is_a_problem, hash_key, parts
from etl.store.purged import HOOK, Hook, hook_hash

SQL = QUERIES / "purge"


def hooks_of(
    database: DuckDBPyConnection, data: DataDir, words: Iterable[str]
) -> tuple[list[str], list[str]]:
    """The hashes of the records that belong to `purged_returns` or have one of the words, and their names.

    The last build says which return a signature belongs to.
    """
    wanted = {word.casefold() for word in words}
    joined = joined_rows(database, data)
    query = "select firm_id from purged_returns where return_id is null"
    without_return = {firm_id for (firm_id,) in database.execute(query).fetchall()}
    hashes, names = set[str](), set[str]()
    for part, row_no, hook in hooks(database, data):
        firm_id, body, return_id, client_id, *texts, _ = hook
        named = [text for text in (client_id, *texts) if text]
        is_own = (part.file_id, row_no) in joined or (return_id is None and firm_id in without_return)
        if is_own or not wanted.isdisjoint(map(str.casefold, named)):
            hashes.add(hook_hash(hash_key(data), hook))
            names |= set(filter(None, texts)) if body == "signature" else set()
    return sorted(hashes), sorted(names)


def joined_rows(database: DuckDBPyConnection, data: DataDir) -> set[tuple[str, int]]:
    """The signatures that the warehouse has joined to `purged_returns`; none if it cannot be read."""
    returns = database.execute("select firm_id, return_id from purged_returns").fetchall()
    values = {"firm_ids": [firm for firm, _ in returns], "return_ids": [one for _, one in returns]}
    found = set[tuple[str, int]]()
    # A warehouse of an earlier version has no such table; the file may be missing.
    errors = duckdb.IOException, duckdb.CatalogException
    with suppress(*errors), duckdb.connect(config=OFFLINE) as own:
        own.execute(f"attach {literal(data.warehouse)} as warehouse (read_only)")
        own.execute("use warehouse")
        found = set(own.execute((SQL / "signatures.sql").read_text(encoding="utf-8"), values).fetchall())
    return found


def choose_hooks(
    database: DuckDBPyConnection, data: DataDir, returns: Iterable[list[str]], hashes: Iterable[str]
) -> None:
    """Makes the table `purged_returns_hooks` of the records with these hashes or of these returns."""
    own, wanted = {tuple(one) for one in returns}, set(hashes)
    own_key = hash_key(data, may_make=False)
    rows = [
        (part.file_id, row_no)
        for part, row_no, hook in hooks(database, data)
        if (hook[0], hook[2]) in own or hook_hash(own_key, hook) in wanted
    ]
    create_table(database, "purged_returns_hooks", rows, {"file_id": pl.String, "row_no": pl.Int64})


def hooks(database: DuckDBPyConnection, data: DataDir) -> Iterator[tuple[Part, int, Hook]]:
    """The records of web hooks that are about clients, with their part and number."""
    for part in parts(data):
        if part.kind != "webhook":
            continue
        check_part(part)
        with damage_is_a_problem(part):
            query = f"select row_no, {HOOK} from {parquet(part.data)} where body <> 'other'"
            rows = database.execute(query).fetchall()
        yield from ((part, row_no, tuple(hook)) for row_no, *hook in rows)
