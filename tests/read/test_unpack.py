"""Only a complete archive is read; a cut, damaged or foreign one or a zip bomb leaves no files."""

import bz2
import gzip
import hashlib
import io
import lzma
import os
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import zstandard

from etl.common.problem import Problem
from etl.config.source import Limits
from etl.read.archive import Contents, Unpacked, contents
from support.staged_files import only_content

BODY = "".join(
    f"R{number},Client,Tax Return Accessed,{number * 7919 % 10007}\n" for number in range(3000)
).encode()
CUT = "the archive is cut ({} ends early). Nothing was loaded from it; export it again."
DAMAGED = (
    "the archive is damaged (its checksum or structure is wrong). "
    "Nothing was loaded from it; export it again."
)
FOREIGN = "something follows the end of the archive. Nothing was loaded from it; export it again."


def zipped(content: bytes, *names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names or ("../../export.csv",):
            archive.writestr(name, content)
    return buffer.getvalue()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.ZstdCompressor(write_checksum=True).compress,
    ".zip": zipped,
}
LIMITS = Limits()
STREAMS = [ending for ending in PACKERS if ending != ".zip"]


def unpacked(folder: Path, name: str, content: bytes, limits: Limits = LIMITS) -> Unpacked:
    (folder / name).write_bytes(content)
    private = folder / "private"
    private.mkdir(exist_ok=True)
    return only_content(folder / name, private, limits)


def refusal(folder: Path, name: str, content: bytes, limits: Limits = LIMITS) -> str:
    with pytest.raises(Problem) as raised:
        unpacked(folder, name, content, limits)
    assert not list((folder / "private").iterdir())
    return str(raised.value)


@pytest.mark.parametrize("ending", PACKERS)
def test_an_archive_gives_its_content_and_both_hashes(tmp_path: Path, ending: str) -> None:
    packed = PACKERS[ending](BODY)
    got = unpacked(tmp_path, "log.csv" + ending, packed)
    assert got.path.read_bytes() == BODY
    assert (got.name, got.place) == (("export.csv", ("export.csv",)) if ending == ".zip" else ("log.csv", ()))
    assert got.sha256 == hashlib.sha256(BODY).hexdigest()
    assert got.packed_sha256 == hashlib.sha256(packed).hexdigest()
    assert got.path.stat().st_mode & 0o777 == 0o600
    assert got.path.parent == tmp_path / "private"
    assert got.remark is None


def test_a_plain_file_is_not_copied(tmp_path: Path) -> None:
    got = unpacked(tmp_path, "log.csv", BODY)
    assert got.path == tmp_path / "log.csv"
    assert got.sha256 == got.packed_sha256 == hashlib.sha256(BODY).hexdigest()
    assert not list((tmp_path / "private").iterdir())


def test_an_archive_without_an_ending_is_recognized_by_its_first_bytes(tmp_path: Path) -> None:
    got = unpacked(tmp_path, "log", gzip.compress(BODY))
    assert (got.name, got.path.read_bytes()) == ("log", BODY)


@pytest.mark.parametrize("ending", STREAMS)
def test_several_members_are_one_content(tmp_path: Path, ending: str) -> None:
    pack = PACKERS[ending]
    assert (
        unpacked(tmp_path, "a" + ending, pack(BODY[:99]) + pack(b"") + pack(BODY[99:])).path.read_bytes()
        == BODY
    )


def test_a_frame_may_begin_at_the_end_of_a_step(tmp_path: Path) -> None:
    pack = PACKERS[".zst"]
    for size in range(980, 1020):
        content = Random(size).randbytes(size)
        packed = pack(content) + pack(b"") + pack(content)
        assert unpacked(tmp_path, "a.zst", packed).path.read_bytes() == content * 2


@pytest.mark.parametrize("ending", [".gz", ".xz", ".bz2"])
def test_zeros_may_follow_the_end(tmp_path: Path, ending: str) -> None:
    got = unpacked(tmp_path, "a" + ending, PACKERS[ending](BODY) + bytes(3_000_000))
    assert got.path.read_bytes() == BODY
    got.path.unlink()
    assert (
        refusal(tmp_path, "b" + ending, PACKERS[ending](BODY) + bytes(5) + PACKERS[ending](BODY)) == FOREIGN
    )


@pytest.mark.parametrize(
    ("ending", "kind"), [(".gz", "gzip"), (".bz2", "bzip2"), (".xz", "xz"), (".zst", "zstd")]
)
def test_a_cut_archive_is_refused_wherever_it_is_cut(tmp_path: Path, ending: str, kind: str) -> None:
    packed = PACKERS[ending](BODY)
    for size in (20, len(packed) // 3, len(packed) - 4, len(packed) - 1):
        assert refusal(tmp_path, "a" + ending, packed[:size]) in (CUT.format(kind), DAMAGED)
    assert refusal(tmp_path, "a" + ending, packed[: len(packed) // 2]) == CUT.format(kind)


@pytest.mark.parametrize("ending", STREAMS)
def test_what_follows_an_archive_is_refused(tmp_path: Path, ending: str) -> None:
    assert refusal(tmp_path, "a" + ending, PACKERS[ending](BODY) + b"R9,Client\n") in (FOREIGN, DAMAGED)


def test_a_cut_zip_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, "a.zip", zipped(BODY)[:-30]) == DAMAGED


@pytest.mark.parametrize("ending", PACKERS)
def test_no_flipped_bit_loads_other_content(tmp_path: Path, ending: str) -> None:
    packed = PACKERS[ending](BODY)
    random = Random(ending)
    refused = 0
    for _ in range(60):
        flipped = bytearray(packed)
        flipped[random.randrange(len(packed))] ^= 1 << random.randrange(8)
        try:
            assert unpacked(tmp_path, "a" + ending, bytes(flipped)).path.read_bytes() == BODY
        except Problem:
            refused += 1
    assert refused >= 50


def test_zstd_without_a_checksum_gets_a_remark(tmp_path: Path) -> None:
    got = unpacked(tmp_path, "a.csv.zst", zstandard.ZstdCompressor(write_checksum=False).compress(BODY))
    assert got.path.read_bytes() == BODY
    assert got.remark == "the archive carries no checksum, so damage inside it cannot be seen"


def found(folder: Path, content: bytes, limits: Limits = LIMITS) -> tuple[list[tuple], list[tuple]]:
    """Place, name and bytes of each content of a zip, and what is passed over."""
    (folder / "a.zip").write_bytes(content)
    (folder / "private").mkdir(exist_ok=True)
    got = contents(folder / "a.zip", folder / "private", limits)
    assert sorted((folder / "private").iterdir()) == sorted(one.path for one in got.contents)
    hashes = [hashlib.sha256(body).hexdigest() for body in bodies(got)]
    assert [one.sha256 for one in got.contents] == hashes
    assert {one.packed_sha256 for one in got.contents} == {hashlib.sha256(content).hexdigest()}
    rows = [(one.place, one.name, body) for one, body in zip(got.contents, bodies(got), strict=True)]
    return rows, [(one.place[0], one.reason) for one in got.passed]


def bodies(got: Contents) -> list[bytes]:
    return [one.path.read_bytes() for one in got.contents]


def zip_of(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_each_member_of_a_zip_is_a_content_and_may_be_packed_itself(tmp_path: Path) -> None:
    members = {
        "b.csv": BODY,
        "export/a.csv": b"one",
        **{f"c.csv{end}": PACKERS[end](BODY) for end in STREAMS},
    }
    rows, passed = found(tmp_path, zip_of(members))
    assert rows == [
        (("b.csv",), "b.csv", BODY),
        *((("c.csv" + end,), "c.csv", BODY) for end in sorted(STREAMS)),
        (("export/a.csv",), "a.csv", b"one"),
    ]
    assert passed == []


def test_what_is_no_export_is_passed_over_with_a_word(tmp_path: Path) -> None:
    system, members = (
        "a file that a system or a program adds",
        {"log/a.csv": BODY, "log/": b"", "log/none.csv": b""},
    )
    junk = ["log/.DS_Store", "Thumbs.db", "log/DESKTOP.INI", "__MACOSX/log/._a.csv", "._b.csv", "~$Lee.xlsx"]
    rows, passed = found(tmp_path, zip_of(members | dict.fromkeys(junk, b"x")))
    assert rows == [(("log/a.csv",), "a.csv", BODY)]
    assert passed == [
        ("._b.csv", system),
        ("Thumbs.db", system),
        ("__MACOSX/log/._a.csv", system),
        ("log", "a folder"),
        ("log/.DS_Store", system),
        ("log/DESKTOP.INI", system),
        ("log/none.csv", "an empty file: 0 bytes"),
        ("~$Lee.xlsx", system),
    ]


@pytest.mark.parametrize("members", [{"folder/": b""}, {".DS_Store": b"x"}, {"a.csv": b""}])
def test_a_zip_without_an_export_is_refused(tmp_path: Path, members: dict[str, bytes]) -> None:
    message = "the zip contains no file with content. Export it again."
    assert refusal(tmp_path, "a.zip", zip_of(members)) == message


def test_a_member_whose_name_leads_out_of_the_folder_stays_inside(tmp_path: Path) -> None:
    names = ["../../a.csv", "/etc/b.csv", "C:\\up\\..\\c.csv", "..", "d\u202e\n.csv"]
    rows, _ = found(tmp_path, zip_of(dict.fromkeys(names, BODY)))
    assert [place for place, _, _ in rows] == [
        ("no name",),
        ("a.csv",),
        ("etc/b.csv",),
        ("C:/up/c.csv",),
        ("d\ufffd\ufffd.csv",),
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "private"]


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {"a.csv": BODY, "in/b.zip": zipped(BODY)},
            "in/b.zip: a zip inside the zip. Unpack the outer zip, and load what is inside.",
        ),
        (
            {"a.csv": BODY, "b": zipped(BODY)},
            "b: a zip inside the zip. Unpack the outer zip, and load what is inside.",
        ),
        (
            {"a.csv": BODY, "123-45-6789.csv.gz": BODY},
            "[TIN].csv.gz: the name says gzip, the content is not (something else). Export it again.",
        ),
        ({"a.csv": BODY, "b.gz": gzip.compress(BODY)[:99]}, "b.gz: " + CUT.format("gzip")),
        (
            {"[Content_Types].xml": BODY, "xl/workbook.xml": BODY},
            "it is a document, such as a workbook, and not a zip of exports. "
            "Give its name the right ending, such as .xlsx.",
        ),
    ],
)
def test_a_fault_of_one_member_refuses_the_zip(
    tmp_path: Path, members: dict[str, bytes], message: str
) -> None:
    assert refusal(tmp_path, "a.zip", zip_of(members)) == message


def test_a_damaged_member_refuses_the_zip(tmp_path: Path) -> None:
    packed = bytearray(zip_of({"a.csv": b"first", "b.csv": BODY}))
    packed[len(packed) // 2] ^= 1
    assert refusal(tmp_path, "a.zip", bytes(packed)) == DAMAGED


def test_the_limits_count_all_members_together(tmp_path: Path) -> None:
    members = {f"{number}.csv": BODY for number in range(4)}
    limits = replace(LIMITS, unpacked_bytes=3 * len(BODY))
    assert "(unpacked_bytes under [limits]" in refusal(tmp_path, "a.zip", zip_of(members), limits)
    zeros = {f"{number}.csv": bytes(300_000) for number in range(5)}
    assert "(ratio under [limits]" in refusal(tmp_path, "a.zip", zip_of(zeros))
    del members["3.csv"]
    assert len(found(tmp_path, zip_of(members), limits)[0]) == 3


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped(BODY))
    content[6] |= 1
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    assert (
        refusal(tmp_path, "a.zip", bytes(content))
        == "the zip is encrypted. Unpack it, and load what is inside."
    )


@pytest.mark.parametrize("ending", PACKERS)
def test_a_zip_bomb_is_refused_while_it_is_unpacked(tmp_path: Path, ending: str) -> None:
    bomb = PACKERS[ending](bytes(30_000_000))
    assert refusal(tmp_path, "a" + ending, bomb) == (
        "its size unpacked, as a multiple of its size packed, is over 200, and the limit is 200 "
        "(ratio under [limits] in settings.toml)."
    )
    limits = replace(Limits(), unpacked_bytes=1000)
    assert refusal(tmp_path, "a" + ending, PACKERS[ending](BODY), limits).endswith(
        "and the limit is 1000 (unpacked_bytes under [limits] in settings.toml)."
    )


def test_a_large_file_is_refused_without_reading_it(tmp_path: Path) -> None:
    assert refusal(tmp_path, "a.csv", BODY, replace(Limits(), file_bytes=1000)) == (
        f"the file is {len(BODY)}, and the limit is 1000 (file_bytes under [limits] in settings.toml)."
    )
    assert "unpacked_bytes" in refusal(tmp_path, "a.csv", BODY, replace(Limits(), unpacked_bytes=1000))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv.gz", BODY, "the name says gzip, the content is not (something else). Export it again."),
        (
            "a.csv.gz",
            b"<html><body>Sign in</body></html>",
            "the name says gzip, the content is not "
            "(a web page (HTML), such as a login page saved in place of the export). Export it again.",
        ),
        (
            "a.gz",
            bz2.compress(BODY),
            "the name says gzip, the content is not (a bzip2 archive). Export it again.",
        ),
        (
            "a.csv",
            gzip.compress(BODY),
            "the name says CSV, the content is a gzip archive. Rename it to what it is.",
        ),
        ("a.csv", zipped(BODY), "the name says CSV, the content is a zip archive. Rename it to what it is."),
    ],
)
def test_a_name_that_claims_something_else_is_refused(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    assert refusal(tmp_path, name, content) == message


def test_what_is_not_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="the file cannot be read"):
        contents(tmp_path / "none.csv", tmp_path, Limits())
    with pytest.raises(Problem, match="the file cannot be read"):
        contents(tmp_path, tmp_path, Limits())


def test_a_file_that_changes_after_it_was_hashed_is_refused(tmp_path: Path) -> None:
    got = unpacked(tmp_path, "log.csv", BODY)
    got.refuse_changed()
    with open(tmp_path / "log.csv", "ab") as file:
        file.write(b"more\n")
    with pytest.raises(
        Problem, match=r"the file changed while it was read\. Load it again when its export is complete\."
    ):
        got.refuse_changed()
    os.utime(tmp_path / "log.csv", ns=(0, 0))
    with pytest.raises(Problem):
        got.refuse_changed()


def test_a_file_of_equal_size_and_time_in_its_place_is_refused(tmp_path: Path) -> None:
    got = unpacked(tmp_path, "log.csv", BODY)
    for content, is_same in ((BODY, True), (BODY.swapcase(), False)):
        other = tmp_path / "other"
        other.write_bytes(content)
        os.utime(other, ns=(0, got.stamp.time))
        other.replace(tmp_path / "log.csv")
        if is_same:
            got.refuse_changed()
        else:
            with pytest.raises(Problem, match="the file changed while it was read"):
                got.refuse_changed()


def test_a_file_whose_rights_change_while_it_is_read_is_the_same(tmp_path: Path) -> None:
    """An index or a virus scanner may touch it, and some network drives give it another inode each time."""
    got = unpacked(tmp_path, "log.csv", BODY)
    (tmp_path / "log.csv").chmod(0o400)
    got.refuse_changed()
    got = replace(got, stamp=replace(got.stamp, inode=0))
    got.refuse_changed()
