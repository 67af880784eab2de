"""S7: file modes after each command, with any umask. S8: names that point outside the data directory."""

import os
import shutil
from pathlib import Path

from faults.checks import SHARE, Tally, stray_files
from faults.exports import queries, with_inbox, write_exports
from faults.runner import Runner

COMMANDS = (
    ("load",),
    ("build",),
    ("report",),
    ("report", "--due"),
    ("run",),
    ("export",),
    ("evidence", "--return", "R0001"),
    ("query", "from raw.files"),
    ("show",),
    ("report", "--history"),
)
FEW = (("load",), ("build",), ("report",), ("query", "from raw.files"))
LONG = "x" * 240


def test_s7_modes(tally: Tally, control: Tally, runner: Runner, tmp_path: Path) -> None:
    write_exports(tmp_path / "exports", 6)
    built_by = queries(tmp_path / "queries")
    for umask in (0o022, 0o000) if SHARE == 1 else (0o000,):
        data = with_inbox(tmp_path / "exports", tmp_path / f"{umask:o}")
        for arguments in COMMANDS if SHARE == 1 else FEW:
            ended = runner.run("--data", data.root, *arguments, umask=umask, queries=built_by)
            tally.check_message(ended.err, about=arguments)
            tally.check_files(data, f"{umask:03o} {arguments}")
            tally.injected += 1
    data = with_inbox(tmp_path / "exports", tmp_path / "off")
    runner.run("--data", data.root, "load", umask=0, off=["modes"])
    control.leaked += len(stray_files(data.root))


FILES = [
    "CON.csv",
    "nul.csv",
    "-rf.csv",
    "$(touch gone).csv",
    "a;touch gone;.csv",
    "..csv",
    "...csv",
    "a\nb.csv",
    "a\rb.csv",
    "..\\..\\away.csv",
    "C:away.csv",
    "%2e%2e%2faway.csv",
    "\u202egnp.csv",
    "\u200b.csv",
    f"{LONG}.csv",
    "'quoted'.csv",
    '"quoted".csv',
    "*.csv",
    "?.csv",
    "~.csv",
    "`gone`.csv",
    "|gone.csv",
    "&.csv",
    "#.csv",
    "ledger.json.csv",
]
REPORTS = [
    "../away",
    "/etc/passwd",
    "work_list/../../away",
    "",
    ".",
    "..",
    "CON",
    "work_list.csv",
    LONG * 2,
    "work_list;drop",
    "work_list\n",
    "report.work_list",
    "'",
    '"',
    "work_list()",
    "%2e%2e",
]
RETURNS = ["../away", "/etc/passwd", "..", "CON", LONG * 2, "\u202e", "a/b", "a\\b", "$(touch gone)", ""]


def some(names: list[str]) -> list[str]:
    return names if SHARE == 1 else names[::4]


def outside(folder: Path) -> set[str]:
    """The files beside the data directory."""
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if "data" not in path.relative_to(folder).parts[:1]
    }


def test_s8_names(tally: Tally, control: Tally, runner: Runner, tmp_path: Path) -> None:
    write_exports(tmp_path / "exports", 4)
    (tmp_path / "elsewhere").mkdir()
    content = (tmp_path / "exports" / "april.csv").read_bytes()
    data = with_inbox(tmp_path / "exports", tmp_path / "data")
    for number, name in enumerate(some(FILES)):
        (data.inbox / name).write_bytes(content + b"r%d,2026-03-04,Client,Up,,,,,,,\n" % number)
        (data.inbox / name).chmod(0o600)
    (data.inbox / "link.csv").symlink_to(tmp_path / "exports" / "april.csv")
    queries(tmp_path / "queries")
    before = outside(tmp_path)
    ended = runner.run("--data", data.root, "load")
    tally.injected += len(some(FILES)) + 1
    tally.check_message(ended.err, "link.csv: a symbolic link", "load")
    tally.check_files(data, "load")
    assert runner.run("--data", data.root, "build", queries=tmp_path / "queries").code == 0
    for name in some(REPORTS):
        ended = runner.run("--data", data.root, "report", name)
        tally.injected += 1
        tally.check_message(ended.err, r"\S", f"report {name!r}")
        tally.unclear += ended.code not in (1, 2)
        tally.details += [] if ended.code in (1, 2) else [f"report {name!r} was written"]
    for name in some(RETURNS):
        ended = runner.run("--data", data.root, "evidence", "--return", name)
        tally.injected += 1
        tally.check_message(ended.err, r"\S", f"evidence {name!r}")
        tally.unclear += ended.code not in (1, 2)
    (data.root / "settings.toml").write_text('[[subscription]]\nname = "../../away"\nreport = "work_list"\n')
    (data.root / "settings.toml").chmod(0o600)
    ended = runner.run("--data", data.root, "report", "--due")
    tally.injected += 1
    tally.check_message(ended.err, r"name", "subscription")
    tally.unclear += ended.code != 1
    (data.root / "settings.toml").unlink()
    after = outside(tmp_path)
    tally.leaked += len(after ^ before)
    tally.details += [f"outside: {one}" for one in after ^ before]
    tally.check_files(data, "reports")
    # Control: some of these names, joined without a check, lead out of the folder.
    for name in (*REPORTS, *RETURNS):
        control.leaked += not Path(os.path.normpath(data.reports / name)).is_relative_to(data.reports)
    shutil.rmtree(data.root)
