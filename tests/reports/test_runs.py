"""Scheduled reports: what is due is written once, stored, recorded, and delivered again byte for byte."""

import gzip
import hashlib
import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from etl.common.paths import CHECKOUT, DataDir
from etl.common.problem import Problem
from etl.common.sealed import Head, sealed_logs
from etl.config.settings import read_settings
from etl.reports.history import history, history_file, read_runs
from etl.reports.runs import deliver_again
from etl.reports.schedule import check_subscriptions
from etl.warehouse.ask import ask, open_warehouse
from etl.warehouse.cells import as_csv
from support.subscribers import due, files, firm, last, load_more, write_settings

DAY = "2026-03-05T12:00"
SEEN = (
    '"firm_id","return_id","client_name","last_at","waiting_days"\n'
    '"oak","r1","Ann","2026-03-01 05:00:00",1\n'
    '"oak","r2","\'=1+1","2026-03-03 05:00:00",3\n'
)
NEVER = '[[subscription]]\nreport = "totals"\nevery = "never"\n'


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return firm(tmp_path, NEVER)


def rows(data: DataDir, name: str) -> str:
    return (data.reports / name).read_text(encoding="utf-8")


def test_three_lines_write_a_report_on_mondays(tmp_path: Path) -> None:
    data = firm(tmp_path, NEVER + '[[subscription]]\nreport = "seen"\nweekday = "Monday"\n')
    assert due(data, "2026-03-09T12:00") == [("seen", "written")]
    assert rows(data, "2026-03-09/seen.csv") == SEEN
    assert due(data, "2026-03-15T12:00") == []
    assert due(data, "2026-03-16T03:59") == []
    assert due(data, "2026-03-16T04:00") == [("seen", "written")]


def test_a_report_with_a_period_needs_no_entry_and_an_entry_adds(tmp_path: Path) -> None:
    data = firm(tmp_path, '[[subscription]]\nreport = "seen"\nname = "extra"\nevery = "month"\n')
    assert due(data, DAY) == [("seen-extra", "written"), ("seen", "written"), ("totals", "written")]
    assert files(data) == [
        "2026-03-05/manifest.json",
        "2026-03-05/seen-changes.csv",
        "2026-03-05/seen-extra-changes.csv",
        "2026-03-05/seen-extra.csv",
        "2026-03-05/seen.csv",
        "2026-03-05/totals.csv",
    ]


def test_a_slot_is_written_once_and_after_a_pause_only_the_latest(data: DataDir) -> None:
    calls = [due(data, f"2026-03-{day:02d}T{hour:02d}:00") for day in (5, 6, 20) for hour in (5, 12, 23)]
    assert [len(call) for call in calls] == [1, 0, 0] * 3
    assert [run.slot for run in read_runs(data)] == ["2026-03-05", "2026-03-06", "2026-03-20"]


def test_a_clock_that_was_wrong_costs_no_slot(data: DataDir) -> None:
    assert due(data, "2036-01-01T12:00") == [("seen", "written")]
    assert due(data, DAY) == [("seen", "written")]
    assert due(data, "2026-03-04T12:00") == [("seen", "written")]
    assert due(data, DAY) == []


ONE_CALL = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from etl.common.paths import DataDir
from etl.common.files import locked
from etl.reports.runs import write_due
from etl.config.settings import read_settings

data = DataDir(Path(sys.argv[1]))
with locked(data):
    print(len(write_due(data, read_settings(data.settings), datetime(2026, 3, 5, 12, tzinfo=UTC))))
"""


def test_two_calls_at_once_write_one_file(data: DataDir) -> None:
    words = [sys.executable, "-c", ONE_CALL, str(data.root)]
    calls = [subprocess.Popen(words, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert sorted(call.communicate(timeout=120)[0].strip() for call in calls) == ["0", "1"]
    assert [run.state for run in read_runs(data)] == ["written"]


def test_a_load_is_reported_when_something_new_was_built(data: DataDir) -> None:
    write_settings(data, NEVER + '[[subscription]]\nreport = "seen"\nevery = "load"\n')
    assert due(data, DAY) == [("seen", "written")]
    assert due(data, "2026-03-07T12:00") == []
    load_more(data, "cc" * 8, {"return_id": "r3", "event_at": "2026-03-02 09:00:00"})
    assert due(data, "2026-03-07T12:00") == [("seen", "written")]


def test_what_is_new_still_there_and_cleared(data: DataDir) -> None:
    due(data, DAY)
    assert rows(data, "2026-03-05/seen-changes.csv") == (
        '"change","first_seen_on","on_list_days","firm_id","return_id","client_name","last_at","waiting_days"\n'
        '"new","2026-03-05",0,"oak","r1","Ann","2026-03-01 05:00:00",1\n'
        '"new","2026-03-05",0,"oak","r2","\'=1+1","2026-03-03 05:00:00",3\n'
    )
    due(data, "2026-03-06T12:00")
    assert [(last(data).new_count, last(data).cleared_count)] == [(0, 0)]
    write_part_gone(data)
    due(data, "2026-03-09T12:00")
    assert rows(data, "2026-03-09/seen-changes.csv") == (
        '"change","first_seen_on","on_list_days","firm_id","return_id","client_name","last_at","waiting_days"\n'
        '"new","2026-03-09",0,"oak","r0","a ""b"",\nc","2026-03-01 05:00:00",1\n'
        '"still","2026-03-05",4,"oak","r2",,"2026-03-03 05:00:00",2\n'
        '"cleared","2026-03-05",4,"oak","r1","Ann","2026-03-01 05:00:00",1\n'
    )
    due(data, "2026-03-10T12:00")
    assert rows(data, "2026-03-10/seen-changes.csv").count("still") == 2
    assert (last(data).new_count, last(data).cleared_count) == (0, 0)


def test_a_damaged_list_of_the_run_before_stops_no_other_report(data: DataDir) -> None:
    write_settings(data, '[[subscription]]\nreport = "totals"\nevery = "day"\n')
    assert due(data, DAY) == [("totals", "written"), ("seen", "written")]
    stored = data.runs / str(last(data).files_of) / "seen-changes.csv.gz"
    stored.write_bytes(stored.read_bytes()[:-9])
    states = dict(due(data, "2026-03-06T12:00"))
    assert states["totals"] == "written"
    assert states["seen"].endswith("what run 2 wrote is damaged. Restore it from a backup.")


def write_part_gone(data: DataDir) -> None:
    """Instead of the first file another one, in which a return is missing and a strange one has come."""
    for file in (data.store / ("aa" * 8)).iterdir():
        file.unlink()
    (data.store / ("aa" * 8)).rmdir()
    name = {"client_name": 'a "b",\nc'}
    load_more(data, "dd" * 8, {"return_id": "r0", "event_at": "2026-03-01 10:00:00"} | name)


def test_an_empty_report_is_written_or_skipped_as_asked(data: DataDir) -> None:
    entry = '[[subscription]]\nreport = "seen"\noffices = ["Austin"]\n'
    load_more(data, "cc" * 8, {"return_id": "r9", "event_at": "2026-05-01 09:00:00", "office": "Austin"})
    write_settings(data, NEVER + entry + "only_if_rows = true\n")
    assert due(data, DAY) == [("seen", "skipped: empty")]
    assert due(data, DAY) == []
    assert files(data) == []
    write_settings(data, NEVER + entry)
    assert due(data, "2026-03-06T12:00") == [("seen", "written")]
    assert rows(data, "2026-03-06/seen.csv") == SEEN.splitlines(keepends=True)[0]
    assert rows(data, "2026-03-06/seen-changes.csv").count("\n") == 1


def test_an_unchanged_report_is_skipped_if_asked(data: DataDir) -> None:
    write_settings(data, NEVER + '[[subscription]]\nreport = "seen"\nonly_if_changed = true\n')
    assert due(data, DAY) == [("seen", "written")]
    assert due(data, "2026-03-06T12:00") == [("seen", "skipped: unchanged")]
    # An older event of a return that is on the list: only the number that grows grows.
    load_more(data, "cc" * 8, {"return_id": "r1", "event_at": "2026-02-01 09:00:00"})
    assert due(data, "2026-03-07T12:00") == [("seen", "skipped: unchanged")]
    load_more(data, "dd" * 8, {"return_id": "r3", "event_at": "2026-03-02 09:00:00"})
    assert due(data, "2026-03-08T12:00") == [("seen", "written")]
    assert (last(data).new_count, last(data).cleared_count) == (1, 0)


def test_the_manifest_says_what_each_file_is(data: DataDir) -> None:
    write_settings(data, NEVER + '[[subscription]]\nreport = "seen"\nbom = true\n')
    due(data, DAY)
    due(data, "2026-03-06T12:00")
    said = json.loads(rows(data, "2026-03-06/manifest.json"))["files"]
    assert list(said) == ["seen-changes.csv", "seen.csv"]
    for name, entry in said.items():
        content = (data.reports / "2026-03-06" / name).read_bytes()
        assert content.startswith(b'\xef\xbb\xbf"')
        assert (entry["sha256"], entry["bytes"]) == (hashlib.sha256(content).hexdigest(), len(content))
    entry = said["seen.csv"]
    assert [column["name"] for column in entry["columns"]] == SEEN.splitlines()[0].replace('"', "").split(",")
    assert entry["columns"][3] == {"name": "last_at", "type": "TIMESTAMP", "meaning": "The last event (UTC)."}
    chosen = ("rows", "filters", "as_of", "zone", "firm", "run", "previous_run", "slot", "written_at")
    assert {name: entry[name] for name in chosen} == {
        "rows": 2,
        "filters": {},
        "as_of": "2026-03-03T10:00:00Z",
        "zone": "America/New_York",
        "firm": "Oak",
        "run": 2,
        "previous_run": 1,
        "slot": "2026-03-06",
        "written_at": "2026-03-06T12:00:00Z",
    }
    assert said["seen-changes.csv"]["changes"] == {"new": 0, "still": 2, "cleared": 0}


def test_file_query_and_call_have_the_same_rows(data: DataDir) -> None:
    due(data, DAY)
    with open_warehouse(data.warehouse) as warehouse:
        assert rows(data, "2026-03-05/seen.csv") == as_csv(ask(warehouse, "seen"), "America/New_York") == SEEN
        asked = ask(warehouse, "seen").rows()
    with duckdb.connect(str(data.warehouse), read_only=True) as database:
        assert database.execute("from report.seen()").fetchall() == asked


def test_a_run_is_delivered_again_with_the_same_bytes(data: DataDir, tmp_path: Path) -> None:
    due(data, DAY)
    folder = data.reports / "2026-03-05"
    before = {name: (data.reports / name).read_bytes() for name in files(data)}
    load_more(data, "cc" * 8, {"return_id": "r3", "event_at": "2026-03-02 09:00:00"})
    (folder / "seen.csv").write_text("edited")
    (folder / "seen-changes.csv").unlink()
    settings = read_settings(data.settings)
    assert deliver_again(data, settings, 1, None) == [folder / "seen.csv"]
    assert {name: (data.reports / name).read_bytes() for name in files(data)} == before
    assert deliver_again(data, settings, 1, tmp_path / "out") == [
        tmp_path / "out" / n for n in ("seen.csv", "seen-changes.csv")
    ]
    assert (tmp_path / "out" / "seen.csv").read_text() == SEEN
    assert [(run.run, run.state, run.again) for run in read_runs(data)] == [
        (1, "written", None),
        (2, "written", 1),
    ]
    assert due(data, DAY) == []
    with pytest.raises(Problem, match=r"^No run 9 has files\. These have: 1, 2\.$"):
        deliver_again(data, settings, 9, None)
    kept = data.runs / "1" / "seen.csv.gz"
    kept.write_bytes(kept.read_bytes()[:-9])
    with pytest.raises(Problem, match="what run 1 wrote is damaged"):
        deliver_again(data, settings, 1, tmp_path / "out")
    kept.write_bytes(gzip.compress(SEEN.replace("Ann", "Bob").encode()))
    with pytest.raises(Problem, match="not what run 1 wrote"):
        deliver_again(data, settings, 1, tmp_path / "out")
    assert (tmp_path / "out" / "seen.csv").read_text() == SEEN


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ('report = "sean"\n', 'No report is named "sean". There are: filter_choices, seen, totals.'),
        ('report = "filter_choices"\n', "The report filter_choices has no period. "),
        (
            'report = "seen"\nyears = [2025]\n',
            'The report seen has no parameter "for_years". It has: for_offices.',
        ),
        ('report = "seen"\noffices = ["Rome"]\n', 'No return has the office "Rome". There are: none.'),
    ],
)
def test_a_subscription_that_cannot_work_is_reported_and_stops_no_other(
    data: DataDir, entry: str, why: str
) -> None:
    write_settings(data, f'[[subscription]]\nname = "odd"\n{entry}')
    with open_warehouse(data.warehouse) as warehouse, pytest.raises(Problem) as raised:
        check_subscriptions(read_settings(data.settings), warehouse)
    assert f"{data.settings}: [[subscription]] " in str(raised.value) and why in str(raised.value)
    (_, state), *others = due(data, DAY)
    assert state.startswith(f"failed: {why}")
    assert others == [("seen", "written"), ("totals", "written")]


def test_the_check_describes_each_subscription(data: DataDir) -> None:
    entry = '[[subscription]]\nreport = "seen"\nname = "a"\nweekday = "Friday"\nnot_before = "07:00"\n'
    entry += "only_if_rows = true\n"
    write_settings(data, NEVER + entry)
    with open_warehouse(data.warehouse) as warehouse:
        assert check_subscriptions(read_settings(data.settings), warehouse) == [
            "totals: never, csv, to folder",
            "seen-a: every Friday from 07:00 if there are rows, csv, to folder",
            "seen: every day, csv, to folder",
        ]


def test_leftovers_of_killed_calls_are_removed_and_nothing_else(data: DataDir) -> None:
    due(data, DAY)
    mine = data.reports / "2026-03-05" / ".mine"
    left = [
        data.reports / "2026-03-05" / ".returntrail-x",
        data.runs / ".new-x",
        data.runs / ".making-2" / "seen.csv.gz",
    ]
    left[-1].parent.mkdir()
    for file in [mine, *left]:
        file.write_text("half")
    due(data, "2026-03-06T12:00")
    assert not [file for file in left if file.exists()] and not left[-1].parent.exists() and mine.exists()


def test_the_history_is_a_table_and_the_beginning_of_a_line_hides_nothing(data: DataDir) -> None:
    assert history(data).is_empty()
    due(data, DAY)
    with open(history_file(data), "ab") as file:
        file.write(b'{"run": 2, "at": "2026')
    due(data, "2026-03-06T12:00")
    lines = history_file(data).read_bytes().splitlines()
    assert [json.loads(line)["state"] for line in lines] == ["begun", "written"] * 2
    shown = history(data)
    assert shown.select("run", "at", "state", "row_count", "file").rows() == [
        (2, datetime(2026, 3, 6, 12), "written", 2, "2026-03-06/seen.csv"),
        (1, datetime(2026, 3, 5, 12), "written", 2, "2026-03-05/seen.csv"),
    ]


def without_last_line(data: DataDir) -> None:
    """Leaves the history as it was when its last line was not written yet."""
    *lines, _ = history_file(data).read_bytes().splitlines(keepends=True)
    history_file(data).write_bytes(b"".join(lines))
    log = sealed_logs(data)["runs/history.jsonl"]
    head = Head()
    for line in lines:
        head = head.after(line.removesuffix(b"\n"))
    log.write_head(head)


def test_an_interrupted_run_is_recorded_and_repeated(data: DataDir) -> None:
    due(data, DAY)
    without_last_line(data)
    first = (data.runs / "1" / "seen.csv.gz").read_bytes()
    assert due(data, DAY) == [("seen", "written")]
    assert [(run.run, run.state) for run in read_runs(data)] == [
        (1, "failed: its process ended before it was done"),
        (2, "written"),
    ]
    assert last(data).files_of == 1 and (data.runs / "1" / "seen.csv.gz").read_bytes() == first
