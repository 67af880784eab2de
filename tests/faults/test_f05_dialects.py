"""F5: one small table in every dialect: it is read identically or refused, never slightly differently."""

import csv
import io
from itertools import product
from random import Random

from etl.common.problem import Problem
from faults.checks import Tally, times
from faults.reading import Reader

HEADINGS = ["Return ID", "Tab", "Event", "Notes"]
TABLE = [
    ["R1", "Client", 'Document "W-2, page 1.pdf"', "a, b; c | d\te"],
    ["R2", "Internal", "null", "two\nlines"],
    ["R3", "Client", "O'Brien's “K-1”", "café – 5 €"],
    ["R4", "Internal", "", "NULL"],
]
CLEAN = [tuple(value or None for value in row) for row in TABLE]
DIALECTS = list(
    product(
        (",", ";", "\t", "|"),
        ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"),
        ("\n", "\r\n"),
        (csv.QUOTE_MINIMAL, csv.QUOTE_ALL),
        ("", "sep", "blank lines"),
    )
)


def written(delimiter: str, encoding: str, ending: str, quoting: int, before: str) -> bytes:
    """The table as a file of this dialect."""
    out = io.StringIO(newline="")
    out.write({"": "", "sep": f"sep={delimiter}{ending}", "blank lines": ending * 2}[before])
    csv.writer(out, delimiter=delimiter, lineterminator=ending, quoting=quoting).writerows([HEADINGS, *TABLE])
    mark = "\ufeff" if encoding == "utf-16-le" else ""
    return (mark + out.getvalue()).encode(encoding)


def test_f5_dialects(tally: Tally, control: Tally) -> None:
    with Reader() as reader:
        for dialect in Random(5).sample(DIALECTS, times(len(DIALECTS))):
            content = written(*dialect)
            tally.injected += 1
            try:
                rows, malformed, _ = reader.read("a.csv", content)
                is_same = [row[1:] for row in rows] == CLEAN and not malformed
                tally.lost += not is_same
                tally.details += [] if is_same else [f"{dialect}: {rows} {malformed}"]
            except Problem as problem:
                # A first line `sep=;` is for Excel and not a heading: only such a file is refused.
                tally.check_message(
                    str(problem), "no heading is known" if dialect[-1] == "sep" else "^no refusal$", dialect
                )
            found = reader.read_with_duckdb("a.csv", content, ignore_errors="true")
            control.lost += found is None or [tuple(value or None for value in row) for row in found] != CLEAN
