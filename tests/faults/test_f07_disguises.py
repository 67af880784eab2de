"""F7: the same events renamed, packed, reordered, overlapping, 46 times. F8: the files in any order."""

import csv
import io
import json
from collections import Counter
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from etl.warehouse.build import build
from faults.checks import SHARE, Tally, mismatched_counts, store_rows, times, warehouse_rows
from faults.exports import SMALL, few_queries, queries
from faults.inject import identify_by_order
from support.invented_log import write_invented_log
from support.loaded_files import Firm
from tests.store.test_load_again import FORMS, SETTINGS

EVENTS = r"model\.events$|mart"
# Of equal records, any may be the one that counts.
WHERE = ("file_id", "file_no", "row_no")


def log(folder: Path, returns: int = SMALL) -> tuple[list[str], list[list[str]]]:
    """An invented log: its headings and its rows."""
    write_invented_log(folder / "log.tmp", returns, seed=7)
    heading, *rows = csv.reader(io.StringIO((folder / "log.tmp").read_text(encoding="utf-8")))
    return heading, rows


def as_csv(heading: list[str], rows: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows([heading, *rows])
    return out.getvalue().encode()


def disguised(heading: list[str], rows: list[list[str]], dice: Random) -> dict[str, bytes]:
    """Files with different bytes and the same events."""
    found = {name: pack(as_csv(heading, rows)) for name, pack in FORMS.items()}
    for number in range(10):
        order = dice.sample(range(len(heading)), len(heading))
        found[f"ordered {number}.csv"] = as_csv(
            *[[heading[one] for one in order], [[row[one] for one in order] for row in rows]]
        )
        start = dice.randrange(len(rows) // 2)
        found[f"overlap {number}.csv"] = as_csv(heading, rows[start : start + len(rows) // 2])
    lines = [json.dumps(dict(zip(heading, row, strict=True))) for row in rows]
    found |= {"log.ndjson": "\n".join([*lines, ""]).encode(), "log.json": f"[{','.join(lines)}]".encode()}
    out = io.BytesIO()
    table = {name: [row[place] for row in rows] for place, name in enumerate(heading)}
    pq.write_table(pa.table(table), out, write_page_checksum=True)
    found["log.parquet"] = out.getvalue()
    for number, ending in enumerate(("\r\n", "\n\n")):
        found[f"ends {number}.csv"] = as_csv(heading, rows).replace(b"\n", ending.encode())
    found["utf-16.csv"] = as_csv(heading, rows).decode().encode("utf-16")
    found["marked.csv"] = b"\xef\xbb\xbf" + as_csv(heading, rows)
    found["quoted.csv"] = (
        "\n".join(",".join(f'"{value}"' for value in row) for row in (heading, *rows)) + "\n"
    ).encode()
    found["backwards.csv"] = as_csv(heading, rows[::-1])
    return found


def test_f7_disguises(tally: Tally, control: Tally, tmp_path: Path) -> None:
    firm = Firm(tmp_path, SETTINGS.format(firm_id="oak").replace('"*.csv"', '"*"'))
    heading, rows = log(tmp_path)
    # An export may say the same event with its own id again and again; here up to 46 times.
    heading, rows = [*heading, "source_event_id"], [[*row, f"e{number}"] for number, row in enumerate(rows)]
    firm.data.root.chmod(0o700)
    firm.load_text(as_csv(heading, rows), "first.csv")
    build(firm.data, queries=queries(tmp_path / "queries"))
    clean = warehouse_rows(firm.data.warehouse, WHERE, EVENTS)
    disguises = disguised(heading, rows, Random(7))
    disguises["46 times.csv"] = as_csv(
        heading, [row for row in rows for _ in range(46 if row == rows[0] else 1)]
    )
    for name in Random(8).sample(sorted(disguises), min(times(40), len(disguises))):
        [outcome] = firm.load(firm.file(name, disguises[name]))
        tally.injected += 1
        tally.lost += outcome.state not in ("loaded", "known")
        tally.details += [] if outcome.state in ("loaded", "known") else [str(outcome)]
    build(firm.data, queries=tmp_path / "queries")
    found = warehouse_rows(firm.data.warehouse, WHERE, EVENTS)
    tally.compare(clean, found)
    tally.add_lost(mismatched_counts(firm.data, {}))
    tally.check_files(firm.data)
    without_repeats(tmp_path / "queries")
    build(firm.data, queries=tmp_path / "queries")
    control.compare(clean, warehouse_rows(firm.data.warehouse, WHERE, EVENTS))


def without_repeats(folder: Path) -> None:
    """Takes from the queries what finds repeated records."""
    file = folder / "model" / "events" / "repeated_records.sql"
    text = file.read_text(encoding="utf-8")
    assert "where copy_no > 1" in text
    file.write_text(text.replace("where copy_no > 1", "where copy_no > 1000"), encoding="utf-8")


def test_f8_any_order(tally: Tally, control: Tally, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heading, rows = log(tmp_path, 2 * SMALL)
    pieces = max(10, round(60 * SHARE))
    dice = Random(8)
    files = {}
    for number in range(pieces):
        start = number * len(rows) // pieces
        piece = [list(row) for row in rows[max(0, start - 5) : start + len(rows) // pieces + 1]]
        # Every fifth is a late file of last season.
        moved = [
            [row[0], row[1].replace("2026", "2025") if number % 5 == 0 else row[1], *row[2:]] for row in piece
        ]
        files[f"{number:02d}.csv"] = as_csv(heading, moved)
    first = in_order(tmp_path / "first", list(files.items()))
    rows_clean = store_rows(first.data)
    built_by = queries(tmp_path / "queries")
    build(first.data, queries=built_by)
    clean = warehouse_rows(first.data.warehouse)
    for number in range(times(20)):
        firm = in_order(tmp_path / f"{number}", dice.sample(list(files.items()), len(files)))
        tally.injected += 1
        tally.compare(rows_clean, store_rows(firm.data), number)
        if number % 5 == 0:
            build(firm.data, queries=built_by)
            tally.compare(clean, warehouse_rows(firm.data.warehouse), number)
            tally.add_lost(mismatched_counts(firm.data, {}))
        tally.check_files(firm.data)
    identify_by_order(monkeypatch)
    firm = in_order(tmp_path / "off", list(files.items())[::-1])
    control.compare(rows_clean, store_rows(firm.data))


def in_order(folder: Path, files: list[tuple[str, bytes]]) -> Firm:
    folder.mkdir()
    firm = Firm(folder)
    firm.data.root.chmod(0o700)
    assert {one.state for one in firm.load(*(firm.file(name, content) for name, content in files))} == {
        "loaded"
    }
    return firm


def test_f7_an_id_with_other_content_is_another_event(tally: Tally, control: Tally, tmp_path: Path) -> None:
    """Providers repeat ids among different records: both count, and only equal ones are repeated."""
    head, line = "return_id,tab,label,event_time,source_event_id", "r{0},Client,Up,2026-03-0{1},one\n"
    firm = Firm(tmp_path)
    expected = Counter({"events": times(40) % 9 + 1})
    for number in range(expected["events"]):
        firm.load_text(
            f"{head}\n{line.format(number, number + 1)}{line.format(number, number + 1)}", f"{number}.csv"
        )
        tally.injected += 1
    build(firm.data, queries=few_queries(tmp_path / "queries"))
    events = warehouse_rows(firm.data.warehouse, tables=r"model\.events$").total()
    repeated = warehouse_rows(firm.data.warehouse, tables=r"model\.repeated_records$").total()
    tally.compare(
        Counter(events=expected["events"], repeated=expected["events"]),
        Counter(events=events, repeated=repeated),
    )
    # By the id alone all of them would be one.
    control.compare(expected, Counter(events=1))
