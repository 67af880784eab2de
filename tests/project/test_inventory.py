"""docs/data-inventory.md names every file; only the owner can read them, and no log contains client names."""

import json
import os
import re
import stat
import subprocess
import sys

import pytest

from etl.access import audit
from etl.common.paths import CHECKOUT, DataDir
from etl.config.settings import Retention

SEALED = [sys.executable, str(CHECKOUT / "tests" / "support" / "sealed.py")]
PAGE = (CHECKOUT / "docs" / "data-inventory.md").read_text(encoding="utf-8")
LOG = '''\
Return ID,Client Name,Tab,Event,Status,Date/Time,User,Email
R1,Marked Ann,Internal,Upload,,2026-03-01 09:00,Marked Amy,
R1,Marked Ann,Internal,Deliver to Client,,2026-03-02 09:00,Marked Amy,
R2,Marked Bob,Internal,Upload,,2026-03-02 09:00,Marked Amy,
R2,Marked Bob,Client,"Document ""Marked Bob.pdf""",,2026-03-02 09:00,,bob@marked.invalid
R2,Marked Bob,Internal,Marked label,Marked status,no time,Marked Amy,
R2,Marked Bob,Nowhere,Marked label,Marked status,2026-03-02 09:00,Marked Amy,
'''
REGISTER = "Return ID,Client Name,Due Date\nR2,Marked Bob,2026-04-15\n"
HOOK = {"eventType": 5001, "eventData": {"clientId": "Marked Bob", "location": "Marked Office"}}
SETTINGS = '\n[[subscription]]\nname = "book"\nreport = "all_returns"\nevery = "day"\nformat = "xlsx"\n'
# Made by people, by the demo, or removed at the end of a command.
NOT_MADE_HERE = {
    "inbox/",
    "settings.toml",
    "reference/<list>.csv",
    "secrets.toml",
    "demo.txt",
    ".purging.json",
    "store/reading.json",
    "app/key",
    "app/signed-out/<digest>",
    "app/address-<port>.txt",
    "adding/<folder>/<number>/<name>",
    "audit/trail-<year>.jsonl",
}
COMMANDS = (
    ["load"],
    ["purge", "--return", "R1", "--yes"],
    ["run"],
    ["evidence", "--return", "R2"],
    ["export"],
    ["verify"],
)


def patterns() -> dict[str, re.Pattern]:
    """The names in the first column of the page's table, each as a pattern of paths."""
    cells = re.findall(r"^\| (`[^|]+`) \|", PAGE, flags=re.MULTILINE)
    names = [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]
    return {
        name: re.compile("[^/]+".join(map(re.escape, re.split(r"<\w+>|(?<=/)$", name)))) for name in names
    }


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> tuple[DataDir, str]:
    """A data directory after every command that writes into one, with umask 0, and their output.

    The first call to the network would kill them.
    """
    data = DataDir(tmp_path_factory.mktemp("used") / "data")
    data.inbox.mkdir(parents=True)
    for name, content in (
        ("log.csv", LOG),
        ("Returns register.csv", REGISTER),
        ("page.csv", "<html>sign in</html>"),
        ("hook.json", json.dumps(HOOK)),
    ):
        (data.inbox / name).write_text(content, encoding="utf-8")
    (data.root / "settings.toml").write_text(
        (CHECKOUT / "data" / "settings.toml").read_text() + SETTINGS, encoding="utf-8"
    )
    output = ""
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT)}
    for words in COMMANDS:
        command = ["sh", "-c", 'umask 000; exec "$@"', "sh", *SEALED, "etl", "--data", str(data.root), *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode >= 0 and "Traceback" not in done.stderr, (words, done.stderr)
        output += done.stdout + done.stderr
    audit.record(data, audit.SAW, "ann@firm.example", "manager", "return_steps", 1, {"for_return": "R2"})
    return data, output


def test_the_page_names_every_file(used: tuple[DataDir, str]) -> None:
    data, known = used[0], patterns()
    files = [str(path.relative_to(data.root)) for path in data.root.rglob("*") if path.is_file()]
    assert [file for file in files if not any(pattern.fullmatch(file) for pattern in known.values())] == []
    missing = {name for name, pattern in known.items() if not any(pattern.fullmatch(file) for file in files)}
    assert missing <= NOT_MADE_HERE


def test_only_the_owner_can_read_the_files(used: tuple[DataDir, str]) -> None:
    data, _ = used
    people_made = {data.inbox, data.settings}
    made = [path for path in data.root.rglob("*") if path not in people_made]
    assert len(made) > 40
    wanted = {path: 0o700 if path.is_dir() else 0o600 for path in made}
    assert {path: stat.S_IMODE(path.stat().st_mode) for path in made} == wanted


def test_the_page_names_the_settings_of_retention() -> None:
    for key in Retention.__dataclass_fields__:
        assert f"`{key}`" in PAGE


def test_no_log_contains_client_names_or_the_content_of_a_row(used: tuple[DataDir, str]) -> None:
    data, output = used
    assert "2 quarantined" in output
    logs = [
        data.runs / "history.jsonl",
        data.runs / "heartbeat.json",
        data.root / "verified.json",
        data.root / "purged.jsonl",
    ]
    logs += [*data.store.rglob("*.json"), *data.audit.glob("*.jsonl"), data.audit / "head"]
    for text in (output, *(file.read_text(encoding="utf-8") for file in logs)):
        assert "marked" not in text.lower()
    assert "R1" not in "".join(file.read_text(encoding="utf-8") for file in logs)
