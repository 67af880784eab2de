"""The evidence pack: what an auditor gets, the same bytes each time, without scripts and links."""

import csv
import hashlib
import io
import json
import re
import zipfile
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from unicodedata import normalize

import pytest

from etl.common.paths import CHECKOUT, DataDir
from etl.common.problem import Problem
from etl.common.terminal import CONTROL_CHARACTERS
from etl.reports.evidence import evidence, file_name
from etl.warehouse.build import build
from etl.warehouse.cells import FORMULA, MARK
from support.cells import unescaped
from support.loaded_files import tree
from support.naughty import STRINGS, WALKED
from support.story import read_story, tell

HERE = CHECKOUT / "tests"
STORY = read_story(HERE / "stories" / "evidence_names_the_event_behind_each_fact.txt")
ALLOWED = re.compile(r"(?:pages/\d{4}\.)?[A-Za-z0-9_.-]+")
# Elements that only print; none loads, runs, links or sends.
PLAIN = {"html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "bdi"}
PLAIN |= {"table", "caption", "thead", "tbody", "tr", "th", "td"}
FIXED = {("lang", "en"), ("charset", "utf-8"), ("scope", "col"), ("class", "absent")}


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    """The return of the story, e-signed and picked up."""
    return DataDir(tell([STORY], tmp_path_factory.mktemp("planted")).parent)


class Page(HTMLParser):
    """A page as a browser reads it: its elements, its attributes, its texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        if tag != "meta" or attrs[0][0] == "charset":
            self.attributes |= set(attrs)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def without_build(text: str) -> str:
    """A page without what another version or settings file changes."""
    return re.sub(r"Build \w+ of returntrail [\w.+-]+\.", "Build DIGEST of returntrail VERSION.", text)


@pytest.mark.parametrize("name", ["page.html", "facts.csv", "records.csv"])
def test_the_pack_of_a_planted_return_is_as_reviewed(planted: DataDir, tmp_path: Path, name: str) -> None:
    pack = evidence(planted, return_id="signed", out=tmp_path)
    written = pack / ("pages/0001.signed.html" if name == "page.html" else name)
    found = without_build(written.read_text(encoding="utf-8"))
    found = re.sub(r'"[0-9a-f]{16}",(\d+),1,"[0-9a-f]{32}"', r'"FILE_ID",\1,1,"ROW_HASH"', found)
    assert found == (HERE / "evidence" / name).read_text(encoding="utf-8")


def test_a_pack_matches_its_sums_and_its_description(planted: DataDir, tmp_path: Path) -> None:
    pack = evidence(planted, return_id="signed", out=tmp_path)
    files = {str(path): content for path, content in tree(pack).items()}
    sums = files.pop("SHA256SUMS").decode()
    assert sums == "".join(f"{hashlib.sha256(files[path]).hexdigest()}  {path}\n" for path in sorted(files))
    about = json.loads(files["about.json"])
    assert set(about["files"]) == {
        "facts.csv",
        "signers.csv",
        "records.csv",
        "steps.csv",
        "pages",
        "SHA256SUMS",
    }
    for name in (name for name in files if name.endswith(".csv")):
        assert next(csv.reader(io.StringIO(files[name].decode()))) == list(about["files"][name]["columns"])
    assert {oct(path.stat().st_mode & 0o777) for path in pack.rglob("*") if path.is_file()} == {"0o600"}


def test_a_pack_of_the_same_parts_is_the_same_bytes(planted: DataDir, tmp_path: Path) -> None:
    folder = tree(evidence(planted, return_id="signed", out=tmp_path / "a"))
    packed = evidence(planted, return_id="signed", out=tmp_path / "a", as_zip=True).read_bytes()
    build(planted, datetime.fromisoformat(f"{STORY.as_of}+00:00"))
    again = evidence(planted, return_id="signed", out=tmp_path / "b")
    assert tree(again) == folder
    assert evidence(planted, return_id="signed", out=tmp_path / "b", as_zip=True).read_bytes() == packed
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.namelist() == [
            f"{again.name}/{path}" for path in sorted(set(map(str, folder)) - {"SHA256SUMS"})
        ] + [f"{again.name}/SHA256SUMS"]
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert all(archive.read(f"{again.name}/{path}") == content for path, content in folder.items())


def test_a_fact_names_its_record(planted: DataDir, tmp_path: Path) -> None:
    pack = evidence(planted, return_id="signed", out=tmp_path)
    facts = list(csv.DictReader((pack / "facts.csv").open(encoding="utf-8")))
    records = {
        (row["file_name"], row["row_no"]): row
        for row in csv.DictReader((pack / "records.csv").open(encoding="utf-8"))
    }
    behind = [row for row in facts if row["event_no"]]
    assert len(behind) == 11
    for fact in behind:
        assert records[fact["file_name"], fact["row_no"]]["event_no"] == fact["event_no"]


def test_an_offices_pack_has_each_of_its_returns_and_no_other(season: DataDir, tmp_path: Path) -> None:
    pack = evidence(season, office="Austin", year=2025, out=tmp_path)
    about = json.loads((pack / "about.json").read_text(encoding="utf-8"))
    ids = [one["return_id"] for one in about["returns"]]
    assert len(ids) > 20 and ids == sorted(ids)
    assert [page.name.split(".")[1] for page in sorted((pack / "pages").iterdir())] == ids
    for name in ("facts.csv", "signers.csv", "records.csv", "steps.csv"):
        rows = list(csv.DictReader((pack / name).open(encoding="utf-8")))
        assert rows and {row["return_id"] for row in rows} <= set(ids), name
    assert pack.name == "evidence.office.Austin.2025"


def test_a_return_that_was_never_delivered_says_so(season: DataDir, tmp_path: Path) -> None:
    pack = evidence(season, office="Austin", year=2025, out=tmp_path)
    delivered = {row["return_id"] for row in csv.DictReader((pack / "facts.csv").open(encoding="utf-8"))}
    pages = {page.name.split(".")[1]: page.read_text(encoding="utf-8") for page in (pack / "pages").iterdir()}
    undelivered = {name for name, text in pages.items() if "was not delivered to its client" in text}
    assert undelivered == pages.keys() - delivered and undelivered


@pytest.mark.parametrize("number", WALKED)
def test_hostile_names_stay_text(hostile: DataDir, tmp_path: Path, number: int) -> None:
    pack = evidence(hostile, return_id=f"r{number}", out=tmp_path)
    [file] = (pack / "pages").iterdir()
    page = Page(file.read_text(encoding="utf-8"))
    assert page.elements <= PLAIN
    assert page.attributes <= FIXED
    shown = re.sub(CONTROL_CHARACTERS, "�", STRINGS[number]).strip()
    assert any(shown in text for text in page.texts)
    for name in ("facts.csv", "signers.csv", "records.csv", "steps.csv"):
        for row in csv.reader((pack / name).open(encoding="utf-8", newline="")):
            bare = [cell for cell in row if not cell.startswith(MARK) and not re.fullmatch(r"-?[\d.]+", cell)]
            assert [cell for cell in bare if re.match(FORMULA, cell)] == []
    labels = {
        unescaped(row["logged_label"])
        for row in csv.DictReader((pack / "records.csv").open(encoding="utf-8", newline=""))
    }
    assert STRINGS[number] in labels


@pytest.mark.parametrize("number", WALKED)
def test_no_path_contains_a_hostile_name(hostile: DataDir, tmp_path: Path, number: int) -> None:
    pack = evidence(hostile, office=STRINGS[number], year=2025, out=tmp_path)
    assert pack.parent == tmp_path and re.fullmatch(r"evidence\.office\.[A-Za-z0-9_.-]+", pack.name)
    assert [path for path in map(str, tree(pack)) if not ALLOWED.fullmatch(path)] == []


def test_different_words_never_make_the_same_name() -> None:
    words = [
        ("a/b",),
        ("a b",),
        ("a-b",),
        ("a", "b"),
        ("a.b",),
        ("../a",),
        ("",),
        ("x",),
        ("a" * 70,),
        ("a" * 71,),
        (".",),
    ]
    names = [file_name(*each) for each in words]
    assert len(set(names)) == len(names)
    assert all(ALLOWED.fullmatch(name) and not name.startswith(".") for name in names)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"return_id": "nope"}, 'The warehouse has no return "nope". '),
        ({"return_id": "signed", "firm": "elm"}, 'The warehouse has no return "signed" of the firm "elm". '),
        ({"office": "Rome", "year": 2025}, 'No return has the office "Rome". There are: none.'),
    ],
)
def test_what_is_unknown_is_a_problem_and_leaves_nothing(
    planted: DataDir, tmp_path: Path, asked: dict, message: str
) -> None:
    with pytest.raises(Problem) as problem:
        evidence(planted, out=tmp_path / "out", **asked)
    assert str(problem.value).startswith(message)
    assert not (tmp_path / "out").exists()


def test_an_unknown_year_and_office_name_the_known_ones(season: DataDir, tmp_path: Path) -> None:
    with pytest.raises(
        Problem, match=r'^The office "Austin" has no return of 1999\. It has returns of: 2024, 2025\.$'
    ):
        evidence(season, office="Austin", year=1999, out=tmp_path)
    with pytest.raises(
        Problem, match=r'^No return has the office "austin"\. There are: Austin, Chicago, Portland\.$'
    ):
        evidence(season, office="austin", year=2025, out=tmp_path)


def test_a_return_of_two_firms_requires_the_firm(tmp_path: Path) -> None:
    story = read_story(HERE / "stories" / "two_firms_may_use_the_same_return_id.txt")
    data = DataDir(tell([story], tmp_path).parent)
    return_id, firms = (
        story.blocks[0].rows[0][story.blocks[0].heading.index("return_id")],
        {row[story.blocks[0].heading.index("firm_id")] for row in story.blocks[0].rows},
    )
    with pytest.raises(
        Problem, match=f'^Several firms have a return "{return_id}": {", ".join(sorted(firms))}'
    ):
        evidence(data, return_id=return_id, out=tmp_path / "out")
    for firm in firms:
        assert evidence(data, return_id=return_id, firm=firm, out=tmp_path / "out").name.startswith(
            "evidence.return."
        )


ALIKE = """\
given raw.events
firm_id | return_id | office | tax_year | event_time       | tab      | label
oak     | R-1a      | Main   | 2025     | 2026-03-01 09:00 | Internal | Deliver to Client
oak     | R-1A      | MAIN   | 2025     | 2026-03-01 09:00 | Internal | Deliver to Client
oak     | R-2a      | Elm    | 2025     | 2026-03-01 09:00 | Internal | Deliver to Client
"""


def test_packs_of_names_that_differ_by_case_have_names_that_differ_on_every_disk(tmp_path: Path) -> None:
    (tmp_path / "story.txt").write_text(f"Some ids differ by case.\n\n{ALIKE}", encoding="utf-8")
    data = DataDir(tell([read_story(tmp_path / "story.txt")], tmp_path).parent)
    out = tmp_path / "out"
    packs = [evidence(data, return_id=one, out=out) for one in ("R-1a", "R-1A", "R-2a")]
    packs += [evidence(data, office=one, year=2025, out=out) for one in ("Main", "MAIN", "Elm")]
    packs += [evidence(data, office=one, year=2025, firm="oak", out=out) for one in ("Main", "MAIN", "Elm")]
    on_any_disk = {normalize("NFC", pack.name).casefold() for pack in packs}
    assert len(on_any_disk) == len(packs) == len(list(out.iterdir()))
    plain = ["evidence.return.oak.R-2a", "evidence.office.Elm.2025", "evidence.office.oak.Elm.2025"]
    assert [packs[number].name for number in (2, 5, 8)] == plain
    # The same pack again has the same name.
    assert evidence(data, return_id="R-1a", out=out) == packs[0]
    pages = {page.name.split(".")[1] for page in (packs[0] / "pages").iterdir()}
    assert pages == {"R-1a"}


def test_a_pack_replaces_only_an_older_pack(planted: DataDir, tmp_path: Path) -> None:
    pack = evidence(planted, return_id="signed", out=tmp_path)
    before = tree(pack)
    (pack / "pages" / "0001.signed.html").write_text("changed", encoding="utf-8")
    assert tree(evidence(planted, return_id="signed", out=tmp_path)) == before
    (pack / "SHA256SUMS").unlink()
    with pytest.raises(Problem, match="something other than a pack has this name"):
        evidence(planted, return_id="signed", out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [pack.name]


def test_a_place_that_cannot_be_written_is_a_problem(planted: DataDir, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(Problem, match="below: it cannot be written"):
        evidence(planted, return_id="signed", out=tmp_path / "file" / "below")
