"""The text of a number as its cell shows it: an id 000123 may be the number 123 in a format of six zeros.

A number that is shown in another way than is read here gets a remark, which only columns of ids keep: there
the bare number may be the id of another return.
"""

import re
from functools import cache
from itertools import takewhile

# The first one has a zero in each group but the last digits of all.
LEAST_OF_TAXPAYER = 1_010_001
# Excel has 15 digits.
EXACT = 10**15
NOT_AS_SHOWN = " (a number that is shown in another way)"
# Formats that show the digits of a whole number, and no more but commas between thousands, which no id has.
# With decimal places 123 is shown as 123.00, which is damaged in CSV too.
PLAIN = ("", "general", "@", "0", "#", "#,##0")
# The formats that a workbook only names by their number, if they are plain; those of dates are of no number.
BUILT_IN = {"0": "", "1": "0", "3": "#,##0", "37": "#,##0", "38": "#,##0", "41": "#,##0", "49": "@"}
BUILT_IN |= dict.fromkeys(map(str, (*range(14, 23), *range(45, 48))), "m/d/yy")
# The first section of a format is that of numbers from 0 on, unless it has a condition, such as [<1000].
TOKEN = re.compile(
    r"""\\(?P<escaped>.) | "(?P<quoted>[^"]*)" | (?P<mark>[-/ ()]) | (?P<digit>[0#]) | (?P<end>;)
    | (?P<hidden>_. | \*[ ] | \[(?:\$-[^]]*|black|blue|cyan|green|magenta|red|white|yellow|color\ ?\d+)\])
    | (?P<other>\[[^]]*\] | .)""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
# A format for the numbers of taxpayers, whatever its sections and conditions are; and a number in one.
OF_TAXPAYERS = re.compile(r"[0#?]{3}[^\w#?]+[0#?]{2}[^\w#?]+[0#?]{4}(?![0#?])")
SHOWN_OF_TAXPAYER = re.compile(r"\d{1,3}[- ]\d\d[- ]\d{4}")
# As LibreOffice writes thousands, with the marks of many countries, and numbers of many digits.
THOUSANDS = re.compile("[1-9][0-9]{0,2}(?:[.,'’\u00a0\u202f][0-9]{3})+")
ROUNDED = re.compile(r"[0-9](?:[.,][0-9]+)?[Ee]\+?[0-9]+")
ZEROS_AND_MARKS = re.compile("[-/ ()]*[0-9][-/ ()0-9]*")


@cache
def first_section(code: str) -> list[tuple[str, str]]:
    """The parts of a format for positive numbers that are shown: their kind in TOKEN, and their text."""
    tokens = takewhile(lambda token: token.lastgroup != "end", TOKEN.finditer(code))
    kinds = [(token.lastgroup or "", token) for token in tokens]
    return [(kind, token[kind]) for kind, token in kinds if kind != "hidden"]


def is_plain(code: str) -> bool:
    """Whether a number in a format is only its digits, or a date."""
    parts = first_section(code)
    kinds = {kind for kind, _ in parts}
    is_date = any(kind == "other" and text.lower() in "dmyhs" for kind, text in parts)
    text = "".join(text for _, text in parts).casefold()
    return is_date or (kinds <= {"digit", "other"} and text in PLAIN)


def bare(number: float) -> str:
    """A number with at most 15 digits, because Excel has no more."""
    return f"{number:.15G}"


def with_remark(number: float) -> str:
    """The bare number; one of more than 15 digits is rounded, and needs no remark to be no id."""
    text = bare(number)
    return text if "E" in text else text + NOT_AS_SHOWN


def in_format(code: str, number: float) -> str:
    """A whole number in a format of zeros and texts; digits for which there is no zero are before the first.

    General beside a text is not read: what it shows of many digits depends on the program.
    """
    if OF_TAXPAYERS.search(code) and LEAST_OF_TAXPAYER <= number < 10**9:
        return of_taxpayer(number)
    parts = first_section(code)
    digits = "".join(text for kind, text in parts if kind == "digit")
    # A third section is for 0, which # does not show.
    is_other_zero = number == 0 and (code.count(";") > 1 or "0" not in digits)
    is_whole = 0 <= number < EXACT and number == int(number) and not is_other_zero
    if not digits or not is_whole or any(kind == "other" for kind, _ in parts):
        return with_remark(number)
    # After a zero, # is a zero too.
    rest, shown, places = f"{number:.0f}".zfill(len(digits.lstrip("#"))), "", len(digits)
    for kind, text in reversed(parts):
        if kind == "digit":
            places -= 1
            text, rest = (rest[-1:], rest[:-1]) if places else (rest, "")
        shown = text + shown
    return shown.strip()


def of_taxpayer(number: float) -> str:
    """The number of a taxpayer with its zeros and groups, so that it is known for one in any column."""
    text = f"{number:09.0f}"
    return f"{text[:3]}-{text[3:5]}-{text[5:]}"


def as_text(text: str, number: float) -> str:
    """A number whose cell has the text that was shown, as in an ods file."""
    own, digits = bare(number), re.sub("[^0-9]", "", text)
    if SHOWN_OF_TAXPAYER.fullmatch(text) and digits.lstrip("0") == own and number >= LEAST_OF_TAXPAYER:
        return of_taxpayer(number)
    if text == own or ROUNDED.fullmatch(text) or (digits == own and THOUSANDS.fullmatch(text)):
        return own
    has_zeros = ZEROS_AND_MARKS.fullmatch(text) and digits.lstrip("0") == own.lstrip("0")
    return text if has_zeros else with_remark(number)
