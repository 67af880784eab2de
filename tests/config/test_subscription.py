"""Subscriptions and mail in the settings: read strictly; a refusal names the entry, the key and the value."""

import re
from datetime import time
from pathlib import Path

import pytest

from etl.common.paths import SHIPPED
from etl.common.problem import Problem
from etl.config.place import keys
from etl.config.settings import Settings, read_settings
from etl.config.subscription import SUBSCRIPTION_KEYS, Mail, Subscription
from support.subscribers import FIRM

ENTRY = '[[subscription]]\nreport = "work_list"\n'
MAIL = '[mail]\nhost = "smtp.oak.example"\nfrom = "reports@oak.example"\n'


def settings(folder: Path, text: str) -> Settings:
    file = folder / "settings.toml"
    file.write_text(FIRM + text, encoding="utf-8")
    return read_settings(file)


def test_an_entry_is_a_report_and_the_rest_has_defaults(tmp_path: Path) -> None:
    read = settings(tmp_path, ENTRY)
    assert read.subscriptions == (Subscription("work_list"),) and read.mail is None
    assert (read.subscriptions[0].label, read.subscriptions[0].to) == ("work_list", ("folder",))


def test_a_whole_entry(tmp_path: Path) -> None:
    more = """name = "austin"\nweekday = "Friday"\nnot_before = "07:05"\noffices = ["Austin"]\nyears = [2025]
to = ["folder", "ann@oak.example", "folder"]\nonly_if_rows = true\nonly_if_changed = true\nformat = "xlsx"
bom = true\n"""
    rest = 'port = 465\nuser = "u"\npassword_env = "P"\nowner = "it@oak.example"\nca_file = "ca.pem"\n'
    read = settings(tmp_path, ENTRY + more + MAIL + rest)
    assert read.subscriptions == (
        Subscription(
            "work_list",
            "austin",
            "week",
            4,
            time(7, 5),
            {"for_offices": ["Austin"], "for_years": [2025]},
            ("folder", "ann@oak.example"),
            True,
            True,
            "xlsx",
            True,
        ),
    )
    assert read.subscriptions[0].label == "work_list-austin"
    assert read.mail == Mail(
        "smtp.oak.example", "reports@oak.example", 465, "u", "P", "it@oak.example", tmp_path / "ca.pem"
    )


RECIPIENTS = 'a list of "folder" or e-mail addresses'
NAME = 'a name of small letters, digits and hyphens that does not end in "changes"'
UNDER = "under [[subscription]] number 1."
REFUSED = {
    ENTRY + "office = ['x']\n": f'unknown key "office" {UNDER[:-1]}. Known: {", ".join(SUBSCRIPTION_KEYS)}.',
    "[[subscription]]\nname = 'x'\n": f'no "report" (the name of a report such as "work_list") {UNDER}',
    "[[subscription]]\nreport = '../x'\n": '"report" must be the name of a report such as "work_list", '
    f'not "../x", {UNDER}',
    ENTRY + "name = '../x'\n": f'"name" must be {NAME}, not "../x", {UNDER}',
    ENTRY + "name = 'a-changes'\n": f'"name" must be {NAME}, not "a-changes", {UNDER}',
    ENTRY + "name = 'changes'\n": f'"name" must be {NAME}, not "changes", {UNDER}',
    ENTRY + "every = 'hour'\n": f'"every" must be one of load, day, week, month, never, not "hour", {UNDER}',
    ENTRY
    + "weekday = 'Mon'\n": '"weekday" must be one of Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, '
    f'Sunday, not "Mon", {UNDER}',
    ENTRY
    + "every = 'day'\nweekday = 'Monday'\n": f'"weekday" goes with every = "week", not with "day", {UNDER}',
    ENTRY
    + "not_before = '7:00'\n": f'"not_before" must be a time of day such as "07:00", not "7:00", {UNDER}',
    ENTRY
    + "not_before = '24:00'\n": f'"not_before" must be a time of day such as "07:00", not "24:00", {UNDER}',
    ENTRY + "every = 'load'\nnot_before = '07:00'\n": f'"not_before" does not go with every = "load" {UNDER}',
    ENTRY + "offices = 'Austin'\n": f'"offices" must be a list of one or more texts, not "Austin", {UNDER}',
    ENTRY + "offices = []\n": f'"offices" must be a list of one or more texts, not [], {UNDER}',
    ENTRY + "years = ['2025']\n": f'"years" must be a list of years such as [2025], not ["2025"], {UNDER}',
    ENTRY + "only_if_rows = 1\n": f'"only_if_rows" must be true or false, not 1, {UNDER}',
    ENTRY + "format = 'pdf'\n": f'"format" must be one of csv, xlsx, not "pdf", {UNDER}',
    ENTRY + "to = []\n": f'"to" must be {RECIPIENTS}, not [], {UNDER}',
    ENTRY + "to = ['/tmp']\n": f'"to" must be {RECIPIENTS}, not ["/tmp"], {UNDER}',
    ENTRY + "to = ['a@b\\nc']\n": f'"to" must be {RECIPIENTS}, not ["a@b\\\\nc"], {UNDER}',
    ENTRY
    + "to = ['ann@oak.example']\n": '"to" names ann@oak.example, and there is no [mail] section that says '
    f"how to send, {UNDER}",
    ENTRY + ENTRY: 'two [[subscription]] are called "work_list". Give each a "name" of its own.',
    "[subscription]\nreport = 'x'\n": "write [[subscription]], with two brackets, once "
    "for each subscription.",
    MAIL + "tls = false\n": f'unknown key "tls" under [mail]. Known: {", ".join(keys(Mail))}.',
    "[mail]\nhost = 'x'\n": 'no "from" (an e-mail address) under [mail].',
    MAIL + "user = 'x'\n": '"user" and "password_env" (the variable that holds the password) '
    "go together under [mail].",
    MAIL + "owner = 'it'\n": '"owner" must be an e-mail address, not "it", under [mail].',
    MAIL + "port = '25'\n": '"port" must be a whole number of at least 1, not "25", under [mail].',
}


@pytest.mark.parametrize("text", REFUSED)
def test_each_fault_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(Problem) as raised:
        settings(tmp_path, text)
    assert str(raised.value) == f"{tmp_path}/settings.toml: {REFUSED[text]}"


def test_the_shipped_examples_are_ones(tmp_path: Path) -> None:
    shipped = (SHIPPED / "settings.toml").read_text(encoding="utf-8")
    examples = shipped.split("and tests them.\n#\n")[1].split("# [access]")[0]
    read = settings(
        tmp_path, "".join(f"{line.removeprefix('#').strip()}\n" for line in examples.splitlines())
    )
    assert [one.label for one in read.subscriptions] == ["work_list", "work_list-austin"]
    assert read.subscriptions[1].addresses == ("ann@firm.example",)
    assert read.mail.owner == "it@firm.example"
    assert set(re.findall(r"^# (\w+) =", examples, flags=re.MULTILINE)) == (
        set(SUBSCRIPTION_KEYS + keys(Mail)) - {"firms", "partners", "types", "years"}
    )
