"""Takes the kept files of a run to where they belong: the reports' folder, and those who get them by mail."""

from dataclasses import replace
from datetime import datetime
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path

from etl.common.files import atomic_file
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.config.subscription import FOLDER, Mail
from etl.reports.files import note, prepare, saying
from etl.reports.history import FAILED, WRITTEN, Run
from etl.reports.mail import MOST_BYTES, compose, send
from etl.reports.stored_runs import entry_of, pieces


def placed(data: DataDir, run: Run) -> Run:
    """The run with where its files are, if they go to the folder."""
    if FOLDER not in run.to:
        return run
    entry = entry_of(data, run.files_of)
    file, *_ = place(data, run.files_of, entry, data.reports / entry["day"])
    return replace(run, file=f"{entry['day']}/{file.name}")


def mailed(data: DataDir, mail: Mail | None, run: Run) -> Run:
    """The run with who has its files. It is written once nobody is missing."""
    missing = tuple(one for one in run.to if one not in (FOLDER, *run.sent_to))
    if not missing:
        return replace(run, state=WRITTEN)
    if mail is None:
        raise Problem("there is no [mail] section that says how to send.")
    refused = send(mail, letter(data, mail, run, missing), missing)
    run = replace(run, sent_to=[*run.sent_to, *(one for one in missing if one not in refused)])
    if refused:
        why = "; ".join(f"{address} was refused ({words})" for address, words in refused.items())
        return replace(run, state=f"{FAILED}{mail.host}:{mail.port}: {why}")
    return replace(run, state=WRITTEN)


def place(data: DataDir, number: int, entry: dict, folder: Path) -> list[Path]:
    """The files of a run in a folder, each whole or not there, and then what the folder says of them."""
    with saying(folder):
        prepare(folder, data.reports)
        for name, said in entry["files"].items():
            with atomic_file(folder / name) as stream:
                for piece in pieces(data, number, name, said["sha256"]):
                    stream.write(piece)
        note(folder, entry["files"])
    return [folder / name for name in entry["files"]]


def letter(data: DataDir, mail: Mail, run: Run, to: tuple[str, ...]) -> EmailMessage:
    """The mail of a run. It names the report and counts, and only its files hold rows."""
    entry = entry_of(data, run.files_of)
    files = entry["files"]
    main = next(iter(files.values()))
    size = sum(said["bytes"] for said in files.values())
    if size > MOST_BYTES:
        raise Problem(
            f"the files have {size:,} bytes, and mail takes at most {MOST_BYTES:,}. Use the folder."
        )
    counts = f"{main['rows']:,} rows"
    if run.new_count is not None:
        counts += f", {run.new_count:,} new, {run.cleared_count:,} cleared"
    body = (
        f"{main['meaning']}\n\n{counts}, as of {main['as_of']}. Times in the files are of {main['zone']}.\n\n"
        f"They hold taxpayer data: keep them inside the firm. From returntrail for {main['firm']}, run {run.run}.\n"
    )
    content = {
        name: b"".join(pieces(data, run.files_of, name, said["sha256"])) for name, said in files.items()
    }
    # A retry has the id of the first try, by which a server that took that all the same can know it.
    told = (run.subscription, run.slot, main["firm"], main["sha256"], str(run.run if run.again else ""))
    name = sha256("\0".join(told).encode()).hexdigest()[:32]
    subject = f"{run.subscription}, {entry['day']}: {counts}"
    return compose(mail, to, subject, body, datetime.fromisoformat(f"{run.at}+00:00"), name, content)
