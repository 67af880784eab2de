"""What a child of the crew can be made to suffer: places to die at, protections taken away, a wrong clock."""

import ctypes
import dataclasses
import datetime as clock
import functools
import hashlib
import itertools
import os
import shutil
import signal
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import ModuleType
from typing import Any

import zstandard

import etl.cli.verbs as verbs
import etl.common.lock as lock
import etl.read.archive as archive
import etl.reports.deliver as deliver
import etl.reports.files as report_files
import etl.store.load as load
import etl.store.parts as parts
import etl.store.redact_file as redact_file
import etl.store.write_part as write_part
import etl.upkeep.purge as purge
import etl.upkeep.purge_files as purge_files
import etl.warehouse.build as build
import etl.warehouse.models as models
import etl.warehouse.publish as publish
import etl.warehouse.raw as raw

Function = Callable[..., Any]
# A function, and the module whose name for it is the one that is called.
Place = tuple[ModuleType, Function]

# Where a command can be killed, each before it happens: the phases of the pipeline by their first function,
# and every call by which a file appears, changes its name or goes.
PLACES: dict[str, tuple[Place, ...]] = {
    "read": ((load, load.stage),),
    "write": ((write_part, write_part.copy_to_parquet), (parts, parts.write_json)),
    "rename": ((os, os.rename), (os, os.replace)),
    "model": ((models, models.create_model), (raw, raw.fill_records)),
    "check": ((build, build.check_table), (publish, publish.check_rows)),
    "publish": ((build, build.replace_warehouse), (report_files, report_files.write_report)),
    "purge": ((purge, purge.rewrite_part), (purge_files, purge_files.remove)),
    "disk": ((os, os.fsync), (os, os.mkdir), (os, os.unlink), (os, os.rmdir)),
}
# Modules that read the clock.
CLOCKS = (load, raw, lock, report_files)


def put(module: ModuleType, function: Function, instead: Function) -> None:
    """Replaces a function where this module calls it."""
    assert getattr(module, function.__name__) is function
    instead.__name__ = function.__name__
    setattr(module, function.__name__, instead)


def mined(die: list | None) -> Callable[[], int]:
    """Makes the process kill itself at its n-th place; `die` is [phase or None, n]. How many were passed."""
    phase, at = die or (None, 0)
    passed = 0

    def before(real: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(real)
        def step(*words: object, **more: object) -> object:
            nonlocal passed
            passed += 1
            if passed == at:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*words, **more)

        return step

    for module, function in PLACES[phase] if phase else itertools.chain(*PLACES.values()):
        # A protection that was taken away may be there in its place.
        name = function.__name__
        setattr(module, name, before(getattr(module, name)))
    return lambda: passed


def obey_modes() -> None:
    """Takes from root the right to ignore the modes of files, so that a read-only folder is one."""
    if os.geteuid():
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    # Two words for each of effective, permitted and inheritable; the lowest bits are the rights over modes.
    rights = (ctypes.c_uint32 * 6)()
    if libc.capget(header, rights) or libc.capset(
        header, (ctypes.c_uint32 * 6)(*(one & ~0b1110 for one in rights))
    ):
        raise OSError(ctypes.get_errno(), "the rights of root cannot be given up")


def set_clock(seconds: float) -> None:
    """Puts the clock of the loader and of the build on by so many seconds."""
    if not seconds:
        return

    class Shifted(clock.datetime):
        """The wrong time."""

        @classmethod
        def now(cls, tz: clock.tzinfo | None = None) -> clock.datetime:
            return clock.datetime.now(tz) + clock.timedelta(seconds=seconds)

    for module in CLOCKS:
        put(module, module.datetime, Shifted)


def set_queries(folder: str | None) -> None:
    """Lets `build` read another folder of queries."""
    if folder:
        before = build.build.__defaults__
        after = (None, Path(folder), build.on_duckdb)
        assert before and [type(one) for one in before] == [type(one) for one in after]
        build.build.__defaults__ = after


def copied_slowly(made: str, folder: str) -> None:
    """What a rename would be if it took its time: file by file under the final name."""
    os.mkdir(folder)
    for file in sorted(Path(made).iterdir(), reverse=True):
        shutil.copy(file, folder)
        os.fsync(os.open(folder, os.O_RDONLY))
    shutil.rmtree(made)


def without_rename() -> None:
    """A folder gets its name file by file."""
    real = os.replace

    def slowly(made: str, target: str) -> None:
        (copied_slowly if os.path.isdir(made) else real)(made, target)

    put(os, real, slowly)


class Halting:
    """A file that is under its name while it is written, half a piece at a time."""

    def __init__(self, file: Path) -> None:
        self.stream = open(file, "wb", buffering=0)  # noqa: SIM115  closed when the process is killed

    def write(self, piece: bytes) -> int:
        half = len(piece) // 2
        self.stream.write(piece[:half])
        os.fsync(self.stream.fileno())
        return half + self.stream.write(piece[half:])


def without_atomic_file() -> None:
    """A report is written straight to its name."""

    @contextmanager
    def straight(file: Path) -> Iterator[Halting]:
        yield Halting(file)

    for module in (report_files, deliver):
        put(module, module.atomic_file, straight)


def without_long_ids() -> None:
    """A file is known by the first digit of its hash."""
    real = load.verified

    def short(*words: Any) -> Any:
        found = real(*words)
        digits = f"{found.sha256[0]:0<64}"
        return dataclasses.replace(found, sha256=digits, packed_sha256=digits)

    put(load, real, short)


def without_swap() -> None:
    """The build writes into the published file itself."""

    @contextmanager
    def straight(new: Path, folder: Path) -> Iterator[Any]:
        published = folder.parent / "warehouse.duckdb"
        published.unlink(missing_ok=True)
        with new_database(published, folder) as database:
            yield database

    new_database = build.new_database
    put(build, new_database, straight)
    put(build, build.replace_warehouse, lambda new, published: None)


def without_lock() -> None:
    put(verbs, verbs.locked, lambda data: nullcontext())


def without_redaction() -> None:
    def nothing(survey: Any, *words: Any) -> tuple[set[int], int]:
        redact_file.create_table(survey.database, "redactions", [], redact_file.SCHEMA)
        return set(), 0

    put(write_part, write_part.redact_file, nothing)
    put(write_part, write_part.redact, lambda text: (text, 0))


def without_modes() -> None:
    os.umask = lambda mask: mask  # type: ignore[assignment]
    Path.chmod = lambda *words, **more: None  # type: ignore[method-assign,assignment]


def without_checked_stream() -> None:
    """Archives are believed: what can be unpacked is read, as far as it goes."""
    put(archive, archive.unpacked_chunks, believed)


def believed(kind: str, raw: Any, path: Path, remarks: list[str]) -> Any:
    content = b"".join(raw)
    if kind == "gzip":
        # Past the header of ten bytes that the gzip module writes, without a look at the checksum.
        unpacker: Any = zlib.decompressobj(wbits=-15)
        content = content[10:]
    else:
        unpacker = zstandard.ZstdDecompressor().decompressobj()
    for place in range(len(content)):
        try:
            yield unpacker.decompress(content[place : place + 1])
        except (zlib.error, zstandard.ZstdError):
            return


def without_content_hash() -> None:
    """A file is known by its name, and not by what it holds."""
    real = load.verified

    def by_name(file: Path, *words: Any) -> Any:
        digest = hashlib.sha256(file.name.encode()).hexdigest()
        return dataclasses.replace(real(file, *words), sha256=digest, packed_sha256=digest)

    put(load, real, by_name)


def sequenced(monkeypatch: Any) -> None:
    """A file is known by its place in the order in which files came. In the process of the test itself."""
    real, numbers = load.verified, itertools.count(1)
    monkeypatch.setattr(
        load,
        "verified",
        lambda *words: dataclasses.replace(real(*words), sha256=f"{next(numbers):064x}"[::-1]),
    )


PROTECTIONS = {
    "rename": without_rename,
    "atomic file": without_atomic_file,
    "long ids": without_long_ids,
    "swap": without_swap,
    "lock": without_lock,
    "redaction": without_redaction,
    "modes": without_modes,
    "checked stream": without_checked_stream,
    "content hash": without_content_hash,
}
