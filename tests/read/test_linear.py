"""The time of a reader grows with its bytes, not with their square: calls are counted, no clock is read."""

import gzip
import io
import re
import sys
import zlib
from collections.abc import Callable
from contextlib import suppress

import pytest

from etl.common.problem import Problem
from etl.read.announced import announces, redact_announced, redact_ids, redact_keyed, redact_record
from etl.read.csv_dialect import ID
from etl.read.dialog import FOOTER, without_ending
from etl.read.dialog_line import times_apart, times_in
from etl.read.dialog_text import split_headings
from etl.read.dialog_times import CLOCK_TIME, DAY_WORD
from etl.read.streams import DECOMPRESSORS, unpacked_chunks
from etl.read.tables import TIME_LIKE
from etl.read.tins import REPLACED, is_too_deep, redact
from support.staged_files import LOG, refusal, staged


def calls(function: Callable[[], object]) -> int:
    """How often a function and all that it uses call another, in Python or in C."""
    count = 0

    def counted(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count


TEXTS = {
    "layers": lambda size: "%" + "25" * (size // 2) + "31",
    "numbers behind a word": lambda size: "SSN " + "111223333 " * (size // 10),
    "numbers before a word": lambda size: "111223333 " * (size // 10) + "SSN",
    "groups": lambda size: "111-22-3333 " * (size // 12),
    "hexadecimal": lambda size: "SSN 111223333 " + "a1b2c3d4e5f60718 222334444 " * (size // 27),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_numbers_of_taxpayers(text: Callable[[int], str]) -> None:
    few, many = (calls(lambda size=size: redact(text(size))) for size in (10_000, 40_000))
    assert many < 4.5 * few


KEYED = {
    "keys in keys": lambda size: '{"ssn":' * (size // 8) + "1" + "}" * (size // 8),
    "keys in keys, cut": lambda size: '{"ssn":[' * (size // 8) + "123456789",
    "keys without values": lambda size: '"ssn":' * (size // 6),
    "keys without quotes behind them": lambda size: '"ssn":1 x ' * (size // 10),
    "keys in texts": lambda size: '"ssn":"x \\"ssn\\": y ' * (size // 20),
    "keys side by side": lambda size: '"ssn":"078051121",' * (size // 18),
    "apostrophes": lambda size: "'ssn': it's \"" * (size // 13),
    "brackets": lambda size: '"ssn":' + '["' * (size // 2),
    "backslashes": lambda size: '"ssn' + "\\" * size + '":',
    "dates": lambda size: "Mar 26, 2026 " * (size // 13),
    "numbers": lambda size: "078051121 a " * (size // 12),
}


@pytest.mark.parametrize("function", [redact_keyed, redact_announced, redact_ids, redact_record])
@pytest.mark.parametrize("text", KEYED.values(), ids=KEYED)
def test_numbers_under_keys(text: Callable[[int], str], function: Callable[[str], tuple[str, int]]) -> None:
    few, many = (calls(lambda size=size: function(text(size))) for size in (1_000, 4_000))
    assert many < 4.5 * few


def nested(depth: int, size: int, inside: str = "1") -> str:
    """JSON with an object in an object, and so on; the innermost has as many keys as fit."""
    keys = ",".join(f'"k{number}":{inside}' for number in range(size // 10))
    return '{"a":' * depth + "{" + keys + "}" + "}" * depth


def test_members_of_an_archive() -> None:
    """What follows a member is copied for each: 1,000 members of 20 bytes, and not all of a megabyte."""
    copied = [0]

    class Watched:
        def __init__(self) -> None:
            self.own = zlib.decompressobj(wbits=31)
            self.eof, self.unused_data, self.unconsumed_tail = False, b"", b""

        def decompress(self, data: bytes, most: int) -> bytes:
            copied[0] += len(data)
            found = self.own.decompress(data, most)
            self.eof, self.unused_data = self.own.eof, self.own.unused_data
            self.unconsumed_tail = self.own.unconsumed_tail
            return found

    packed = gzip.compress(b"a") * 5_000
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(DECOMPRESSORS, "gzip", Watched)
        assert b"".join(unpacked_chunks("gzip", io.BytesIO(packed), [])) == b"a" * 5_000
    assert copied[0] < 1_000 * len(packed)


def test_times_in_a_line() -> None:
    text = "3:10 PM " * 20_000
    few, many = (calls(lambda size=size: times_in([text[:size]])) for size in (10_000, 40_000))
    assert many < 4.5 * few
    copied = [0]

    class Watched(str):
        def __getitem__(self, place: object) -> str:
            part = super().__getitem__(place)  # type: ignore[index]
            copied[0] += len(part)
            return part

    assert len(list(times_apart(CLOCK_TIME, Watched(text)))) == 20_000
    assert copied[0] < len(text)
    found = [match.start() for match in times_apart(CLOCK_TIME, 'a 3:10 PM "b 3:11 PM" c 3:12 PM, x3:13 PM')]
    assert found == [2]


RECORD = '{"return_id":"R1","tab":"Client","label":"Upload","event_time":"2026-03-01 09:00"}'
DOCUMENTS = {
    "beside": lambda size: f'{{"b":{nested(40, size)},"records":[{RECORD}]}}',
    "texts beside": lambda size: f'{{"b":{nested(40, size, chr(34) * 2)},"records":[{RECORD}]}}',
    "around": lambda size: f'{{"records":[{nested(40, size)}]}}',
}


@pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS)
def test_objects_in_objects(text: Callable[[int], str]) -> None:
    """Each object counts with all objects in it, so without a limit 40 times."""

    def read(size: int) -> None:
        with suppress(Problem):
            staged("a.json", text(size))

    few, many = (calls(lambda size=size: read(size)) for size in (10_000, 40_000))
    assert many < 4.5 * few
    assert few < 5_000_000


def objects(count: int, one: str) -> str:
    return "{" + ",".join(f'"c{number}":{one}' for number in range(count)) + "}"


REFUSED = {
    "line 1: the depth of JSON is 301, and the limit is 50 (json_depth": nested(300, 10_000),
    "line 1: the depth of JSON is 302, and": f'{{"b":{nested(300, 10_000)},"records":[{RECORD}]}}',
    "its objects have over 50000 headings.": objects(9, nested(40, 5_000)),
    "it has objects in over 1000 places.": objects(1_100, "{}"),
}


@pytest.mark.parametrize(("reason", "text"), REFUSED.items())
def test_documents_with_too_many_objects_are_refused(reason: str, text: str) -> None:
    assert refusal("a.json", text).startswith(reason)


def test_a_text_in_more_than_eight_layers_is_replaced_as_a_whole() -> None:
    eight, nine = ("call 123%" + "25" * layers + "2d45%2d6789" for layers in (7, 8))
    assert (redact(eight), is_too_deep(eight)) == (("call " + REPLACED, 1), False)
    assert (redact(nine), is_too_deep(nine)) == ((REPLACED, 1), True)
    # A percentage is no code, and neither is a long address that is encoded once or twice.
    for text in ("100%25 of it", "a%2525252525b", "https://a.example/?u=" + "%253A%252F" * 500):
        assert redact(text) == (text, 0)


def test_a_line_that_may_be_headings_is_split_once() -> None:
    words = ["User"] * 3, ["User"] * 6
    few, many = (calls(lambda own=own: split_headings([*own, "x"], LOG)) for own in words)
    assert split_headings(["User", "Status"], LOG) == ["actor", "status"]
    # Two headings more took four times as many calls.
    assert calls(lambda: split_headings(["a", "b", "c", "d", "e", "f", "g", "h"], LOG)) < 200
    assert many < 4 * few


@pytest.mark.parametrize(
    ("label", "left"),
    [
        ("Email - Delivered", "Email"),
        ("Email \n Opened ", "Email"),
        ("Email -\n(reprocessed)", "Email -"),
        ("Email --Bounced", "Email -"),
        ("Email: open", "Email"),
        ("Link opened", "Link opened"),
        ("Email - Unprocessed", "Email - Unprocessed"),
        ("Email", "Email"),
        ("Opened", "Opened"),
    ],
)
def test_a_status_at_the_end_of_a_label(label: str, left: str) -> None:
    assert without_ending(label) == left


def test_expressions_that_never_ended() -> None:
    assert announces("Social Security " * 20_000)
    assert not announces("Social Security " * 20_000 + "Benefits")
    assert not announces("social " + "ids " * 10_000 + "media")
    assert not announces("social " + "ids" * 10_000 + "media")
    for text in (" " * 400_000 + "x", "\n" * 400_000 + "x"):
        assert without_ending(f"Email{text}") == f"Email{text}"
    for text in ("jan " * 100_000, "1 " * 200_000):
        assert DAY_WORD.search(text) is None and re.search(TIME_LIKE, text) is None
    assert redact_keyed("\\" * 400_000) == ("\\" * 400_000, 0)
    assert re.fullmatch(FOOTER, "page 1" + ".1" * 5_000 + "!x") is None
    assert re.fullmatch(FOOTER, "page 1" + ".1" * 5_000) is not None
    assert ID.fullmatch("1" * 60_000 + " x") is None
