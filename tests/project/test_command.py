"""The command in real processes: what it prints, how it ends, and which files it leaves.

Where neither its start nor a signal matters, the process is a fork of one that has imported everything.
"""

import csv
import json
import os
import pty
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest

from etl.common.paths import CHECKOUT, DataDir, version
from faults.runner import Runner
from support.served import visitor_of

ENVIRONMENT = os.environ | {"RETURNTRAIL_DATA": "", "PYTHONPATH": str(CHECKOUT)}
COMMAND = [sys.executable, "-m", "etl"]
PROGRESS = re.compile(r".*(?: \.\.\.|: [\d.]+ seconds\.)\n")
WHERE = re.compile(r"^Data directory: .*\n", re.MULTILINE)
LOG = """\
Return ID,Tab,Event,Status,Date/Time,User
R1,Internal,Upload,,2026-03-01 09:00,Amy
R1,Internal,Deliver to Client,,2026-03-02 09:00,Amy
R1,Client,Taxpayer: Initial Email,Processed,2026-03-02 09:01,
R1,Client,Taxpayer: Initial Email,Bounced,2026-03-02 09:02,
"""
# Takes longer than any test waits.
ENDLESS = (
    "select count(*) from range(3000000) as a cross join range(3000000) as b where a.range * b.range % 7 = 3"
)


def accept_ctrl_c() -> None:
    """Runs in the child before it starts: a background test run ignores Ctrl-C, also in children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_until_open(process_id: int, file: Path) -> None:
    """Waits until a process has this file open."""
    for _ in range(600):
        if str(file) in {
            os.path.realpath(open_file) for open_file in Path(f"/proc/{process_id}/fd").iterdir()
        }:
            return
        time.sleep(0.1)
    raise AssertionError(f"the process does not open {file}")


@cache
def runner() -> Runner:
    return Runner()


@pytest.fixture(scope="module", autouse=True)
def closed_runner() -> Iterator[None]:
    yield
    runner().close()
    runner.cache_clear()


def run(*arguments: object, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess:
    """Runs the command in a process; progress lines and the data directory are removed from stderr."""
    if cwd is None and not variables:
        ended = runner().run(*arguments)
        done = subprocess.CompletedProcess(arguments, ended.code, ended.out, ended.err)
    else:
        done = subprocess.run(
            [*COMMAND, *map(str, arguments)],
            cwd=cwd,
            env=ENVIRONMENT | variables,
            capture_output=True,
            text=True,
            timeout=300,
        )
    done.stderr = WHERE.sub("", PROGRESS.sub("", done.stderr))
    return done


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    """A season of 60 returns, made by the command under umask 000."""
    root = tmp_path_factory.mktemp("demo") / "data"
    done = subprocess.run(
        [
            "sh",
            "-c",
            'umask 000; exec "$@"',
            "sh",
            *COMMAND,
            "--data",
            root,
            "demo",
            "--returns",
            "60",
            "--no-app",
        ],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "Traceback" not in done.stderr
    return DataDir(root)


@pytest.fixture
def firm(tmp_path: Path) -> DataDir:
    """A firm's directory with one export in the inbox."""
    data = DataDir(tmp_path / "firm")
    data.inbox.mkdir(parents=True)
    (data.inbox / "march.csv").write_text(LOG, encoding="utf-8")
    return data


def test_the_version_is_that_of_the_project() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"returntrail {version()}\n", "")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "the following arguments are required: VERB"),
        (["laod"], "invalid choice: 'laod'"),
        (["build", "--as"], "unrecognized arguments: --as"),
        (
            ["build", "--as-of", "03/04/2026"],
            '"03/04/2026" is not an ISO time such as 2026-04-02 or 2026-04-02T17:30',
        ),
        (["report", "--every", "year"], "invalid choice: 'year'"),
        (["report", "--for-years", "soon"], "invalid int value: 'soon'"),
        (["query"], "the following arguments are required: SQL"),
        (["demo", "--returns", "59"], '"59" is not a number of 60 or more'),
        (["load", "--set", "r1"], '"r1" is not a column and its value, such as return_id=2025-0001'),
        (["app", "--port", "0"], '"0" is not a port from 1 to 65535'),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_code_2(arguments: list[str], sentence: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr.splitlines()[-1]


def test_a_problem_is_a_sentence_on_stderr_and_exit_code_1(tmp_path: Path) -> None:
    done = run("query", "from mart.returns", "--data", tmp_path / "none")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{tmp_path}/none/warehouse.duckdb: there is no warehouse yet.")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "none").exists()


def test_a_file_is_no_data_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run("--data", tmp_path / "file", "build")
    assert (done.returncode, done.stderr) == (
        1,
        f"{tmp_path}/file: not a folder. --data names the data directory.\n",
    )


def test_a_firm_loads_builds_and_asks_wherever_the_data_directory_is_given(
    firm: DataDir, tmp_path: Path
) -> None:
    assert run("--data", firm.root, "load").returncode == 0
    assert run("build", "--data", firm.root).stdout.startswith(
        f"{firm.warehouse}: 4 events of 1 returns from 1 files"
    )
    sql = "select return_id, next_step from mart.returns"
    answers = [
        run("--data", firm.root, "query", sql, "--csv"),
        run("query", sql, "--csv", "--data", firm.root),
        run("query", sql, "--csv", "--data", "firm", cwd=tmp_path),
        run("query", sql, "--csv", RETURNTRAIL_DATA=str(firm.root)),
        run("query", sql, "--csv", "--data", firm.root, RETURNTRAIL_DATA=str(tmp_path)),
    ]
    assert {(done.returncode, done.stdout, done.stderr) for done in answers} == {
        (0, '"return_id","next_step"\n"R1","fix_email"\n', "")
    }


def test_a_build_as_of_a_time_in_the_zone_of_the_firm(firm: DataDir) -> None:
    run("--data", firm.root, "load")
    for words in ("2026-03-02T09:00", "2026-03-02T15:00+01:00"):
        run("--data", firm.root, "build", "--as-of", words)
        sql = "select as_of, (select count(*) from model.events) as n from raw.build"
        asked = run("--data", firm.root, "query", sql, "--csv")
        assert asked.stdout == '"as_of","n"\n"2026-03-02 09:00:00",2\n'


def test_a_run_with_a_refused_file_builds_and_reports_and_exits_1(firm: DataDir) -> None:
    (firm.inbox / "april.csv").write_text("<html><body>Sign in</body></html>", encoding="utf-8")
    done = run("--data", firm.root, "run")
    assert done.returncode == 1
    refused, loaded = done.stderr.splitlines()[:2]
    assert refused.startswith(f"{firm.inbox}/april.csv: ")
    assert loaded == f"{firm.inbox}/march.csv: loaded, 4 of 4 records."
    built, *reports = done.stdout.splitlines()
    assert built.startswith(f"{firm.warehouse}: 4 events")
    assert {"firm_funnel.csv", "work_list.csv", "load_quality.csv"} <= {
        Path(report).name for report in reports
    }
    assert all(Path(report).read_text(encoding="utf-8").startswith('"') for report in reports)
    again = run("--data", firm.root, "run")
    assert (again.returncode, again.stderr) == (0, f"{firm.inbox}: nothing to load.\n")


def test_a_file_that_cannot_be_read_is_not_filed_as_if_all_were_well(firm: DataDir) -> None:
    """The nightly call says it by its exit code, on stderr and in the heartbeat; a partly read file too."""
    lines = LOG.splitlines()
    bad = [lines[0], *(line.replace("-0", ".Mrz.") for line in lines[1:]), ""]
    (firm.inbox / "bad.csv").write_text("\n".join(bad), encoding="utf-8")
    (firm.inbox / "half.csv").write_text(LOG.replace("Upload,", "Upload,,"), encoding="utf-8")
    done = run("--data", firm.root, "run")
    assert (done.returncode, done.stderr.splitlines()) == (
        1,
        [
            f"{firm.inbox}/bad.csv: no record could be read. 4 of 4 records are unreadable_time: No format "
            "of the source reads the time: correct it, or add a format to time_formats, then load the file "
            "again. The first is "
            'record 1, with the time "2026.....3.....1 09:00". Nothing was loaded from it.',
            f"{firm.inbox}/half.csv: loaded, 3 of 4 records, 1 quarantined, more than 20% are quarantined "
            "(quarantined_percent under [limits]). The commonest reason is wrong_field_count (1, the first "
            "is record 1): More or fewer fields than headings; mostly a delimiter in a text without quotes "
            "around it.",
            f"{firm.inbox}/march.csv: loaded, 4 of 4 records.",
        ],
    )
    heartbeat = json.loads((firm.runs / "heartbeat.json").read_text(encoding="utf-8"))
    assert (heartbeat["is_well"], heartbeat["problems"]) == (
        False,
        [
            "A file of the inbox was refused; the page on data health says why.",
            "A file has too many quarantined records; the page on data health says why.",
        ],
    )
    moved = [path.relative_to(firm.inbox).as_posix() for path in sorted(firm.inbox.rglob("*.csv"))]
    assert moved == ["loaded/half.csv", "loaded/march.csv", "refused/bad.csv"]
    assert run("--data", firm.root, "load", "--again", firm.inbox / "loaded" / "half.csv").returncode == 1


def test_load_reports_each_file_and_a_folder_means_its_files(firm: DataDir, tmp_path: Path) -> None:
    shutil.copy(firm.inbox / "march.csv", tmp_path / "copy.csv")
    done = run("--data", firm.root, "load", "copy.csv", firm.inbox, "missing.csv", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "copy.csv: loaded, 4 of 4 records.\n"
        f"{firm.inbox}/march.csv: the same content was loaded as copy.csv; nothing to do.\n"
        "missing.csv: there is no such file.\n"
    )


def on_terminal(*arguments: object) -> tuple[int, str]:
    """The exit code of the command, and all that it shows on a terminal."""
    ours, theirs = pty.openpty()
    words = [*COMMAND, *map(str, arguments)]
    with subprocess.Popen(words, env=ENVIRONMENT, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        # The end of a terminal is an error on Linux and an empty read on macOS.
        with suppress(OSError):
            while piece := os.read(ours, 4096):
                shown += piece
    os.close(ours)
    return process.returncode, shown.decode().replace("\r\n", "\n")


def test_nothing_that_is_printed_controls_a_terminal(demo: DataDir) -> None:
    """A terminal whose title or cursor is moved may be made to lie; a file gets what it asked for."""
    words = ("--data", demo.root, "query", "select e'\\x1b]0;title\\x07' || chr(8238) || 1 as text", "--csv")
    assert on_terminal(*words) == (0, '"text"\n"�]0;title��1"\n')
    assert run(*words).stdout == '"text"\n"\x1b]0;title\x07\u202e1"\n'
    for typed in (("load", "-\x1b[31mx"), ("purge", "--before", "\x1b[31mx"), ("\x1b[31m",)):
        code, shown = on_terminal("--data", demo.root, *typed)
        assert code == 2
        assert "\x1b" not in shown and "[31m" in shown


def test_a_person_at_a_terminal_is_told_what_helps_with_a_refused_file(firm: DataDir, tmp_path: Path) -> None:
    """The page that adds exports reads the same lines from a pipe: there the last one stays a reason."""
    (tmp_path / "copied.csv").write_text("Event,Date/Time,User\nUpload,2026-03-01 09:00,Amy\n")
    code, shown = on_terminal("--data", firm.root, "load", tmp_path / "copied.csv")
    assert code == 1
    assert shown.splitlines()[-1] == (
        "How a refused file is read, and what lines in settings.toml help: returntrail load --check FILE"
    )


def test_a_person_may_say_what_a_file_does_not(firm: DataDir, tmp_path: Path) -> None:
    """The rows of one tab of one return: its ID and its tab are typed, and nothing that it has."""
    (tmp_path / "copied.csv").write_text("Event,Date/Time,User\nUpload,2026-03-01 09:00,Amy\n")
    values = ["--set", "return_id=R2", "--set", "tab=Internal"]
    twice = run("--data", firm.root, "load", tmp_path / "copied.csv", *values, "--set", "label=not this")
    assert (twice.returncode, twice.stderr) == (
        1,
        f"{tmp_path}/copied.csv: the file has a column for label; leave --set label out.\n",
    )
    checked = run("--data", firm.root, "load", "--check", tmp_path / "copied.csv", *values)
    assert (checked.returncode, "return_id" in checked.stdout) == (0, True)
    assert run("--data", firm.root, "load", tmp_path / "copied.csv", *values).returncode == 0
    run("--data", firm.root, "build")
    asked = run("--data", firm.root, "query", "select return_id, tab, label from model.events", "--csv")
    assert asked.stdout == '"return_id","tab","label"\n"R2","Internal","Upload"\n'


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["a.csv", "--set", "retrun_id=R2"],
            '--set: there is no column "retrun_id". Known: firm_id, return_id',
        ),
        (["--set", "tab=Client"], "--set is for files that are named in the command, and not for the inbox."),
        (
            ["a.csv", "b.csv", "--set", "return_id=R2"],
            "--set return_id is for one file: the returns of several would become one.",
        ),
    ],
)
def test_a_value_that_cannot_be_of_all_files_is_refused(
    firm: DataDir, words: list[str], sentence: str
) -> None:
    done = run("--data", firm.root, "load", *words)
    assert (done.returncode, done.stderr.splitlines()[-1][: len(sentence)]) == (1, sentence)


def test_reports_are_written_to_the_folder_of_out(demo: DataDir, tmp_path: Path) -> None:
    words = ("report", "not_signed", "firm_funnel", "--out", tmp_path / "out", "--data", demo.root)
    done = run(*words, "--for-offices", "Austin", "Dallas", "--for-years", "2025")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{tmp_path}/out/not_signed.csv\n{tmp_path}/out/firm_funnel.csv\n"
    with open(tmp_path / "out" / "not_signed.csv", encoding="utf-8", newline="") as file:
        assert {row["office"] for row in csv.DictReader(file)} <= {"Austin", "Dallas"}
    unknown = run("report", "not_singed", "--data", demo.root)
    assert unknown.returncode == 1
    assert unknown.stderr.startswith('No report is named "not_singed". There are: ')


def test_a_query_only_reads(demo: DataDir) -> None:
    for sql in (
        "drop table mart.returns",
        "create table t (a int)",
        "copy raw.files to 'x'",
        "from 'x.csv'",
        "select",
    ):
        done = run("query", sql, "--data", demo.root)
        assert (done.returncode, done.stdout) == (1, ""), sql
        assert "Traceback" not in done.stderr


def test_a_reader_of_stdout_may_close_it(demo: DataDir) -> None:
    words = [*COMMAND, "--data", str(demo.root), "query", "--csv", "from range(400000)"]
    with subprocess.Popen(words, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b'"range"\n'
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 128 + signal.SIGPIPE


def test_ctrl_c_ends_the_process_by_its_signal_and_prints_nothing(demo: DataDir) -> None:
    words = [*COMMAND, "--data", str(demo.root), "query", ENDLESS]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(words, env=ENVIRONMENT, preexec_fn=accept_ctrl_c, **pipes) as process:
        wait_until_open(process.pid, demo.warehouse)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=60)
        process.kill()
        assert process.communicate() == (b"", b"")
    assert process.returncode == -signal.SIGINT


def every_file_is_loaded(data: DataDir) -> bool:
    """Whether the ledger has the files that were moved; one with two kinds of web hooks is in it twice."""
    names = "select distinct state, split_part(file_name, ' › ', 1) as name from raw.files order by name"
    ledger = run("--data", data.root, "query", names, "--csv").stdout.splitlines()
    moved = sorted(file.name for file in (data.inbox / "loaded").iterdir())
    return ledger == ['"state","name"', *(f'"loaded","{name}"' for name in moved)]


def test_the_demo_goes_from_exports_to_reports(demo: DataDir) -> None:
    assert every_file_is_loaded(demo)
    (day,) = demo.reports.iterdir()
    assert {file.stem for file in day.iterdir()} >= {
        "firm_funnel",
        "email_health",
        "work_list",
        "load_quality",
    }
    returns = run("--data", demo.root, "query", "--csv", "select count(*) as n from mart.returns")
    assert returns.stdout == '"n"\n60\n'


def test_only_the_owner_can_read_the_files(demo: DataDir) -> None:
    modes = {stat.S_IMODE(path.stat().st_mode) for path in demo.root.rglob("*") if path.is_file()}
    assert modes == {0o600}
    folders = [demo.root, *(path for path in demo.root.rglob("*") if path.is_dir())]
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}


def test_a_second_demo_replaces_the_first_season_completely(demo: DataDir, tmp_path: Path) -> None:
    root = tmp_path / "again"
    shutil.copytree(demo.root, root)
    ids = ("query", "select file_id from raw.files order by file_id", "--csv")
    before = run("--data", root, *ids).stdout.split()
    assert (
        run("demo", "--returns", "60", "--seed", "8", "--no-app", RETURNTRAIL_DATA=str(root)).returncode == 0
    )
    after = run("--data", root, *ids).stdout.split()
    assert set(before) & set(after) == {'"file_id"'}
    assert every_file_is_loaded(DataDir(root))


def test_the_demo_never_changes_the_data_of_a_firm(firm: DataDir) -> None:
    before = contents(firm.root)
    done = run("--data", firm.root, "demo", "--no-app")
    assert done.returncode == 1
    assert done.stderr == f"{firm.root}: not empty, and not a demo. Name an empty folder with --data.\n"
    assert contents(firm.root) == before


def test_show_and_export(demo: DataDir, tmp_path: Path) -> None:
    shown = run("--data", demo.root, "show", "mart.deliveries")
    assert shown.returncode == 0
    assert shown.stdout.startswith("mart.deliveries: How far each delivery of a return has got.")
    everything = run("show", "--data", demo.root).stdout
    assert {"mart.returns", "report.firm_funnel"} <= set(re.findall(r"^\S+", everything, flags=re.MULTILINE))
    done = run("export", "--out", tmp_path / "out", "--data", demo.root)
    assert {Path(line).stem for line in done.stdout.splitlines()} >= {"returns", "deliveries", "catalog"}


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.1", "example.com", ""])
def test_the_dashboard_is_for_this_machine(demo: DataDir, address: str) -> None:
    done = run("--data", demo.root, "app", "--address", address)
    assert done.returncode == 1
    assert done.stderr.startswith(f'"{address}" is not a loopback address')


def test_the_app_prints_its_address_finds_a_free_port_and_ends_by_ctrl_c(
    demo: DataDir, tmp_path: Path
) -> None:
    words = [*COMMAND, "--data", str(demo.root), "app"]
    with socket.socket() as usual:
        usual.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # If another program already uses the usual port, the test works the same.
        with suppress(OSError):
            usual.bind(("127.0.0.1", 8501))
            usual.listen()
        with subprocess.Popen(
            words, env=ENVIRONMENT, cwd=tmp_path, stderr=subprocess.PIPE, text=True, preexec_fn=accept_ctrl_c
        ) as server:
            sentence = server.stderr.readline()
            start = f"The dashboard of {demo.root}: "
            assert sentence.startswith(start)
            address = re.fullmatch(
                r"(http://127\.0\.0\.1:(\d+)/\?token=\S+) \(Ctrl-C ends it\)\n", sentence.removeprefix(start)
            )
            assert address and address[2] != "8501"
            returns = visitor_of(address[1]).get(f"http://127.0.0.1:{address[2]}/returns")
            assert returns.status_code == 200
            taken = run("--data", demo.root, "app", "--port", address[2])
            server.send_signal(signal.SIGINT)
            _, printed = server.communicate(timeout=300)
            assert (server.returncode, printed) == (-signal.SIGINT, "")
    assert (taken.returncode, taken.stderr) == (
        1,
        f"Port {address[2]} is taken on 127.0.0.1. Name another one with --port, or leave --port out.\n",
    )


def test_a_command_that_writes_names_the_data_directory_once(firm: DataDir, tmp_path: Path) -> None:
    """A command that only reads, or has nothing to write, does not."""
    line = f"Data directory: {firm.root}\n"
    export = tmp_path / "march.csv"
    export.write_text(LOG, encoding="utf-8")
    writing = ["load", export], ["build"], ["run"], ["report", "firm_funnel"], ["export"], ["verify"]
    reading = (
        ["show"],
        ["query", "select 1"],
        ["report", "--due"],
        ["report", "--check"],
        ["load", "--check", export],
    )
    for command in (*writing, *reading):
        assert runner().run("--data", firm.root, *command).err.count(line) == (command in writing), command


def test_a_second_call_of_the_scheduler_writes_nothing_and_the_history_lists_the_runs(
    firm: DataDir, tmp_path: Path
) -> None:
    settings = (CHECKOUT / "data" / "settings.toml").read_text(encoding="utf-8")
    (firm.root / "settings.toml").write_text(
        f'{settings}\n[[subscription]]\nreport = "work_list"\nname = "all"\n', "utf-8"
    )
    first = run("--data", firm.root, "run")
    assert first.returncode == 0 and "work_list-all.csv" in first.stdout
    again = run("--data", firm.root, "report", "--due")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert (
        "work_list-all: every day, csv, to folder\n" in run("--data", firm.root, "report", "--check").stdout
    )
    history = run("--data", firm.root, "report", "--history").stdout.splitlines()
    (number,) = (line.split()[0] for line in history if "work_list-all" in line)
    wanted = next(line for line in first.stdout.splitlines() if line.endswith("work_list-all.csv"))
    content = Path(wanted).read_bytes()
    done = run("--data", firm.root, "report", "--again", number, "--out", tmp_path / "out")
    assert done.stdout.splitlines()[0] == f"{tmp_path}/out/work_list-all.csv"
    assert (tmp_path / "out" / "work_list-all.csv").read_bytes() == content
    (firm.root / "settings.toml").write_text(
        f'{settings}\n[[subscription]]\nreport = "work"\n', encoding="utf-8"
    )
    done = run("--data", firm.root, "report", "--check")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(
        f'{firm.root}/settings.toml: [[subscription]] "work": No report is named "work".'
    )
    done = run("--data", firm.root, "report", "--due")
    assert (
        done.returncode == 1
        and done.stderr.startswith("work, ")
        and '"is_well": false' in (firm.root / "runs" / "heartbeat.json").read_text(encoding="utf-8")
    )
