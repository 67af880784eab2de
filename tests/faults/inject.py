"""Faults that the runner can inject into a child: death at a step, protections taken away, a wrong clock."""

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
import etl.common.files as lock
import etl.read.archive as archive
import etl.reports.files as report_files
import etl.reports.run_files as run_files
import etl.store.checked as checked
import etl.store.columns as columns
import etl.store.load as load
import etl.store.parts as parts
import etl.store.purged as purged
import etl.store.write_part as write_part
import etl.upkeep.purge as purge
import etl.upkeep.purge_files as purge_files
import etl.upkeep.retention as retention
import etl.warehouse.build as build
import etl.warehouse.models as models
import etl.warehouse.raw as raw
import etl.warehouse.touched as touched
from etl.read.archive import Contents, Unpacked

Function = Callable[..., Any]
# A function, and the module in which its name is looked up by the caller.
Step = tuple[ModuleType, Function]

# The steps before which a command can be killed: the phases of the pipeline by their first function, and each
# call that creates, renames, flushes or removes a file.
STEPS: dict[str, tuple[Step, ...]] = {
    "read": ((load, load.stage),),
    "write": ((write_part, write_part.copy_to_parquet), (parts, parts.seal)),
    "rename": ((os, os.rename), (os, os.replace)),
    "model": (
        (models, models.create_model),
        (touched, touched.create_model),
        (touched, touched.replace_rows),
        (raw, raw.fill_records),
    ),
    "check": ((build, build.check_table),),
    "publish": ((build, build.replace_warehouse), (report_files, report_files.write_report)),
    "purge": ((purge, purge.rewrite), (purge_files, purge_files.remove)),
    "disk": ((os, os.fsync), (os, os.mkdir), (os, os.unlink), (os, os.rmdir)),
}
# Modules that read the clock.
CLOCKS = (checked, raw, lock, report_files, retention)


def replace_function(module: ModuleType | type, function: Function, instead: Function) -> None:
    """Replaces a function in the module that calls it."""
    assert getattr(module, function.__name__) is function
    instead.__name__ = function.__name__
    setattr(module, function.__name__, instead)


def kill_at_step(die: list | None) -> Callable[[], int]:
    """Makes the process kill itself at its n-th place; `die` is [phase or None, n]. How many were passed."""
    phase, at = die or (None, 0)
    passed = 0

    def before(real: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(real)
        def step(*arguments: object, **more: object) -> object:
            nonlocal passed
            passed += 1
            if passed == at:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **more)

        return step

    for module, function in STEPS[phase] if phase else itertools.chain(*STEPS.values()):
        # The function may be the replacement of a protection that was taken away.
        name = function.__name__
        setattr(module, name, before(getattr(module, name)))
    return lambda: passed


def drop_root_rights() -> None:
    """Makes file modes apply to root too, so that root cannot write into a read-only folder."""
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
    """Moves the clock of the loader and of the build forward by so many seconds."""
    if not seconds:
        return

    class Shifted(clock.datetime):
        """The wrong time."""

        @classmethod
        def now(cls, tz: clock.tzinfo | None = None) -> clock.datetime:
            return clock.datetime.now(tz) + clock.timedelta(seconds=seconds)

    for module in CLOCKS:
        replace_function(module, module.datetime, Shifted)


def set_queries(folder: str | None) -> None:
    """Makes `build` read another folder of queries."""
    if folder:
        before = build.build.__defaults__
        after = (None, Path(folder), build.on_duckdb)
        assert before and [type(one) for one in before] == [type(one) for one in after]
        build.build.__defaults__ = after


def copy_slowly(made: str, folder: str) -> None:
    """A rename that is not atomic: it copies file by file under the final name."""
    os.mkdir(folder)
    for file in sorted(Path(made).iterdir(), reverse=True):
        shutil.copy(file, folder)
        os.fsync(os.open(folder, os.O_RDONLY))
    shutil.rmtree(made)


def without_rename() -> None:
    """Folders are copied under their final name file by file."""
    real = os.replace

    def slowly(made: str, target: str) -> None:
        (copy_slowly if os.path.isdir(made) else real)(made, target)

    replace_function(os, real, slowly)


class SlowFile:
    """A file that has its final name while it is written, half a block at a time."""

    def __init__(self, file: Path) -> None:
        self.stream = open(file, "wb", buffering=0)  # noqa: SIM115  closed when the process is killed

    def write(self, piece: bytes) -> int:
        half = len(piece) // 2
        self.stream.write(piece[:half])
        os.fsync(self.stream.fileno())
        return half + self.stream.write(piece[half:])


def without_atomic_file() -> None:
    """Reports are written directly to their final name."""

    @contextmanager
    def write_directly(file: Path) -> Iterator[SlowFile]:
        yield SlowFile(file)

    for module in (report_files, run_files):
        replace_function(module, module.atomic_file, write_directly)


def with_digest(digest: Callable[[Unpacked], str]) -> Callable[..., Contents]:
    """The contents of a file as the loader gets them, but with another hash."""
    real = load.contents

    def changed(*arguments: Any) -> Contents:
        found = real(*arguments)
        found.contents = [
            dataclasses.replace(one, sha256=digest(one), packed_sha256=digest(one)) for one in found.contents
        ]
        return found

    return changed


def without_long_ids() -> None:
    """A file is identified by the first digit of its hash."""
    replace_function(load, load.contents, with_digest(lambda found: f"{found.sha256[0]:0<64}"))


def without_swap() -> None:
    """The build writes directly into the published file."""

    @contextmanager
    def write_directly(new: Path, folder: Path) -> Iterator[Any]:
        published = folder.parent / "warehouse.duckdb"
        published.unlink(missing_ok=True)
        with new_database(published, folder) as database:
            yield database

    new_database = build.new_database
    replace_function(build, new_database, write_directly)
    replace_function(build, build.replace_warehouse, lambda new, published: None)


def without_lock() -> None:
    replace_function(verbs, verbs.locked, lambda data: nullcontext())


def without_redaction() -> None:
    replace_function(write_part, write_part.redact_file, lambda *arguments: (0, {}))
    replace_function(columns, columns.redact, lambda text: (text, 0))


def without_id_forms() -> None:
    """What was purged is compared only as it is written in the store."""
    replace_function(purged.Purged, purged.Purged.forms, lambda own, one: {one or ""})


def without_modes() -> None:
    replace_function(os, os.umask, lambda mask: mask)
    replace_function(Path, Path.chmod, lambda *arguments, **more: None)


def without_checked_stream() -> None:
    """Archives are read without their checksums, as far as they can be unpacked."""
    replace_function(archive, archive.unpacked_chunks, unpack_unchecked)


def unpack_unchecked(kind: str, file: Any, remarks: list[str]) -> Any:
    content = file.read()
    if kind == "gzip":
        # Skips the header of ten bytes that the gzip module writes, and ignores the checksum.
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
    """A file is identified by its name, and not by its content."""
    by_name = with_digest(lambda found: hashlib.sha256(found.file.name.encode()).hexdigest())
    replace_function(load, load.contents, by_name)


def identify_by_order(monkeypatch: Any) -> None:
    """A file is identified by the order in which files came. For the process of the test itself."""
    numbers = itertools.count(1)
    monkeypatch.setattr(load, "contents", with_digest(lambda found: f"{next(numbers):064x}"[::-1]))


def without_known_time() -> None:
    """Retention believes the clock."""
    replace_function(retention, retention.known_time, lambda *given: None)


PROTECTIONS = {
    "rename": without_rename,
    "atomic file": without_atomic_file,
    "long ids": without_long_ids,
    "swap": without_swap,
    "lock": without_lock,
    "redaction": without_redaction,
    "id forms": without_id_forms,
    "modes": without_modes,
    "checked stream": without_checked_stream,
    "content hash": without_content_hash,
    "known time": without_known_time,
}
