"""What `returntrail purge` does: says what would go, and with --yes removes it.

Removes a return, what is older than a day, or a file for good: from the store, the warehouse and every other folder.

A purge that has begun stands in `.purging.json` until it is done. Each of its phases may be done again, so whoever writes
in the data directory next finishes one that was killed; only keyed hashes of what went are kept.
"""

import json
import tempfile
from argparse import Namespace
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from etl.common.duck import literal
from etl.common.files import remove_folder, remove_leftovers, write_json
from etl.common.paths import DataDir, version
from etl.common.problem import Problem
from etl.common.system import sync_to_disk
from etl.common.terminal import say, step
from etl.config.settings import read_settings
from etl.store import purged
from etl.store.parts import (
    ID_LENGTH,
    Part,
    check_part,
    damage_is_a_problem,
    hash_key,
    parts,
    publish,
    store_work_folder,
)
from etl.store.purged import entries
from etl.store.write_part import copy_to_parquet
from etl.upkeep import purge_files
from etl.upkeep.purge_files import Words
from etl.upkeep.purge_plan import FILE, RETURN, Plan, opened, plan_before, plan_file, plan_return, set_aside
from etl.warehouse.build import build


@dataclass(frozen=True)
class Going:
    """What a plan takes away beside records: reports and the like, and exports as they came."""

    written: list[Path]
    originals: list[Path]

    def __len__(self) -> int:
        return len(self.written) + len(self.originals)


def going(data: DataDir, plan: Plan) -> Going:
    """The files that go with a plan. They are unpacked one by one into a private folder of the store."""
    words = Words(plan.words)
    with store_work_folder(data) as folder, opened() as database:
        theirs = touched(database, data, plan)
        found = purge_files.originals(data, read_settings(data.settings), theirs, words, folder)
    return Going(purge_files.written(data, words), found)


def touched(database: object, data: DataDir, plan: Plan) -> list[Part]:
    """The parts that hold something of what goes."""
    if plan.kind == FILE:
        return [part for part in parts(data) if part.file_id == plan.file_id]
    theirs(database, plan)
    words = Words(plan.words)
    return [part for part in parts(data) if records(database, part) or set_aside(database, part, words)]


def theirs(database: object, plan: Plan) -> None:
    """Makes `going`, the returns of a plan."""
    database.execute("create or replace temp table going (firm_id varchar, return_id varchar)")
    if plan.returns:
        database.executemany("insert into going values ($1, $2)", plan.returns)


def records(database: object, part: Part) -> int:
    """How many records of a part are of the returns that go."""
    query = (
        f"select count(*) from read_parquet({literal(part.data)}) semi join going using (firm_id, return_id)"
    )
    with damage_is_a_problem(part):
        return database.execute(query).fetchall()[0][0]


def described(data: DataDir, plan: Plan, files: Going) -> str:
    """What a plan takes away, for somebody who must agree to it."""
    what = {RETURN: "1 return", FILE: "1 loaded file"}.get(plan.kind, f"{len(plan.returns)} returns")
    if plan.before:
        what += f" without an event since {plan.before}"
    parts_words = "" if plan.kind == FILE else f" of {plan.file_count} loaded files"
    lines = [f"{what}: {plan.record_count} records{parts_words}."]
    lines += [f"goes: {path.relative_to(data.root)}" for path in (*files.written, *files.originals)]
    return "\n".join(lines)


def begin(data: DataDir, plan: Plan) -> None:
    """From here on the purge will be done, by this process or by the next one that writes here."""
    write_json(data.purging, asdict(plan))


def finish(data: DataDir) -> Plan | None:
    """Does what a purge that has begun still has to do, phase by phase; null where there is none."""
    try:
        said = data.purging.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        plan = Plan(**json.loads(said))
    except (ValueError, TypeError) as error:
        words = "the purge that has begun cannot be read. Remove this file and purge again."
        raise Problem(f"{data.purging}: {words}") from error
    for phase in PHASES:
        phase(data, plan)
    return plan


def remember(data: DataDir, plan: Plan) -> None:
    """Keyed hashes of what goes, so that no load brings it back; the counts follow when it is done."""
    note(data, plan, next((entry.removed_count for entry in purged.entries(data) if entry.at == plan.at), 0))


def note(data: DataDir, plan: Plan, removed_count: int) -> None:
    own = hash_key(data)
    hashes = [purged.return_hash(own, *one) for one in plan.returns]
    hashes += [purged.purged_file_hash(own, plan.file_id)] if plan.file_id else []
    purged.write_entry(data, purged.Entry(
        at=plan.at, kind=plan.kind, before=plan.before, return_count=len(plan.returns), file_count=plan.file_count,
        record_count=plan.record_count, removed_count=removed_count, version=version(),
        key_check=purged.keyed_hash(own, purged.KEY_CHECK), firm_ids=sorted({firm_id for firm_id, _ in plan.returns}),
        hashes=sorted(hashes),
    ))  # fmt: skip


def clear_files(data: DataDir, plan: Plan) -> None:
    """Removes what people were given and the exports as they came, while the store still says which those are."""
    remove_leftovers(data.runs, data.root / "evidence")
    files = going(data, plan)
    for unit in (*files.written, *files.originals):
        purge_files.remove(data, unit)
        note(
            data, plan, 1 + next(entry.removed_count for entry in purged.entries(data) if entry.at == plan.at)
        )


def rewrite_parts(data: DataDir, plan: Plan) -> None:
    """Writes each part anew without what goes and puts it in the place of the old one by one rename; a file's goes whole."""
    with store_work_folder(data) as folder, opened() as database:
        if plan.kind == FILE:
            for part in touched(database, data, plan):
                remove_folder(part.folder)
            return
        theirs(database, plan)
        words = Words(plan.words)
        for part in parts(data):
            rewrite_part(database, data, part, words, folder)


def rewrite_part(database: object, data: DataDir, part: Part, words: Words, folder: Path) -> None:
    """One part without the returns that go, if it has any of them."""
    gone, aside = records(database, part), set_aside(database, part, words)
    is_named = words.are_in(str(part.ledger["file_name"]))
    if not gone and not aside and not is_named:
        return
    check_part(part)
    with step(f"Writing {part.file_id} anew"), damage_is_a_problem(part):
        made = Path(tempfile.mkdtemp(prefix="part-", dir=folder))
        numbers = ", ".join(map(str, aside)) or "-1"
        kept = f"from read_parquet({literal(part.data)}) anti join going using (firm_id, return_id)"
        left = f"from read_parquet({literal(part.quarantine)}) where row_no not in ({numbers})"
        ledger = part.ledger | {
            "kept_count": copy_to_parquet(database, kept, made / part.data.name),
            "quarantined_count": copy_to_parquet(database, left, made / part.quarantine.name),
            "purged_count": part.ledger.get("purged_count", 0) + gone + len(aside),
        }
        if is_named:
            ledger["file_name"] = f"{part.file_id[:ID_LENGTH]} (its name was purged)"
        publish(data, made, ledger, part)


def rebuild(data: DataDir, _plan: Plan) -> None:
    """A new warehouse from the new parts takes the place of the old one."""
    build(data)


def forget(data: DataDir, _plan: Plan) -> None:
    """Nothing is left to do, and nothing that says whom it was about."""
    data.purging.unlink()
    sync_to_disk(data.root)


PHASES = (remember, clear_files, rewrite_parts, rebuild, forget)


def purge(data: DataDir, options: Namespace) -> int:
    """Prints what goes; exit code 1 where nothing was removed though something would be."""
    plan = planned(data, options)
    if plan.kind != FILE and not plan.returns:
        say(f"No return is without an event since {plan.before}; there is nothing to purge.")
        return 0
    print(described(data, plan, going(data, plan)))
    if not options.yes:
        say("Nothing was removed. It cannot be undone; to do it, type the same with --yes.")
        return 1
    begin(data, plan)
    finish(data)
    done = next(entry for entry in entries(data) if entry.at == plan.at)
    say(
        f"Purged: {done.record_count} records, {done.removed_count} other files. Backups and --out folders are yours to clear."
    )
    return 0


def planned(data: DataDir, options: Namespace) -> Plan:
    """The plan that was asked for."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    if options.return_id is not None:
        return plan_return(data, at, options.return_id, options.firm)
    if options.before is not None:
        return plan_before(data, at, options.before)
    return plan_file(data, at, options.file_id)
