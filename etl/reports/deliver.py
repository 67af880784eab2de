"""Delivers the stored files of a run: to the reports' folder, and by mail to those who subscribe."""

from dataclasses import replace
from datetime import datetime
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path

from etl.common.files import atomic_file
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.config.subscription import FOLDER, Mail
from etl.reports.files import add_to_manifest, prepare_folder, write_errors
from etl.reports.history import FAILED, WRITTEN, Run
from etl.reports.mail import MOST_BYTES, compose, send
from etl.reports.stored_runs import StoredRun, stored_run


def deliver_to_folder(data: DataDir, run: Run) -> Run:
    """Copies the files to the reports' folder if the run goes there, and records the path of the first."""
    if FOLDER not in run.to:
        return run
    stored = stored_run(data, run)
    file, *_ = copy_files(data, stored, data.reports / stored.day)
    return replace(run, file=f"{stored.day}/{file.name}")


def copy_files(data: DataDir, stored: StoredRun, folder: Path) -> list[Path]:
    """Copies the files of a run into a folder, each completely or not at all, and into its manifest."""
    with write_errors(folder):
        prepare_folder(folder, data)
        for name in stored.files:
            with atomic_file(folder / name) as stream:
                for chunk in stored.read(name):
                    stream.write(chunk)
        add_to_manifest(folder, stored.files)
    return [folder / name for name in stored.files]


def deliver_by_mail(data: DataDir, mail: Mail | None, run: Run) -> Run:
    """Mails the files to everyone who does not have them yet. The run is written once everyone has them."""
    missing = tuple(address for address in run.to if address not in (FOLDER, *run.sent_to))
    if not missing:
        return replace(run, state=WRITTEN)
    if mail is None:
        raise Problem("nothing can be mailed without a [mail] section.")
    refused = send(mail, compose_mail(mail, run, stored_run(data, run), missing), missing)
    sent_to = [*run.sent_to, *(address for address in missing if address not in refused)]
    why = "; ".join(f"{address} was refused ({reason})" for address, reason in refused.items())
    return replace(run, sent_to=sent_to, state=f"{FAILED}{mail.host}:{mail.port}: {why}" if why else WRITTEN)


def compose_mail(mail: Mail, run: Run, stored: StoredRun, to: tuple[str, ...]) -> EmailMessage:
    """The mail of a run. Its text has the counts of the report; only the files have rows."""
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
    content = {name: b"".join(stored.read(name)) for name in stored.files}
    # A retry has the id of the first try, so that a server that accepted the first can recognize it.
    parts = (run.subscription, run.slot, main["firm"], main["sha256"], str(run.run if run.again else ""))
    name = sha256("\0".join(parts).encode()).hexdigest()[:32]
    subject = f"{run.subscription}, {stored.day}: {counts}"
    return compose(mail, to, subject, body, datetime.fromisoformat(f"{run.at}+00:00"), name, content)
