"""Verify finds damage: a changed, cut or missing file, a row that differs from a rebuild, a leftover file."""

import os
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

from etl.access.audit import SAW, record
from etl.common.files import write_json
from etl.common.paths import CHECKOUT, DataDir
from etl.common.problem import Problem
from etl.config.settings import read_settings
from etl.store.load import load_inbox
from etl.store.parts import Part, parts, with_checksums
from etl.upkeep.findings import DAMAGE, WARNING, Finding, is_well, store_findings, stored_findings
from etl.upkeep.verify import check_files, check_space, check_store, verify
from etl.warehouse.build import build
from support.exports import GOING, HEAD, lines, output_lines, put, returntrail, small_firm
from support.shown import tables

RESTORE = "Remove the part and load its file again, or restore it from a backup."


pytestmark = pytest.mark.usefixtures("private_umask")


@pytest.fixture(scope="module")
def loaded(private_umask: None, tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    """The small firm, loaded and built."""
    data = small_firm(tmp_path_factory.mktemp("verify"))
    put(data, "clock.csv", (HEAD + lines("2025-0003", 2090)).encode())
    load_inbox(data, read_settings(data.settings))
    build(data)
    return data


@pytest.fixture
def data(loaded: DataDir, tmp_path: Path) -> DataDir:
    shutil.copytree(loaded.root, tmp_path / "data")
    return DataDir(tmp_path / "data")


def flipped(place: float) -> Callable[[Path], None]:
    """A function that changes one bit of a file, at this share of its length."""

    def flip(file: Path) -> None:
        content = bytearray(file.read_bytes())
        content[min(int(len(content) * place), len(content) - 1)] ^= 4
        file.write_bytes(content)

    return flip


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


WAYS = [*(flipped(place) for place in (0, 0.2, 0.5, 0.8, 1)), cut, Path.unlink]


def wrong(data: DataDir) -> list[tuple[str, str, str]]:
    """The findings of severity damage and warning."""
    return [as_tuple(found) for found in verify(data) if not is_well([found])]


def as_tuple(found: Finding) -> tuple[str, str, str]:
    return found.severity, found.subject, found.finding


def test_an_undamaged_firm_has_nothing_to_fix(data: DataDir) -> None:
    record(data, SAW, "ann@firm.example", "manager", "work_list", 3)
    done = returntrail(data, "verify")
    assert done.returncode == 0
    assert [" ".join(line.split()) for line in output_lines(done, data)] == [
        "severity subject finding",
        "note clock.csv 4 events are left out: they are later than 2026-03-04 15:03:00 UTC.",
        "note january.csv 2 of 10 records were quarantined; Data health lists the reasons.",
        "note refused.csv Refused: no heading is known, so the file has no header, "
        "or a header with other names. "
        'Headings found: Shoe. Name yours under [source.columns] of "user tracking" in settings.toml.',
        "well store 4 loaded files are unchanged, with the counts of the ledger.",
        "well warehouse Every table can be read, and its ledger matches the store and the tables.",
        "well models 3 returns were rebuilt, with the same result.",
        "well files No other user of this machine can read a file.",
        "well files There are no leftover files.",
        "well files There is enough disk space for the next build.",
        "well audit/trail.jsonl No line was changed, and none is missing.",
    ]
    assert [one.subject for one in stored_findings(data)[1]][:3] == [
        "clock.csv",
        "january.csv",
        "refused.csv",
    ]


@pytest.mark.parametrize("name", ["events.parquet", "returns.parquet", "quarantine.parquet", "ledger.json"])
def test_every_damaged_file_of_the_store_is_found(data: DataDir, name: str) -> None:
    part = next(part for part in parts(data) if (part.folder / name).exists())
    file = part.folder / name
    content = file.read_bytes()
    for damage in WAYS:
        damage(file)
        found = [one for one in check_store(data)[0] if one.severity == DAMAGE]
        assert [one.subject for one in found] == [f"store/{part.folder.name}/{name}"], damage
        assert found[0].finding.endswith(RESTORE)
        file.write_bytes(content)
    flipped(0.5)(file)
    with pytest.raises(
        Problem, match=f"{file}: .* Remove .* and load its file again. The old warehouse stays."
    ):
        build(data)
    file.write_bytes(content)
    assert is_well(check_store(data)[0])


def test_a_damaged_refusal_is_found(data: DataDir) -> None:
    [file] = (data.store / "refused").iterdir()
    content = file.read_bytes()
    for damage in WAYS[:-1]:
        damage(file)
        assert [one.subject for one in check_store(data)[0] if one.severity == DAMAGE] == [
            f"store/refused/{file.name}"
        ]
        file.write_bytes(content)


def test_a_damaged_or_missing_warehouse_is_found(data: DataDir) -> None:
    """DuckDB checks the blocks in use; a changed byte in unused space changes no table."""
    content = data.warehouse.read_bytes()
    with duckdb.connect(str(data.warehouse), read_only=True) as database:
        found = database.execute(
            "select block_id from pragma_storage_info('mart.returns') where block_id >= 0"
        ).fetchall()
    block = 3 * 4096 + found[0][0] * 262_144
    for place in (0, 4_100, block + 100):
        changed = bytearray(content)
        changed[place] ^= 4
        data.warehouse.write_bytes(changed)
        found = [subject for severity, subject, _ in wrong(data) if severity == DAMAGE]
        assert found and all(subject.startswith("warehouse.duckdb") for subject in found), place
    cut(data.warehouse)
    assert [subject for _, subject, _ in wrong(data)] == ["warehouse.duckdb"]
    data.warehouse.unlink()
    assert wrong(data) == [(WARNING, "warehouse.duckdb", "There is no warehouse. Type `returntrail build`.")]


def test_a_row_that_differs_from_a_rebuild_is_found(data: DataDir) -> None:
    with duckdb.connect(str(data.warehouse)) as database:
        database.execute(f"update mart.returns set event_count = 5 where return_id = '{GOING}'")
        database.execute("update raw.files set repeated_count = 7 where file_name = 'january.csv'")
    sentence = "Its distinct, repeated and later records do not add up to its kept records."
    assert [finding.split(" Type")[0] for _, _, finding in wrong(data)] == [sentence]
    with duckdb.connect(str(data.warehouse)) as database:
        database.execute(
            "update raw.files set repeated_count = kept_count - distinct_count "
            "where file_name = 'january.csv'"
        )
    assert wrong(data) == [
        (
            DAMAGE,
            "warehouse.duckdb, mart.returns",
            "2 rows of 3 returns differ from a rebuild. Type `returntrail build`.",
        )
    ]


@pytest.mark.parametrize(
    ("change", "severity", "sentence"),
    [
        (
            "delete from raw.records where row_no = 1 "
            "and file_no = (select file_no from raw.file_numbers where file_id = $file_id)",
            DAMAGE,
            "The tables have 7 records and 2 quarantined records, not 8 and 2.",
        ),
        (
            "insert into raw.quarantine values ($file_id, 1, 'broken_json')",
            DAMAGE,
            "The tables have 8 records and 3 quarantined records, not 8 and 2.",
        ),
        (
            "update raw.files set record_count = 9 where file_id = $file_id",
            DAMAGE,
            "Its kept, quarantined and purged records do not add up to all of its records.",
        ),
        (
            "update raw.files set record_count = 9, kept_count = 7 where file_id = $file_id",
            WARNING,
            "record_count is 9 in the warehouse and 10 in the ledger, "
            "kept_count is 7 in the warehouse and 8 in the ledger.",
        ),
        (
            "insert into raw.files (file_id, state, reason) select reverse($file_id), 'refused', 'Empty.'",
            WARNING,
            "The warehouse has this refusal, but the store does not.",
        ),
        (
            "insert into raw.files (file_id, state) select reverse($file_id), 'refused'",
            WARNING,
            "The warehouse has this refusal, but the store does not.",
        ),
    ],
    ids=["record", "quarantined record", "sum", "count", "refusal", "refusal without a reason"],
)
def test_a_ledger_that_differs_from_the_tables_or_the_store_is_found(
    data: DataDir, change: str, severity: str, sentence: str
) -> None:
    """january.csv has ten records, and two of them are quarantined."""
    part = next(part for part in parts(data) if part.ledger["file_name"] == "january.csv")
    with duckdb.connect(str(data.warehouse)) as database:
        database.execute(change, {"file_id": part.file_id})
    found = [(found, finding) for found, _, finding in wrong(data)]
    remedy = "Type `returntrail build`; the store has all that it needs."
    assert (severity, f"{sentence} {remedy}") in found


def test_a_missing_part_is_found_and_a_part_that_is_not_built_is_no_fault(data: DataDir) -> None:
    part = next(part for part in parts(data) if part.ledger["file_name"] == "january.csv")
    put(data, "new.csv", (HEAD + lines("2023-0001")).encode())
    [outcome] = load_inbox(data, read_settings(data.settings))
    found = verify(data)
    assert is_well(found)
    assert ("note", f"store/{outcome.part.file_id}") in [(one.severity, one.subject) for one in found]
    shutil.rmtree(part.folder)
    assert wrong(data) == [
        (
            DAMAGE,
            f"store/{part.file_id}",
            "The warehouse has records of this file, but its part is missing. "
            "Load the file again, or build without it.",
        )
    ]


def remove_checksums(part: Part) -> None:
    """Makes a part like those of a version without checksums."""
    write_json(
        part.folder / "ledger.json",
        {name: part.ledger[name] for name in part.ledger if name not in ("seal", "sha256")},
    )


def test_parts_of_a_version_without_checksums_are_no_fault(data: DataDir) -> None:
    remove_checksums(parts(data)[0])
    sentence = "1 loaded file is from a version without checksums, so a changed byte may not be noticed."
    found = [as_tuple(one) for one in check_store(data)[0]]
    assert found == [
        ("note", "store", sentence),
        ("well", "store", "4 loaded files are unchanged, with the counts of the ledger."),
    ]


def test_damage_without_checksums_is_reported_in_a_sentence(data: DataDir) -> None:
    """DuckDB has many errors for a damaged Parquet file, and some of them have no class of their own."""
    part = next(part for part in parts(data) if part.kind == "events")
    remove_checksums(part)
    content, broken = part.data.read_bytes(), []
    for place in (number / 60 for number in range(60)):
        part.data.write_bytes(content)
        flipped(place)(part.data)
        found = [one for one in check_store(data)[0] if one.severity == DAMAGE]
        if found:
            assert [one.subject for one in found] == [f"store/{part.folder.name}/events.parquet"]
            broken.append(part.data.read_bytes())
    assert len(broken) > 5
    for damaged in broken[:: len(broken) // 4]:
        part.data.write_bytes(damaged)
        with pytest.raises(
            Problem, match=f"^{part.folder}: .*damaged.* [Rr]emove it and load its file again"
        ):
            build(data)


def test_modes_leftovers_and_a_full_disk_are_found(data: DataDir) -> None:
    data.warehouse.chmod(0o644)
    for name in (".build-x", "store/.work-y"):
        (data.root / name).mkdir()
        (data.root / name / "spill").touch()
    (data.root / "notes.txt").touch()
    (parts(data)[0].folder / "copy.parquet").touch()
    data.purging.touch()
    leftover = "A process that was killed left it. The next load, build or report removes it; you may too."
    unknown = "It does not belong to returntrail. Move it out of the data directory."
    found = [as_tuple(found) for found in check_files(data, read_settings(data.settings))]
    assert found == [
        (
            "warning",
            "warehouse.duckdb",
            "Other users of this machine can read it. Type `chmod go-rwx` and its name.",
        ),
        ("warning", ".build-x", leftover),
        ("warning", "store/.work-y", leftover),
        (
            "warning",
            ".purging.json",
            "A purge is not finished. Type `returntrail build`. It finishes the purge first.",
        ),
        ("warning", "notes.txt", unknown),
        ("warning", f"store/{parts(data)[0].folder.name}/copy.parquet", unknown),
        ("well", "files", "There is enough disk space for the next build."),
    ]
    [full] = check_space(data, least=10**18)
    assert (
        full.severity,
        full.finding.endswith("and a build may need 1000000000.0 GB. Free some disk space."),
    ) == ("warning", True)


def test_every_page_shows_a_banner_for_damage(data: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
    store_findings(
        data,
        [
            Finding(DAMAGE, "store/x", "It is not the file that was written."),
            Finding(WARNING, "disk", "Free some disk space."),
        ],
    )
    data.purging.touch()
    monkeypatch.setenv("RETURNTRAIL_DATA", str(data.root))
    app = AppTest.from_file(str(CHECKOUT / "dashboard" / "frame.py"), default_timeout=300)
    app.switch_page("page/data.py").run()
    assert not app.exception
    purging, damaged = [one.value for one in app.error]
    assert purging.startswith(
        "A purge has begun and is not finished: these numbers still include what must be removed."
    )
    assert re.sub(r" on .*? [AP]M:", "", damaged) == (
        "One thing is damaged, as `returntrail verify` found see Data health. "
        "These numbers may be wrong until it is repaired and verified again."
    )
    found = [(row["Severity"], row["Finding"]) for row in tables(app)["What verify found"]]
    assert found == [(DAMAGE, "It is not the file that was written."), (WARNING, "Free some disk space.")]
    assert "Nothing was purged." in [text.value for text in app.text]


def test_a_load_in_the_future_is_found(data: DataDir) -> None:
    part = parts(data)[0]
    ledger = part.ledger | {"loaded_at": datetime(2090, 1, 1, tzinfo=UTC).isoformat()}
    write_json(part.folder / "ledger.json", with_checksums(ledger, part.files))
    [found] = [one for one in check_store(data)[0] if one.severity == WARNING]
    assert found.finding.startswith("It was loaded at 2090-01-01T00:00:00+00:00, which is in the future.")
