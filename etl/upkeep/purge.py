"""`returntrail purge`: lists what would be removed, and with --yes removes it for good.

It removes a return, old returns or a file from the store, the warehouse and every other folder. An unfinished
purge is stored in `.purging.json`. Each of its phases may run again, so the next process that writes in the
data directory finishes a purge that was killed. Only keyed hashes of what was removed are stored.
"""

import json
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from itertools import compress
from pathlib import Path

import duckdb
import polars as pl
from duckdb import DuckDBPyConnection

from etl.common.duck import OFFLINE, count_of, create_table, literal, parquet
from etl.common.files import remove_folder, remove_leftovers, write_json
from etl.common.paths import DataDir, version
from etl.common.problem import Problem
from etl.common.system import sync_to_disk
from etl.common.terminal import say, step, tell
from etl.config.settings import read_settings
from etl.store import purged
from etl.store.contents import rows_of, stored_rows
from etl.store.id_forms import common_form, forms_of
from etl.store.identity import content_of
from etl.store.parts import Part, check_part, damage_is_a_problem, hash_key, parts, publish, store_work_folder
from etl.upkeep import purge_files
from etl.upkeep.part_files import rewrite
from etl.upkeep.purge_hooks import choose_hooks, hooks_of
from etl.upkeep.text_search import TextSearch
from etl.warehouse.build import build

# The columns that identify a client or a return, and the day of a record.
NAMES = {
    "events": "firm_id, return_id, client_id, client_name, recipient_email",
    "returns": "firm_id, return_id, client_id, client_name",
    "webhook": "firm_id, tax_return_id as return_id, client_id, client_name, signer_email as recipient_email",
}
DAYS = {"webhook": "event_on", "events": "event_on", "returns": "cast(exported_at as date)"}


@dataclass(frozen=True)
class Plan:
    """One purge: the firm and id of each return that is removed, or the `file_id` whose part is removed.

    Other files are searched for `words`. `hooks` has hashes of records of web hooks, and `contents`
    of the content of the file. `at` is UTC in ISO format.
    """

    kind: str
    before: str | None
    file_id: str | None
    returns: list[list[str]]
    words: list[str]
    file_count: int
    record_count: int
    hooks: list[str] = field(default_factory=list)
    contents: list[str] = field(default_factory=list)
    at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="milliseconds"))


def purge(data: DataDir, options: Namespace) -> int:
    """Prints what a purge removes, and removes it with --yes; exit code 1 if something was listed only."""
    if options.file_id is not None:
        plan = plan_file(data, options.file_id)
        tell(f"1 loaded file: {plan.record_count} records.")
    else:
        plan = plan_returns(data, options.return_id, options.firm, options.before)
        subject = "1 return"
        if options.before is not None:
            if not plan.returns:
                say(f"No return is older than {plan.before}; there is nothing to purge.")
                return 0
            subject = f"{len(plan.returns)} returns without an event since {plan.before}"
        tell(f"{subject}: {plan.record_count} records of {plan.file_count} loaded files.")
    for path in files_to_remove(data, plan):
        tell(f"to remove: {path.relative_to(data.root)}")
    if not options.yes:
        say("Nothing was removed. A purge cannot be undone. To purge, type the same command with --yes.")
        return 1
    # This process or the next one that writes in the data directory finishes the purge.
    write_json(data.purging, asdict(plan))
    finish(data)
    counts = f"{plan.record_count} records and {removed_count(data, plan)} other files"
    say(f"Purged: {counts}. Backups and --out folders are not searched; remove their copies yourself.")
    return 0


def plan_file(data: DataDir, file_id: str) -> Plan:
    """The plan for one loaded file. Its returns may be loaded again from other files; the file may not."""
    part = next((part for part in parts(data) if part.file_id == file_id), None)
    if part is None:
        raise Problem(f'No loaded file has the id "{file_id}". Type `returntrail show NAME` for its id.')
    check_part(part)
    with damage_is_a_problem(part), duckdb.connect(config=OFFLINE) as database:
        names = NAMES[part.kind].split(", ")[1]
        found = database.execute(f"select distinct {names} {rows_of(part)} order by all")
        words = [return_id for (return_id,) in found.fetchall() if return_id]
    record_count = part.ledger["kept_count"] + part.ledger["quarantined_count"]
    # The store does not know whether the content or its name said the only return.
    outer = ["", *(words if len(words) == 1 else [])]
    ids = [purged.content_of_return(content_of(part), one) for one in outer]
    contents = [purged.keyed_hash(hash_key(data), "file", one) for one in ids]
    return Plan("file", None, file_id, [], words, 1, record_count, contents=contents)


def plan_returns(
    data: DataDir, return_id: str | None = None, firm: str | None = None, before: date | None = None
) -> Plan:
    """The plan for one return, or for all returns whose last event is before a day.

    Without events, the last register counts. An id of nine digits and its hash are one return. Other files
    are searched for words that no other return shares. Raises a Problem if the store has no such return, or
    several firms have it.
    """
    with duckdb.connect(config=OFFLINE) as database:
        read_names(database, data)
        returns = choose_returns(database, data, return_id, firm, before)
        own, others = (
            f"""
                select unnest([return_id, client_id, client_name, recipient_email]) as word
                from names {kind} join purged_returns using (firm_id, return_id)
                where return_id is not null
            """
            for kind in ("semi", "anti")
        )
        query = f"from ({own}) where word is not null except from ({others}) order by word"
        words = [word for (word,) in database.execute(query).fetchall()]
        hooks, signers = hooks_of(database, data, words)
        shared = {word for (word,) in database.execute(others).fetchall()}
        # Refused exports and names of files may have an id that the store has as a hash.
        typed = set[str]()
        if return_id:
            forms = {return_id, *forms_of(return_id.strip(), hash_key(data, may_make=False))}
            typed = forms - {own_id for _, own_id in returns}
        words = sorted({*words, *signers} - shared | typed)
        search = TextSearch(words)
        found = [count + len(rows) for _, count, rows in matches(database, data, returns, search, hooks)]
    kind = "return" if before is None else "before"
    day = None if before is None else str(before)
    return Plan(kind, day, None, returns, words, sum(map(bool, found)), sum(found), hooks)


def choose_returns(
    database: DuckDBPyConnection, data: DataDir, return_id: str | None, firm: str | None, before: date | None
) -> list[list[str]]:
    """Makes the table `purged_returns` of the return, or of those before a day; returns its rows."""
    query = """
        create temp table purged_returns as
        with chosen as (
            select firm_id, common_id
            from names
            where ($return_id is null or return_id = $return_id or common_id = $common_id)
                and firm_id = coalesce($firm, firm_id)
            group by all
            having
                $before is null
                or coalesce(max(last_on) filter (where kind = 'events'), max(last_on)) < $before::date
        )
        select distinct names.firm_id, return_id
        from names
        join chosen
            on chosen.firm_id is not distinct from names.firm_id
            and chosen.common_id is not distinct from names.common_id
    """
    own_key = hash_key(data, may_make=False)
    common_id = return_id and common_form(return_id.strip(), own_key)
    values = {"return_id": return_id, "common_id": common_id, "firm": firm, "before": before}
    database.execute(query, values)
    returns = list(map(list, database.execute("from purged_returns order by all").fetchall()))
    if return_id is not None and not returns:
        of_firm = f' of the firm "{firm}"' if firm else ""
        raise Problem(f'The store has no return "{return_id}"{of_firm}; there is nothing to purge.')
    firms = sorted({firm_id for firm_id, _ in returns})
    if return_id is not None and len(firms) > 1:
        raise Problem(f'Several firms have a return "{return_id}": {", ".join(firms)}. Add --firm.')
    return returns


def read_names(database: DuckDBPyConnection, data: DataDir) -> None:
    """Fills `names`: a row for each part, return and set of names, with the last day of its records.

    The common_id is the same for both forms of an id.
    """
    database.execute("""
        create temp table names (
            kind varchar, firm_id varchar, return_id varchar, client_id varchar, client_name varchar,
            recipient_email varchar, last_on date, common_id varchar
        )
    """)
    for part in parts(data):
        loaded_on = f"cast({literal(part.ledger['loaded_at'])} as timestamp)::date"
        check_part(part)
        with damage_is_a_problem(part):
            database.execute(f"""
                insert into names by name
                select
                    {literal(part.kind)} as kind,
                    {NAMES[part.kind]},
                    max(coalesce({DAYS[part.kind]}, {loaded_on})) as last_on
                {rows_of(part)}
                group by all
            """)
    own_key = hash_key(data, may_make=False)
    ids = database.execute("select distinct return_id from names where return_id is not null").fetchall()
    forms = [(own, form) for (own,) in ids if (form := common_form(own, own_key)) != own]
    create_table(database, "forms", forms, {"return_id": pl.String, "form": pl.String})
    database.execute("""
        update names set common_id = return_id;
        update names set common_id = form from forms where names.return_id = forms.return_id
    """)


def matches(
    database: DuckDBPyConnection,
    data: DataDir,
    returns: list[list[str]],
    search: TextSearch,
    hooks: list[str],
) -> Iterator[tuple[Part, int, list[int]]]:
    """For each part how many records these returns have, and which quarantined records have one of the words.

    If no record of another return is left, all quarantined records count: they may be of these returns, too.
    The returns are then in the table `purged_returns`.
    """
    create_table(database, "purged_returns", returns, {"firm_id": pl.String, "return_id": pl.String})
    choose_hooks(database, data, returns, hooks)
    for part in parts(data):
        check_part(part)
        rows = stored_rows(part, "semi join purged_returns")
        query = f"select row_no, coalesce(record, '') from {parquet(part.quarantine)} order by row_no"
        with damage_is_a_problem(part):
            count = count_of(database, f"select count(*) {rows}")
            quarantined = dict(database.execute(query).fetchall()) if part.ledger["quarantined_count"] else {}
        is_whole = 0 < count == part.ledger["kept_count"]
        named = compress(quarantined, search.is_in_each(list(quarantined.values())))
        yield part, count, list(quarantined if is_whole else named)


def files_to_remove(data: DataDir, plan: Plan) -> list[Path]:
    """Reports and other output with one of the words, and the exports that the affected parts come from."""
    search = TextSearch(plan.words)
    named = None if plan.file_id else search
    with store_work_folder(data) as folder, duckdb.connect(config=OFFLINE) as database:
        found = matches(database, data, plan.returns, search, plan.hooks) if plan.file_id is None else ()
        file_ids = {part.file_id for part, count, quarantined in found if count or quarantined}
        file_ids |= {plan.file_id} if plan.file_id else set()
        exports = purge_files.find_exports(data, read_settings(data.settings), file_ids, named, folder)
    return [*purge_files.find_output(data, search), *exports]


def finish(data: DataDir) -> None:
    """Finishes an unfinished purge, step by step, if there is one. Then no file names the purged returns."""
    if not data.purging.exists():
        return
    try:
        plan = Plan(**json.loads(data.purging.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        sentence = "this unfinished purge cannot be read. Remove the file and purge again."
        raise Problem(f"{data.purging}: {sentence}") from error
    record_purge(data, plan)
    remove_files(data, plan)
    rewrite_parts(data, plan)
    # A copy of the last warehouse would contain what was purged, in space that is free.
    build(data, full=True)
    data.purging.unlink()
    sync_to_disk(data.root)


def removed_count(data: DataDir, plan: Plan) -> int:
    """How many files outside the store this purge has removed so far."""
    return next((entry.removed_count for entry in purged.entries(data) if entry.at == plan.at), 0)


def record_purge(data: DataDir, plan: Plan, just_removed: int = 0) -> None:
    """Stores keyed hashes of what is removed, so that no load restores it, and the number of files."""
    own_key = hash_key(data)
    hashes = [purged.return_hash(own_key, firm_id, return_id) for firm_id, return_id in plan.returns]
    hashes += plan.hooks + plan.contents
    hashes += [purged.keyed_hash(own_key, "file", plan.file_id)] if plan.file_id else []
    entry = purged.Entry(
        at=plan.at,
        kind=plan.kind,
        before=plan.before,
        return_count=len(plan.returns),
        file_count=plan.file_count,
        record_count=plan.record_count,
        removed_count=removed_count(data, plan) + just_removed,
        version=version(),
        key_check=purged.keyed_hash(own_key, purged.KEY_CHECK),
        firm_ids=sorted({firm_id for firm_id, _ in plan.returns}),
        hashes=sorted(hashes),
    )
    purged.write_entry(data, entry)


def remove_files(data: DataDir, plan: Plan) -> None:
    """Removes output and exports, before the parts that tell which exports those are."""
    remove_leftovers(data.runs, data.root / "evidence")
    for path in files_to_remove(data, plan):
        purge_files.remove(data, path)
        record_purge(data, plan, just_removed=1)


def rewrite_parts(data: DataDir, plan: Plan) -> None:
    """Replaces each affected part by one without the returns, or removes it if nothing else is in it."""
    search = TextSearch(plan.words)
    with store_work_folder(data) as folder, duckdb.connect(config=OFFLINE) as database:
        if plan.file_id is not None:
            for part in parts(data):
                if part.file_id == plan.file_id:
                    remove_folder(part.folder)
            return
        for part, count, quarantined in matches(database, data, plan.returns, search, plan.hooks):
            ledger, name = part.ledger, str(part.ledger["file_name"])
            if search.is_in(name):
                name = purged.nameless(part.file_id)
            if not (count or quarantined or name != ledger["file_name"]):
                continue
            if count + len(quarantined) == ledger["kept_count"] + ledger["quarantined_count"]:
                remove_folder(part.folder)
                continue
            with step(f"Rewriting {part.file_id}"):
                records = stored_rows(part, "anti join purged_returns")
                numbers = ", ".join(map(str, quarantined)) or "-1"
                others = f"from {parquet(part.quarantine)} where row_no not in ({numbers})"
                new, counts = rewrite(database, part, records, others, folder)
                counts["purged_count"] = ledger.get("purged_count", 0) + count + len(quarantined)
                publish(data, new, ledger | counts | {"file_name": name}, part)
