"""A build that makes anew only what new files touch has the rows of a full build."""

import csv
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from etl.common.paths import CHECKOUT, QUERIES, DataDir
from etl.common.problem import Problem
from etl.sql.catalog import read_catalog
from etl.sql.file import SqlFile
from etl.warehouse.build import BuildResult, build, make_warehouse
from etl.warehouse.models import on_duckdb
from faults.checks import warehouse_rows
from support.loaded_files import Firm
from support.story import FIRM_ZONE, SETTINGS, circumstances, read_story, write_csv, write_exports
from support.warehouses import BB, VISITS, queries_of, small_queries, write_part

CATALOG = read_catalog()
# A full build may number files and labels in another order.
NUMBERS = ("file_no", "label_no")
HEAD = "return_id,tab,label,status,event_time,client_name\n"
OTHERS = "".join(f"other {one},Internal,Deliver to Client,,2026-03-01T09:00:00Z,\n" for one in range(9))
SETTINGS_HERE = SETTINGS.format(firm_zone=FIRM_ZONE, source_zone="UTC").replace(
    'kind = "events"\n', 'kind = "events"\nfirm_id = "oak"\n'
)


def all_rows(data: DataDir) -> Counter:
    return warehouse_rows(data.warehouse, NUMBERS, "raw|ref|model|mart|main")


class BuiltFirm(Firm):
    """A firm that is built with some queries."""

    def __init__(self, folder: Path, queries: Path = QUERIES, settings: str = SETTINGS_HERE) -> None:
        super().__init__(folder, settings)
        self.queries = queries

    def build(self, as_of: str | None = None, full: bool = False) -> BuildResult:
        moment = datetime.fromisoformat(as_of).replace(tzinfo=UTC) if as_of else None
        return build(self.data, moment, self.queries, full=full)

    def build_again(self, as_of: str) -> int | None:
        """Builds once more; a full build must have the same rows. Returns the number of returns made anew."""
        built = self.build(as_of)
        assert built.why_full is None
        appended = all_rows(self.data)
        self.build(as_of, full=True)
        assert appended == all_rows(self.data)
        return built.remade


def ask(firm: Firm, query: str) -> list[tuple]:
    with duckdb.connect(str(firm.data.warehouse), read_only=True) as database:
        return database.execute(query).fetchall()


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The queries of all tables, without the reports, which read tables and change none."""
    names = [file.full_name for file in CATALOG.of("model", "mart")]
    return queries_of(tmp_path_factory.mktemp("tables"), *names)


@pytest.fixture
def firm(tmp_path: Path, tables: Path) -> BuiltFirm:
    return BuiltFirm(tmp_path, tables)


def test_the_last_line_of_each_fifth_story_comes_later(tmp_path: Path) -> None:
    """Once all other lines are built, and as of a month earlier."""
    stories = [read_story(path) for path in sorted((CHECKOUT / "tests" / "stories").glob("*.txt"))]
    shared = circumstances(read_story(CHECKOUT / "tests" / "stories" / "a_day_is_the_firms_day.txt"), CATALOG)
    files = write_exports([one for one in stories if circumstances(one, CATALOG) == shared], tmp_path)
    [log] = [file for file in files if file.name == "log.csv"]
    with open(log, encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    last = {(row["firm_id"], row["return_id"]): number for number, row in enumerate(rows)}
    later = set(list(last.values())[::5])
    firm = BuiltFirm(tmp_path, settings=SETTINGS.format(firm_zone=FIRM_ZONE, source_zone="UTC"))
    write_csv(log, list(rows[0]), [row for number, row in enumerate(rows) if number not in later])
    firm.load(*files)
    firm.build("2026-05-01")
    write_csv(log, list(rows[0]), [rows[number] for number in sorted(later)])
    firm.load(log)
    remade = firm.build_again("2026-05-01")
    assert remade is not None and remade >= len(later)


def test_time_alone_makes_an_email_unconfirmed(firm: BuiltFirm) -> None:
    email = "r1,Client,Taxpayer: Initial Email,Processed,2026-03-02T10:00:00Z,\n"
    firm.load_text(f"{HEAD}{OTHERS}r1,Internal,Deliver to Client,,2026-03-02T09:59:00Z,\n{email}")
    firm.build("2026-03-02 12:00")
    firm.load_text(f"{HEAD}other 1,Client,Taxpayer: Tax Return Accessed,,2026-03-04T10:00:00Z,\n", "2.csv")
    assert firm.build_again("2026-03-05") == 2
    assert ask(firm, "select return_id, state from mart.messages") == [("r1", "unconfirmed")]


def test_an_event_that_was_later_counts_once_it_is_not(firm: BuiltFirm) -> None:
    firm.load_text(f"{HEAD}{OTHERS}r1,Client,Taxpayer: Tax Return Accessed,,2026-03-06T10:00:00Z,Lee\n")
    firm.build("2026-03-05")
    assert ask(firm, "select count(*) from mart.returns where return_id = 'r1'") == [(0,)]
    firm.load_text(f"{HEAD}r2,Internal,Deliver to Client,,2026-03-06T11:00:00Z,Lee\n", "2.csv")
    # Every return of the first file, since it is newer now, and its client names count more.
    assert firm.build_again("2026-03-07") is None
    assert ask(firm, "select count(*) from mart.returns where return_id = 'r1'") == [(1,)]


def test_a_returns_list_touches_the_returns_that_it_names(firm: BuiltFirm) -> None:
    firm.load_text(f"{HEAD}{OTHERS}r1,Internal,Deliver to Client,,2026-03-02T09:00:00Z,Lee\n")
    firm.build("2026-03-05")
    firm.load_text("firm_id,return_id,client_name\noak,r1,Lee & Co\noak,nobody,Kim\n", "register.csv")
    assert firm.build_again("2026-03-05") == 1
    assert ask(firm, "select client_name from mart.returns where return_id = 'r1'") == [("Lee & Co",)]


def test_a_new_label_touches_only_its_returns(firm: BuiltFirm) -> None:
    firm.load_text(f"{HEAD}{OTHERS}")
    firm.build("2026-03-05")
    # Its number among the labels comes before that of the label that was there.
    firm.load_text(f"{HEAD}r1,Client,Another Thing,,2026-03-02T09:00:00Z,\n", "2.csv")
    assert firm.build_again("2026-03-05") == 1


def test_a_copy_of_an_earlier_record_is_a_copy(firm: BuiltFirm) -> None:
    line = "r1,Client,Taxpayer: Tax Return Accessed,,2026-03-02T10:00:00Z,\n"
    firm.load_text(f"{HEAD}{OTHERS}{line}")
    firm.build("2026-03-05")
    firm.load_text(f"{HEAD}{line}{line.replace('10:00', '11:00')}", "2.csv")
    assert firm.build_again("2026-03-05") == 1
    assert ask(firm, "select event_count from mart.returns where return_id = 'r1'") == [(2,)]
    assert ask(firm, "select count(*) from raw.occurrences") == [(2,)]


def test_nothing_new_makes_nothing_anew(firm: BuiltFirm) -> None:
    firm.load_text(f"{HEAD}{OTHERS}")
    firm.build("2026-03-05")
    assert firm.build_again("2026-03-05") == 0


def test_new_rows_are_checked(tmp_path: Path) -> None:
    queries = small_queries(
        tmp_path / "queries",
        mart__visits=VISITS.replace("-- check: visit_count >= 1", "-- by: return\n-- check: visit_count < 3"),
    )
    firm = BuiltFirm(tmp_path, queries)
    firm.load_text(f"{HEAD}{OTHERS}")
    firm.build()
    text = "".join(f"other 1,Client,Opened,,2026-03-02T09:0{one}:00Z,\n" for one in range(3))
    firm.load_text(f"{HEAD}{text}", "2.csv")
    with pytest.raises(Problem, match='rule "visit_count < 3" fails on 1 row, for example oak, other 1'):
        firm.build()


def test_new_records_are_checked(firm: BuiltFirm) -> None:
    firm.load_text(f"{HEAD}{OTHERS}")
    firm.build()
    repeated = [{"return_id": "r1", "event_at": f"2026-03-01 10:0{one}:00", "row_no": 1} for one in range(2)]
    write_part(firm.data, BB, repeated)
    # Not `build`, which would try a full build next and find the fault there.
    with pytest.raises(Problem, match=r'raw/records.sql.*key "file_no, row_no" is null or repeated once'):
        make_warehouse(firm.data, None, read_catalog(firm.queries), firm.queries, on_duckdb, None)


def test_two_stages_of_a_firm_may_have_one_number(firm: BuiltFirm) -> None:
    own = firm.data.root / "reference" / "stages.csv"
    own.parent.mkdir()
    own.write_text(
        "stage_no,stage,handling_state,next_step,title,meaning\n1,review,in review,review,Review,x\n"
    )
    firm.load_text(
        f"{HEAD}r1,Internal,Upload,,2026-03-02T09:00:00Z,\n"
        "r1,Internal,Sent for Review,,2026-03-02T10:00:00Z,\n"
        "r1,Internal,Deliver to Client,,2026-03-02T11:00:00Z,\n"
    )
    firm.build()
    stays = ask(firm, "select stay_no, stage, seconds, is_first from mart.stays order by stay_no")
    assert stays == [(1, "preparing", 3600, True), (2, "review", 3600, True)]


@pytest.mark.parametrize(
    "file",
    [file for file in CATALOG.files.values() if file.by_return or file.ages],
    ids=lambda file: file.name,
)
def test_what_is_made_by_return_reads_nothing_that_mixes_returns(file: SqlFile) -> None:
    """It reads tables that are made by return too, and those whose rows no other return changes."""
    assert file.return_columns
    whole = {"model.labels", "model.calendar_due_dates", "model.newest_events", "model.repeated_records"}
    # With signatures of web hooks, which any return can change, all rows are made anew.
    whole |= {"model.joined_signatures"}
    for name in file.reads:
        source = CATALOG.files[name]
        assert source.by_return or source.schema in ("raw", "ref") or name in whole


def test_lines_that_repeat_are_copies_also_one_day_later(tmp_path: Path, tables: Path) -> None:
    firm = BuiltFirm(tmp_path, tables, SETTINGS_HERE + 'repeats = "copies"\n')
    line = "r1,Client,Taxpayer: Tax Return Accessed,,2026-03-02T10:00:00Z,\n"
    firm.load_text(f"{HEAD}{OTHERS}{line}{line}")
    firm.build("2026-03-05")
    firm.load_text(f"{HEAD}{line}{line}{line.replace('10:00', '11:00')}", "2.csv")
    assert firm.build_again("2026-03-05") == 1
    assert ask(firm, "select event_count from mart.returns where return_id = 'r1'") == [(2,)]
    counts = "select sum(distinct_count), sum(repeated_count) from raw.files"
    assert ask(firm, counts) == [(11, 3)]
