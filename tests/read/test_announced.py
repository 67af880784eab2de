"""Under a heading that says SSN or Tax ID every form of the number is replaced; no other heading says so."""

import re
from unicodedata import category, normalize

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.read.announced import MAY_BE_NINE, announces, redact_announced, redact_ids, redact_keyed
from etl.store.texts import MAY_CONTAIN_TIN

HEADINGS = """
ssn|ssn1|SSN_T|SSNs|SSN #|S.S.N.|SS#|SS No|SSNTaxpayer|SSNofSpouse|taxpayerssn|clientssnno|tp_ssn
ssnLast4|EIN/SSN|ＳＳＮ|%53SN|person.ssn|ssn.area|Sp SSN (do not print)|Client's SSN|last 4 SSN|TIN|TIN 2
TIN/EIN|spouseTin|HasITIN|ITIN|Payer's TIN|taxpayerTIN|Tax ID|taxId|TAXID|Tax-ID|Federal Tax ID|Tax No.
Taxpayer ID|taxpayerId|TAXPAYER_ID_NO|Taxpayer's ID|Taxpayer/Spouse ID|Taxpayer Number
Tax payer identification|taxIdentificationNumber|taxPayerIdentificationNo|Social Security/Tax ID|Social
Social #|T Social|Primary Social|SocialSecurity|SOCIALSECURITYNUMBER|social_sec_no|Soc. Sec. No.
Número de Seguro Social|Mission SS Number|Ship SS No|Primary S S N|TPS.S.N.|employeessn
EMPLOYEESSN|employeeSsn|Asst SSN|Assn SSN
"""
OTHERS = """
Martin|Latin No|Satin|Routing|Routing Number|Destination|Printing ID|Meeting ID|Listing No|Continuing ID
Distinct ID|PTIN|EIN|Social Media|Social Media Handle|Social worker ID|Social Events 2026
Social Security Benefits|Social Security Tax Withheld|Business Name|BUSINESS_NAME|businessname
Business No|className|Class No|Lesson Number|Process Number|Session No|Boss No|Pass No|Tax Year|Tax Form
Tax Amount|Tax Notes|Tax Note ID|Tax Return ID|taxReturnId|Tax Client ID|Tax Preparer ID|Taxable
Taxonomy ID|Taxpayer|Taxpayer Name|Taxpayer Phone|Taxpayer Email|Client ID|Client Number|Return ID
Document ID|Event ID|Status|Notes|Phone|Assn|HOA Assn No|hoaAssn|ASSN.|ISSN|e-ISSN|eISSN|journalISSN
issn_l|Issns|Class N|CLASS N|class_n|classN|Boss-N|Device SN|Devices SN|STATUS_SN|Press S/N
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
    *("2026-03-26T19:20:00.123456Z", "2026-03-26 19:20:00.0000000", "2026-03-26 19:20:00,123 -0500"),
    *("3/26/2026 7:20 PM EST", "3/26/2026, 7:20:05 p.m.", "3/26/2026 at 7:20 PM", "03/26/26"),
    *("03/26/26 07:20", "26.03.2026", "26.03.2026 19:20", "2026/03/26", "2026.03.26", "26-Mar-26 07:20:05"),
    *(
        "Mar 26, 2026",
        "March 26th, 2026 7:20 PM",
        "Thursday, 26 March 2026 19:20:05 GMT",
        "26-Mar-2026 19:20",
    ),
    "Thu Mar 26 2026 19:20:00 GMT-0400 (Eastern Daylight Time)",
    *("verified 2026-03-26 by Lee", '{"date": "2026-03-26"}'),
]
# What is nearly a date may be the number.
NO_DATES = {
    "20260326": "[TIN]",
    "26-03-2026": "[TIN]",
    "26 03 2026": "[TIN]",
    "12.13.2026": "[TIN]",
    "32.03.2026": "[TIN]",
    "078.05.2026": "[TIN]",
    "1/32/2026": "[TIN]",
    "13/13/2026": "[TIN]",
    "111/12/2026": "[TIN]",
    "1/12/20261": "[TIN]",
    "2026-13-01": "[TIN]",
    "2026-03/01": "[TIN]",
    "1926-03-045": "[TIN]",
    "07/80/51 12:10": "[TIN]",
    "03/26/26 123": "[TIN]",
    "78051121 2026-03-26": "[TIN] 2026-03-26",
    "12 345 6789 2026-03-26": "[TIN]",
    "Mar 26, 2026 78-05-1121": "Mar [TIN]",
}


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


@pytest.mark.parametrize(("text", "left"), NO_DATES.items(), ids=ascii)
def test_digits_that_may_be_a_number_are_no_date(text: str, left: str) -> None:
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


DASHES = [chr(code) for code in range(0x3000) if category(chr(code)) in ("Pd", "Zs")]


@given(
    digits=st.text("0123456789", min_size=7, max_size=9),
    gaps=st.lists(st.sampled_from(["", "", *DASHES, *"-./ _"]), min_size=8, max_size=8),
    base=st.sampled_from([0x30, 0xFF10, 0x0660]),
)
def test_digits_in_any_groups_are_replaced(digits: str, gaps: list[str], base: int) -> None:
    shown = [chr(base + int(digit)) for digit in digits]
    text = "".join(one + gap for one, gap in zip(shown, [*gaps[: len(digits) - 1], ""], strict=True))
    left, number = redact_announced(text)
    is_date = re.fullmatch(
        r"(19|20)\d\d([-./])\d\d?\2\d\d?|\d?\d/\d?\d/(19|20)\d\d|\d\d\.\d\d\.(19|20)\d\d",
        normalize("NFKC", text),
    )
    assert is_date or (number >= 1 and sum(map(str.isdigit, left)) < 3)


@given(text=st.from_regex(r"[A-Za-z*#() -]{0,9}[0-9]{0,6}[A-Za-z*() -]{0,9}", fullmatch=True))
def test_fewer_than_seven_digits_stay(text: str) -> None:
    assert redact_announced(text) == (text, 0)


IN_QUOTES = {
    '{"ssn": "78051121", "phone": "78051122"}': '{"ssn": "[TIN]", "phone": "78051122"}',
    '{"who": {"taxId": 78051121}}': '{"who": {"taxId": [TIN]}}',
    '{"tin": {"value": "12-3456789"}, "n": 1}': '{"tin": {"value": "[TIN]"}, "n": 1}',
    '{"tin": {"note": "a } b", "value": "12-3456789"}}': '{"tin": {"note": "a } b", "value": "[TIN]"}}',
    '{"tin": {"area": "078", "group": "05", "serial": "1121"}, "n": 78051121}': (
        '{"tin": {"area": "[TIN]"}, "n": 78051121}'
    ),
    # Neither has enough digits, but what is in it may have.
    '{"ssn": {"id": 123, "ssn": {"of": 456}}}': '{"ssn": {"id": 123, "ssn": {"of": 456}}}',
    '{"ssn": "see x", "tin": "78051121"}': '{"ssn": "see x", "tin": "[TIN]"}',
    r'{"x": "{\"ssn\": \"78051121\"}"}': r'{"x": "{\"ssn\": \"[TIN]\"}"}',
    r'{"x": "{\"ssn\": {\"a\": \"078\", \"b\": \"05\", \"c\": \"1121\"}, \"n\": 78051121}"}': (
        r'{"x": "{\"ssn\": {\"a\": \"[TIN]\"}, \"n\": 78051121}"}'
    ),
    r'{"ssn": "of \"Lee\": 78051121", "n": 78051121}': r'{"ssn": "of \"Lee\": [TIN]", "n": 78051121}',
    r'{"ssn": "of Lee {\"ssn\": [\"078\", \"a\", \"051121\"]}", "n": 78051121}': (
        r'{"ssn": "of Lee {\"ssn\": [\"[TIN]\"]}", "n": 78051121}'
    ),
    '{"ssn": "78051121", broken': '{"ssn": "[TIN]", broken',
    '{"ssn": "", "phone": "78051121"}': '{"ssn": "", "phone": "78051121"}',
    '{"socialMedia": "78051121", "martin": 8051121}': '{"socialMedia": "78051121", "martin": 8051121}',
    "ssn: 78051121": "ssn: 78051121",
    # CSV inside of CSV, Python, HTML, a URL, and what a word processor makes of it.
    '{""ssn"": ""78051121"", ""n"": ""78051121""}': '{""ssn"": ""[TIN]"", ""n"": ""78051121""}',
    '{""ssn"": """", ""n"": ""78051121""}': '{""ssn"": """", ""n"": ""78051121""}',
    '"{""ssn"": 78051121, ""n"": 78051121}"': '"{""ssn"": [TIN], ""n"": 78051121}"',
    "{'ssn': 78051121, 'n': 78051121}": "{'ssn': [TIN], 'n': 78051121}",
    "{'ssn': '78051121', 'n': None}": "{'ssn': '[TIN]', 'n': None}",
    "{'ssn': \"Lee's 78051121\", 'n': 78051121}": "{'ssn': \"Lee's [TIN]\", 'n': 78051121}",
    "it's {'ssn': ['a', 78051121]}, isn't it": "it's {'ssn': ['a', [TIN]]}, isn't it",
    '{"Client\'s SSN": 78051121}': '{"Client\'s SSN": [TIN]}',
    '{"taxpayer\'s ID": 78051121}': '{"taxpayer\'s ID": [TIN]}',
    "{&quot;ssn&quot;: &quot;78051121&quot;}": "{&quot;ssn&quot;: &quot;[TIN]&quot;}",
    "{&#39;ssn&#39;:78051121,&apos;tin&apos;:8051121}": "{&#39;ssn&#39;:[TIN],&apos;tin&apos;:[TIN]}",
    "%7B%22ssn%22%3A%2278051121%22%7D": "%7B%22ssn%22%3A%22[TIN]%22%7D",
    "“ssn”: “78051121”": "“ssn”: “[TIN]”",
    # Characters of two digits each.
    '{"ssn": ["㏾", "㏾", "㏾", "㏾"]}': '{"ssn": ["[TIN]"]}',
    "{&quot;ssn&quot;: [&quot;㏾㏾㏾㏾&quot;]}": "{&quot;ssn&quot;: [&quot;[TIN]&quot;]}",
    '"ssn": ""78051121""': '"ssn": ""[TIN]""',
}


@pytest.mark.parametrize(("text", "left"), IN_QUOTES.items(), ids=ascii)
def test_a_key_announces_too_in_whatever_quotes(text: str, left: str) -> None:
    assert redact_keyed(text) == (left, left.count("[TIN]"))
    assert left == text or is_suspect(text)


DATABASE = duckdb.connect()


def is_suspect(text: str) -> bool:
    """Whether the loader examines a text, where a file has many."""
    [(found,)] = DATABASE.execute(
        f"select {MAY_CONTAIN_TIN} from (select $text as text)", {"text": text}
    ).fetchall()
    return bool(found)


QUOTES = ['"', '""', '\\"', '\\\\\\"', "'", "&quot;", "&amp;quot;", "%22", "&#39;", "“", "‘", "＂", "", "`"]
ODD = [
    *(
        "",
        " ",
        "\u200b",
        "\u00ad",
        "\x01",
        "\x1f",
        "\u00a0",
        "é",
        "ſ",
        "㏾",
        "⑧",
        "７",
        "٧",
        "&",
        "%",
        ":",
        ",",
    ),
    *"{}[]",
]


@settings(max_examples=300)
@given(data=st.data())
def test_the_loader_examines_each_text_that_a_key_changes(data: st.DataObject) -> None:
    """A file with many texts is searched by DuckDB first."""
    odd, quote = st.sampled_from(ODD), data.draw(st.sampled_from(QUOTES))
    name = data.draw(
        st.sampled_from(
            ["ssn", "S. S. N.", "s - s - n", "tin", "ＳＳＮ", "ſſn", "s%73n", "Tax ID", "SS #", "social", "n"]
        )
    )
    key = data.draw(odd) + quote + data.draw(odd).join([name[:1], name[1:]]) + quote + data.draw(odd)
    shown = st.sampled_from([*"0123456789", *"0123456789", "７", "٧", "㏾", "%37", "&#55;", "a", *ODD])
    value = "".join(data.draw(st.lists(shown, min_size=4, max_size=12)))
    text = (
        key
        + data.draw(st.sampled_from([":", " : ", "：", "%3A", "&#58;"]))
        + data.draw(odd)
        + quote
        + value
        + quote
    )
    assert redact_keyed(text)[1] == 0 or is_suspect(text)


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
