"""F11: a million hostile labels: each is stored as it was logged. S1 tests how pages show them."""

import csv
from collections import Counter
from pathlib import Path

from faults.checks import SHARE, Tally, mismatched_counts
from faults.reading import Reader
from support.loaded_files import HEAD, Firm, events
from support.naughty import STRINGS

AMOUNT = 1_000_000 if SHARE == 1 else 10_000


def test_f11_hostile_labels(tally: Tally, control: Tally, tmp_path: Path) -> None:
    # A zero byte is not possible in Parquet or DuckDB: such records are quarantined, and tested elsewhere.
    strings = [text for text in STRINGS if text.strip() and "\0" not in text]
    labels = [f"{strings[number % len(strings)]} {number}" for number in range(AMOUNT)]
    file = tmp_path / "labels.csv"
    with open(file, "w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(HEAD.split(","))
        writer.writerows(
            [f"r{number % 999}", "Client", label, "2026-03-04"] for number, label in enumerate(labels)
        )
    firm = Firm(tmp_path)
    firm.data.root.chmod(0o700)
    [outcome] = firm.load(file)
    assert outcome.part is not None, outcome.reason
    stored = [label for (label,) in events(outcome.part, "label")]
    tally.injected += AMOUNT
    found = Counter(text.strip() for text in labels)
    tally.compare(found, Counter((text or "").strip() for text in stored))
    tally.add_lost(mismatched_counts(firm.data, {file.name: AMOUNT}))
    tally.check_files(firm.data)
    with Reader() as reader:
        rows = reader.read_with_duckdb(
            "labels.csv", file.read_bytes(), ignore_errors="true", all_varchar="true", quote="''''"
        )
        control.compare(found, Counter(str(row[2]).strip() for row in rows or ()))
