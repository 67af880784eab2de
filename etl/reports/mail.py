"""Mail with reports to their recipients, and about failures to the owner: by SMTP with TLS, or not at all."""

import os
import smtplib
import ssl
from contextlib import suppress
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from etl.common.problem import Problem
from etl.config.subscription import Mail

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


def compose(
    mail: Mail, to: tuple[str, ...], subject: str, body: str, at: datetime, name: str, files: dict[str, bytes]
) -> EmailMessage:
    """A message with files. A server recognizes a repeated message by its id, which contains `name`."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = mail.sender, ", ".join(to), subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{name}@{mail.sender.split('@')[1]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body)
    for file, content in files.items():
        kind, subtype = TYPES[file.rsplit(".", 1)[1]]
        message.add_attachment(content, kind, subtype, filename=file)
    return message


def send(mail: Mail, message: EmailMessage, to: tuple[str, ...]) -> dict[str, str]:
    """Sends the message; returns who was refused and why. Raises a Problem if the server accepted nothing.

    It counts as sent once the server has confirmed the complete message; its answer to QUIT does not matter.
    """
    secret = password(mail) or ""
    place = f"{mail.host}:{mail.port}"
    try:
        server = connect(mail)
        try:
            if mail.user is not None:
                server.login(mail.user, secret)
            refused = server.send_message(message, mail.sender, list(to))
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
        finally:
            server.close()
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


def connect(mail: Mail) -> smtplib.SMTP:
    """An encrypted connection to a server whose certificate is trusted."""
    trust = ssl.create_default_context(cafile=mail.ca_file)
    if mail.port == TLS_PORT:
        return smtplib.SMTP_SSL(mail.host, mail.port, timeout=PATIENCE_SECONDS, context=trust)
    server = smtplib.SMTP(mail.host, mail.port, timeout=PATIENCE_SECONDS)
    try:
        server.starttls(context=trust)
    except BaseException:
        server.close()
        raise
    return server


def answer(code: int, text: bytes | str) -> str:
    return f"{code} {short(text.decode('utf-8', 'replace') if isinstance(text, bytes) else text)}".strip()


def short(text: str) -> str:
    """A text from outside, short and without characters that control a terminal."""
    return "".join(character if character.isprintable() else " " for character in text)[:200].strip()
