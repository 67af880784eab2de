"""F15: columns new, missing, renamed, reordered or doubled in the second file only: no value is shifted."""

from itertools import permutations, product
from pathlib import Path
from random import Random

import duckdb

from faults.checks import Tally, times
from support.loaded_files import Firm, events

HEADINGS = ["Return ID", "Tab", "Event", "Date/Time", "Office"]
ROWS = [
    [f"R{number}", "Client", f"Event {number}", f"03/{number + 1:02d}/2026 10:00 AM", "Austin"]
    for number in range(9)
]
OURS = ["return_id", "tab", "label", "office"]
CLEAN = [(row[0], row[1], row[2], row[4]) for row in ROWS]


def text(headings: list[str], rows: list[list[str]]) -> str:
    return "".join(",".join(row) + "\n" for row in (headings, *rows))


def drifts() -> list[tuple[str, str, str]]:
    """What changed, the file, and a pattern of the message; an empty pattern for a file that must load."""
    found = []
    for order in list(permutations(range(5)))[1::9][:12]:
        pick = [[row[place] for place in order] for row in (HEADINGS, *ROWS)]
        found.append(("reordered", text(pick[0], pick[1:]), ""))
    for place, name in product((0, 2, 5), ("Shoe Size", "Ümlaut, quoted")):
        wide = [
            [*row[:place], value, *row[place:]]
            for row, value in zip((HEADINGS, *ROWS), [f'"{name}"', *"123456789"], strict=True)
        ]
        found.append((f"new {name}", text(wide[0], wide[1:]), ""))
    for place in (0, 2, 3):
        short = [[*row[:place], *row[place + 1 :]] for row in (HEADINGS, *ROWS)]
        found.append(("missing", text(short[0], short[1:]), r"no column for"))
    for new in ("Return Number", "RETURN_ID", " return id "):
        found.append(("renamed", text([new, *HEADINGS[1:]], ROWS), ""))
    found.append(("renamed to nothing known", text(["Shoe", *HEADINGS[1:]], ROWS), r"no column for"))
    for place in (0, 2):
        double = [[*row, row[place]] for row in (HEADINGS, *ROWS)]
        found.append(("doubled", text(double[0], double[1:]), r"twice|more than one|both|two columns|same"))
    return found


def test_f15_schema_drift(tally: Tally, control: Tally, tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    firm.load_text(text(HEADINGS, ROWS), "first.csv")
    cases = drifts()
    for number, (about, content, must) in enumerate(Random(15).sample(cases, times(len(cases)))):
        file = firm.file(f"second {number}.csv", content)
        [outcome] = firm.load(file)
        tally.injected += 1
        if outcome.part is None:
            tally.check_message(outcome.reason or "", must or "^no refusal$", about)
            continue
        rows = events(outcome.part, *OURS)
        is_same = rows == CLEAN and not must
        tally.lost += not is_same
        tally.details += [] if is_same else [f"{about}: {rows[:2]}"]
        if about.startswith("new"):
            tally.lost += outcome.part.ledger["unmapped_columns"] != [about.removeprefix("new ")]
    for number, (_, content, _) in enumerate(cases):
        (tmp_path / f"by place {number}.csv").write_text(content)
        files = [str(tmp_path / "first.csv"), str(tmp_path / f"by place {number}.csv")]
        with duckdb.connect() as database:
            try:
                options = "all_varchar = true, header = true, names = ['a', 'b', 'c', 'd', 'e']"
                read = f"select * from read_csv(?, {options})"
                found = database.execute(read, [files]).fetchall()
                control.lost += found[len(ROWS) :] != [tuple(row) for row in ROWS]
            except duckdb.Error:
                pass
