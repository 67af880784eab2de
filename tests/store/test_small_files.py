"""Small files are loaded together, and each has the part, the ledger and the refusal that it has alone."""

import csv
import gzip
import io
import json
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from etl.common.files import write_json
from etl.common.problem import Problem
from etl.config.settings import read_settings
from etl.store.checked import Outcome, Written
from etl.store.identity import LoadedFiles
from etl.store.load import Loader, open_database, outcomes_of
from etl.store.parts import Part, store_work_folder
from etl.store.purged import Purged, read_purged
from etl.store.small_files import MOST_BYTES, MOST_FILES, SMALL_BYTES, windows
from etl.upkeep.purge import finish, plan_file, plan_returns
from etl.upkeep.verify import check_store
from support.loaded_files import HEAD, SETTINGS, Firm, events, quarantined, tree, with_times

GOOD = f"{HEAD}\nr1,Client,Up,2026-03-04\n"
LISTS = """[[source]]
name = "list"
files = ["list*"]
kind = "returns"
firm_id = "oak"
timezone = "UTC"
"""
ZONES = SETTINGS.format(firm="America/Chicago", zone="America/New_York").replace(
    "[[source]]", f"{LISTS}[[source]]"
)
ZONES += 'time_formats = ["%m/%d/%Y %I:%M:%S %p", "%d.%m.%Y %H:%M", "%Y-%m-%d"]\n'
HEADINGS = ("return_id", "tab", "label", "event_time", "office", "due_date", "Shoe Size")
# For each heading the usual texts, then those that need care: a taxpayer number, a text in quotes, blanks.
TEXTS = (
    ["r1", "r2", " r2", "219-09-9999", ""],
    ["Client", "internal tracking", "Nowhere"],
    ["Up", 'Signed "1040, \u201cfinal\u201d"', "Deliver  to\u00a0Client", "SSN 219-09-9998 sent", ""],
    [
        "03/08/2026 02:30:00 AM",
        "11/01/2026 01:30:00 AM",
        "04.03.2026 10:00",
        "2026-03-04T10:00:00Z",
        "soon",
        "",
    ],
    ["Austin", "", " Austin "],
    ["04/15/2026 12:00:00 AM", "later", ""],
    ["44", "it's", ""],
)
CUT, BLANK = ["r1", "only two"], []
ROWS = st.one_of(st.tuples(*map(st.sampled_from, TEXTS)).map(list), st.sampled_from([CUT, BLANK]))
NAMES = st.sampled_from(
    [*4 * ["log.csv"], "log.ndjson", "log.json", "list.csv", "log.txt", "odd.csv", "empty.csv"]
)


def content_of(rows: list[list[str]], name: str) -> bytes:
    """The rows as a file of the format that its name says; one is in Windows-1252, one has no header."""
    if name.endswith("json"):
        objects = [json.dumps(dict(zip(HEADINGS, row, strict=False))) for row in rows if row]
        return (f"[{', '.join(objects)}]" if name == "log.json" else "\n".join(objects) + "\n").encode()
    text = io.StringIO()
    heading = {"odd.csv": ["Return", "Place"], "empty.csv": []}.get(name, list(HEADINGS))
    csv.writer(text).writerows([heading, *rows] if heading else [])
    return text.getvalue().encode("cp1252" if name == "log.txt" else "utf-8")


def stored(part: Part) -> object:
    """All of a part but the moment of its load and the hashes of its files."""
    ledger = {
        name: value for name, value in part.ledger.items() if name not in ("loaded_at", "seal", "sha256")
    }
    files = [pl.read_parquet(file) for file in part.files]
    return ledger, [(file.schema, file.rows()) for file in files]


FIRST = ["r1", "Client", "Up", "03/04/2026 02:30:00 AM", "Austin", "", ""]
SECOND = ["r2", "Client", "Up", "2026-03-04T10:00:00Z", "Boston", "", "44"]


@settings(max_examples=15)
@example(
    [
        ("log.csv", [FIRST]),
        ("log.csv", [[*SECOND[:3], *FIRST[3:]]]),
        ("log.csv", [SECOND]),
        ("log.csv", [SECOND, FIRST]),
    ]
)
@given(st.lists(st.tuples(NAMES, st.lists(ROWS, max_size=4)), min_size=2, max_size=6))
def test_together_a_file_becomes_what_it_becomes_alone(drawn: list[tuple[str, list[list[str]]]]) -> None:
    with TemporaryDirectory() as folder:
        together, alone = (Firm(Path(folder) / name, ZONES) for name in ("together", "alone"))
        for firm in (together, alone):
            # The key of the hashes in place of ids with a taxpayer number.
            (firm.data.root / ".key").write_bytes(b"k" * 32)
            for number, (name, rows) in enumerate(drawn):
                firm.file(name.replace(".", f" {number}."), content_of(rows, name))
        outcomes = together.load(*sorted(together.folder.glob("*.*")))
        expected = load_alone(alone, sorted(alone.folder.glob("*.*")))
        assert list(map(str, outcomes)) == [str(one).replace("/alone/", "/together/") for one in expected]
        assert list(map(stored, together.parts)) == list(map(stored, alone.parts))
        refused = [
            {path.name for path in (firm.data.store / "refused").iterdir()} for firm in (together, alone)
        ]
        assert refused[0] == refused[1]


def load_alone(firm: Firm, files: list[Path]) -> list[Outcome]:
    loader = Loader(firm.data, read_settings(firm.data.settings), Purged(), LoadedFiles())
    with store_work_folder(firm.data) as folder, open_database(folder) as database:
        return [one for file in files for one in outcomes_of(loader, file, folder, database)]


def sound(firm: Firm) -> list[str]:
    """What a check of the store says if nothing is wrong."""
    return [found.finding for found in check_store(firm.data)[0] if found.severity == "well"]


def sealed_names(firm: Firm, files: list[Path]) -> list[str]:
    """The files that are loaded together, of those that could be."""
    loader = Loader(firm.data, read_settings(firm.data.settings), Purged(), LoadedFiles())
    folder = firm.folder / "work"
    folder.mkdir()
    with open_database(folder) as database:
        return [file.name for file in loader.write_small(files, folder, database)]


def test_which_files_are_loaded_together(tmp_path: Path) -> None:
    """Those of one source and shape; one with a fault, of other headings or of known content is not."""
    firm = Firm(tmp_path)
    texts: dict[str, str | bytes] = {
        "a.csv": GOOD,
        "b.csv": GOOD.replace("r1", "r2"),
        "c.ndjson": '{"return_id": "r3", "tab": "Client", "label": "Up", "event_time": "2026-03-04"}\n',
        "cut.csv": GOOD.replace("r1", '"r4'),
        "empty.csv": "",
        "no time.csv": "return_id,tab,label\nr5,Client,Up\n",
        "other.csv": GOOD.replace(HEAD, f"{HEAD},office").replace("04\n", "04,Austin\n"),
        "same.csv": GOOD,
        "long.csv": HEAD + SMALL_BYTES * "\n",
        "packed.csv.gz": gzip.compress(GOOD.replace("r1", "r6").encode()),
        "packed.long.csv.gz": gzip.compress((HEAD + SMALL_BYTES * "\n").encode()),
    }
    files = [firm.file(name, text) for name, text in texts.items()]
    assert sealed_names(firm, files) == ["a.csv", "b.csv", "c.ndjson", "packed.csv.gz"]


def test_a_window_has_small_files_in_their_order(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    small = [firm.file(f"{number:04}.csv", "x") for number in range(MOST_FILES + 2)]
    large = [firm.file(f"large {number}.csv", b"x" * (MOST_BYTES - number)) for number in range(2)]
    files = [*small, *large, small[0], small[1], tmp_path / "missing.csv"]
    found = list(windows(files))
    assert [file for window in found for file in window] == files
    assert [len(window) for window in found] == [MOST_FILES, 2, 1, 2, 2]


def test_a_bad_file_among_good_ones_is_the_only_one_refused(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    firm.data.inbox.mkdir()
    for number in range(5):
        text = GOOD.replace("r1", f"r{number}") if number != 2 else "<html>log in</html>"
        (firm.data.inbox / f"{number}.csv").write_text(text)
    outcomes = firm.load_inbox()
    assert [outcome.state for outcome in outcomes] == ["loaded", "loaded", "refused", "loaded", "loaded"]
    assert str(outcomes[2]).startswith(f"{firm.data.inbox}/2.csv: it is a web page (HTML)")
    assert sorted(path.as_posix() for path in tree(firm.data.inbox)) == [
        "loaded/0.csv",
        "loaded/1.csv",
        "loaded/3.csv",
        "loaded/4.csv",
        "refused/2.csv",
    ]
    by_name = {part.ledger["file_name"]: events(part, "return_id", "row_no") for part in firm.parts}
    assert by_name == {f"{number}.csv": [(f"r{number}", 1)] for number in (0, 1, 3, 4)}
    assert sound(firm) == ["4 loaded files are unchanged, with the counts of the ledger."]


def test_each_file_counts_its_own_numbers_and_quarantined_records(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    clean = firm.file("clean.csv", f"{GOOD}r2,Client,Up,2026-03-04\n")
    dirty = firm.file("dirty.csv", f"{GOOD}r2,Client,SSN 219-09-9999,2026-03-04\nr3,Client,Up,soon\nr4\n")
    lost = firm.file("219-09-9998.csv", f"{HEAD}\nr5,Client,Up,soon\nr6,Client,Up,2026-03-04\n")
    parts = [outcome.part for outcome in firm.load(clean, dirty, lost) if outcome.part]
    counts = ("record_count", "kept_count", "quarantined_count", "redacted_count")
    assert [[part.ledger[count] for count in counts] for part in parts] == [
        [2, 2, 0, 0],
        [4, 2, 2, 1],
        [2, 1, 1, 1],
    ]
    assert [[row[:2] for row in quarantined(part)] for part in parts] == [
        [],
        [(3, "unreadable_time"), (4, "wrong_field_count")],
        [(1, "unreadable_time")],
    ]
    assert [events(part, "label") for part in parts] == [
        [("Up",), ("Up",)],
        [("Up",), ("SSN [TIN]",)],
        [("Up",)],
    ]


def test_equal_files_are_loaded_once(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    files = [firm.file(name, GOOD.replace("r1", name[0])) for name in ("a.csv", "a2.csv", "b.csv")]
    assert [outcome.state for outcome in firm.load(*files)] == ["loaded", "known", "loaded"]
    assert [outcome.state for outcome in firm.load(*files)] == ["known"] * 3
    assert [outcome.state for outcome in firm.load(*files, again=True)] == ["read again"] * 3
    # The file that is there twice was read twice.
    assert sorted(part.folder.suffix for part in firm.parts) == [".2", ".3"]
    assert sound(firm) == ["2 loaded files are unchanged, with the counts of the ledger."]


def load_after(firm: Firm, files: list[Path], change: Callable[[], object]) -> list[Outcome]:
    """Loads files of which some change after the small ones were read, and before any is in the store."""
    loaded = LoadedFiles.of(firm.parts)
    loader = Loader(firm.data, read_settings(firm.data.settings), Purged(), loaded)

    class Changing(Loader):
        def write_small(self, *arguments: Any) -> dict[Path, Written]:
            written = loader.write_small(*arguments)
            change()
            return written

    changing = Changing(**vars(loader))
    with store_work_folder(firm.data) as folder, open_database(folder) as database:
        return [one for outcomes in changing.load_window(files, folder, database) for one in outcomes]


def test_a_path_that_is_given_twice_is_loaded_once(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    first, second, third = (firm.file(f"{name}.csv", GOOD.replace("r1", name)) for name in "abc")
    outcomes = firm.load(first, second, first, third)
    assert [outcome.state for outcome in outcomes] == ["loaded", "loaded", "known", "loaded"]
    outcomes = firm.load(first, second, first, third, again=True)
    assert [outcome.state for outcome in outcomes] == ["read again"] * 4
    assert sound(firm) == ["3 loaded files are unchanged, with the counts of the ledger."]


def test_a_file_that_changes_before_its_turn_is_loaded_as_it_is_then(tmp_path: Path) -> None:
    """It has one more record when its part would be put in place: that record must not be lost."""
    firm = Firm(tmp_path)
    text = GOOD + "r2,Client,Down,2026-03-05\n"
    plain, packed, other = (firm.file(name, pack(GOOD, name)) for name in ("a.csv", "b.csv.gz", "c.csv"))

    def change() -> None:
        plain.write_text(text.replace("r1", "a.csv"))
        packed.write_bytes(pack(text, "b.csv.gz"))

    outcomes = load_after(firm, [plain, packed, other], change)
    assert [outcome.state for outcome in outcomes] == ["loaded"] * 3
    parts = [outcome.part for outcome in outcomes if outcome.part]
    assert [events(part, "return_id") for part in parts] == [
        [("a.csv",), ("r2",)],
        [("b.csv.gz",), ("r2",)],
        [("c.csv",)],
    ]
    assert sound(firm) == ["3 loaded files are unchanged, with the counts of the ledger."]


def pack(text: str, name: str) -> bytes:
    """The text with the name in place of r1, packed if the name says so."""
    content = text.replace("r1", name).encode()
    return gzip.compress(content) if name.endswith(".gz") else content


def test_a_file_that_disappears_before_its_turn_is_the_only_one_refused(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    files = [firm.file(f"{name}.csv", GOOD.replace("r1", name)) for name in "abc"]
    moved = firm.folder / "moved.csv"
    outcomes = load_after(firm, files, lambda: files[1].rename(moved))
    assert [outcome.reason for outcome in outcomes] == [None, "there is no such file.", None]
    outcomes = load_after(firm, [*files[::2], moved], lambda: (files[2].unlink(), files[2].symlink_to(moved)))
    assert [outcome.state for outcome in outcomes] == ["known", "refused", "loaded"]
    assert outcomes[1].reason == "a symbolic link. Load the file that it points to."


def test_a_file_that_changes_after_its_turn_stays_in_the_inbox(tmp_path: Path) -> None:
    """It is moved only if what it contains was read. The next load reads the rest."""
    firm = Firm(tmp_path)
    firm.data.inbox.mkdir()
    texts = {"a.csv": GOOD, "b.csv.gz": GOOD, "c.csv": GOOD, "d.csv": "<html>", "gone.csv": GOOD}
    files = [firm.data.inbox / name for name in texts]
    for file, text in zip(files, texts.values(), strict=True):
        file.write_bytes(pack(text, file.name))
    real = Loader.put_in_store

    def change(loader: Loader, written: list[Written]) -> list[Outcome]:
        outcomes = real(loader, written)
        if written and written[-1][0].file == files[4]:
            files[0].write_bytes(pack(GOOD + "r2,Client,Down,2026-03-05\n", "a.csv"))
            files[1].write_bytes(pack(GOOD + "r2,Client,Down,2026-03-05\n", "b.csv.gz"))
            files[3].write_bytes(pack(GOOD, "d.csv"))
            files[4].unlink()
        return outcomes

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Loader, "put_in_store", change)
        states = [outcome.state for outcome in firm.load_inbox()]
    assert states == ["loaded", "loaded", "loaded", "refused", "loaded"]
    assert sorted(file.name for file in firm.data.inbox.iterdir() if file.is_file()) == [
        "a.csv",
        "b.csv.gz",
        "d.csv",
    ]
    assert [file.name for file in (firm.data.inbox / "loaded").iterdir()] == ["c.csv"]
    assert [outcome.state for outcome in firm.load_inbox()] == ["loaded"] * 3
    found = Counter(row for part in firm.parts for row in events(part, "return_id"))
    assert found[("r2",)] == 2
    assert [file for file in firm.data.inbox.iterdir() if file.is_file()] == []


def test_files_get_their_times_in_the_order_in_which_they_are_given(tmp_path: Path) -> None:
    """Of two lists without a time of their own the one that was loaded last counts, whatever its shape."""
    firm = Firm(tmp_path, ZONES)
    lists = {
        "list 1.csv": "return_id,office,partner\nr1,Austin,Ann\n",
        "list 2.csv": "return_id,office\nr1,Boston\n",
        "list 3.csv": "return_id,office\nr1,Chicago\n",
        "list 4.csv": "return_id,office,partner\nr1,Dallas,Ann\n",
        "list 5.csv": "return_id,office,ero_signer\nr1,Elgin,Eve\n",
        "list 6.csv": "return_id,office\nr1,Fresno\n",
    }
    firm.load(*(firm.file(name, text) for name, text in lists.items()))
    in_order = sorted(firm.parts, key=lambda part: part.ledger["loaded_at"])
    assert [part.ledger["file_name"] for part in in_order] == list(lists)


def test_records_that_would_fill_the_memory_are_loaded_alone(tmp_path: Path) -> None:
    """Short lines with many fields, or many lines without any: both are small files, and large tables."""
    firm = Firm(tmp_path)
    usual = {"return_id": "r1", "tab": "Client", "label": "Up", "event_time": "2026-03-04"}
    wide = json.dumps(usual | {f"field {number}": "" for number in range(400)})
    texts = {
        "wide.ndjson": f"{wide}\n" + 20_000 * "{}\n",
        "late.ndjson": 20_000 * "{}\n" + f"{wide}\n",
        "narrow.ndjson": f"{json.dumps(usual)}\n" + 40_000 * "0\n",
        "a.csv": GOOD,
        "b.csv": GOOD.replace("r1", "r2"),
    }
    # One of each fits; all of them do not.
    texts |= {f"narrow {number}.ndjson": texts["narrow.ndjson"] + number * "\n" for number in range(1, 5)}
    files = [firm.file(name, text) for name, text in texts.items()]
    assert all(file.stat().st_size < SMALL_BYTES for file in files)
    assert sealed_names(firm, files) == ["narrow.ndjson", "a.csv", "b.csv", "narrow 1.ndjson"]


def test_the_unpacked_copies_of_a_window_do_not_stay_on_the_disk(tmp_path: Path) -> None:
    """Small archives with large content would fill it. Larger content is not unpacked to its end."""
    firm = Firm(tmp_path)
    many = "".join(f"x{number},Client,Up,2026-03-04\n" for number in range(40_000))
    texts = {"a.csv.gz": GOOD, "b.csv.gz": GOOD, "c.csv.gz": GOOD + many}
    files = [firm.file(name, pack(text, name)) for name, text in texts.items()]
    files.append(firm.file("d.csv", GOOD.replace("Up", "\u00c9t\u00e9").encode("cp1252")))
    left: list[Path] = []

    def look() -> None:
        names = (path for path in firm.data.store.rglob("*") if path.is_file())
        left.extend(path for path in names if path.suffix not in (".json", ".parquet"))

    assert [outcome.state for outcome in load_after(firm, files, look)] == ["loaded"] * 4
    assert left == []


def test_blank_lines_of_a_file_with_one_column_are_no_records(tmp_path: Path) -> None:
    firm = Firm(tmp_path, ZONES)
    files = [firm.file(f"list {number}.csv", f"return_id\nr{number}\n\n\nr9\n") for number in range(3)]
    outcomes = [*firm.load(*files[:2]), *firm.load(files[2])]
    parts = [outcome.part for outcome in outcomes if outcome.part]
    assert [(part.ledger["record_count"], part.ledger["kept_count"]) for part in parts] == [(2, 2)] * 3


def test_the_records_of_many_files_stay_in_their_order(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    lines = [[f"{name} {number},Client,Up,2026-03-04\n" for number in range(3_000)] for name in range(30)]
    files = [firm.file(f"{name:02}.csv", f"{HEAD}\n{''.join(own)}") for name, own in enumerate(lines)]
    assert len(sealed_names(firm, files)) == 30
    parts = [outcome.part for outcome in firm.load(*files) if outcome.part]
    for name, part in enumerate(parts):
        rows = pl.read_parquet(part.data).select("row_no", "set_no").rows()
        assert [row_no for row_no, _ in rows] == list(range(1, 3_001))
        names = dict(pl.read_parquet(part.attributes).select("set_no", "return_id").rows())
        assert [names[set_no] for _, set_no in rows] == [f"{name} {number}" for number in range(3_000)]


def test_each_file_has_the_format_of_its_own_times(tmp_path: Path) -> None:
    """The first file begins with the one format and the second with the other; most times are in one."""
    together, alone = (Firm(tmp_path / name, ZONES) for name in ("together", "alone"))
    one, other = "03/04/2026 02:30:00 PM", "2026-03-04T14:30:00"
    orders = [31 * [one] + 29 * [other], 40 * [other] + 50 * [one]]
    for firm in (together, alone):
        for number, times in enumerate(orders):
            lines = "".join(f"r{number},Client,Up,{time}\n" for time in times)
            firm.file(f"{number}.csv", f"{HEAD}\n{lines}")
    assert len(sealed_names(together, sorted(together.folder.glob("*.csv")))) == 2
    together.load(*sorted(together.folder.glob("*.csv")))
    load_alone(alone, sorted(alone.folder.glob("*.csv")))
    assert list(map(stored, together.parts)) == list(map(stored, alone.parts))


def test_a_group_that_does_not_fit_in_memory_is_loaded_file_by_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm = Firm(tmp_path)
    files = [firm.file(f"{name}.csv", GOOD.replace("r1", name)) for name in "ab"]

    def fail(*arguments: object) -> None:
        raise duckdb.OutOfMemoryException("Out of Memory Error: could not allocate block")

    monkeypatch.setattr("etl.store.load.write_parts", fail)
    assert [outcome.state for outcome in firm.load(*files)] == ["loaded"] * 2
    monkeypatch.setattr("etl.store.load.write_part", fail)
    with pytest.raises(Problem, match=r"c\.csv: this step needs more memory than is free"):
        firm.load(files[0], firm.file("c.csv", GOOD.replace("r1", "c")), files[1])


def test_a_file_whose_name_is_not_utf8_is_the_only_one_refused(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    odd = tmp_path / os.fsdecode(b"q\xff.csv")
    odd.write_text(GOOD)
    files = [firm.file("a.csv", GOOD.replace("r1", "a")), odd, firm.file("b.csv", GOOD.replace("r1", "b"))]
    outcomes = firm.load(*files)
    assert [outcome.state for outcome in outcomes] == ["loaded", "refused", "loaded"]
    assert str(outcomes[1]) == f"{tmp_path}/q\ufffd.csv: a byte of its name is not UTF-8. Rename it."
    [refused] = (firm.data.store / "refused").iterdir()
    assert json.loads(refused.read_text(encoding="utf-8"))["file_name"] == "q\ufffd.csv"


def test_after_a_purge_the_sets_have_the_numbers_that_they_have_alone(tmp_path: Path) -> None:
    firm = Firm(tmp_path, with_times("UTC", "UTC", ["%Y-%m-%d"]))
    text = "".join(f"r{number},Client,Up,2026-03-04\n" for number in range(1, 5))
    files = [firm.file(f"{name}.csv", f"{HEAD}\n{text}{name},Client,Up,2026-03-04\n") for name in "st"]
    firm.load(*files)
    for return_id in ("r2", "r3"):
        write_json(firm.data.purging, asdict(plan_returns(firm.data, return_id)))
        finish(firm.data)
    found = []
    for paths in ([files], [[file] for file in files]):
        for together in paths:
            firm.load(*together, again=True)
        found.append([stored(part) for part in firm.parts])
    assert found[0] == found[1]
    assert pl.read_parquet(firm.parts[0].data)["set_no"].to_list() == [1, 4, 5]


def test_purges_concern_one_file_of_those_loaded_together(tmp_path: Path) -> None:
    firm = Firm(tmp_path, with_times("UTC", "UTC", ["%Y-%m-%d"]))
    files = [firm.file(f"{number}.csv", f"{GOOD}r{number},Client,Up,2026-03-05\n") for number in range(2, 6)]
    first = firm.load(*files)[0].part
    assert first is not None
    for plan in (plan_file(firm.data, first.file_id), plan_returns(firm.data, "r4")):
        write_json(firm.data.purging, asdict(plan))
        finish(firm.data)
    assert [outcome.state for outcome in firm.load(*files)] == ["refused", "known", "known", "known"]
    assert [outcome.state for outcome in firm.load(*files, again=True)][1:] == ["read again"] * 3
    found = Counter(row for part in firm.parts for row in events(part, "return_id"))
    assert found == {("r1",): 3, ("r3",): 1, ("r5",): 1}
    assert sorted(part.ledger["purged_count"] for part in firm.parts) == [0, 0, 1]
    assert read_purged(firm.data).has_file(first.file_id)
    assert sound(firm) == ["3 loaded files are unchanged, with the counts of the ledger."]
