"""Adds exports from the dashboard: they are checked, loaded and taken out again by processes of their own.

Each function starts a `Job` and returns at once; a page shows how far it is. A process is the command, such
as `returntrail load FILE`, so that a page does the same as a person at a terminal. Its words go through
stdin: everybody on the machine can read those of a command line, and they name clients.
"""

import json
import logging
import os
import re
import subprocess
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import duckdb
import msgspec

from etl.check.command import check_file
from etl.check.findings import ContentCheck, FileCheck, Labels
from etl.common.duck import OFFLINE, disk_full_error
from etl.common.files import IS_WRITING, LEFTOVER_PREFIX
from etl.common.paths import CHECKOUT, SHIPPED, DataDir
from etl.common.problem import Problem, leave_out_words, listed
from etl.common.system import close_to_others
from etl.common.terminal import CONTROL_CHARACTERS
from etl.common.uploads import remove_left_uploads, upload_folder
from etl.config.settings import read_settings
from etl.read.tins import redact_name
from etl.store.contents import rows_of
from etl.store.parts import ID_LENGTH, Part, damage_is_a_problem, part_folders, read_ledger
from etl.store.texts import PLACE

MEGABYTE = 1024 * 1024
# The dashboard has an upload in memory. Larger files go through the inbox or the command.
MOST_MEGABYTES = 200
LONGEST_NAME = 200
COMMAND = "import json, sys; from etl.__main__ import main; sys.exit(main(json.load(sys.stdin)))"
CHECK = "from etl.adding import check_here; check_here()"
MISTAKE = "Something went wrong, and it is our mistake. The log of the server says what, for whoever runs it."
DISK_FULL = "The disk is full. Free some space and try again."
# How the command ends its sentence about an error of the system.
RUN_AGAIN = "run the same command again."
# What the command says of a step that takes more than a second.
STEP = re.compile(r"[A-Z]\w+ .*(?: \.\.\.|: [\d.]+ seconds\.)")
BUILDING = "Building the tables"
# One more than a page has links for.
MOST_RETURNS = 9
__all__ = ["ContentCheck", "Export", "FileCheck", "Job", "Labels", "Loaded", "listed", "remove_left_uploads"]


@dataclass(frozen=True)
class Export:
    """A file that somebody chose, or a text that somebody pasted, and the name for it."""

    name: str
    content: bytes = field(repr=False)

    @property
    def digest(self) -> str:
        """The start of its hash, which names it in the audit trail and in the ledger."""
        return sha256(self.content).hexdigest()[:ID_LENGTH]


@dataclass(frozen=True)
class Loaded:
    """A file of the store: its id and name, its records, and the first of its returns, each with its firm."""

    file_id: str
    name: str
    # Of the export that it came from.
    digest: str
    record_count: int
    returns: list[tuple[str, str]]
    # Whether this job has loaded it; it may have been there before.
    is_new: bool


@dataclass
class Job:
    """What is done for somebody: its steps, the lines of the command, and what came out."""

    steps: tuple[str, ...]
    # When it began; a load that is tried again has begun with the first try.
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    step: int = 0
    # What the running process says, and what the command said of the files.
    progress: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    is_done: bool = False
    # Why it ended before its last step, or by a signal.
    problem: str | None = None
    checked: list[FileCheck] = field(default_factory=list)
    # What is in the store of the exports, and whether the command says that all of them are.
    loaded: list[Loaded] = field(default_factory=list)
    is_complete: bool = False
    # The ids of the files that are to be taken out and are still in the store.
    left: list[str] = field(default_factory=list)

    def start(self, work: Callable[["Job"], None]) -> "Job":
        """Begins the work, or begins it again, in a thread of its own, which ends with its process."""
        self.is_done, self.step = False, 0
        threading.Thread(target=self.run, args=[work], daemon=True).start()
        return self

    def run(self, work: Callable[["Job"], None]) -> None:
        """Does the work; what goes wrong becomes `problem`."""
        self.problem = MISTAKE
        try:
            work(self)
            self.problem = None
        except Problem as problem:
            self.problem = str(problem)
        except OSError as error:
            why = f"The files cannot be written or read ({error.strerror}). Fix that and try again."
            self.problem = DISK_FULL if disk_full_error(error) else why
        finally:
            self.is_done = True


def most_megabytes(data: DataDir) -> int:
    """How large an upload may be: [limits] file_bytes, and no more than fits into memory."""
    return max(1, min(MOST_MEGABYTES, read_settings(data.settings).limits.file_bytes // MEGABYTE))


def check(data: DataDir, exports: Sequence[Export], values: Mapping[str, str]) -> Job:
    """Finds out how exports would be read, with values of columns that they do not have; stores nothing."""

    def work(job: Job) -> None:
        with written(data, exports) as files:
            found = files.folder / "found.json"
            asked = [str(data.root), str(found), dict(values), *map(str, files.paths)]
            code, lines = run_process(CHECK, asked, files, job.progress)
            if code:
                raise Problem("\n".join(lines))
            text = files.for_page(found.read_text(encoding="utf-8"))
            job.checked = msgspec.json.decode(text, type=list[FileCheck])

    return Job(("Reading",)).start(work)


def check_here() -> None:
    """Checks the files that stdin names, and writes what was found; the process of `check` runs it."""
    close_to_others()
    leave_out_words()
    root, found, values, *paths = json.load(sys.stdin)
    data = DataDir(Path(root))
    try:
        settings = read_settings(data.settings)
        checks = [check_file(data, settings, Path(path), values) for path in paths]
        Path(found).write_bytes(msgspec.json.encode(checks))
    except Problem as problem:
        sys.exit(str(problem))
    except (OSError, duckdb.Error) as error:
        if disk_full_error(error):
            sys.exit(DISK_FULL)
        raise


def load(data: DataDir, exports: Sequence[Export], values: Mapping[str, str], job: Job | None = None) -> Job:
    """Loads exports and builds the warehouse, as the commands `load` and `build` do; `job` is tried again.

    What came into the store is found there, however the process ended.
    """

    def work(job: Job) -> None:
        with written(data, exports) as files:
            given = [f"--set={column}={value}" for column, value in values.items()]
            code, lines = run_command(files, ["load", *given, *map(str, files.paths)], job, tries=2)
        job.lines, job.is_complete = lines if code >= 0 else [], code == 0
        job.loaded = loaded_since(data, exports, job.since)
        if job.loaded or job.is_complete:
            build(data, job)
        if code < 0:
            raise Problem(lines[-1])

    return (job or Job(("Loading", BUILDING))).start(work)


def remove(data: DataDir, file_ids: Sequence[str]) -> Job:
    """Takes loaded files out of the store again and builds the warehouse without them."""

    def work(job: Job) -> None:
        if file_ids:
            with written(data) as files:
                _, lines = run_command(files, ["load", "--remove", *file_ids], job, tries=2)
            stored = {folder.stem for folder in part_folders(data)}
            job.left = [file_id for file_id in file_ids if file_id in stored]
            if job.left:
                raise Problem("\n".join(lines))
        build(data, job)

    return Job(("Taking out", BUILDING), left=list(file_ids)).start(work)


def build(data: DataDir, job: Job) -> None:
    """The last step of a job. It waits long for others, because what they load is in the tables too then."""
    job.step += 1
    with written(data) as files:
        code, lines = run_command(files, ["build"], job, tries=20)
    if code:
        raise Problem(f"The tables could not be built: {lines[-1]}")


def run_command(files: "Files", words: Sequence[str], job: Job, tries: int) -> tuple[int, list[str]]:
    """Runs the command, and again as long as another process writes."""
    for _ in range(tries):
        job.progress.clear()
        code, lines = run_process(COMMAND, ["--data", str(files.data.root), *words], files, job.progress)
        if not (code and lines[-1].endswith(IS_WRITING)):
            break
    return code, lines


def run_process(program: str, asked: object, files: "Files", progress: list[str]) -> tuple[int, list[str]]:
    """Runs a program of Python: its exit code, and the lines that it said.

    The code is negative if a signal or a mistake has ended it, and the last line says so. The steps that it
    takes are added to `progress` at once.
    """
    said: list[str] = []
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=CHECKOUT,
        # Unfinished work of a check is in the private folder too, and not where the system has such files.
        env=os.environ | {"TMPDIR": str(files.folder)},
        pass_fds=[files.lock],
        start_new_session=True,
    )
    with process:
        assert process.stdin and process.stderr
        with suppress(BrokenPipeError), process.stdin:
            process.stdin.write(json.dumps(asked).encode())
        for line in process.stderr:
            text = line.decode(errors="replace").rstrip("\n")
            if not text.startswith("Data directory: "):
                (progress if STEP.fullmatch(text) else said).append(files.for_page(text))
    code = process.returncode
    if any(line.startswith("Traceback ") for line in said):
        logging.getLogger("returntrail").error("a process of the page Add exports: %s", "\n".join(said))
        code, said = -1, [MISTAKE]
    elif code < 0:
        said.append(f"The process was ended by signal {-code}; the machine may have too little memory.")
    return code, said


@dataclass(frozen=True)
class Files:
    """Exports as files, each in a private folder of its own; the folder of all of them, and its lock."""

    data: DataDir
    folder: Path
    lock: int
    paths: list[Path] = field(default_factory=list)

    def for_page(self, text: str) -> str:
        """What a process said, for somebody in a browser: without folders of this machine."""
        for folder in (*(path.parent for path in self.paths), self.data.root, SHIPPED):
            text = text.replace(f"{folder}/", "")
        if RUN_AGAIN in text and disk_full_error(Problem(text)):
            return DISK_FULL
        return text.replace(f"{self.data.root}:", "The data directory:").replace(RUN_AGAIN, "try again.")


@contextmanager
def written(data: DataDir, exports: Sequence[Export] = ()) -> Iterator[Files]:
    """Writes exports as files that are there until the end of the block."""
    with upload_folder(data) as (folder, lock):
        files = Files(data, folder, lock)
        for number, export in enumerate(exports, start=1):
            own = folder / f"{LEFTOVER_PREFIX}{number}"
            own.mkdir(mode=0o700)
            files.paths.append(own / harmless(export.name))
            descriptor = os.open(files.paths[-1], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "wb") as file:
                file.write(export.content)
        yield files


def harmless(name: str) -> str:
    """The name of an upload as the name of a file: no path, not hidden, visible, and not too long."""
    own = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    own = re.sub(CONTROL_CHARACTERS, "", own).encode(errors="ignore").decode().lstrip(". ").rstrip()
    stem, dot, ending = own.rpartition(".") if own[-10:].count(".") else (own, "", "")
    short = stem.encode()[:LONGEST_NAME].decode(errors="ignore")
    return short + dot + ending or "unnamed"


def loaded_since(data: DataDir, exports: Sequence[Export], since: datetime) -> list[Loaded]:
    """The files of the store that came from these exports, whether they were loaded since or before."""
    names: dict[str, set[str]] = {}
    for export in exports:
        names.setdefault(export.digest, set()).add(redact_name(harmless(export.name))[0])
    found = []
    with duckdb.connect(config=OFFLINE) as database:
        for folder in part_folders(data):
            # Another process may write in the store: what it removes at this moment is not of this job.
            with suppress(Problem):
                part = Part(folder, read_ledger(folder / "ledger.json"))
                own = names.get(part.ledger.get("packed_sha256", "")[:ID_LENGTH], ())
                if str(part.ledger["file_name"]).split(PLACE)[0] in own:
                    found.append(loaded(database, part, since))
    return found


def loaded(database: duckdb.DuckDBPyConnection, part: Part, since: datetime) -> Loaded:
    """A part, as a page needs it. A part that replaced another one is not new."""
    ledger = part.ledger
    has_replaced = part.folder.suffix or "replaces" in ledger
    with damage_is_a_problem(part):
        query = f"select distinct firm_id, return_id {rows_of(part)} order by all limit {MOST_RETURNS}"
        returns = database.execute(query).fetchall()
    return Loaded(
        file_id=part.file_id,
        name=str(ledger["file_name"]),
        digest=ledger["packed_sha256"][:ID_LENGTH],
        record_count=int(ledger["kept_count"]),
        returns=returns,
        is_new=not has_replaced and datetime.fromisoformat(ledger["loaded_at"]) >= since,
    )
