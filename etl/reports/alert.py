"""What happens when a scheduled call fails: its exit code, a file for a monitor, and a mail to the owner."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from etl.common.files import make_private_folder, write_json
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.common.sealed import new_marks
from etl.common.terminal import say
from etl.config.settings import read_settings
from etl.reports.mail import send


@contextmanager
def alerting(
    data: DataDir, now: datetime | None = None, lock: AbstractContextManager[None] | None = None
) -> Iterator[list[str]]:
    """Collects problems, mails the owner those that are new, and writes a heartbeat in any case.

    It is also written at the beginning: a call that is killed leaves "begun", and no older "is well". What
    keeps a call from getting the `lock` is a problem of the call.
    """
    problems: list[str] = []
    began = (now or datetime.now(UTC)).astimezone(UTC)
    begun = {"state": "begun", "begun_at": began.isoformat(timespec="seconds")}
    with ExitStack() as held:
        try:
            held.enter_context(lock or nullcontext())
        except BaseException as error:
            # A call that is at work has left "begun": no "is well", and its own to end.
            if last_heartbeat(data).get("state") != "begun":
                end(data, begun, [words_of(data, error)], now)
            raise
        told = last_heartbeat(data).get("told", [])
        write_heartbeat(data, begun | {"is_well": None, "problems": [], "told": told})
        try:
            yield problems
        except BaseException as error:
            problems.append(words_of(data, error))
            raise
        finally:
            end(data, begun, problems, now)


def words_of(data: DataDir, error: BaseException) -> str:
    """What is said of an error. A monitor and a mail get no name of a file that may be a client's."""
    if isinstance(error, OSError):
        return f"a file cannot be read or written ({error.strerror}); the log of the scheduler names it."
    if not isinstance(error, Problem):
        return "an unexpected error ended the call; see the log of the scheduler."
    if str(data.inbox) in str(error):
        return "a file of the inbox stopped the call; the log of the scheduler says why."
    return str(error)


def end(data: DataDir, begun: dict[str, str], problems: list[str], now: datetime | None) -> None:
    """Mails the owner the new problems, and writes the heartbeat of a call that has ended."""
    told = last_heartbeat(data).get("told", [])
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


def last_heartbeat(data: DataDir) -> dict[str, Any]:
    """What the last call has left; `told` are the problems that the owner was mailed."""
    try:
        content = json.loads(heartbeat_of(data).read_text(encoding="utf-8"))
        return content if isinstance(content.get("told"), list) else {}
    except (OSError, ValueError, AttributeError):
        return {}


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
