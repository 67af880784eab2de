"""What happens when a scheduled call fails: its exit code, a file for a monitor, and a mail to the owner."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from etl.common.files import make_private_folder, write_json
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.common.sealed import new_marks
from etl.common.terminal import say
from etl.config.settings import read_settings
from etl.reports.mail import send


@contextmanager
def alerting(data: DataDir, now: datetime | None = None) -> Iterator[list[str]]:
    """Collects problems, mails the owner those that are new, and writes a heartbeat in any case.

    It is also written at the beginning: a call that is killed leaves "begun", and no older "is well".
    """
    problems: list[str] = []
    began = (now or datetime.now(UTC)).astimezone(UTC)
    told = told_before(data)
    begun = {"state": "begun", "begun_at": began.isoformat(timespec="seconds")}
    write_heartbeat(data, begun | {"is_well": None, "problems": [], "told": told})
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
        ended = (now or datetime.now(UTC)).astimezone(UTC)
        new = [problem for problem in problems if problem not in told]
        is_mailed = bool(new) and mail_owner(data, new, ended)
        content = begun | {
            "state": "ended",
            "at": ended.isoformat(timespec="seconds"),
            "is_well": not problems,
            "problems": problems,
            "told": [problem for problem in problems if is_mailed or problem not in new],
        }
        write_heartbeat(data, content)


def heartbeat_of(data: DataDir) -> Path:
    return data.runs / "heartbeat.json"


def told_before(data: DataDir) -> list[str]:
    """The problems of the last call that the owner was mailed."""
    try:
        return list(json.loads(heartbeat_of(data).read_text(encoding="utf-8"))["told"])
    except (OSError, ValueError, KeyError, TypeError):
        return []


def write_heartbeat(data: DataDir, content: dict[str, object]) -> None:
    """`runs/heartbeat.json`: whether the last call ended, its problems, those told to the owner, the logs."""
    file = heartbeat_of(data)
    try:
        make_private_folder(data.runs)
        write_json(file, content | {"logs": new_marks(data, file)})
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
