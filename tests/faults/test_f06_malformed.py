"""F6: thousands of records that cannot be split, and stray or unclosed quotes: each costs only itself."""

from random import Random

from faults.checks import SHARE, Tally, times
from faults.reading import Reader

LINES = max(10_000, round(100_000 * SHARE))
KINDS = ["r,x,y", "r", 'r,"Document "x".pdf"', 'r,"open', '"', 'x"y"z,"a"b']
QUOTES = ['r,"Document "x".pdf"', '"r,Client', 'r,"']


def test_f6_malformed_records(tally: Tally, control: Tally) -> None:
    dice = Random(6)
    with Reader() as reader:
        for number in range(times(20)):
            lines = [f'r{line},"Document ""W-2, {line}.pdf"""' for line in range(LINES)]
            if number % 2:
                bad = {place: KINDS[line % len(KINDS)] for line, place in enumerate(range(0, LINES, 10))}
            else:
                place = [10, LINES // 2, LINES - 1][number // 2 % 3]
                bad = {place: dice.choice(QUOTES)}
            for place, line in bad.items():
                lines[place] = line
            content = ("Return ID,Tab\n" + "\n".join(lines) + "\n").encode()
            rows, malformed, _ = reader.read("a.csv", content)
            tally.injected += len(bad)
            # Every good line is read as written; every bad line is quarantined as written.
            good = [
                (place + 1, f"r{place}", f'Document "W-2, {place}.pdf"')
                for place in range(LINES)
                if place not in bad
            ]
            tally.lost += len(set(good) - set(rows)) + len(rows) - len(good)
            quarantined = [(row_no, record) for row_no, _, record in malformed]
            tally.lost += quarantined != [(place + 1, line) for place, line in sorted(bad.items())]
            found = reader.read_with_duckdb(
                "a.csv", content, all_varchar="true", ignore_errors="true", header="true"
            )
            control.lost += found is None or len(found) != len(good)
