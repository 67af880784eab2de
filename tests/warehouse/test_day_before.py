"""What a build says of the working day before is what a build as of that day says."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from etl.common.paths import DataDir
from etl.warehouse.build import build

STEPS = "select firm_id, return_id, next_step, next_step_owner from mart.returns"
# What the build knows of the day before: what it has looked up, else what is so now.
THEN = """
    select returns.firm_id, returns.return_id,
        case when before.return_id is null then returns.next_step else before.next_step end as next_step,
        case when before.return_id is null then returns.next_step_owner else before.next_step_owner end
    from mart.returns as returns
    left join raw.returns_before as before using (firm_id, return_id)
    where before.return_id is null or before.next_step is not null
"""


@pytest.mark.parametrize("moment", ["2026-04-02 17:00", "2026-03-16 08:00", "2026-02-17 09:00"])
def test_the_day_before_is_as_a_build_of_that_day(season: DataDir, tmp_path: Path, moment: str) -> None:
    data = DataDir(Path(shutil.copytree(season.root, tmp_path / "data")))
    build(data, datetime.fromisoformat(moment))
    with duckdb.connect(data.warehouse, read_only=True) as warehouse:
        told = set(warehouse.execute(THEN).fetchall())
        looked_up = warehouse.execute("select count(*) from raw.returns_before").fetchall()[0][0]
        [(before_at,)] = warehouse.execute("select before_at from raw.build").fetchall()
    assert looked_up
    build(data, before_at.replace(tzinfo=UTC))
    with duckdb.connect(data.warehouse, read_only=True) as warehouse:
        assert told == set(warehouse.execute(STEPS).fetchall())


@pytest.mark.parametrize(
    ("moment", "before"),
    [
        ("2026-04-02 21:00", "2026-04-01 21:00"),
        # Monday; the Tuesday after Presidents' Day; and in New York it is still Sunday evening.
        ("2026-03-16 12:00", "2026-03-13 12:00"),
        ("2026-02-17 14:00", "2026-02-13 14:00"),
        ("2026-03-16 02:00", "2026-03-14 02:00"),
    ],
)
def test_the_working_day_before_is_no_weekend_and_no_holiday(
    season: DataDir, moment: str, before: str
) -> None:
    asked = "select strftime(workday_before('America/New_York', ?::timestamp), '%Y-%m-%d %H:%M')"
    with duckdb.connect(season.warehouse, read_only=True) as warehouse:
        assert warehouse.execute(asked, [moment]).fetchall() == [(before,)]
