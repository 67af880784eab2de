"""What a child of the crew can be made to suffer: places to die at, protections taken away, a wrong clock."""

import ctypes
import datetime as clock
import functools
import importlib
import os
import shutil
import signal
from collections.abc import Callable
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

# Where a command can be killed, each before it happens: the phases of the pipeline by the function that begins them, and
# every call by which a file appears, changes its name or goes.
PLACES = {
    "read": ("etl.store.load.stage",),
    "write": ("etl.store.write_part.copied", "etl.store.parts.write_json"),
    "rename": ("os.rename", "os.replace"),
    "model": ("etl.warehouse.models.create_model", "etl.warehouse.raw.fill_records"),
    "check": ("etl.warehouse.build.check_table", "etl.warehouse.publish.check_rows"),
    "publish": ("etl.warehouse.build.replace_warehouse", "etl.reports.files.write_report"),
    "purge": ("etl.upkeep.purge.rewrite_part", "etl.upkeep.purge_files.remove"),
    "disk": ("os.fsync", "os.mkdir", "os.unlink", "os.rmdir"),
}


def named(path: str) -> tuple[Any, str]:
    """The module and the name of a function that is written with dots."""
    module, name = path.rsplit(".", 1)
    return importlib.import_module(module), name


def mined(die: list | None) -> Callable[[], int]:
    """Makes the process kill itself at its n-th place; `die` is [phase or None for all, n]. How many were passed."""
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

    for path in PLACES[phase] if phase else [path for paths in PLACES.values() for path in paths]:
        module, name = named(path)
        setattr(module, name, before(getattr(module, name)))
    return lambda: passed


def obey_modes() -> None:
    """Takes from root the right to pass over the modes of files, so that a folder that may not be written is one."""
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

    for module in ("etl.store.load", "etl.warehouse.raw", "etl.common.lock", "etl.reports.files"):
        found = importlib.import_module(module)
        if hasattr(found, "datetime"):
            found.datetime = Shifted


def set_queries(folder: str | None) -> None:
    """Lets `build` read another folder of queries."""
    if folder:
        import etl.warehouse.build

        etl.warehouse.build.build.__defaults__ = (None, Path(folder), etl.warehouse.build.on_duckdb)


def copied_slowly(made: str, folder: str) -> None:
    """What a rename would be if it took its time: file by file under the final name."""
    if not os.path.isdir(made):
        shutil.copyfile(made, folder)
        return
    os.mkdir(folder)
    for file in sorted(Path(made).iterdir(), reverse=True):
        shutil.copy(file, folder)
        os.fsync(os.open(folder, os.O_RDONLY))
    shutil.rmtree(made)


def without_rename() -> None:
    os.rename = copied_slowly  # type: ignore[assignment]


class Halting:
    """A file that is under its name while it is written, half a piece at a time."""

    def __init__(self, file: Path) -> None:
        self.stream = open(file, "wb", buffering=0)

    def write(self, piece: bytes) -> int:
        half = len(piece) // 2
        self.stream.write(piece[:half])
        os.fsync(self.stream.fileno())
        return half + self.stream.write(piece[half:])


def without_beside() -> None:
    """A report is written straight to its name."""
    import etl.reports.deliver
    import etl.reports.files

    @contextmanager
    def straight(file: Path):  # type: ignore[no-untyped-def]
        yield Halting(file)

    etl.reports.files.beside = etl.reports.deliver.beside = straight


def without_long_ids() -> None:
    """A file is known by the first digit of its hash."""
    import dataclasses

    import etl.store.load

    real = etl.store.load.verified

    def short(*words: Any) -> Any:
        found = real(*words)
        digits = f"{found.sha256[0]:0<64}"
        return dataclasses.replace(found, sha256=digits, packed_sha256=digits)

    etl.store.load.verified = short


def without_swap() -> None:
    """The build writes into the published file itself."""
    import etl.warehouse.build

    @contextmanager
    def straight(new: Path, folder: Path):  # type: ignore[no-untyped-def]
        published = folder.parent / "warehouse.duckdb"
        published.unlink(missing_ok=True)
        with new_database(published, folder) as database:
            yield database

    new_database = etl.warehouse.build.new_database
    etl.warehouse.build.new_database = straight
    etl.warehouse.build.replace_warehouse = lambda new, published: None


def without_lock() -> None:
    import etl.cli.verbs

    etl.cli.verbs.locked = lambda data: nullcontext()


def without_redaction() -> None:
    import etl.read.tins
    import etl.store.redact_file
    import etl.store.write_part

    def nothing(database: Any, *words: Any) -> tuple[set[int], int]:
        etl.store.redact_file.create_table(database, "redactions", [], etl.store.redact_file.SCHEMA)
        return set(), 0

    etl.store.write_part.redact_file = nothing
    etl.store.write_part.redact = lambda text: (text, 0)


def without_modes() -> None:
    os.umask = lambda mask: mask  # type: ignore[assignment]
    Path.chmod = lambda *words, **more: None  # type: ignore[method-assign,assignment]


def without_checked_stream() -> None:
    """Archives are believed: what can be unpacked is read, as far as it goes."""
    import etl.read.archive

    etl.read.archive.pieces = believed


def believed(kind: str, raw: Any, path: Path, remarks: list[str]) -> Any:
    import zlib

    import zstandard

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
    import dataclasses
    import hashlib

    import etl.store.load

    real = etl.store.load.verified

    def by_name(file: Path, *words: Any) -> Any:
        digest = hashlib.sha256(file.name.encode()).hexdigest()
        return dataclasses.replace(real(file, *words), sha256=digest, packed_sha256=digest)

    etl.store.load.verified = by_name


def sequenced(monkeypatch: Any) -> None:
    """A file is known by its place in the order in which files came. In the process of the test itself."""
    import dataclasses
    import itertools

    import etl.store.load

    real, numbers = etl.store.load.verified, itertools.count(1)
    monkeypatch.setattr(
        etl.store.load,
        "verified",
        lambda *words: dataclasses.replace(real(*words), sha256=f"{next(numbers):064x}"[::-1]),
    )


PROTECTIONS = {
    "rename": without_rename,
    "beside": without_beside,
    "long ids": without_long_ids,
    "swap": without_swap,
    "lock": without_lock,
    "redaction": without_redaction,
    "modes": without_modes,
    "checked stream": without_checked_stream,
    "content hash": without_content_hash,
}
