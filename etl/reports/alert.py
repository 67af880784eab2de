"""What happens when a scheduled call fails: its exit code, a file for a monitor, and a mail to the owner."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from etl.common.files import make_private_folder, write_json
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.common.terminal import say
from etl.config.settings import read_settings
from etl.reports.mail import send


@contextmanager
def alerting(data: DataDir, now: datetime | None = None) -> Iterator[list[str]]:
    """Collects problems, mails the owner those that are new, and writes a heartbeat in any case."""
    problems: list[str] = []
    try:
        yield problems
    except Problem as problem:
        problems.append(str(problem))
        raise
    except OSError as error:
        problems.append(f"{error.filename or 'a file'}: {error.strerror}.")
        raise
    except BaseException:
        problems.append("an unexpected error ended the call; see the log of the scheduler.")
        raise
    finally:
        write_heartbeat(data, problems, (now or datetime.now(UTC)).astimezone(UTC))


def write_heartbeat(data: DataDir, problems: list[str], now: datetime) -> None:
    """`runs/heartbeat.json`: when the last call ended, its problems, and those the owner was mailed."""
    file = data.runs / "heartbeat.json"
    try:
        mailed_before = list(json.loads(file.read_text(encoding="utf-8"))["told"])
    except (OSError, ValueError, KeyError, TypeError):
        mailed_before = []
    new = [problem for problem in problems if problem not in mailed_before]
    is_mailed = bool(new) and mail_owner(data, new, now)
    content = {
        "at": now.isoformat(timespec="seconds"),
        "is_well": not problems,
        "problems": problems,
        "told": [problem for problem in problems if is_mailed or problem not in new],
    }
    try:
        make_private_folder(data.runs)
        write_json(file, content)
    except OSError as error:
        say(f"{file}: it cannot be written ({error.strerror}).")


def mail_owner(data: DataDir, problems: list[str], now: datetime) -> bool:
    """Whether the owner was mailed; False if there is none, or the settings cannot be read."""
    try:
        mail = read_settings(data.settings).mail
    except Problem:
        return False
    if mail is None or mail.owner is None:
        return False
    body = "\n\n".join(problems) + "\n\nSee what ran: returntrail report --history\n"
    subject = f"returntrail: {len(problems)} {'thing' if len(problems) == 1 else 'things'} failed"
    try:
        refused = send(mail, (mail.owner,), subject, body, now, f"{now.isoformat()}{body}", {})
    except Problem as problem:
        refused = {mail.owner: str(problem)}
    if refused:
        say(f"The owner could not be mailed: {refused[mail.owner]}")
    return not refused
