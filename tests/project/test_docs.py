"""README and docs against the code: what they name exists, and every option, report and setting is named."""

import configparser
import os
import re
import shlex
import shutil
import subprocess
import tomllib
from argparse import ArgumentParser, Namespace
from dataclasses import fields
from pathlib import Path

import pytest

from etl.cli.options import command_parser, read_options
from etl.common.paths import CHECKOUT, SHIPPED, version
from etl.config.access import ACCESS_KEYS
from etl.config.place import keys
from etl.config.settings import SECTIONS, Firm, Retention, read_settings
from etl.config.source import SOURCE_KEYS, Limits
from etl.config.subscription import SUBSCRIPTION_KEYS, WEEKDAYS, Mail, Subscription
from etl.sql.catalog import read_catalog
from etl.sql.file import PERIODS, WORDS
from etl.warehouse.spark.session import KEYS as SPARK_KEYS

README, CONTRIBUTING = CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md"
DOCS = CHECKOUT / "docs"
NAMES, SCHEDULING, SETTINGS, COMMANDS = (
    DOCS / "tables-and-reports.md",
    DOCS / "scheduling.md",
    DOCS / "settings.md",
    DOCS / "commands.md",
)
PAGES = [README, CONTRIBUTING, *sorted(DOCS.glob("*.md"))]
LONGEST_README = 250
CATALOG = read_catalog()


def table_in(page: Path, heading: str) -> list[list[str]]:
    """The body of the first table below a heading."""
    chapter = page.read_text(encoding="utf-8").split(f"# {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in chapter.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def code_in(page: Path) -> list[str]:
    """The lines of the code blocks of a page; a continued line is joined with the next one."""
    blocks = re.findall(
        r"^```\w*\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    return [line for block in blocks for line in re.sub(r"\n {8,}", " ", block).splitlines()]


def commands_in(page: Path) -> list[str]:
    """The arguments of `returntrail` in the code blocks and in the text of a page."""
    quoted = re.findall(r"`returntrail ([^`\n]+)`", page.read_text(encoding="utf-8"))
    typed = [line.split("returntrail ", 1)[1] for line in code_in(page) if is_command(line)]
    return quoted + [re.sub(r" +#.*| {2,}\S.*", "", line) for line in typed]


def is_command(line: str) -> bool:
    return re.match(r"(?:returntrail|\S*/bin/returntrail|[\d* ]{9,}\S*/returntrail) ", line) is not None


def verb_parsers() -> dict[str, ArgumentParser]:
    return next(action for action in command_parser()._actions if action.dest == "verb").choices


def test_the_readme_is_short_and_its_first_screen_says_what_it_is() -> None:
    lines = README.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= LONGEST_README
    first = "\n".join(lines[:24])
    assert "make demo" in first and "make test" in first and first.count("![") == 1


def test_every_page_of_the_docs_can_be_reached_from_the_readme() -> None:
    linked = {README.resolve()}
    wanted = [README]
    while wanted:
        page = wanted.pop()
        for target in re.findall(r"\]\(([^)#:]+\.md)", page.read_text(encoding="utf-8")):
            found = (page.parent / target).resolve()
            if found not in linked:
                linked.add(found)
                wanted.append(found)
    assert {page.resolve() for page in PAGES} <= linked


def test_the_docs_list_every_report_and_when_it_is_written() -> None:
    listed = {row[0].strip("`"): row[1] for row in table_in(NAMES, "Reports")}
    assert listed == {report.name: report.every or "on screen" for report in CATALOG.of("report")}


def test_the_docs_list_every_table_that_people_use() -> None:
    listed = {name for row in table_in(NAMES, "Tables") for name in re.findall(r"`([^`]+)`", row[0])}
    public = {table.full_name for table in CATALOG.of("mart", "raw")} | {"model.events"}
    assert listed == public


def test_the_docs_name_every_header_word() -> None:
    assert set(re.findall(r"`(\w+):`", NAMES.read_text(encoding="utf-8"))) == set(WORDS)
    assert ", ".join(PERIODS[:3]) + f" or {PERIODS[3]}" in NAMES.read_text(encoding="utf-8")


def test_the_docs_list_every_setting() -> None:
    rows = {
        re.search(r"\w+", row[0])[0]: set(re.findall(r"`(\w+)`", row[1]))
        for row in table_in(SETTINGS, "Settings")
    }
    assert rows == {
        "firm": set(keys(Firm)),
        "source": set(SOURCE_KEYS) - {"columns", "constants", "names"},
        "limits": {one.name for one in fields(Limits)},
        # Its keys are next steps.
        "aging": set(),
        "retention": set(keys(Retention)),
        "subscription": set(SUBSCRIPTION_KEYS),
        "mail": set(keys(Mail)),
        "access": set(ACCESS_KEYS) - {"staff"},
        "spark": set(SPARK_KEYS) - {"options"},
    }
    assert rows.keys() == set(SECTIONS)
    assert {"`[source.columns]`", "`[source.constants]`", "`[source.names]`"} <= set(
        re.findall(r"`\[[\w.]+\]`", SETTINGS.read_text(encoding="utf-8"))
    )


def test_the_docs_show_every_verb_with_every_option() -> None:
    shown: dict[str, set[str]] = {}
    for line in code_in(COMMANDS):
        if line.startswith("returntrail ") and not line.startswith("returntrail --version"):
            options = set(re.findall(r"--[\w-]+", re.split(r" {2,}", line)[0] if "[" not in line else line))
            shown.setdefault(line.split()[1], set()).update(options)
    verbs = {
        verb: {word for action in parser._actions for word in action.option_strings if word.startswith("--")}
        for verb, parser in verb_parsers().items()
    }
    assert {verb: options | {"--help", "--data"} for verb, options in shown.items()} == verbs


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_line_of_a_page_is_valid(page: Path) -> None:
    for command in commands_in(page):
        if not re.search(r"[\[|]|\b[A-Z]{3,}\b|^--version", command):
            assert isinstance(read_options(shlex.split(command)), Namespace), command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_only_what_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"\b(?:raw|ref|model|mart|report)\.[a-z]\w+", text))
    assert named <= CATALOG.files.keys() | {"raw.githubusercontent"}
    for path in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (page.parent / path).exists(), path
    targets = set(
        re.findall(r"^([a-z\d-]+):", (CHECKOUT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    )
    assert set(re.findall(r"\bmake ([a-z\d-]+)\b(?=[`\s])", "\n".join(code_in(page)))) <= targets
    assert set(re.findall(r"`make ([a-z\d-]+)[^`]*`", text)) <= targets


def test_three_lines_subscribe_to_the_work_list_on_mondays(tmp_path: Path) -> None:
    (block,) = re.findall(
        r"^```toml\n(.*?)^```", SCHEDULING.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    assert block.count("\n") == 3
    shipped = (SHIPPED / "settings.toml").read_text(encoding="utf-8")
    (tmp_path / "settings.toml").write_text(shipped + block, encoding="utf-8")
    (entry,) = read_settings(tmp_path / "settings.toml").subscriptions
    assert entry == Subscription("work_list", every="week", weekday=WEEKDAYS.index("Monday"))


def test_the_lines_of_cron_are_ones() -> None:
    lines = [line for line in (*code_in(README), *code_in(SCHEDULING)) if re.match(r"[\d*]", line)]
    assert len(lines) == 3
    for line in lines:
        *when, command = line.split(maxsplit=5)
        limits = zip(when, ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7)), strict=True)
        for field, (least, most) in limits:
            value, _, pace = field.partition("/")
            assert value == "*" or least <= int(value) <= most, line
            assert not pace or (value == "*" and 1 < int(pace) <= most), line
        words = shlex.split(command)
        assert words[0].endswith("/bin/returntrail") and read_options(words[1:]).verb in ("run", "report")


def test_the_units_of_systemd_are_valid(tmp_path: Path) -> None:
    blocks = re.findall(
        r"^```ini\n# (returntrail-run\.\w+)\n(.*?)^```",
        SCHEDULING.read_text(encoding="utf-8"),
        flags=re.MULTILINE | re.DOTALL,
    )
    assert [name for name, _ in blocks] == ["returntrail-run.service", "returntrail-run.timer"]
    for name, text in blocks:
        unit = configparser.ConfigParser(strict=True, interpolation=None)
        unit.optionxform = str
        unit.read_string(text)
        (tmp_path / name).write_text(text.replace("/path/to/returntrail/.venv/bin/returntrail", "/bin/true"))
        if name.endswith("service"):
            words = shlex.split(unit["Service"]["ExecStart"])
            assert read_options(words[1:]).verb == "run" and unit["Service"]["Type"] == "oneshot"
        else:
            assert set(unit["Timer"]) == {"OnCalendar", "Persistent"}
    if shutil.which("systemd-analyze"):
        verify = ["systemd-analyze", "verify", *(str(tmp_path / name) for name, _ in blocks)]
        done = subprocess.run(
            verify, capture_output=True, text=True, env=os.environ | {"SYSTEMD_LOG_LEVEL": "warning"}
        )
        assert [
            line for line in done.stderr.splitlines() if str(tmp_path) in line or "returntrail" in line
        ] == []


def test_the_changelog_is_one_sentence_a_change_under_its_version() -> None:
    title, *rest = [
        line for line in (CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines() if line
    ]
    assert title == "# Changelog"
    assert next(line for line in rest if line.startswith("## ")) == f"## {version()}"
    changes = [line for line in rest if not line.startswith("## ")][1:]
    assert [line for line in changes if not re.fullmatch(r"- [A-Z`][^\n]*\.", line)] == []
    assert [line for line in changes if re.search(r"\. [A-Z]", line)] == []


def test_the_lock_files_pin_with_hashes_and_name_no_index() -> None:
    wanted = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "dependencies"
    ]
    for file in sorted(CHECKOUT.glob("requirements*.lock")):
        text = file.read_text(encoding="utf-8")
        pinned = re.findall(
            r"^([a-z0-9._-]+)==\S+(?: ; [^\\]+)? \\\n    --hash=sha256:", text, flags=re.MULTILINE
        )
        assert {re.match(r"[\w-]+", one)[0] for one in wanted} <= set(pinned), file.name
        assert len(pinned) == len(re.findall(r"^[a-z0-9]", text, flags=re.MULTILINE)), file.name
        assert not re.search(r"://|--(?:extra-)?index-url|--find-links", text), file.name
