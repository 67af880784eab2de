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


APOSTROPHES = [
    ("R1", "Client", "Document a, b viewed", "O'Brien"),
    ("R2", "Internal", 'Document "x" viewed', 'Pat "Pat" Roe'),
    ("R3", "Client", "'tis O'Brien; signed", "'Ann'"),
    ("R4", "Internal", "two\nlines", None),
    ("R5", "Client", "Upload", "Lee's | Ann's"),
]
# How programs write apostrophes in texts that they quote with apostrophes.
STYLES = ({"doublequote": True}, {"doublequote": False, "escapechar": "\\"})


def test_f5_files_quoted_with_apostrophes(tally: Tally, control: Tally) -> None:
    quotings = (csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC, csv.QUOTE_ALL)
    dialects = list(product(",;\t|", ("\n", "\r\n"), quotings, STYLES, (False, True), range(1, 6)))
    dice = Random(23)
    with Reader() as reader:
        for delimiter, ending, quoting, style, is_bare, count in dice.sample(dialects, times(len(dialects))):
            rows = dice.sample(APOSTROPHES, count)
            out = io.StringIO(newline="")
            options = {"delimiter": delimiter, "lineterminator": ending, "quotechar": "'", **style}
            csv.writer(out, quoting=csv.QUOTE_MINIMAL if is_bare else quoting, **options).writerow(HEADINGS)
            csv.writer(out, quoting=quoting, **options).writerows(rows)
            content = out.getvalue().encode()
            tally.injected += 1
            try:
                found, malformed, _ = reader.read("a.csv", content)
                texts = [tuple(text and text.replace("\r\n", "\n") for text in row[1:]) for row in found]
                is_whole = not malformed and texts == rows
                tally.lost += not is_whole
                tally.details += [] if is_whole else [f"{content!r}: {found} {malformed}"]
            except Problem as problem:
                tally.check_message(str(problem), "quoted with '", content)
            read = reader.read_with_duckdb("a.csv", content, header="true", ignore_errors="true")
            control.lost += read != rows
