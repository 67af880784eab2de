"""S13: the audit trail deleted, cut, rolled back with its head or forged: `verify` says so, and goes on."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from etl.access.audit import SAW, record, trail
from etl.common import sealed
from etl.common.paths import DataDir
from etl.common.sealed import AUDIT, Head
from etl.upkeep.verify import verify
from faults.checks import Tally


def see(data: DataDir, count: int) -> None:
    for number in range(count):
        record(data, SAW, "ann@firm.example", "manager", "work_list", number)


def lines_of(data: DataDir) -> list[bytes]:
    return trail(data).file.read_bytes().splitlines()


def head_after(lines: list[bytes]) -> Head:
    head = Head()
    for line in lines:
        head = head.after(line)
    return head


def write(data: DataDir, lines: list[bytes], head: Head | None = None) -> None:
    """Replaces the trail, and its head by one that fits, or by another."""
    trail(data).file.write_bytes(b"".join(line + b"\n" for line in lines))
    trail(data).write_head(head or head_after(lines))


def cut(keep: int, head: Head | None = None) -> Callable[[DataDir], None]:
    return lambda data: write(data, lines_of(data)[:keep], head)


def forged(data: DataDir, is_chained: bool = True) -> bytes:
    """A line as somebody without the key would write it."""
    lines = lines_of(data)
    entry = json.loads(lines[-1]) | {"line": len(lines) + 1, "who": "nobody@firm.example"}
    entry["before"] = head_after(lines).last if is_chained else entry["before"]
    return json.dumps(entry).encode()


def without_seal(line: bytes) -> bytes:
    return line.partition(b', "seal"')[0] + b"}"


def behind_the_head(change: Callable[[bytes], bytes]) -> Callable[[DataDir], None]:
    def harm(data: DataDir) -> None:
        with trail(data).file.open("ab") as file:
            file.write(change(forged(data)) + b"\n")

    return harm


def rewritten(data: DataDir) -> None:
    """All lines again, chained, without one of them: what somebody without the key can do."""
    entries = [json.loads(line) for line in lines_of(data) if b'"row_count": 3' not in line]
    lines: list[bytes] = []
    for number, entry in enumerate(entries, start=1):
        new = entry | {"line": number, "before": head_after(lines).last}
        lines.append(json.dumps(new).encode())
    write(data, lines)


HARMS = {
    "folder deleted": lambda data: shutil.rmtree(data.audit),
    "folder deleted, never verified": lambda data: (shutil.rmtree(data.audit), data.verified.unlink()),
    "trail deleted": lambda data: trail(data).file.unlink(),
    "trail emptied, head of none": cut(0, Head()),
    "end cut, older head": cut(4),
    "end cut, head of none": cut(4, Head()),
    "head of none": lambda data: trail(data).write_head(Head()),
    "end cut, head removed": lambda data: (cut(4)(data), trail(data).head_file.unlink()),
    "line behind the head": behind_the_head(lambda line: line),
    "line without seal behind the head": behind_the_head(without_seal),
    "last line replaced": lambda data: write(data, [*lines_of(data)[:-1], forged(data)]),
    "rewritten without a line": rewritten,
    "key replaced": lambda data: trail(data).key_file.write_bytes(os.urandom(32)),
    "key removed": lambda data: trail(data).key_file.unlink(),
}


def damage(data: DataDir) -> str:
    return "\n".join(one.finding for one in verify(data) if (one.severity, one.subject) == ("damage", AUDIT))


def test_s13_audit_trail(
    tally: Tally, control: Tally, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = DataDir(tmp_path / "base")
    base.root.mkdir(mode=0o700)
    see(base, 6)
    assert damage(base) == ""
    see(base, 1)
    assert damage(base) == ""
    for name, harm in HARMS.items():
        data = DataDir(Path(shutil.copytree(base.root, tmp_path / "data")))
        harm(data)
        with monkeypatch.context() as patch:
            # Neither seals nor what was seen before: the head and the chain alone.
            patch.setattr(sealed, "is_sealed", lambda line, key: True)
            control.unclear += not trail(data).faults()
        tally.injected += 1
        found = damage(data)
        tally.check_message(found, r"lines|line|seal|missing", name)
        # More lines and a second verification do not hide it.
        see(data, 9)
        verify(data)
        tally.check_message(damage(data), r"lines|line|seal|missing", f"{name}, later")
        shutil.rmtree(data.root)
