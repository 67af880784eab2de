"""Who hears of it when a scheduled call fails: its exit code, a file that a monitor can read, and the owner's mail."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256

from etl.common.files import make_private_folder, write_json
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.common.terminal import say
from etl.config.settings import read_settings
from etl.config.subscription import Mail
from etl.reports.mail import message, send

UNKNOWN = "an error that returntrail does not know ended the call; what the scheduler logged says more."


@contextmanager
def watched(data: DataDir, now: datetime | None = None) -> Iterator[list[str]]:
    """Gathers what went wrong, tells the owner of what is new, and leaves a heartbeat however the call ends."""
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
        problems.append(UNKNOWN)
        raise
    finally:
        beat(data, problems, (now or datetime.now(UTC)).astimezone(UTC))


def beat(data: DataDir, problems: list[str], now: datetime) -> None:
    """`runs/heartbeat.json`: when the last call ended, whether well, and of what the owner knows already."""
    file = data.runs / "heartbeat.json"
    known = told_before(data)
    unheard = [one for one in problems if one not in known]
    told = [one for one in problems if one in known]
    if unheard and tell(data, unheard, now):
        told += unheard
    said = {
        "at": now.isoformat(timespec="seconds"),
        "is_well": not problems,
        "problems": problems,
        "told": told,
    }
    try:
        make_private_folder(data.runs)
        write_json(file, said)
    except OSError as error:
        say(f"{file}: it cannot be written ({error.strerror}).")


def told_before(data: DataDir) -> list[str]:
    """What the owner has been told and is still so."""
    try:
        return list(json.loads((data.runs / "heartbeat.json").read_text(encoding="utf-8"))["told"])
    except (OSError, ValueError, KeyError, TypeError):
        return []


def tell(data: DataDir, problems: list[str], now: datetime) -> bool:
    """Mails the owner, if there is one; whether that worked."""
    mail = mail_of(data)
    if mail is None or mail.owner is None:
        return False
    body = "\n\n".join(problems) + "\n\nSee what ran: returntrail report --history\n"
    name = sha256(f"{now.isoformat()}{body}".encode()).hexdigest()[:32]
    subject = f"returntrail: {len(problems)} {'thing' if len(problems) == 1 else 'things'} failed"
    try:
        refused = send(mail, message(mail, (mail.owner,), subject, body, now, name), (mail.owner,))
    except Problem as problem:
        refused = {mail.owner: str(problem)}
    if refused:
        say(f"The owner could not be told: {refused[mail.owner]}")
    return not refused


def mail_of(data: DataDir) -> Mail | None:
    """How to send, as far as the settings can be read."""
    try:
        return read_settings(data.settings).mail
    except Problem:
        return None
