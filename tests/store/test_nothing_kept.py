"""A file of which no record could be read is refused, and one with many quarantined records is a problem."""

from pathlib import Path

import pytest

from etl.store.checked import Outcome
from support.loaded_files import HEAD, SETTINGS, Firm, quarantined, tree

GOOD = "r1,Client,Up,2026-03-04 10:00\n"
BAD = "r1,Client,Up,26.Mrz.2026 11h15\n"
REGISTER = 'name = "log"\nkind = "returns"\n'


def log(*lines: str) -> str:
    return "".join((f"{HEAD}\n", *lines))


def firm_with_limit(folder: Path, percent: int) -> Firm:
    limit = f"[limits]\nquarantined_percent = {percent}\n"
    return Firm(folder, SETTINGS.format(firm="UTC", zone="UTC") + limit)


def test_a_file_of_which_nothing_could_be_read_is_refused(tmp_path: Path) -> None:
    """It goes to inbox/refused, as the commonest reason and its first record say; others load."""
    firm = Firm(tmp_path)
    firm.data.inbox.mkdir()
    for name, text in (("bad.csv", log("r1\n", BAD, BAD)), ("good.csv", log(GOOD)), ("none.csv", log())):
        (firm.data.inbox / name).write_text(text)
    refused, *loaded = firm.load_inbox()
    assert str(refused) == (
        f"{firm.data.inbox}/bad.csv: no record could be read. 2 of 3 records are unreadable_time: No format "
        "of the source reads the time: correct it, or add a format to time_formats, then load the file "
        "again. The first is "
        'record 2, with the time "26.....2026 11...15". Nothing was loaded from it.'
    )
    assert [outcome.state for outcome in loaded] == ["loaded", "loaded"]
    assert [path.as_posix() for path in tree(firm.data.inbox)] == [
        "loaded/good.csv",
        "loaded/none.csv",
        "refused/bad.csv",
    ]


@pytest.mark.parametrize(
    ("line", "example"),
    [
        (
            "r1,Client,Up,078-05-1120 was the number at 10 of the clock\n",
            '1, with the time "[...] ... ... ... at 10 ... ... ...',
        ),
        (f"r1,Client,Up,1{'x' * 50}\n", '1, with the time "1..."'),
        ("r1,Client,Up,Ann Lee\n", "1. "),
        ("r1,Nowhere,Up,2026-03-04 10:00\n", "1. "),
        (",Client,Ann Lee,2026-03-04 10:00\n", "1. "),
        ("Ann Lee\n", "1. "),
    ],
)
def test_the_example_shows_a_time_and_nothing_else(tmp_path: Path, line: str, example: str) -> None:
    assert f"The first is record {example}" in Firm(tmp_path).refusal(log(line))


def test_a_returns_list_of_which_nothing_could_be_read_is_refused(tmp_path: Path) -> None:
    firm = Firm(tmp_path, SETTINGS.format(firm="UTC", zone="UTC").replace('name = "log"\n', REGISTER))
    assert firm.refusal("return_id,client_name\n,Ann\n,Bo\n") == (
        "log.csv: no record could be read. 2 of 2 records are empty_return_id: The record names no return. "
        'If it is that of the row above, as in merged cells, write fill_down = ["Return ID"] in the source. '
        "The first is record 1. Nothing was loaded from it."
    )


def test_what_was_loaded_stays_if_it_can_be_read_no_longer(tmp_path: Path) -> None:
    """A second reading with other settings is refused, and the part of the first stays."""
    firm = Firm(tmp_path, SETTINGS.format(firm="UTC", zone="UTC") + 'time_formats = ["%d.%m.%Y"]\n')
    file = firm.file("log.csv", log("r1,Client,Up,04.03.2026\n"))
    [first] = firm.load(file)
    firm = Firm(tmp_path, SETTINGS.format(firm="UTC", zone="UTC"))
    assert [outcome.state for outcome in firm.load(file)] == ["refused"]
    assert firm.parts == [first.part]


@pytest.mark.parametrize(
    ("percent", "good", "bad", "is_warned"),
    [(20, 4, 1, False), (20, 3, 1, True), (0, 99, 1, True), (0, 1, 0, False), (100, 1, 99, False)],
)
def test_more_quarantined_records_than_the_limit_are_a_problem(
    tmp_path: Path, percent: int, good: int, bad: int, is_warned: bool
) -> None:
    firm = firm_with_limit(tmp_path, percent)
    [outcome] = firm.load(firm.file("log.csv", log(*[GOOD] * good, *[BAD] * bad)))
    assert (outcome.state, outcome.is_warned) == ("loaded", is_warned)
    warned = (
        f"more than {percent}% are quarantined (quarantined_percent under [limits]). The commonest reason is "
        f"unreadable_time ({bad}, the first is record {good + 1}): No format of the source reads the time: "
        "correct it, or add a format to time_formats, then load the file again"
    )
    assert outcome.part is not None
    assert outcome.part.ledger["reason"] == (warned if is_warned else None)
    assert (f", {warned}." in str(outcome)) == is_warned
    [known] = firm.load(firm.file("log.csv", log(*[GOOD] * good, *[BAD] * bad)))
    assert (known.state, known.is_warned) == ("known", False)


def test_small_files_are_judged_one_by_one(tmp_path: Path) -> None:
    """Together or alone, a file is refused or warned about for its own records."""
    firm = Firm(tmp_path)
    texts = {
        "a.csv": log(GOOD, GOOD),
        "b.csv": log(BAD, "r2\n"),
        "c.csv": log("r3,Nowhere,Up,2026-03-04 10:00\n", GOOD),
        "d.csv": log(GOOD),
    }

    def judged(outcomes: list[Outcome]) -> list[tuple[str, bool]]:
        return [(outcome.state, outcome.is_warned) for outcome in outcomes]

    outcomes = firm.load(*[firm.file(name, text) for name, text in texts.items()])
    assert judged(outcomes) == [("loaded", False), ("refused", False), ("loaded", True), ("loaded", False)]
    assert "1 of 2 records are unreadable_time" in str(outcomes[1])
    assert "unknown_tab (1, the first is record 1)" in str(outcomes[2])
    assert outcomes[2].part and [row[:2] for row in quarantined(outcomes[2].part)] == [(1, "unknown_tab")]
    for (name, text), together in zip(texts.items(), outcomes, strict=True):
        alone = Firm(tmp_path / "alone" / name)
        [outcome] = alone.load(alone.file(name, text))
        assert str(outcome).removeprefix(str(alone.folder)) == str(together).removeprefix(str(tmp_path))
