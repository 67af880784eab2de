"""The demo's exports: the same bytes for the same seed, every known label, believable rates, real errors."""

import csv
import gzip
import hashlib
import io
import json
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path
from random import Random

import pytest

from etl.common.paths import CHECKOUT
from etl.demo import write_season
from etl.demo.firm import clients
from etl.demo.season import ROLES, cast

LABELS = CHECKOUT / "data" / "reference" / "labels.csv"
STATUSES = ("Processed", "Delivered", "Open", "Bounced", "Recalled", "Reprocessed")
QUOTES = str.maketrans("“”‘’", "\"\"''")


def text_of(file: Path) -> str:
    """The decompressed and decoded text of a file."""
    content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252")


def rows_of(file: Path) -> list[dict[str, str]]:
    """The records of an export without the broken ones, with the label cleaned and the status separate."""
    text = text_of(file)
    if ".ndjson" in file.name:
        rows = [json.loads(line) for line in text.splitlines()]
    else:
        delimiter = ";" if text.split("\n", 1)[0].count(";") > 5 else ","
        rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restkey="too much"))
    complete = [row for row in rows if "too much" not in row and row.get("Date/Time", "/") != "pending"]
    for row in complete:
        if "Event" in row:
            row["Event"] = " ".join(unicodedata.normalize("NFKC", row["Event"]).translate(QUOTES).split())
            if "Status" not in row:
                label, _, last = row["Event"].rpartition(" - ")
                row["Event"], row["Status"] = (label, last) if last in STATUSES else (row["Event"], "")
    return complete


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The default season's files."""
    return write_season(tmp_path_factory.mktemp("season"))


@pytest.fixture(scope="module")
def timelines(season: list[Path]) -> dict[str, list[tuple]]:
    """The distinct events of each return, in the order of the exports."""
    found: dict[str, dict[tuple, None]] = defaultdict(dict)
    for file in season:
        if "register" in file.name or "Web hooks" in file.name:
            continue
        for row in rows_of(file):
            found[row["Return ID"]][(row["Date/Time"], row["Tab"], row["Event"], row["Status"])] = None
    return {return_id: list(events) for return_id, events in found.items()}


def registers(season: list[Path]) -> list[dict[str, str]]:
    """The rows of all registers."""
    return [row for file in season if "register" in file.name for row in rows_of(file)]


def digests(folder: Path) -> dict[str, str]:
    """The checksum of each file, by name."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        write_season(tmp_path / name, returns=60, seed=seed)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert digests(tmp_path / "a") != digests(tmp_path / "c")


@pytest.mark.parametrize("returns", [60, 61, 137])
def test_the_logs_have_the_number_of_returns_of_the_option(tmp_path: Path, returns: int) -> None:
    files = write_season(tmp_path, returns=returns)
    logged = {row["Return ID"] for file in files if "Tracking" in file.name for row in rows_of(file)}
    assert len(logged) == returns
    assert logged < {row["Return ID"] for row in registers(files)}


@pytest.mark.parametrize("seed", range(12))
def test_a_small_season_has_every_role(seed: int) -> None:
    assert len(cast(clients(Random(f"{seed} clients"), 38))) == len(ROLES)


def test_a_couple_whose_spouse_is_asked_first_can_have_a_role(tmp_path: Path) -> None:
    assert write_season(tmp_path, returns=2000, seed=1)


def test_every_label_of_the_glossary_occurs(timelines: dict[str, list[tuple]]) -> None:
    if not LABELS.exists():
        pytest.skip("labels.csv is missing")
    with LABELS.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if "web hook" not in row["label"].lower()]
    wanted = {(*pattern(row["label"]), row["tab"], row["status"]) for row in rows}
    events = [event for timeline in timelines.values() for event in timeline]
    found = {(*pattern(label), tab.split()[0], status) for _, tab, label, status in events}
    assert not wanted - found


def pattern(label: str) -> tuple[str]:
    """The label up to its first quote."""
    return (label.split('"')[0],)


def test_rates_are_believable(timelines: dict[str, list[tuple]]) -> None:
    per_label: Counter[tuple[str, str]] = Counter()
    last_year = {return_id: events for return_id, events in timelines.items() if return_id.startswith("2024")}
    for events in last_year.values():
        per_label.update({(label.split(' "')[0], status) for _, _, label, status in events})
    delivered = per_label["Taxpayer: Initial Email", "Delivered"]
    assert 0.88 < per_label["Taxpayer: Initial Email", "Open"] / delivered < 0.98
    assert 0.005 < per_label["Taxpayer: Initial Email", "Bounced"] / len(last_year) < 0.03
    assert (
        0.95 < per_label["Taxpayer: Tax Return Accessed", ""] / per_label["Access Link selected", ""] < 0.995
    )
    assert 0.015 < per_label["Access Locked", ""] / len(last_year) < 0.05
    assert 0.04 < per_label["Recalled return", ""] / len(last_year) < 0.10
    assert 20 < sum(map(len, timelines.values())) / len(timelines) < 30


def test_a_recall_is_on_both_tabs(timelines: dict[str, list[tuple]]) -> None:
    for events in timelines.values():
        labels = Counter((label.lower(), status) for _, _, label, status in events)
        assert labels["recalled return", ""] == labels["tax return", "Recalled"]
        assert labels["reprocessed return", ""] == labels["tax return", "Reprocessed"]


def test_exports_overlap_and_repeat(season: list[Path]) -> None:
    lines = Counter(
        line for file in season if "Tracking" in file.name for line in text_of(file).splitlines()[1:]
    )
    assert sum(1 for count in lines.values() if count > 1) > 1000
    one_file = Counter(text_of(next(file for file in season if "03-30" in file.name)).splitlines())
    assert any(count == 2 for line, count in one_file.items() if "Document" in line)


def test_the_irregularities_of_real_exports_occur(season: list[Path]) -> None:
    texts = {file.name: text_of(file) for file in season}
    everything = "".join(texts.values())
    for piece in (
        "=HYPERLINK(",
        "234-56-7890",
        ",null,",
        "“",
        "K-1’s",
        "\N{NO-BREAK SPACE}",
        "TAX RETURN ACCESSED",
        "11/02/2025 01:12:00 AM",
        "Extension Notice Email",
        ",pending,",
        "Initial Email - Delivered",
        "Nuñez",
        "Return sent with KBA disabled (1040)",
        "Deleted Document",
    ):
        assert piece in everything, piece
    assert "Return ID;Client ID" in everything
    assert any(file.read_bytes().startswith(b"\xef\xbb\xbf") for file in season)
    assert sum(file.suffix == ".gz" for file in season) >= 3
    assert any("found 2026-03-06" in name for name in texts)


def test_the_hour_that_clocks_skip_does_not_occur(season: list[Path]) -> None:
    for file in season:
        assert (
            "03/08/2026 02:" not in text_of(file)
            or " AM" not in text_of(file).split("03/08/2026 02:")[1][:12]
        )


def test_the_register_has_couples_extensions_groups_and_returns_not_started(
    season: list[Path], timelines: dict[str, list[tuple]]
) -> None:
    rows = registers(season)
    assert {row["Joint"] for row in rows} == {row["Extended"] for row in rows} == {"Yes", "No"}
    assert any(row["Group"] for row in rows)
    assert {row["Office"] for row in rows} == {"Austin", "Chicago", "Portland"}
    not_started = {row["Return ID"] for row in rows} - set(timelines)
    assert len(not_started) == round(len(timelines) * 0.02)


def test_three_of_ten_signatures_are_in_web_hooks_too(
    season: list[Path], timelines: dict[str, list[tuple]]
) -> None:
    bodies = [
        json.loads(line)["body"]
        for file in season
        if "Web hooks" in file.name
        for line in text_of(file).splitlines()
    ]
    told = {body["taxReturnId"] for body in bodies if body.get("status") == "ESIGNED"}
    signed = {
        return_id
        for return_id, events in timelines.items()
        if any(label == "E-File Forms Downloaded" for _, _, label, _ in events)
    }
    assert told <= set(timelines)
    assert 0.25 < len(told) / len(signed) < 0.35
    assert Counter(body.get("status", body.get("eventType")) for body in bodies).keys() == {
        *("PROCESSING", "DELIVERED", "ESIGNED", "RECALLED", "UPLOADFORMS", None),
        *(5001, 2001, 3001, 6000),
    }
