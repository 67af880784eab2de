"""Under a heading that says SSN or Tax ID every form of the number is replaced; no other heading says so."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.read.announced import MAY_BE_NINE, announces, redact_announced, redact_ids, redact_keyed

HEADINGS = """
ssn|ssn1|SSN_T|SSNs|SSN #|S.S.N.|SS#|SS No|SSNTaxpayer|SSNofSpouse|taxpayerssn|clientssnno|tp_ssn
ssnLast4|EIN/SSN|ＳＳＮ|%53SN|person.ssn|ssn.area|Sp SSN (do not print)|Client's SSN|last 4 SSN|TIN|TIN 2
TIN/EIN|spouseTin|HasITIN|ITIN|Payer's TIN|taxpayerTIN|Tax ID|taxId|TAXID|Tax-ID|Federal Tax ID|Tax No.
Taxpayer ID|taxpayerId|TAXPAYER_ID_NO|Taxpayer's ID|Taxpayer/Spouse ID|Taxpayer Number
Tax payer identification|taxIdentificationNumber|taxPayerIdentificationNo|Social Security/Tax ID|Social
Social #|T Social|Primary Social|SocialSecurity|SOCIALSECURITYNUMBER|social_sec_no|Soc. Sec. No.
Número de Seguro Social
"""
OTHERS = """
Martin|Latin No|Satin|Routing|Routing Number|Destination|Printing ID|Meeting ID|Listing No|Continuing ID
Distinct ID|PTIN|EIN|Social Media|Social Media Handle|Social worker ID|Social Events 2026
Social Security Benefits|Social Security Tax Withheld|Business Name|BUSINESS_NAME|businessname
Business No|className|Class No|Lesson Number|Process Number|Session No|Boss No|Pass No|Tax Year|Tax Form
Tax Amount|Tax Notes|Tax Note ID|Tax Return ID|taxReturnId|Tax Client ID|Tax Preparer ID|Taxable
Taxonomy ID|Taxpayer|Taxpayer Name|Taxpayer Phone|Taxpayer Email|Client ID|Client Number|Return ID
Document ID|Event ID|Status|Notes|Phone
"""
NUMBERS = {
    "78051121": "[TIN]",
    "8051121": "[TIN]",
    "000123456": "[TIN]",
    "78-051-121": "[TIN]",
    "12-345-6789": "[TIN]",
    "12-3456789": "[TIN]",
    "123 456 789": "[TIN]",
    "1 2 3 4 5 6 7 8 9": "[TIN]",
    "123.45.6789": "[TIN]",
    "123,456,789": "[TIN]",
    "12\u2010345\u20136789": "[TIN]",
    "\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19": "[TIN]",
    "%31%32%33 456 789": "[TIN]",
    "1.23456789E8": "[TIN]",
    "1.23457E+08": "[TIN]",
    "123456789.0": "[TIN].0",
    "'123456789": "'[TIN]",
    "123456789 / 987654321": "[TIN] / [TIN]",
    "T: 78051121 S: 8051122": "T: [TIN] S: [TIN]",
    '{"area": "078", "group": "05", "serial": "1121"}': '{"area": "[TIN]"}',
}
STAY = [
    *("6789", "***-**-6789", "XXX-XX-6789", "ending in 6789", "123456", "yes", "", "n/a", "1.2E+08"),
    *("2026-03-04", "2026-03-04T10:05:09Z", "03/04/2026", "03/04/2026 10:05 AM"),
    "550e8400-e29b-41d4-a716-446655440000",
]


def listed(texts: str) -> list[str]:
    return texts.strip().replace("\n", "|").split("|")


@pytest.mark.parametrize("heading", listed(HEADINGS))
def test_a_heading_announces_numbers_of_taxpayers(heading: str) -> None:
    assert announces(heading)


@pytest.mark.parametrize("heading", listed(OTHERS))
def test_another_heading_announces_none(heading: str) -> None:
    assert not announces(heading)


@pytest.mark.parametrize(("text", "left"), NUMBERS.items(), ids=ascii)
def test_every_form_of_a_number_is_replaced(text: str, left: str) -> None:
    assert redact_announced(text) == (left, left.count("[TIN]"))


@pytest.mark.parametrize("text", STAY, ids=ascii)
def test_the_last_digits_a_date_and_a_guid_stay(text: str) -> None:
    assert redact_announced(text) == (text, 0)


NAMES = [
    "SSN",
    "ITIN",
    "TIN",
    "tax id",
    "taxpayer id",
    "tax identification number",
    "social security",
    "social",
]
OTHER_NAMES = ["martin", "routing", "destination", "social media", "business name", "tax year", "client id"]
DRESSES = {
    "upper": str.upper,
    "lower": str.lower,
    "title": str.title,
    "snake": lambda name: name.lower().replace(" ", "_"),
    "kebab": lambda name: name.replace(" ", "-"),
    "dots": lambda name: name.replace(" ", " . "),
    "camel": lambda name: re.sub(" (.)", lambda match: match[1].upper(), name.lower()),
    "wide": lambda name: "".join(chr(ord(one) + 0xFEE0) if one.isalpha() else one for one in name),
}
BEHIND = ["", "1", "_2", " 3", " #", ":", " (T)", "_T"]
BEFORE = ["", "Client ", "Spouse_", "primary.", "T/S ", "[1] "]


def dressed(names: list[str]) -> st.SearchStrategy[str]:
    """A heading of one of these names in any case, with any separators, and something around it."""
    parts = (
        st.sampled_from(BEFORE),
        st.sampled_from(names),
        st.sampled_from([*DRESSES]),
        st.sampled_from(BEHIND),
    )
    return st.tuples(*parts).map(lambda drawn: drawn[0] + DRESSES[drawn[2]](drawn[1]) + drawn[3])


@given(heading=dressed(NAMES))
def test_a_heading_announces_in_every_dress(heading: str) -> None:
    assert announces(heading)


@given(heading=dressed(OTHER_NAMES))
def test_other_headings_announce_in_no_dress(heading: str) -> None:
    assert not announces(heading)


DASHES = [chr(code) for code in range(0x3000) if unicodedata.category(chr(code)) in ("Pd", "Zs")]


@given(
    digits=st.text("0123456789", min_size=7, max_size=9),
    gaps=st.lists(st.sampled_from(["", "", *DASHES, *"-./ _"]), min_size=8, max_size=8),
    base=st.sampled_from([0x30, 0xFF10, 0x0660]),
)
def test_digits_in_any_groups_are_replaced(digits: str, gaps: list[str], base: int) -> None:
    shown = [chr(base + int(digit)) for digit in digits]
    text = "".join(one + gap for one, gap in zip(shown, [*gaps[: len(digits) - 1], ""], strict=True))
    left, number = redact_announced(text)
    is_date = re.fullmatch(r"(19|20)\d\d-[01]\d-[0-3]\d|[01]?\d/[0-3]?\d/(19|20)\d\d", text)
    assert is_date or (number >= 1 and sum(map(str.isdigit, left)) < 3)


@given(text=st.from_regex(r"[A-Za-z*#() -]{0,9}[0-9]{0,6}[A-Za-z*() -]{0,9}", fullmatch=True))
def test_fewer_than_seven_digits_stay(text: str) -> None:
    assert redact_announced(text) == (text, 0)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('{"ssn": "78051121", "phone": "78051122"}', '{"ssn": "[TIN]", "phone": "78051122"}'),
        ('{"who": {"taxId": 78051121}}', '{"who": {"taxId": [TIN]}}'),
        ('{"tin": {"value": "12-3456789"}, "n": 1}', '{"tin": {"value": "[TIN]"}, "n": 1}'),
        (r'{"x": "{\"ssn\": \"78051121\"}"}', r'{"x": "{\"ssn\": \"[TIN]\"}"}'),
        ('{"ssn": "78051121", broken', '{"ssn": "[TIN]", broken'),
        ('{"socialMedia": "78051121", "martin": 8051121}', '{"socialMedia": "78051121", "martin": 8051121}'),
        ("ssn: 78051121", "ssn: 78051121"),
    ],
)
def test_a_key_of_json_announces_too(text: str, left: str) -> None:
    assert redact_keyed(text) == (left, left.count("[TIN]"))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("078051121", "[TIN]"),
        ("2025I:078051121:V1", "2025I:[TIN]:V1"),
        ("2025-078051121", "2025-[TIN]"),
        ("R078051121", "R078051121"),
        ("000051121", "000051121"),
        ("0780511210", "0780511210"),
        ("78051121", "78051121"),
        ("550e8400-e29b-41d4-a716-446655440000", "550e8400-e29b-41d4-a716-446655440000"),
    ],
)
def test_nine_bare_digits_of_an_id(text: str, left: str) -> None:
    assert redact_ids(text) == (left, left.count("[TIN]"))
    assert left == text or re.search(MAY_BE_NINE, text)
