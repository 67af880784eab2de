"""What is added by browser is read as a file of that name, and a job says what is true however it ends."""

import gzip
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import duckdb
import pytest

from dashboard.draw.found import columns_to_type, record_in_words
from dashboard.guard.adding import Adding
from etl import adding
from etl.adding import Export, Job
from etl.common.paths import SHIPPED, DataDir
from etl.store.parts import parts

ROWS = b"Event,Date/Time,User\nAccess Link selected,3/26/2026 7:20 PM,Ann Lee\n"
SOURCE = """
[[source]]
name = "by name"
files = ["*tracking.csv"]
firm_id = "firm"
time_formats = ["%m/%d/%Y %I:%M %p"]
columns.label = ["Event"]
columns.event_time = ["Date/Time"]
names.file = "{return_id} {client_name} {tab} tracking"
names.folder = "{office}"

"""


def done(job: Job) -> Job:
    """The job, once it has ended."""
    while not job.is_done:
        Event().wait(0.05)
    return job


def test_a_name_has_values_and_the_folder_of_an_upload_has_none(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    head, first, rest = (SHIPPED / "settings.toml").read_text(encoding="utf-8").partition("\n[[source]]")
    (data.root / "settings.toml").write_text(head + SOURCE + first + rest, encoding="utf-8")
    export = Export("2025-0001 Lee client tracking.csv", ROWS)
    checked = done(adding.check(data, [export], {}))
    assert checked.problem is None
    (found,) = checked.checked
    assert dict(found.contents[0].from_names) == {
        "return_id": "2025-0001",
        "client_name": "Lee",
        "tab": "client",
    }
    job = done(adding.load(data, [export], {}))
    assert (job.problem, job.lines) == (None, [f"{export.name}: loaded, 1 of 1 records."])
    assert [one.returns for one in job.loaded] == [[("firm", "2025-0001")]]
    (part,) = parts(data)
    rows = duckdb.sql(f"select return_id, client_name, office from '{part.attributes}'").fetchall()
    assert rows == [("2025-0001", "Lee", None)]
    assert list(data.adding.iterdir()) == []


def test_a_number_in_the_name_of_a_file_is_not_stored(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    values = {"return_id": "2025-0001", "tab": "Client"}
    job = done(adding.load(data, [Export("Lee 123-45-6789.csv", ROWS)], values))
    assert [one.name for one in job.loaded] == ["Lee [TIN].csv"]
    assert job.lines == ["Lee [TIN].csv: loaded, 1 of 1 records, 1 possible SSNs or ITINs replaced."]


def test_a_quarantined_record_has_the_words_of_people_for_our_columns(tmp_path: Path) -> None:
    rows = ROWS.replace(b"3/26/2026 7:20 PM", b"soon")
    values = {"return_id": "2025-0001", "tab": "Client"}
    [found] = done(adding.check(DataDir(tmp_path), [Export("rows.csv", rows)], values)).checked
    [quarantined] = found.contents[0].quarantined
    assert record_in_words(quarantined.example) == (
        "Event: Access Link selected, Date/Time: soon, User: Ann Lee, Return: 2025-0001, Tab: Client"
    )


NO_ID = Export("no id.csv", b"Tab,Event,Date/Time\nClient,Upload,2026-03-01 09:00\n")
HEADINGS = "Return ID,Tab,Event,Status,Date/Time,User\n"
MARCH, APRIL = (
    Export(f"{name}.csv", f"{HEADINGS}{name},Internal,Upload,,2026-03-01 09:00,Amy\n".encode())
    for name in ("march", "april")
)
# It is small until it is unpacked.
LINES = (f"{number},Internal,Upload,,2026-03-01 09:00,Amy\n" for number in range(60_000))
LARGE = Export("may.csv.gz", gzip.compress((HEADINGS + "".join(LINES)).encode()))
DISK_FULL = "The disk is full. Free some space and try again."
KILLED = "The process was ended by signal 9; the machine may have too little memory."
# Each file in the store is renamed into it, and out of it when it is removed. This command dies before the
# n-th time.
DYING = """
import json, os, re, signal, sys
from etl.__main__ import main
def dies(real):
    def rename(source, target, *more, **others):
        global count
        count -= bool(re.fullmatch({pattern!r}, os.path.basename(target)))
        if not count:
            os.kill(os.getpid(), signal.SIGKILL)
        real(source, target, *more, **others)
    return rename
words, count = json.load(sys.stdin), {count}
if {verb!r} in words:
    os.rename, os.replace = dies(os.rename), dies(os.replace)
sys.exit(main(words))
"""


@pytest.fixture
def data(tmp_path: Path) -> Iterator[DataDir]:
    """A fresh data directory; at the end, no upload is left in it."""
    data = DataDir(tmp_path / "data")
    data.root.mkdir(mode=0o700)
    yield data
    assert list(data.adding.glob("*")) == []


@contextmanager
def dying(verb: str, pattern: str, count: int) -> Iterator[None]:
    """The command with this word is killed before its n-th rename to such a name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adding, "COMMAND", DYING.format(verb=verb, pattern=pattern, count=count))
        yield


@contextmanager
def files_at_most(size: int) -> Iterator[None]:
    """No process that starts now can write a larger file, as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def checked(data: DataDir, *exports: Export) -> Adding:
    """What a session has after the check of exports without a fault."""
    check = done(adding.check(data, exports, {}))
    found = Adding(list(exports), {}, check)
    assert (check.problem, found.loadable) == (None, list(exports))
    return found


def load(data: DataDir, chosen: Adding) -> Job:
    """Loads what was checked, or tries again."""
    chosen.load = done(adding.load(data, chosen.loadable, {}, chosen.load))
    return chosen.load


def in_store(data: DataDir) -> list[str]:
    return sorted(part.ledger["file_name"] for part in parts(data))


def in_tables(data: DataDir) -> list[str]:
    with duckdb.connect(data.warehouse, read_only=True) as warehouse:
        rows = warehouse.execute("select file_name from raw.files order by all").fetchall()
    return [name for (name,) in rows]


def test_a_load_that_is_killed_after_its_first_file(data: DataDir) -> None:
    chosen = checked(data, MARCH, APRIL)
    with dying("load", "[0-9a-f]{16}", 2):
        job = load(data, chosen)
    assert job.problem == KILLED
    assert (in_store(data), in_tables(data)) == (["march.csv"], ["march.csv"])
    assert ([one.name for one in chosen.new], chosen.missing) == (["march.csv"], ["april.csv"])
    job = load(data, chosen)
    # What the first try has loaded is new too.
    assert (job.problem, sorted(one.name for one in chosen.new)) == (None, ["april.csv", "march.csv"])
    assert chosen.missing == [] and in_tables(data) == ["april.csv", "march.csv"]


def test_a_disk_that_is_full_after_the_first_file(data: DataDir) -> None:
    chosen = checked(data, MARCH, LARGE)
    with files_at_most(1_000_000):
        job = load(data, chosen)
        assert job.lines == [DISK_FULL]
    assert (in_store(data), chosen.missing) == (["march.csv"], ["may.csv.gz"])
    assert load(data, chosen).problem is None
    assert (in_tables(data), chosen.missing) == (["march.csv", "may.csv.gz"], [])
    assert sorted(one.name for one in chosen.new) == ["march.csv", "may.csv.gz"]


def test_a_disk_that_is_full_before_anything_is_there(data: DataDir) -> None:
    with files_at_most(100):
        for job in (adding.check(data, [LARGE], {}), adding.load(data, [LARGE], {})):
            assert done(job).problem == DISK_FULL
    with files_at_most(1_000_000):
        # Written, but not unpacked.
        assert done(adding.check(data, [LARGE], {})).problem == DISK_FULL
    assert parts(data) == []


def test_a_second_try_that_cannot_begin_forgets_nothing(data: DataDir) -> None:
    chosen = checked(data, MARCH, APRIL)
    with dying("load", "[0-9a-f]{16}", 2):
        load(data, chosen)
    with files_at_most(10):
        assert load(data, chosen).problem == DISK_FULL
    assert ([one.name for one in chosen.new], chosen.missing) == (["march.csv"], ["april.csv"])


def test_a_build_that_is_killed_leaves_what_was_said_of_the_load(data: DataDir) -> None:
    chosen = checked(data, MARCH)
    with dying("build", "warehouse.duckdb", 1):
        job = load(data, chosen)
    assert job.problem == f"The tables could not be built: {KILLED}"
    assert (job.lines, chosen.missing) == (["march.csv: loaded, 1 of 1 records."], [])
    assert not data.warehouse.exists()
    done(job.start(lambda job: adding.build(data, job)))
    assert (job.problem, job.lines) == (None, ["march.csv: loaded, 1 of 1 records."])
    assert in_tables(data) == ["march.csv"]


def test_an_undo_that_is_killed_takes_out_whole_files(data: DataDir) -> None:
    chosen = checked(data, MARCH, APRIL)
    file_ids = [one.file_id for one in load(data, chosen).loaded]
    with dying("--remove", r"\.returntrail-[0-9a-f]{16}", 2):
        job = done(adding.remove(data, file_ids))
    assert (job.problem, job.left) == (KILLED, file_ids[1:])
    assert [part.file_id for part in parts(data)] == job.left
    job = done(adding.remove(data, job.left))
    assert (job.problem, job.left, in_store(data), in_tables(data)) == (None, [], [], [])


def test_what_was_loaded_by_somebody_else_is_in_the_tables_after_it_was_added(data: DataDir) -> None:
    done(adding.load(data, [MARCH], {}))
    data.warehouse.unlink()
    chosen = checked(data, MARCH, Export("again.csv", MARCH.content))
    job = load(data, chosen)
    nothing = "the same content was loaded as march.csv; nothing to do."
    assert job.lines == [f"march.csv: {nothing}", f"again.csv: {nothing}"]
    assert (job.problem, chosen.new, chosen.missing) == (None, [], [])
    assert in_tables(data) == ["march.csv"]


def test_settings_that_have_changed_read_a_file_again(data: DataDir) -> None:
    load(data, checked(data, MARCH))
    shipped = (SHIPPED / "settings.toml").read_text(encoding="utf-8")
    (data.root / "settings.toml").write_text(shipped.replace("New_York", "Chicago"), encoding="utf-8")
    chosen = checked(data, MARCH)
    assert load(data, chosen).lines == ["march.csv: read again, 1 of 1 records."]
    assert (chosen.new, chosen.missing) == ([], [])
    with duckdb.connect(data.warehouse, read_only=True) as warehouse:
        (event,) = warehouse.execute("select event_at::varchar from raw.events").fetchall()
    assert event == ("2026-03-01 15:00:00",)


def test_a_column_that_the_file_has_under_another_heading_is_not_to_be_typed(data: DataDir) -> None:
    rows = b"Event,Date/Time,Part\nUpload,2026-03-01 09:00,Internal\nSign,2026-03-02 09:00,Client\n"
    check = done(adding.check(data, [NO_ID, Export("parts.csv", rows)], {}))
    no_id, tabs = (found.contents[0] for found in check.checked)
    assert columns_to_type(no_id) == ["return_id"]
    assert tabs.missing_columns == ["return_id", "tab"]
    assert columns_to_type(tabs) == []


def test_no_job_says_where_the_data_directory_is(data: DataDir) -> None:
    job = done(adding.check(data, [NO_ID], {}))
    assert str(data.root) not in str(job.checked) and str(SHIPPED) not in str(job.checked)
    (data.root / "settings.toml").write_text("[", encoding="utf-8")
    for job in (adding.check(data, [MARCH], {}), adding.load(data, [MARCH], {})):
        said = " ".join([done(job).problem or "", *job.lines])
        assert said.strip().startswith("settings.toml")
