"""One more day: remakes the rows of the returns that new files touch, in a copy of the last warehouse.

A model that is made by return runs on the records of those returns alone, in a small database beside the
copy, and its rows replace theirs in the copy. It may read tables that are made by return too, and tables
whose rows no other return changes, which the small database shows whole. Every other table and view is made
anew from all rows. So the result is that of a full build.

In the same way each build looks back: a small database as of the working day before has the returns that have
changed since, and says what they waited for then.
"""

from collections.abc import Generator
from pathlib import Path

import duckdb

from etl.common.terminal import step
from etl.sql.catalog import Catalog
from etl.sql.file import SqlFile
from etl.warehouse.last import Last
from etl.warehouse.models import attach, check_table, create_model
from etl.warehouse.raw import OCCURRENCES, fill_occurrences

# With more returns than this share, it is quicker to make all rows anew.
MOST_TOUCHED = 0.3
# The returns that the tables of `touched` are about.
RETURNS = "touched.main.touched_returns"


def find_touched(
    database: duckdb.DuckDBPyConnection, catalog: Catalog, last: Last, folder: Path
) -> int | None:
    """Lists in RETURNS each return whose rows may differ from those of the last build.

    These are the returns of new logs and returns lists, of clients in new web hooks, and those that time
    alone changes. Returns how many they are, or None if all rows are to be made anew: because they are many,
    or because of e-signatures in web hooks, as any return can change which return one of those belongs to.
    """
    query = "select count(*) from raw.webhook where body = 'signature'"
    if database.execute(query).fetchall()[0][0]:
        return None
    aging = "".join(
        f"union all select return_key from {file.full_name} where {file.ages}\n"
        for file in catalog.of("model", "mart")
        if file.ages
    )
    attach(database, folder / "touched.duckdb", "touched")
    # A later as_of can make another log the newest, and so change attributes of every return in it.
    database.execute(
        f"""
        create table {RETURNS} as
        with touched as (
            select return_key from raw.attribute_sets where file_no > $newest_no
            union all
            select return_key
            from raw.attribute_sets
            where file_no in (
                select file_no from raw.records
                where event_at > coalesce($as_of, '-infinity'::timestamp)
                    and event_at <= (select as_of from raw.build)
            )
            union all
            select sets.return_key
            from raw.returns as returns
            join raw.attribute_sets as sets using (firm_id, return_id)
            where returns.file_id not in (select unnest($file_ids))
            union all
            select sets.return_key
            from raw.attribute_sets as sets
            left join raw.returns as returns using (firm_id, return_id)
            join raw.webhook as hooks
                on hooks.firm_id = sets.firm_id and hooks.client_id in (sets.client_id, returns.client_id)
            where hooks.file_id not in (select unnest($file_ids))
            {aging}
        )
        select distinct return_key, firm_id, return_id
        from raw.attribute_sets
        where return_key in (select return_key from touched)
        """,
        {"newest_no": last.newest_no, "as_of": last.as_of, "file_ids": list(last.file_ids)},
    )
    [(touched, returns)] = database.execute(f"""
        select (select count(*) from {RETURNS}), count(distinct return_key) from raw.attribute_sets
    """).fetchall()
    return touched if touched <= MOST_TOUCHED * returns else None


def touched_models(
    database: duckdb.DuckDBPyConnection, catalog: Catalog, files: list[SqlFile], queries: Path
) -> Generator[SqlFile, None, None]:
    """Makes tables and views in order, and yields each one's file where it is to be checked.

    Of a table that is made by return, those are the new rows: the others were checked when they were new.
    """
    with step("Reading the touched returns"):
        give_records(database, catalog, queries)
        replace_rows(database, catalog.files[OCCURRENCES])
    for file in files:
        if file.by_return:
            database.execute("use touched")
            create_model(database, file, file.text)
            yield file
            database.execute("use warehouse")
            replace_rows(database, file)
        else:
            create_model(database, file, file.text)
            yield file
            show(database, file)
    database.execute("detach touched")


def give_records(database: duckdb.DuckDBPyConnection, catalog: Catalog, queries: Path) -> None:
    """Gives the small database what models read: rows about touched returns, and all other tables whole."""
    for schema in ("raw", "ref", "model", "mart"):
        database.execute(f"create schema touched.{schema}")
    occurrences = catalog.files[OCCURRENCES]
    for file in catalog.of("raw", "ref"):
        if file.is_view or file == occurrences:
            continue
        if file.return_columns:
            chosen = f"from {file.full_name} semi join {RETURNS} using ({', '.join(file.return_columns)})"
            database.execute(f"create table touched.{file.full_name} as {chosen}")
        else:
            show(database, file)
    database.execute("use touched")
    for name in ("duckdb", "raw"):
        database.execute((queries / "functions" / f"{name}.sql").read_text(encoding="utf-8"))
    database.execute(occurrences.text)
    fill_occurrences(database)
    check_table(database, occurrences)
    database.execute("use warehouse")


def show(database: duckdb.DuckDBPyConnection, file: SqlFile) -> None:
    """Shows a whole table in the small database; a view there reads the small one's own tables."""
    if file.is_view:
        database.execute("use touched")
        create_model(database, file, file.text)
        database.execute("use warehouse")
    else:
        database.execute(f"create view touched.{file.full_name} as from warehouse.{file.full_name}")


def replace_rows(database: duckdb.DuckDBPyConnection, file: SqlFile) -> None:
    """Puts the new rows of the touched returns in place of their old ones."""
    name = f"warehouse.{file.full_name}"
    same = " and ".join(f"old.{column} = touched.{column}" for column in file.return_columns)
    database.execute(f"delete from {name} as old using {RETURNS} as touched where {same}")
    database.execute(f"insert into {name} from touched.{file.full_name}")


def fill_before(
    database: duckdb.DuckDBPyConnection, catalog: Catalog, files: list[SqlFile], queries: Path, folder: Path
) -> None:
    """Fills `raw.returns_before` by the models, from the events up to the working day before.

    Labels, copies of records and returns lists are those of now.
    """
    database.execute("detach database if exists touched")
    attach(database, folder / "before.duckdb", "touched")
    database.execute(f"""
        create table {RETURNS} as
        select distinct return_key, firm_id, return_id
        from raw.attribute_sets
        semi join (
            select return_key from model.numbered_events
            where event_at > (select before_at from raw.build)
            union
            -- 24 hours without a word make an email unconfirmed, without any event.
            select return_key from model.message_states
            where state = 'unconfirmed'
                and processed_at >= (select before_at - interval '24' hour from raw.build)
        ) using (return_key)
    """)
    give_records(database, catalog, queries)
    database.execute("drop view touched.raw.build")
    database.execute("""
        create table touched.raw.build as
        select * replace (before_at as as_of) from warehouse.raw.build
    """)
    for file in files:
        if file.by_return:
            database.execute("use touched")
            create_model(database, file, file.text)
            database.execute("use warehouse")
        else:
            show(database, file)
    database.execute(f"""
        insert into raw.returns_before
        select known.firm_id, known.return_id, returns.next_step, returns.next_step_owner, acts.actor
        from {RETURNS} as known
        left join touched.mart.returns as returns using (firm_id, return_id)
        left join (
            select events.return_key, arg_max(records.actor, events.event_no) as actor
            from model.numbered_events as events
            join model.labels as labels using (label_no)
            join raw.records as records using (return_key, file_no, row_no)
            where events.event_at > (select before_at from raw.build)
                and not events.is_repeat
                and labels.tab = 'Internal'
            group by events.return_key
        ) as acts using (return_key)
        order by known.firm_id, known.return_id
    """)
    database.execute("detach touched")
