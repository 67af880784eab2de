"""Checks that DuckDB 1.5 reads the same rows as our DuckDB from every table, report and question.

`make test-duckdb15` runs it; its argument is a Python with DuckDB 1.5.
"""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from etl.common.paths import DataDir
from etl.sql.catalog import Catalog, read_catalog
from tests.warehouse.test_analysts import QUESTIONS

# Run by both Pythons; the other one has only DuckDB.
ASKING = """
import duckdb, json, sys

database = duckdb.connect(sys.argv[1], read_only=True)
print(json.dumps(duckdb.__version__))
for statement in json.load(sys.stdin):
    answer = database.execute(statement)
    columns = [column[0] for column in answer.description]
    print(json.dumps([columns, *([repr(value) for value in row] for row in answer.fetchall())]))
"""
VALUES = {
    "split_by": ("'office'", "'week'"),
    "with_recalled": ("true",),
    "min_age_days": ("14",),
    "within_days": ("3",),
    "known_by": ("'2026-03-20 12:00:00'",),
    "for_offices": ("['Austin']", "[]"),
    "for_years": ("[2025]",),
    "for_steps": ("['unlock', 'fix_email']",),
    "stopped": ("true",),
    "for_step": ("'accessed'",),
    "search": ("'an'",),
    "since": ("'2026-03-01'",),
    "until": ("'2026-03-15'",),
    "min_wait_days": ("2",),
    "max_days_left": ("10",),
    "least_deliveries": ("10",),
}


def statements(catalog: Catalog) -> list[str]:
    """Every table, every report with its defaults and each parameter, and the questions for analysts."""
    tables = [
        f"select count(*), max(t) from {file.full_name} as t"
        for file in catalog.of("raw", "ref", "model", "mart")
    ]
    calls = [
        f"from {file.full_name}({argument})"
        for file in catalog.of("report")
        for argument in (
            "",
            *(f"{one.name} := {value}" for one in file.params for value in VALUES.get(one.name, ())),
        )
    ]
    return [*tables, "from catalog", *calls, *(sql for _, _, sql, _ in QUESTIONS)]


def answers(python: str, warehouse: Path, asked: list[str]) -> list[object]:
    """The version of a Python's DuckDB, and its answer to each statement."""
    done = subprocess.run(
        [python, "-c", ASKING, str(warehouse)], input=json.dumps(asked), capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(f"{python}: {done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def main(other: str) -> None:
    """Compares the answers; exits with an error that lists each statement whose rows differ."""
    with TemporaryDirectory() as folder:
        data = DataDir(Path(folder) / "demo")
        made = [sys.executable, "-m", "etl", "--data", data.root, "demo", "--returns", "200", "--no-app"]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL)
        asked = statements(read_catalog())
        ours, theirs = (answers(python, data.warehouse, asked) for python in (sys.executable, other))
    if not str(theirs[0]).startswith("1.5.") or ours[0] == theirs[0]:
        sys.exit(f"{other} has DuckDB {theirs[0]}; 1.5 is needed, and another version than ours, {ours[0]}.")
    different = [
        asked[number]
        for number, (one, two) in enumerate(zip(ours[1:], theirs[1:], strict=True))
        if one != two
    ]
    for statement in different:
        print(f"DuckDB {ours[0]} and {theirs[0]} give different rows: {statement}", file=sys.stderr)
    rows = sum(len(answer) - 1 for answer in ours[1:])
    print(
        f"{len(asked)} statements, {rows:,} rows: DuckDB {ours[0]} and {theirs[0]}, {len(different)} differ."
    )
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main(sys.argv[1])
