"""The audit trail: lines chained by hashes, intact under threads, processes and kills, without names."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from etl.access.audit import EXPORTED, SAW, SIGNED_IN, pseudonym, recent, record, trail
from etl.common import sealed
from etl.common.paths import CHECKOUT, DataDir
from etl.common.problem import Problem
from etl.common.sealed import Head
from etl.upkeep.verify import verify

AT = datetime(2026, 4, 2, 13, 0, 0, 125_000, tzinfo=UTC)
WRITER = """
import sys
from pathlib import Path
from etl.access.audit import SAW, record
from etl.common.paths import DataDir
for number in range(int(sys.argv[2])):
    record(DataDir(Path(sys.argv[1])), SAW, f"{sys.argv[3]}@firm.example", "manager", "work_list", number)
"""


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return DataDir(tmp_path / "data")


def trail_file(data: DataDir) -> Path:
    return trail(data).file


def head_file(data: DataDir) -> Path:
    return trail(data).head_file


def find_faults(data: DataDir) -> list[str]:
    return trail(data).faults()


def lines_of(data: DataDir) -> list[bytes]:
    return trail_file(data).read_bytes().splitlines(keepends=True)


def five_lines(data: DataDir) -> list[bytes]:
    for count in range(5):
        record(data, SAW, "ann@firm.example", "manager", "work_list", count, now=AT)
    return lines_of(data)


def test_a_line_has_who_saw_what_with_which_filters_and_how_many_rows(data: DataDir) -> None:
    record(data, SIGNED_IN, "bea@firm.example", "staff", now=AT)
    plain = {"for_offices": ["Austin"], "for_years": [2025], "for_types": None}
    partners = ["E. Tanaka", "B. Lopez"]
    filters = plain | {"for_partners": partners, "for_return": "R0000379", "search": "Fischer, Fay"}
    record(data, EXPORTED, "bea@firm.example", "staff", "work_list", 17, filters, now=AT)
    first, second = (json.loads(line) for line in lines_of(data))
    assert first | {"before": "", "seal": ""} == {
        "line": 1,
        "at": "2026-04-02T13:00:00.125+00:00",
        "who": "bea@firm.example",
        "role": "staff",
        "act": "signed in",
        "report": None,
        "row_count": None,
        "filters": {},
        "before": "",
        "seal": "",
    }
    hidden = {"for_partners": 2, "for_return": pseudonym(data, "R0000379"), "search": 1}
    assert second["filters"] == plain | hidden
    assert (second["report"], second["row_count"], second["line"]) == ("work_list", 17, 2)
    written = b"".join(file.read_bytes() for file in data.audit.iterdir())
    assert not any(word in written for word in (b"R0000379", b"Fischer", b"Tanaka"))
    assert [recent(data, 9, one)["line"].to_list() for one in (None, "R0000379", "R0000380")] == [
        [2, 1],
        [2],
        [],
    ]
    assert recent(data, 1).rows(named=True)[0]["at"] == datetime(2026, 4, 2, 13, 0, 0, 125_000)
    assert {file.stat().st_mode & 0o777 for file in data.audit.iterdir()} == {0o600}
    assert data.audit.stat().st_mode & 0o777 == 0o700


def test_a_taxpayer_number_typed_as_a_filter_is_not_recorded(data: DataDir) -> None:
    record(
        data,
        SAW,
        "ann@firm.example",
        "manager",
        "work_list",
        0,
        {"for_offices": ["SSN 123-45-6789" + "x" * 500]},
    )
    assert json.loads(lines_of(data)[0])["filters"] == {"for_offices": ["SSN [TIN]" + "x" * 51]}


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        (
            lambda lines: [*lines[:2], lines[2].replace(b"ann", b"bob"), *lines[3:]],
            "line 4: the line before it was changed",
        ),
        (lambda lines: lines[:2] + lines[3:], "line 3: 1 lines before it were removed"),
        (lambda lines: lines[:2] + lines[3:], "it has 4 lines and had 5: the end was cut off"),
        (lambda lines: lines[:4], "it has 4 lines and had 5: the end was cut off"),
        (lambda lines: [], "it has 0 lines and had 5: the end was cut off"),
        (lambda lines: [lines[1], lines[0], *lines[2:]], "line 1: 1 lines before it were removed"),
        (
            lambda lines: [*lines[:4], lines[4].replace(b"ann", b"bob")],
            "line 5: it is not the line that was written there",
        ),
        (
            lambda lines: [*lines[:4], lines[4][:30]],
            "line 5: it is damaged, or its writer was stopped in the middle",
        ),
        (lambda lines: [*lines[:3], b"\xff\n", *lines[4:]], "line 4: it is damaged"),
        (lambda lines: [*lines[:3], lines[2], *lines[3:]], "line 4: the line before it was changed"),
    ],
    ids=[
        "changed",
        "removed",
        "removed, by count",
        "cut",
        "emptied",
        "swapped",
        "last changed",
        "torn",
        "rubbish",
        "inserted",
    ],
)
def test_a_change_of_the_trail_is_found_with_its_line(
    data: DataDir, harm: Callable[[list[bytes]], list[bytes]], found: str
) -> None:
    lines = five_lines(data)
    assert find_faults(data) == []
    trail_file(data).write_bytes(b"".join(harm(lines)))
    assert any(found in fault for fault in find_faults(data)), find_faults(data)
    # Lines written afterwards do not hide it.
    record(data, SAW, "ann@firm.example", "manager", "work_list", 9)
    record(data, SAW, "ann@firm.example", "manager", "work_list", 9)
    assert find_faults(data)


def test_a_missing_trail_or_head_is_found(data: DataDir) -> None:
    assert find_faults(data) == []
    five_lines(data)
    head_file(data).unlink()
    assert "not known whether the end was cut off" in find_faults(data)[0]
    record(data, SAW, "ann@firm.example", "manager", "work_list", 1)
    assert find_faults(data) == [
        f"{trail_file(data)}, line 6: before it was written, the head was lost or somebody else added lines."
    ]
    trail_file(data).unlink()
    assert find_faults(data) == [f"{trail_file(data)}: it is missing, and it had 6 lines."]


def test_a_line_after_a_cut_off_line_and_a_lost_head_is_a_line_of_its_own(data: DataDir) -> None:
    five_lines(data)
    os.truncate(trail_file(data), trail_file(data).stat().st_size - 20)
    head_file(data).unlink()
    record(data, SAW, "ann@firm.example", "manager", "work_list", 9)
    assert [json.loads(lines_of(data)[5])[name] for name in ("line", "row_count")] == [6, 9]
    assert ["is damaged" in fault or "was lost" in fault for fault in find_faults(data)] == [True, True]


def test_a_line_whose_writer_died_before_writing_the_head_is_no_fault(data: DataDir) -> None:
    five_lines(data)
    before = head_file(data).read_bytes()
    record(data, SAW, "ann@firm.example", "manager", "work_list", 6)
    head_file(data).write_bytes(before)
    assert find_faults(data) == []
    record(data, SAW, "ann@firm.example", "manager", "work_list", 7)
    assert find_faults(data) == []
    assert [json.loads(line)["line"] for line in lines_of(data)] == [1, 2, 3, 4, 5, 6, 7]


def test_threads_and_processes_write_one_chain(data: DataDir) -> None:
    others = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(data.root), "60", who], cwd=CHECKOUT)
        for who in ("ann", "bea")
    ]
    with ThreadPoolExecutor(4) as threads:
        list(
            threads.map(
                lambda count: record(data, SAW, "cid@firm.example", "viewer", "headline", count), range(80)
            )
        )
        while any(other.poll() is None for other in others):
            assert find_faults(data) == []
    assert [other.wait(timeout=120) for other in others] == [0, 0]
    assert find_faults(data) == []
    entries = [json.loads(line) for line in lines_of(data)]
    assert [one["line"] for one in entries] == list(range(1, 201))
    assert sorted(one["row_count"] for one in entries if one["who"] == "ann@firm.example") == list(range(60))


def test_a_killed_writer_leaves_a_trail_that_others_continue(data: DataDir) -> None:
    for _ in range(3):
        written = len(lines_of(data)) if trail_file(data).exists() else 0
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(data.root), "100000", "ann"], cwd=CHECKOUT
        )
        while not trail_file(data).exists() or len(lines_of(data)) < written + 20:
            assert writer.poll() is None
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        record(data, SAW, "bea@firm.example", "manager", "work_list", 1)
        assert find_faults(data) == []


def test_nothing_is_shown_that_cannot_be_recorded(data: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
    five_lines(data)
    content = trail_file(data).read_bytes()
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, line: write(descriptor, line[:20]))
    with pytest.raises(Problem, match="no room on the disk"):
        record(data, SAW, "ann@firm.example", "manager", "work_list", 1)
    monkeypatch.undo()
    assert trail_file(data).read_bytes() == content and find_faults(data) == []
    monkeypatch.setattr(sealed, "PATIENCE_SECONDS", 0.1)
    with trail(data).locked(), pytest.raises(Problem, match="so nothing is shown"):
        record(data, SAW, "ann@firm.example", "manager", "work_list", 1)
    assert find_faults(data) == []


def write_in(data: DataDir, year: int, count: int = 1) -> None:
    """Lines of a year; the file has its time from them."""
    moment = datetime(year, 6, 1, tzinfo=UTC)
    for number in range(count):
        record(
            data, SAW, f"{year}@firm.example", "manager", "work_list", number, {"for_return": "R1"}, moment
        )
    os.utime(trail_file(data), (moment.timestamp(), moment.timestamp()))


def names_of(data: DataDir) -> list[str]:
    return sorted(file.name for file in data.audit.glob("*.jsonl"))


def test_a_year_begins_a_new_file_in_the_same_chain(data: DataDir) -> None:
    write_in(data, 2026, 2)
    write_in(data, 2027)
    write_in(data, 2029, 2)
    assert names_of(data) == ["trail-2026.jsonl", "trail-2027.jsonl", "trail.jsonl"]
    assert [json.loads(line)["line"] for line in lines_of(data)] == [4, 5]
    assert find_faults(data) == []
    shown = [(5, "2029"), (4, "2029"), (3, "2027"), (2, "2026"), (1, "2026")]
    for return_id in (None, "R1"):
        assert [
            (line, who[:4]) for line, who in recent(data, 9, return_id).select("line", "who").rows()
        ] == shown
    (data.audit / "trail-2027.jsonl").unlink()
    assert find_faults(data)[0] == f"{trail_file(data)}, line 1: 1 lines before it were removed."


def test_a_fault_in_the_file_of_an_earlier_year_names_that_file_and_its_line(data: DataDir) -> None:
    write_in(data, 2026, 2)
    write_in(data, 2027, 3)
    write_in(data, 2029)
    earlier = data.audit / "trail-2027.jsonl"
    earlier.write_bytes(earlier.read_bytes().replace(b'"row_count": 1', b'"row_count": 9'))
    changed = "the line before it was changed, or lines were removed or inserted."
    seal = "its seal is wrong: it was changed, or written with another key."
    assert find_faults(data) == [f"{earlier}, line 2: {seal}", f"{earlier}, line 3: {changed}"]
    damage = [(one.subject, one.finding) for one in verify(data) if one.severity == "damage"]
    assert damage == [
        ("audit/trail-2027.jsonl", f"line 2: {seal}"),
        ("audit/trail-2027.jsonl", f"line 3: {changed}"),
    ]


def test_a_copy_of_the_trail_or_of_a_year_is_no_part_of_it(data: DataDir) -> None:
    write_in(data, 2026, 2)
    write_in(data, 2027)
    for name in ("trail-backup.jsonl", "trail-2026 (copy).jsonl", "trail-20266.jsonl"):
        shutil.copy(trail_file(data), data.audit / name)
    assert find_faults(data) == []
    write_in(data, 2029)
    assert (find_faults(data), recent(data, 9).height) == ([], 4)
    notes = [one.subject for one in verify(data) if one.severity == "note" and "audit" in one.subject]
    assert notes == [f"audit/trail-{name}.jsonl" for name in ("2026 (copy)", "20266", "backup")]


def test_a_clock_that_was_wrong_mixes_no_files(data: DataDir) -> None:
    write_in(data, 2026)
    write_in(data, 2036)
    for year in (2026, 2027, 2028, 2036, 2037):
        write_in(data, year)
    assert find_faults(data) == []
    # The lines of 2026 to 2036 are in one file: a later file never has an earlier name.
    assert names_of(data) == [
        "trail-2026.jsonl",
        "trail-2027.jsonl",
        "trail-2028.jsonl",
        "trail-2036.jsonl",
        "trail.jsonl",
    ]


def test_a_year_whose_file_was_renamed_by_a_killed_writer_goes_on(data: DataDir) -> None:
    write_in(data, 2026, 3)
    os.rename(trail_file(data), data.audit / "trail-2026.jsonl")
    assert find_faults(data) == []
    write_in(data, 2027, 2)
    assert find_faults(data) == []
    assert [json.loads(line)["line"] for line in lines_of(data)] == [4, 5]


def test_a_trail_without_seals_is_continued_and_sealed_from_then_on(data: DataDir) -> None:
    """Lines of an earlier version: chained, and not sealed."""
    log, head = trail(data), Head()
    data.audit.mkdir(parents=True)
    for number in range(1, 4):
        entry = {"line": number, "at": AT.isoformat(), "who": "ann", "act": "saw", "before": head.last}
        line = json.dumps(entry).encode()
        with log.file.open("ab") as file:
            file.write(line + b"\n")
        head = head.after(line)
    log.write_head(head)
    assert find_faults(data) == []
    record(data, SAW, "ann@firm.example", "manager", "work_list", 4)
    assert (find_faults(data), log.unsealed_count, recent(data, 9).height) == ([], 3, 4)
    log.file.write_bytes(log.file.read_bytes().replace(b'"ann"', b'"bob"', 1))
    assert find_faults(data) == [
        f"{log.file}, line 2: the line before it was changed, or lines were removed or inserted."
    ]
