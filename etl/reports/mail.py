"""Mail with reports to their recipients, and about failures to the owner: by SMTP with TLS, or not at all."""

import os
import smtplib
import ssl
from contextlib import closing, suppress
from dataclasses import replace
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from functools import partial
from hashlib import sha256

from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.config.subscription import FOLDER, Mail
from etl.reports.history import FAILED, WRITTEN, Run
from etl.reports.run_files import StoredRun, stored_run

PATIENCE_SECONDS = 30.0
TLS_PORT = 465
# What most servers accept. Larger files belong in the folder.
MOST_BYTES = 20_000_000
XLSX = ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")
TYPES = {"csv": ("text", "csv"), "xlsx": XLSX}


def password(mail: Mail) -> str | None:
    """The password, which is in the environment and never in a file of ours."""
    value = os.environ.get(mail.password_env) if mail.password_env else None
    if mail.password_env and not value:
        raise Problem(f"[mail]: set the variable {mail.password_env}; it must contain the password.")
    return value


def send(
    mail: Mail, to: tuple[str, ...], subject: str, body: str, at: datetime, key: str, files: dict[str, bytes]
) -> dict[str, str]:
    """Sends a message; returns who was refused and why. Raises a Problem if the server accepted nothing.

    A server recognizes a repeated message by its id, which is made from `key`. It counts as sent once the
    server has confirmed the complete message; its answer to QUIT does not matter.
    """
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = mail.sender, ", ".join(to), subject
    message["Date"] = format_datetime(at)
    name = sha256(key.encode()).hexdigest()[:32]
    message["Message-ID"] = f"<{name}@{mail.sender.split('@')[1]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body)
    for file, content in files.items():
        kind, subtype = TYPES[file.rsplit(".", 1)[1]]
        message.add_attachment(content, kind, subtype, filename=file)
    secret = password(mail) or ""
    place = f"{mail.host}:{mail.port}"
    try:
        trust = ssl.create_default_context(cafile=mail.ca_file)
        connect = partial(smtplib.SMTP_SSL, context=trust) if mail.port == TLS_PORT else smtplib.SMTP
        with closing(connect(mail.host, mail.port, timeout=PATIENCE_SECONDS)) as server:
            if mail.port != TLS_PORT:
                server.starttls(context=trust)
            if mail.user is not None:
                server.login(mail.user, secret)
            refused = server.send_message(message, mail.sender, list(to))
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
    except smtplib.SMTPRecipientsRefused as error:
        refused = error.recipients
    except smtplib.SMTPResponseException as error:
        raise Problem(f"{place}: it refused ({answer(error.smtp_code, error.smtp_error)}).") from error
    except smtplib.SMTPException as error:
        reason = short(str(error)).rstrip(".") or "the connection was lost"
        raise Problem(f"{place}: {reason}.") from error
    except ssl.SSLCertVerificationError as error:
        fault = f"its certificate is not trusted ({error.verify_message}). See ca_file in [mail]."
        raise Problem(f"{place}: {fault}") from error
    except OSError as error:
        raise Problem(f"{place}: no connection ({error.strerror or 'it does not answer'}).") from error
    return {address: answer(*reply) for address, reply in refused.items()}


def answer(code: int, text: bytes | str) -> str:
    return f"{code} {short(text.decode('utf-8', 'replace') if isinstance(text, bytes) else text)}".strip()


def short(text: str) -> str:
    """A text from outside, short and without characters that control a terminal."""
    return "".join(character if character.isprintable() else " " for character in text)[:200].strip()


def deliver_by_mail(data: DataDir, mail: Mail | None, run: Run) -> Run:
    """Mails the files to everyone who does not have them yet. The run is written once everyone has them."""
    missing = tuple(address for address in run.to if address not in (FOLDER, *run.sent_to))
    if not missing:
        return replace(run, state=WRITTEN)
    if mail is None:
        raise Problem("nothing can be mailed without a [mail] section.")
    refused = send_files(mail, run, stored_run(data, run), missing)
    sent_to = [*run.sent_to, *(address for address in missing if address not in refused)]
    why = "; ".join(f"{address} was refused ({reason})" for address, reason in refused.items())
    return replace(run, sent_to=sent_to, state=f"{FAILED}{mail.host}:{mail.port}: {why}" if why else WRITTEN)


def send_files(mail: Mail, run: Run, stored: StoredRun, to: tuple[str, ...]) -> dict[str, str]:
    """Sends the mail of a run. Its text has the counts of the report; only the files have rows."""
    main = next(iter(stored.files.values()))
    size = sum(entry["bytes"] for entry in stored.files.values())
    if size > MOST_BYTES:
        raise Problem(f"the files have {size:,} bytes; the limit for mail is {MOST_BYTES:,}. Use the folder.")
    counts = f"{main['rows']:,} rows"
    if run.new_count is not None:
        counts += f", {run.new_count:,} new, {run.cleared_count:,} cleared"
    body = (
        f"{main['meaning']}\n\n{counts}, as of {main['as_of']}. Times in the files are in {main['zone']}.\n\n"
        "They contain taxpayer data: keep them inside the firm. "
        f"From returntrail for {main['firm']}, run {run.run}.\n"
    )
    content = {}
    for name in stored.files:
        with stored.open(name) as stream:
            content[name] = stream.read()
    # A retry has the id of the first try, so that a server that accepted the first can recognize it.
    parts = (run.subscription, run.slot, main["firm"], main["sha256"], str(run.run if run.again else ""))
    subject, at = f"{run.subscription}, {stored.day}: {counts}", datetime.fromisoformat(f"{run.at}+00:00")
    return send(mail, to, subject, body, at, "\0".join(parts), content)
