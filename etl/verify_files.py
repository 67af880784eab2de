"""The data directory, as `returntrail verify` looks at it: who may read what, what nobody left on purpose, how much room."""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from etl.datadir import SHIPPED, DataDir
from etl.findings import WARNING, WELL, Finding
from etl.settings import Settings
from etl.store import FOLDER
from etl.verify_store import current

# The owner's own, which say nothing of a client.
OWN = ("settings.toml", "reference", "secrets.toml")
KNOWN = {
    *OWN, "inbox", "store", "reports", "runs", "audit", "evidence", "export", "warehouse.duckdb", "purged.jsonl",
    "verified.json", ".lock", ".key", "demo", "demo.txt",
}  # fmt: skip
# What a name of ours begins with until the file or folder is whole.
UNFINISHED = (".new-", ".work-", ".build-", ".making-", ".returntrail-", ".verify-", ".purged-")
WIDER = 0o077
MOST = 5
LEAST_ROOM = 1_000_000_000


def look_at_files(data: DataDir, settings: Settings | None) -> Iterator[Finding]:
    """Modes, leftovers, and room on the disk."""
    everything = list(walked(data.root))
    wide = [path for path in everything if path.lstat().st_mode & WIDER and is_ours(data, path)]
    for findings, words in (
        (many(data, wide, WARNING, "Others on this machine may read it. Type `chmod go-rwx` and its name."),
         "Nobody else on this machine may read a file."),
        (list(leftovers(data, settings, everything)), "Nothing was left behind."),
        (list(room(data)), "There is room on the disk for the next build."),
    ):  # fmt: skip
        yield from findings or [Finding(WELL, "files", words)]


def walked(root: Path) -> Iterator[Path]:
    """The folder itself and all that is in it; of the checkout's own folder the demo and what git keeps aside."""
    yield root
    aside = {SHIPPED / "demo", SHIPPED / "reference", SHIPPED / "settings.toml"} if root == SHIPPED else set()
    for path in sorted(root.iterdir()):
        if path not in aside:
            yield path
            if path.is_dir() and not path.is_symlink():
                yield from (one for one in sorted(path.rglob("*")))


def is_ours(data: DataDir, path: Path) -> bool:
    """Whether a mode matters: a link has none of its own, and settings name nobody's return. Secrets are secret."""
    if path.is_symlink() or path == SHIPPED:
        return False
    top = path.relative_to(data.root).parts[:1]
    return top[:1] not in {("settings.toml",), ("reference",)}


def many(data: DataDir, paths: list[Path], severity: str, words: str) -> list[Finding]:
    """A finding a path; of a great many the first ones, and their number."""
    found = [Finding(severity, name_of(data, path), words) for path in paths[:MOST]]
    if len(paths) > MOST:
        found.append(Finding(severity, "files", f"{len(paths) - MOST} more. {words}"))
    return found


def leftovers(data: DataDir, settings: Settings | None, everything: Iterable[Path]) -> Iterator[Finding]:
    """What killed processes left, and what nobody here made. The lock is held, so that nothing is still being written."""
    authority = settings.mail.ca_file if settings and settings.mail else None
    known = KNOWN | ({Path(authority).name} if authority else set())
    unfinished = [path for path in everything if path.name.startswith(UNFINISHED) or is_superseded(data, path)]
    words = "A process that was killed left it; the next load, build or report removes it, and so may you."
    yield from many(data, [path for path in unfinished if not set(path.parents) & set(unfinished)], WARNING, words)
    if data.purging.exists():
        words = "A purge has begun and is not done. Type `returntrail build`, which finishes it first."
        yield Finding(WARNING, data.purging.name, words)
    looked_at = set(unfinished)
    strange = [path for path in everything if is_strange(data, path, known) and not {path, *path.parents} & looked_at]
    yield from many(data, strange, WARNING, "It is none of returntrail's. Move it out of the data directory.")


def is_superseded(data: DataDir, path: Path) -> bool:
    """A part that one with a higher number has replaced."""
    return path.parent == data.store and FOLDER.fullmatch(path.name) is not None and path not in current(data)


def is_strange(data: DataDir, path: Path, known: set[str]) -> bool:
    """Something that stands where only returntrail's own files do: the directory itself, the store, a part."""
    if path.parent == data.root:
        return path.name not in known and path != data.purging
    if path.parent == data.store:
        return FOLDER.fullmatch(path.name) is None and path.name != "refused"
    if path.parent.parent == data.store and path.parent.name == "refused":
        return path.suffix != ".json"
    if path.parent.parent == data.store:
        return path.name not in ("events.parquet", "returns.parquet", "quarantine.parquet", "ledger.json")
    return data.store in path.parents and path.parent.parent.parent == data.store


def room(data: DataDir, least: int = LEAST_ROOM) -> Iterator[Finding]:
    """A build writes a second warehouse beside the first, and what it spills."""
    wanted = max(least, 3 * (data.warehouse.stat().st_size if data.warehouse.exists() else 0))
    free = shutil.disk_usage(data.root).free
    if free < wanted:
        words = f"{free / 1e9:.1f} GB are free on its disk, and a build may need {wanted / 1e9:.1f} GB. Make room."
        yield Finding(WARNING, "disk", words)


def name_of(data: DataDir, path: Path) -> str:
    return "data directory" if path == data.root else str(path.relative_to(data.root))
