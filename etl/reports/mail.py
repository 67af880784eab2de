"""Mail to those who get a report, and to the owner when one failed: by SMTP with TLS, or not at all."""

import os
import smtplib
import ssl
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from etl.common.problem import Problem
from etl.config.subscription import Mail

PATIENCE_SECONDS = 30.0
TLS_PORT = 465
# What most servers take; a larger file is for the folder.
MOST_BYTES = 20_000_000
TYPES = {
    "csv": ("text", "csv"),
    "xlsx": ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}


def password(mail: Mail) -> str | None:
    """The password, which stands in the environment and in no file of ours."""
    if mail.password_env is None:
        return None
    found = os.environ.get(mail.password_env)
    if not found:
        raise Problem(
            f"[mail]: the variable {mail.password_env}, which holds the password, is not set. Set it."
        )
    return found


def message(
    mail: Mail,
    to: tuple[str, ...],
    subject: str,
    body: str,
    at: datetime,
    name: str,
    files: dict[str, bytes] | None = None,
) -> EmailMessage:
    """A message with files. `name` makes its id, so that a server knows a repeated one by it."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = mail.sender, ", ".join(to), subject
    made["Date"] = format_datetime(at)
    made["Message-ID"] = f"<{name}@{mail.sender.split('@')[1]}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(body)
    for file, content in (files or {}).items():
        kind, ending = TYPES[file.rsplit(".", 1)[1]]
        made.add_attachment(content, kind, ending, filename=file)
    return made


def send(mail: Mail, made: EmailMessage, to: tuple[str, ...]) -> dict[str, str]:
    """Hands the message over, and gives who was refused and why. Raises a Problem if the server took no message at all.

    Only the server's word after the whole message counts as sent; what it says when it is left does not.
    """
    secret = password(mail)
    place = f"{mail.host}:{mail.port}"
    try:
        server = connected(mail)
        try:
            if mail.user is not None:
                server.login(mail.user, secret or "")
            refused = server.send_message(made, mail.sender, list(to))
            leave(server)
        finally:
            server.close()
    except smtplib.SMTPRecipientsRefused as error:
        refused = error.recipients
    except smtplib.SMTPResponseException as error:
        raise Problem(f"{place}: it refused ({said(error.smtp_code, error.smtp_error)}).") from error
    except smtplib.SMTPException as error:
        raise Problem(f"{place}: {plain(str(error)).rstrip('.') or 'the connection was lost'}.") from error
    except ssl.SSLCertVerificationError as error:
        why = error.verify_message
        raise Problem(f"{place}: its certificate is not trusted ({why}). See ca_file in [mail].") from error
    except OSError as error:
        raise Problem(f"{place}: no connection ({error.strerror or 'it does not answer'}).") from error
    return {address: said(*why) for address, why in refused.items()}


def connected(mail: Mail) -> smtplib.SMTP:
    """A connection that is encrypted, to a server whose certificate is good."""
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


def leave(server: smtplib.SMTP) -> None:
    """Says goodbye; the message is over there already, whatever becomes of that."""
    try:
        server.quit()
    except (smtplib.SMTPException, OSError):
        pass


def said(code: int, words: bytes | str) -> str:
    """A server's answer as one short line."""
    return f"{code} {plain(words.decode('utf-8', 'replace') if isinstance(words, bytes) else words)}".strip()


def plain(words: str) -> str:
    """Words from outside without what steers a terminal."""
    return "".join(one if one.isprintable() else " " for one in words)[:200].strip()
