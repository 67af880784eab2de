"""No taxpayer number is left, however it is written, and nothing that only looks like one is changed."""

import unicodedata

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.read.tins import SUSPECT, id_hash, redact

KEY = b"a key of the tests"
DATABASE = duckdb.connect()

# A form, and the text that replaces it. Escapes are used for what an editor would not show.
FORMS = {
    "123-45-6789": "[TIN]",
    "123\u201345\u20146789": "[TIN]",
    "123\u221245\u20106789": "[TIN]",
    "123.45.6789": "[TIN]",
    "123 45 6789": "[TIN]",
    "123\u00a045\u202f6789": "[TIN]",
    "123/45/6789": "[TIN]",
    "123_45_6789": "[TIN]",
    "123+45+6789": "[TIN]",
    "123\\45\\6789": "[TIN]",
    "123\u00b745\u00b76789": "[TIN]",
    "123 - 45 -\t6789": "[TIN]",
    "123-45 6789": "[TIN]",
    "(123) 45-6789": "([TIN]",
    "123:45:6789": "[TIN]",
    "123=45=6789": "[TIN]",
    "123*45*6789": "[TIN]",
    "123~45~6789": "[TIN]",
    "123\uff5e45\u223c6789": "[TIN]",
    "123\u02d745\u20536789": "[TIN]",
    "123\u30fc45\uff706789": "[TIN]",
    "123\u201245\u20156789": "[TIN]",
    "123          45          6789": "[TIN]",
    "\uff11\uff12\uff13\uff0d\uff14\uff15\uff0d\uff16\uff17\uff18\uff19": "[TIN]",
    "\u0661\u0662\u0663-\u0664\u0665-\u0666\u0667\u0668\u0669": "[TIN]",
    "\u00b9\u00b2\u00b3-\u2074\u2075-\u2076\u2077\u2078\u2079": "[TIN]",
    "\u246b\u2462-\u32ba-\u2472\u2473": "[TIN]",
    "123%2D45%2d6789": "[TIN]",
    "123%2045%206789.pdf": "[TIN].pdf",
    "%31%32%33-%34%35-%36%37%38%39": "[TIN]",
    "%EF%BC%91%EF%BC%92%EF%BC%93-45-6789": "[TIN]",
    "123%E2%80%9345%E2%80%936789": "[TIN]",
    "123%9645%A06789": "[TIN]",
    "123%252D45%252D6789": "[TIN]",
    "x%20123-45-6789%20y": "x%20[TIN]%20y",
    "100%123-45-6789": "100%[TIN]",
    "0%301 01 0001": "[TIN]",
    "123&nbsp;45&#45;6789": "[TIN]",
    "123&amp;#x2d;45&ndash;6789": "[TIN]",
    "1\u200b2\u200b3-4\u200d5-6\ufeff789": "[TIN]",
    "123\u200b45\u200b6789": "[TIN]",
    "123\u00ad45\u00ad6789": "[TIN]",
    "1\u03012\u03013-45-6789": "[TIN]",
    "123\u316445\u28006789": "[TIN]",
    "Smith123-45-6789Jones": "Smith[TIN]Jones",
    "2024_123-45-6789_8879.pdf": "2024_[TIN]_8879.pdf",
    "123-45-6789-2024": "[TIN]-2024",
    "\u7530123-45-6789\u4e2d": "\u7530[TIN]\u4e2d",
    "$123-45-6789": "$[TIN]",
    "123-45-6789 and 987-65-4329": "[TIN] and [TIN]",
    "900-50-1234, 999-99-9999, 912-70-1234, 912-88-1234, 912-90-1234, 912-94-1234": ", ".join(["[TIN]"] * 6),
    "SSN 123456789": "SSN [TIN]",
    "ssn:123456789": "ssn:[TIN]",
    "Ssn# 123456789": "Ssn# [TIN]",
    "SSN no. 123456789": "SSN no. [TIN]",
    "SSN_Number_123456789.pdf": "SSN_Number_[TIN].pdf",
    "SSN of the taxpayer is 123456789": "SSN of the taxpayer is [TIN]",
    "SSN123456789": "SSN[TIN]",
    "spouseSSN=123456789": "spouseSSN=[TIN]",
    "s.s.n. 123456789": "s.s.n. [TIN]",
    "SS# 123456789": "SS# [TIN]",
    "Social Security Number: 123456789": "Social Security Number: [TIN]",
    "itin 912501234": "itin [TIN]",
    "TIN=123456789": "TIN=[TIN]",
    "taxpayerTIN: 123456789": "taxpayerTIN: [TIN]",
    "[TIN] 123456789": "[TIN] [TIN]",
    "123456789 (SSN)": "[TIN] (SSN)",
    "123456789_ssn.pdf": "[TIN]_ssn.pdf",
    "SSNs 123456789, 234567890": "SSNs [TIN], [TIN]",
    "\uff33\uff33\uff2e \uff11\uff12\uff13456789": "\uff33\uff33\uff2e [TIN]",
    "%53SN 123456789": "%53SN [TIN]",
    '{"ssn": 123456789}': '{"ssn": [TIN]}',
    'Document "123456789.pdf"': 'Document "[TIN].pdf"',
    "Document \u201cSmith123456789 (2).pdf\u201d": "Document \u201cSmith[TIN] (2).pdf\u201d",
    "Document %22123456789%22": "Document %22[TIN]%22",
}

LOOK_ALIKES = [
    "000-12-3456",
    "666-12-3456",
    "123-00-4567",
    "123-45-0000",
    "900-12-3456",
    "900-49-3456",
    "912-66-1234",
    "912-69-1234",
    "912-89-1234",
    "912-93-1234",
    "212-555-1234",
    "(212) 555-1234",
    "+1 212 555 1234",
    "+1-212-555-1234",
    "2125551234",
    "+44 20 7946 0958",
    "2026-03-04",
    "03/04/2026",
    "03/04/2026 10:05:09 AM",
    "2026-03-04T10:00:00.123-05:00",
    "20260304",
    "12-3456789",
    "TIN 12-3456789",
    'Document "12-3456789.pdf"',
    "12345-6789",
    'Document "12345-6789.pdf"',
    "***-**-1234",
    "XXX-XX-1234",
    "xxx-xx-1234 SSN",
    "SSN ending 6789",
    "120,12,2024",
    "120;12;2024",
    "120|12|2024",
    "10:45:6789",
    "(800) 555-1234",
    "1 (800) 555 1234",
    "1234-56-78901",
    "1123-45-6789",
    "123-45-67890",
    "123-456-7890",
    "1234567890",
    "SSN 1234567890",
    "12345678",
    "123456789",
    "return 123456789",
    "Martin 123456789",
    "Latin no. 123456789",
    "classname 123456789",
    '"1234567890"',
    '12 "quoted" 123456789',
    '123456789 "quoted"',
    "K-1's for 123456789 'and' others",
    "550e8400-e29b-41d4-a716-446655440000",
    '"550e8400-e29b-41d4-a716-a446655440ff"',
    '"a123456789bcdef0a1b2c3d4e5f60718"',
    "9f86d081884c7d659a2feaa0c55ad015",
    "$1,234.56",
    "$123.45 2026",
    "\u20ac123.45 1040",
    "1,234,567.89",
    "192.168.100.12",
    "45.6789",
    "123.45",
    "Taxpayer: Initial Email - Delivered",
    "K-1\u2019s Distributed to \u201cAnn, Lee\u201d",
    "null",
    "",
    "Save & Close",
    "%20%2D%",
    "&nbsp;",
    "\u00bd\u00bd",
    "123%45-6789",
]

# Ordinary texts, which the screening expression must not match.
ORDINARY = [
    "Taxpayer: Initial Email - Delivered",
    "K-1\u2019s Distributed to \u201cAnn, Lee\u201d",
    "Save & Close",
    "null",
    'Document "2025 Form 1040 (signed).pdf"',
    "Files Uploaded \u201c2025 M\u00fcller, Jos\u00e9.pdf\u201d",
    "03/04/2026 10:05:09 AM",
    "2026-03-04 10:05:09",
    "2026-03-04T10:05:09.123+00:00",
    "1234567890",
    "R-2025-001234",
    "550e8400-e29b-41d4-a716-446655440000",
    "ann.lee@example.com",
    "\u7530\u4e2d \u592a\u90ce",
    "Smith & Sons 1040",
]


def suspects(texts: list[str]) -> list[bool]:
    """Which texts DuckDB matches with the expression that the loader uses."""
    query = "select regexp_matches(text, $expression) from (select unnest($texts) as text)"
    rows = DATABASE.execute(query, {"expression": SUSPECT, "texts": texts}).fetchall()
    return [is_suspect for (is_suspect,) in rows]


@pytest.mark.parametrize(("form", "left"), FORMS.items(), ids=ascii)
def test_every_form_is_replaced(form: str, left: str) -> None:
    assert redact(form) == (left, left.count("[TIN]") - form.count("[TIN]"))


def test_every_form_is_suspect() -> None:
    assert [
        form for form, is_suspect in zip(FORMS, suspects(list(FORMS)), strict=True) if not is_suspect
    ] == []


@pytest.mark.parametrize("text", LOOK_ALIKES, ids=ascii)
def test_look_alikes_are_not_replaced(text: str) -> None:
    assert redact(text) == (text, 0)


def test_ordinary_texts_are_not_suspect() -> None:
    assert [text for text, is_suspect in zip(ORDINARY, suspects(ORDINARY), strict=True) if is_suspect] == []


def test_the_hash_of_an_id_differs_between_returns_and_has_no_digit() -> None:
    hashed = id_hash("2025-123-45-6789", KEY)
    assert hashed.startswith("id-") and hashed.removeprefix("id-").isalpha() and len(hashed) == 27
    assert hashed == id_hash("2025-123 45 6789", KEY) == id_hash("2025-\uff1123\u201145%2D6789", KEY)
    assert hashed != id_hash("2024-123-45-6789", KEY)
    assert hashed != id_hash("2025-123-45-6788", KEY)
    assert hashed != id_hash("2025-123-45-6789", b"another key")
    assert id_hash("123-45-6789", KEY) == id_hash("123456789", KEY)


def hidden(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode())


DIGIT_FORMS = (
    lambda digit: digit,
    lambda digit: chr(0xFF10 + int(digit)),
    lambda digit: chr(0x0660 + int(digit)),
    lambda digit: chr(0x1D7CE + int(digit)),
    lambda digit: hidden(digit),
    lambda digit: hidden(chr(0xFF10 + int(digit))),
    lambda digit: f"&#{ord(digit)};",
)
DASHES = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in ("Pd", "Zs", "Pc")]
SEPARATORS = [*DASHES, *"-./ \t\\+~", "\u02d7", "\u30fc", "\u2212", "\u00b7", "&nbsp;", "&#45;"]
INVISIBLE = ["", "", "", "\u200b", "\u200d", "\ufeff", "\u2060", "\u00ad", "\u0301", "\u202e"]
AROUND = st.text(alphabet="abzAZ ,.;:()[]-_/\u00e9\u7530\u2019", max_size=6)


@st.composite
def issued(draw: st.DrawFn) -> tuple[str, str, str]:
    """An SSN or an ITIN that can exist."""
    area = draw(st.integers(1, 999).filter(lambda number: number != 666))
    groups = [*range(50, 66), *range(70, 89), 90, 91, 92, *range(94, 100)] if area >= 900 else range(1, 100)
    return f"{area:03}", f"{draw(st.sampled_from(groups)):02}", f"{draw(st.integers(1, 9999)):04}"


@st.composite
def written(draw: st.DrawFn) -> str:
    """An issued number with any digits, separators and invisible characters."""

    def group(digits: str) -> str:
        parts = [draw(st.sampled_from(DIGIT_FORMS))(digit) for digit in digits]
        return parts[0] + "".join(draw(st.sampled_from(INVISIBLE)) + one for one in parts[1:])

    def between() -> str:
        signs = draw(st.lists(st.sampled_from(SEPARATORS), min_size=1, max_size=3))
        return "".join(hidden(sign) if len(sign) == 1 and draw(st.booleans()) else sign for sign in signs)

    area, middle, serial = draw(issued())
    return group(area) + between() + group(middle) + between() + group(serial)


@settings(max_examples=40)
@given(before=AROUND, number=written(), after=AROUND)
def test_an_issued_number_is_replaced_however_it_is_written(before: str, number: str, after: str) -> None:
    assert redact(before + number + after) == (f"{before}[TIN]{after}", 1)
    assert suspects([before + number + after]) == [True]


@settings(max_examples=40)
@given(
    word=st.sampled_from(["SSN", "ssn ", "ITIN: ", "TIN#", "Tin no. ", "SSN number is "]),
    number=issued(),
    before=AROUND.filter(lambda text: not text[-1:].isalpha()),
    after=AROUND,
)
def test_bare_digits_are_replaced_beside_a_word(
    word: str, number: tuple[str, str, str], before: str, after: str
) -> None:
    text = before + word + "".join(number) + after
    assert redact(text) == (f"{before}{word}[TIN]{after}", 1)
    assert suspects([text]) == [True]


@st.composite
def look_alike(draw: st.DrawFn) -> str:
    """A number of another kind."""
    shapes = [
        "###-###-####",
        "(###) ###-####",
        "+1 ### ### ####",
        "##-#######",
        "#####-####",
        "##/##/####",
        "####-##-##",
        "****-**-####",
        "XXX-XX-####",
        "##########",
        "####-##-#####",
        "#########",
        "$###,###.##",
        "000-##-####",
        "666-##-####",
        "9##-0#-####",
        "###-00-####",
        "###-##-0000",
    ]
    shape = draw(st.sampled_from(shapes))
    return "".join(draw(st.sampled_from("0123456789")) if sign == "#" else sign for sign in shape)


@given(before=AROUND, number=look_alike(), after=AROUND)
def test_numbers_of_other_kinds_are_not_replaced(before: str, number: str, after: str) -> None:
    assert redact(before + number + after) == (before + number + after, 0)


PIECES = [
    "SSN",
    "tin",
    "TIN",
    "no.",
    "[TIN]",
    '"',
    "\u201c",
    "%",
    "%2",
    "%2D",
    "%20",
    "%31",
    "&#",
    "&nbsp;",
    "&amp;",
    "123-45-",
    "123456789",
    "6789",
    "45",
    "0",
    "9",
    "~",
    "\u30fc",
    "\u00bd",
    "\u2460",
    "\u246b",
    "\uff11",
    "\u0661",
    "-",
    " ",
    "\n",
    "\u200b",
    "\u037a",
    "\ufe70",
    "\ufe6a",
    "\uff06",
    "\x00",
    "\x1d",
    "\u00e9",
    "\u3164",
    "a",
    "S",
    ".",
]


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=25).map("".join))
def test_nothing_more_is_replaced_in_a_redacted_text_and_every_changed_text_was_suspect(text: str) -> None:
    left, count = redact(text)
    assert redact(left) == (left, 0)
    assert (count == 0) == (left == text)
    assert count == 0 or suspects([text]) == [True]
