"""What there is, shown whole: the overview, a table, a report, a file; and the marts as Parquet."""

from pathlib import Path

import duckdb
import pytest

from etl.common.paths import DataDir, version
from etl.common.problem import Problem
from etl.warehouse.build import build
from etl.warehouse.explore import export, show
from support.warehouses import AA, CC, refuse_file, small_queries, two_files


@pytest.fixture(scope="module")
def queries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_queries(tmp_path_factory.mktemp("show") / "queries")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, queries: Path) -> DataDir:
    data = two_files(tmp_path_factory.mktemp("show") / "data")
    refuse_file(data, CC, "It is HTML.")
    build(data, queries=queries)
    return data


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]


def test_the_overview(data: DataDir, queries: Path) -> None:
    shown = lines(show(data, queries=queries))
    assert shown[0] == f"The firm, built by returntrail {version()}; times are of America/New_York"
    assert shown[3].startswith(" 2026-03-03 05:00:00  ")
    assert "mart.visits              2 rows    One row per return that was seen" in shown
    assert "report.seen  day  The returns that were seen" in shown
    assert shown[-1] == "More: returntrail show NAME, of a table, a report or a loaded file."


def test_a_table_whole(data: DataDir, queries: Path) -> None:
    assert lines(show(data, "mart.visits", queries)) == lines("""\
mart.visits: One row per return that was seen.

key      firm_id, return_id
check    visit_count >= 1
reads    model.events
read by  report.seen

firm_id      VARCHAR    The account of the platform: a column of the export, or its source's setting.
return_id    VARCHAR    The return, as the platform names it; a keyed hash where the export uses an SSN or ITIN.
last_at      TIMESTAMP  The last event (UTC).
visit_count  BIGINT     Events of the return.

from mart.visits limit 5;

 firm_id  return_id  last_at              visit_count
 oak      r1         2026-03-01 05:00:00  1
 oak      r2         2026-03-03 05:00:00  2
""")  # noqa: E501


def test_a_report_by_its_short_name(data: DataDir, queries: Path) -> None:
    shown = show(data, "seen", queries)
    assert lines(shown)[:11] == lines("""\
report.seen: The returns that were seen.

key    firm_id, return_id
every  day
reads  mart.visits

for_returns  = null  Only these returns; all if not given.
since        = null  Only those seen on this day (UTC) or later.
least_days   = 0     Only those seen at least so many times.

firm_id      VARCHAR    The account of the platform: a column of the export, or its source's setting.
""")
    assert "\nfrom report.seen(for_returns := null, since := null, least_days := 0) limit 5;\n" in shown


@pytest.mark.parametrize("name", [AA, f"{AA}.csv"])
def test_a_file_by_id_or_name(data: DataDir, queries: Path, name: str) -> None:
    assert lines(show(data, name, queries)) == lines(f"""\
file_id            {AA}
file_name          {AA}.csv
source             user tracking
kind               events
state              loaded
reason
record_count       2
kept_count         2
quarantined_count  0
purged_count       0
distinct_count     2
repeated_count     0
later_count        0
redacted_count     0
time_zone
repeats
unmapped_columns   []
loaded_at          2026-03-31 20:00:00
content_id         {AA}
""")


def test_a_refused_file(data: DataDir, queries: Path) -> None:
    assert "reason             It is HTML." in lines(show(data, CC, queries))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("moon", 'No table, report or loaded file is named "moon". There are: main.catalog, mart.visits, '),
        ("events", '"events" is several things: raw.events, model.events. Name one.'),
        ("' or true --", 'No table, report or loaded file is named "\' or true --". '),
    ],
)
def test_an_unknown_name_is_answered_by_what_there_is(
    data: DataDir, queries: Path, name: str, message: str
) -> None:
    with pytest.raises(Problem) as raised:
        show(data, name, queries)
    assert str(raised.value).startswith(message)


def test_a_table_that_is_newer_than_the_warehouse(data: DataDir, tmp_path: Path) -> None:
    queries = small_queries(tmp_path / "queries", mart__later="-- Later.\nselect\n    1 as one -- One.\n")
    with pytest.raises(Problem) as raised:
        show(data, "later", queries)
    assert (
        str(raised.value) == f"{data.warehouse}: built before mart.later existed. Type `returntrail build`."
    )


def test_marts_are_exported_whole(data: DataDir, tmp_path: Path) -> None:
    left = tmp_path / "out" / ".returntrail-x"
    left.mkdir(parents=True)
    (left / "half.parquet").write_bytes(b"half")
    assert export(data, tmp_path / "out") == [
        tmp_path / "out" / name for name in ("visits.parquet", "catalog.parquet")
    ]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["catalog.parquet", "visits.parquet"]
    with duckdb.connect() as database:
        database.execute(f"attach '{data.warehouse}' as warehouse (read_only)")
        for name, table in (("visits", "warehouse.mart.visits"), ("catalog", "warehouse.main.catalog")):
            file = tmp_path / "out" / f"{name}.parquet"
            assert (
                database.execute(f"from '{file}'").fetchall() == database.execute(f"from {table}").fetchall()
            )
            assert file.stat().st_mode & 0o777 == 0o600
