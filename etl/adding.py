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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import duckdb
import msgspec

from etl.check.command import check_file
from etl.check.content import ContentCheck, FileCheck, Labels
from etl.common.duck import OFFLINE
from etl.common.files import IS_WRITING, LEFTOVER_PREFIX
from etl.common.paths import CHECKOUT, DataDir
from etl.common.problem import Problem
from etl.common.system import close_to_others
from etl.common.terminal import CONTROL_CHARACTERS, say
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
# What the command says of a step that takes more than a second.
STEP = re.compile(r"[A-Z]\w+ .*(?: \.\.\.|: [\d.]+ seconds\.)")
BUILDING = "Building the tables"
MOST_RETURNS = 8
__all__ = ["ContentCheck", "Export", "FileCheck", "Job", "Labels", "Loaded", "remove_left_uploads"]


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
    record_count: int
    return_count: int
    returns: list[tuple[str, str]]
    # Whether this job has loaded it; it may have been there before.
    is_new: bool


@dataclass
class Job:
    """What is done for somebody: its steps, the lines of the command, and what came out."""

    steps: tuple[str, ...]
    step: int = 0
    lines: list[str] = field(default_factory=list)
    is_done: bool = False
    # Why it ended before its last step.
    problem: str | None = None
    checked: list[FileCheck] = field(default_factory=list)
    loaded: list[Loaded] = field(default_factory=list)

    @property
    def is_building(self) -> bool:
        """Whether only its last step is left, or was when it ended."""
        return self.steps[self.step] == BUILDING

    def start(self, work: Callable[["Job"], None]) -> "Job":
        """Begins the work in a thread of its own, which ends with its process."""
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
            self.problem = f"The files cannot be written or read ({error.strerror}). Fix that and try again."
        finally:
            self.is_done = True


def most_megabytes(data: DataDir) -> int:
    """How large an upload may be: [limits] file_bytes, and no more than fits into memory."""
    return max(1, min(MOST_MEGABYTES, read_settings(data.settings).limits.file_bytes // MEGABYTE))


def check(data: DataDir, exports: Sequence[Export], values: Mapping[str, str]) -> Job:
    """Finds out how exports would be read, with values of columns that they do not have; stores nothing."""

    def work(job: Job) -> None:
        with written(data, exports) as files:
            asked = {"data": str(data.root), "paths": list(map(str, files.paths)), "values": dict(values)}
            ended = run_process(CHECK, asked, files)
            if ended.code:
                raise Problem(ended.lines[-1])
            job.checked = msgspec.json.decode(files.without_folders(ended.output), type=list[FileCheck])

    return Job(("Reading",)).start(work)


def check_here() -> None:
    """Checks the files that stdin names, and prints what was found; the process of `check` runs it."""
    close_to_others()
    asked = json.load(sys.stdin)
    data = DataDir(Path(asked["data"]))
    try:
        settings = read_settings(data.settings)
        found = [check_file(data, settings, Path(path), asked["values"]) for path in asked["paths"]]
    except Problem as problem:
        say(" ".join(str(problem).split()))
        sys.exit(1)
    sys.stdout.buffer.write(msgspec.json.encode(found))


def load(data: DataDir, exports: Sequence[Export], values: Mapping[str, str]) -> Job:
    """Loads exports and builds the warehouse, as the commands `load` and `build` do."""

    def work(job: Job) -> None:
        started = datetime.now(UTC)
        with written(data, exports) as files:
            given = [f"--set={column}={value}" for column, value in values.items()]
            ended = run_command(data, ["load", *given, *map(str, files.paths)], job, files, tries=2)
        job.loaded = loaded_since(data, exports, started)
        is_new = any(one.is_new for one in job.loaded)
        if ended.code and not is_new:
            raise Problem("\n".join(job.lines))
        if is_new or not data.warehouse.exists():
            build(data, job)

    return Job(("Loading", BUILDING)).start(work)


def remove(data: DataDir, file_ids: Iterable[str]) -> Job:
    """Takes loaded files out of the store again and builds the warehouse without them."""

    def work(job: Job) -> None:
        if run_command(data, ["load", "--remove", *file_ids], job, tries=2).code:
            raise Problem("\n".join(job.lines))
        build(data, job)

    return Job(("Taking out", BUILDING)).start(work)


def build_again(data: DataDir) -> Job:
    """Builds the warehouse, if it could not be built after a load."""
    return Job((BUILDING,), step=-1).start(lambda job: build(data, job))


def build(data: DataDir, job: Job) -> None:
    """The last step of a job. It waits long for others, because what they load is in the tables too then."""
    job.step += 1
    lines = job.lines
    job.lines = []
    ended = run_command(data, ["build"], job, tries=20)
    job.lines, said = lines, job.lines
    if ended.code:
        raise Problem(f"The tables could not be built: {said[-1]}")


@dataclass(frozen=True)
class Ended:
    """A process that has ended: its exit code, its output, and the lines that it said."""

    code: int
    output: bytes
    lines: list[str]


def run_command(
    data: DataDir, words: Sequence[str], job: Job, files: "Written | None" = None, tries: int = 1
) -> Ended:
    """Runs the command, and again as long as another process writes; its lines are those of the job."""

    def shown(line: str) -> str:
        return files.without_folders(line.encode()).decode() if files else line

    def listen(line: str) -> None:
        if not line.startswith("Data directory: "):
            job.lines.append(shown(line))

    for _ in range(tries):
        job.lines.clear()
        ended = run_process(COMMAND, ["--data", str(data.root), *words], files, listen)
        if not (ended.code and ended.lines[-1].endswith(IS_WRITING)):
            break
    job.lines = [line for line in job.lines if not STEP.fullmatch(line)]
    return ended


def run_process(
    program: str, asked: object, files: "Written | None", listen: Callable[[str], None] = lambda line: None
) -> Ended:
    """Runs a program of Python and listens to it. Raises a Problem if it ends by a mistake or a signal."""
    lines: list[str] = []
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=CHECKOUT,
        # Unfinished work of a check is in the private folder too, and not where the system has such files.
        env=os.environ | ({"TMPDIR": str(files.folder)} if files else {}),
        pass_fds=[files.lock] if files else [],
        start_new_session=True,
    )
    with process:
        assert process.stdin and process.stdout and process.stderr
        output, read = list[bytes](), process.stdout.read
        reader = threading.Thread(target=lambda: output.append(read()), daemon=True)
        reader.start()
        with suppress(BrokenPipeError), process.stdin:
            process.stdin.write(json.dumps(asked).encode())
        for said in process.stderr:
            lines.append(said.decode(errors="replace").rstrip("\n"))
            listen(lines[-1])
        reader.join()
    if process.returncode < 0:
        advice = "The machine may have too little memory. Nothing that is not listed was stored"
        raise Problem(f"The process was ended by signal {-process.returncode}. {advice}; try again.")
    if any(line.startswith("Traceback ") for line in lines):
        logging.getLogger("returntrail").error("a process of the page Add exports: %s", "\n".join(lines))
        raise Problem(MISTAKE)
    return Ended(process.returncode, output[0], lines)


@dataclass(frozen=True)
class Written:
    """Exports as files: their folder, its lock, and the files, each in a private folder of its own."""

    folder: Path
    lock: int
    paths: list[Path] = field(default_factory=list)

    def without_folders(self, text: bytes) -> bytes:
        """What a process said, without the folders of the files, which mean nothing to people."""
        for path in self.paths:
            text = text.replace(os.fsencode(f"{path.parent}/"), b"")
        return text


@contextmanager
def written(data: DataDir, exports: Sequence[Export]) -> Iterator[Written]:
    """Writes exports as files that are there until the end of the block."""
    with upload_folder(data) as (folder, lock):
        files = Written(folder, lock)
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


def loaded_since(data: DataDir, exports: Sequence[Export], started: datetime) -> list[Loaded]:
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
                    found.append(loaded(database, part, started))
    return found


def loaded(database: duckdb.DuckDBPyConnection, part: Part, started: datetime) -> Loaded:
    """A part, as a page needs it. A part that replaced another one is not new."""
    ledger = part.ledger
    has_replaced = part.folder.suffix or "replaces" in ledger
    with damage_is_a_problem(part):
        query = f"select distinct firm_id, return_id {rows_of(part)} order by all"
        returns = database.execute(query).fetchall()
    return Loaded(
        file_id=part.file_id,
        name=str(ledger["file_name"]),
        record_count=int(ledger["kept_count"]),
        return_count=len(returns),
        returns=returns[:MOST_RETURNS],
        is_new=not has_replaced and datetime.fromisoformat(ledger["loaded_at"]) >= started,
    )
