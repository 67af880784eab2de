"""Taxpayer numbers that a heading or a key announces, such as SSN or Tax ID: there every form is replaced.

Numbers lose zeros and groups there, so seven digits are enough. What is shorter stays: the last four digits
are no number of a taxpayer. Everywhere else, `tins.redact` decides.

A field may be long, and have very many keys: each place of it is examined a fixed number of times.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, lru_cache

from etl.read.tins import (
    HEX,
    REPLACED,
    WORD,
    Span,
    is_inside,
    is_issued,
    layers,
    most_decoded,
    redact,
    separated,
    with_pieces,
)

# The words of a heading also as programs run them together: clientSSN, SSNs, TIN.
HEADING_WORD = re.compile(r"[A-Z]{2,}s(?![a-z])|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|#")
PERSON = r"(?:tax\ ?payers?|spouses?|clients?|primary|secondary|joint|tp|sp|recipients?|signers?|dependents?)"
NUMBER = "(?:nos?|nr|nbr|num|numbers?|ids?|identification|identifiers?)"
ANNOUNCED = re.compile(
    rf"""\b{PERSON}*(?:
        s\ ?s\ ?n[ts]?(?:of|{NUMBER}|{PERSON})*
        | [ia]?tins?{NUMBER}*
        | ss\ ?(?:nos?|nr|nbr|num|numbers?)
        | soc(?:ial)?\ ?sec(?:urity)?(?:\ ?{NUMBER})*
        | seguro\ social
        | tax(?:\ ?payers?)?\ ?(?:(?:spouses?|tp|sp|s|t|and|or)\ )*{NUMBER}(?:\ ?{NUMBER})*
    )\b""",
    re.VERBOSE,
)
# Associations, the numbers of journals, and words such as Class before an N or an SN have these letters too.
OTHER_LETTERS = re.compile(
    r"[AI]ssns?(?![a-z])|(?<![A-Za-z])(?i:(?:a|[ep]?i)ssns?)(?![A-Za-z])|(?<=[a-z])ISSNs?(?![A-Za-z])"
    r"|(?:(?<=[a-z])s|(?<=[A-Z])S)(?i:-s-?n|s-n)(?![A-Za-z])|(?<=[a-z])ssN(?![A-Za-z])"
)
# Before these words are amounts.
BENEFITS = re.compile(r"(?i)social\W*security")
AMOUNT = re.compile(r"(?i)benefit|income|wage|tax(?!\W*payer)|withh|amount|paid")
# Social alone is a word of many headings, such as Social Media; beside it are only such words. No two of them
# are a third, and the longest of two is first.
SOCIAL = re.compile(r"\bsocial\b")
BESIDE_SOCIAL = re.compile(
    "tax ?payer|spouse|client|primary|secondary|joint|tp|sp|recipient|signer|dependent|number|num|no|nr|nbr"
    "|identification|identifier|id|social|ein|full|of|the|and|or|s|t|[ ]"
)
# Bare digits, or digits in any groups, as a spreadsheet rounds them too: 1.23456789E8.
DIGITS = re.compile(r"(?<!\d)\d{7,9}(?!\d)|\d(?:[^\w]*\d)*(?:E[+-]?\d+)?", re.IGNORECASE)
# In an object or a list the names of its members are between the digits.
ALL_DIGITS = re.compile(r"\d(?:.*\d)?", re.DOTALL)
FEWEST = 7
# A day that cannot be the groups of a number, and its clock. With two digits of its year it needs a clock.
MONTH_NAME = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
MONTH_NUMBER, DAY_NUMBER = r"(?:0?[1-9]|1[0-2])", r"(?:0?[1-9]|[12]\d|3[01])"
CLOCK = (
    r"(?:(?:T|,?\s{1,3}(?:at\s)?)\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,9})?)?"
    r"(?:Z|(?:\s?[ap]\.?m\b\.?)?\s?(?:[+-]\d\d:?\d\d)?)?)"
)
DATE = re.compile(
    rf"""(?<!\d)(?:
        (?: (?:19|20)\d\d(?P<mark>[-/.]){MONTH_NUMBER}(?P=mark){DAY_NUMBER}
            | {MONTH_NUMBER}/{DAY_NUMBER}/(?:19|20)\d\d
            | (?:0[1-9]|[12]\d|3[01])\.(?:0[1-9]|1[0-2])\.(?:19|20)\d\d
            | \b{MONTH_NAME}\.?\s{{1,3}}{DAY_NUMBER}(?:st|nd|rd|th)?,?\s{{1,3}}(?:19|20)\d\d
            | {DAY_NUMBER}(?:st|nd|rd|th)?[\s-]{{1,3}}{MONTH_NAME}[.,]?[\s-]{{1,3}}(?:19|20)\d\d
        ){CLOCK}?
        | (?:{MONTH_NUMBER}/{DAY_NUMBER}/\d\d|{DAY_NUMBER}-{MONTH_NAME}-\d\d){CLOCK}
    )(?!\d)""",
    re.VERBOSE | re.IGNORECASE,
)
LETTER = re.compile(r"[^\W\d_]")
FIELD = re.compile(r'[^,;\t|"\n]+')
# A key of JSON, of Python, or in a text of such a text, where its quotes have backslashes or are doubled.
KEY = re.compile(r"""(["'])((?:(?!\1)[^\\]){2,80})(\\{0,64}\1{1,8})\s*:\s*""")
MAY_BE_KEY = re.compile(r"""["'&%]|[^\x00-\x7f]""")
OPEN_QUOTE = re.compile(r"""\\{0,64}(?P<mark>["'])(?P=mark){0,7}(?P<content>(?=\w))?""")
BRACKET = re.compile(r"""[{}\[\]]|\\{0,64}(?P<mark>["'])""")
CONTAINER = re.compile(r"""[-"']*[{\[]""")
# Where a value without quotes ends.
END = re.compile(r"[,}\]]")
# An id, or a group of it, such as in 2025-078051121.
NINE = re.compile(r"(?<![^\W_])(\d{3})(\d\d)(\d{4})(?![^\W_])")
# For DuckDB (RE2): what `redact_keyed` and `redact_ids` may change besides what `redact` does. A character of
# ODD may become letters, one or two digits, or nothing. Encoded keys are before seven digits, which SUSPECT
# matches, or before such characters.
ODD = r"[^\t\n\x0c\r -~]"
MAY_HAVE_KEYS = (
    rf"(?is)(?:s[^a-z]*s|tin|soc|tax|{ODD}).*?[\x22'“”„‟«»‘’‚‛＂＇](?:\s|{ODD})*[:：︓﹕⩴]"
    rf"(?:.*?(?:[0-9]|{ODD})){{4}}|[%&％﹪＆﹠].*{ODD}"
)
MAY_BE_NINE = "(?:^|[^0-9A-Za-z])[0-9]{9}(?:[^0-9A-Za-z]|$)"


@lru_cache(1_000)
def announces(heading: str) -> bool:
    """Whether a heading or a key says that the numbers under it are of taxpayers, in whatever dress."""
    form = without_amounts(most_decoded(heading)[0])
    words = " ".join(HEADING_WORD.findall(form)).lower().replace("#", "no")
    as_written = " ".join(re.findall("[a-z]+", form.lower()))
    found = any(ANNOUNCED.search(one) or is_social(one) for one in (words, as_written))
    return found or re.search(WORD, OTHER_LETTERS.sub(" ", form)) is not None


def without_amounts(form: str) -> str:
    """A heading without the words Social Security before a word for an amount."""
    *_, last = 0, *(match.start() for match in AMOUNT.finditer(form))
    return BENEFITS.sub("", form[:last]) + form[last:]


def is_social(words: str) -> bool:
    return SOCIAL.search(words) is not None and not BESIDE_SOCIAL.sub("", words)


def announces_people(heading: str) -> bool:
    """Whether it does so by more than the word tax: ids under a Tax Number may be a firm's own."""
    return announces(re.sub(r"(?i)tax(?![\W_]*payer)", " ", heading))


def redact_announced(text: str, fewest: int = FEWEST) -> tuple[str, int]:
    """A text under such a heading without its numbers, and how many it had. A date and a GUID stay.

    Of a number in parts the digits of each column are fewer.
    """
    changed, count = redact(text)
    return replaced(changed, count, lambda field: field.numbers(0, len(field.form), fewest))


def redact_ids(text: str) -> tuple[str, int]:
    """A text with ids in it, in which nine bare digits are a taxpayer number if they can be one."""
    changed, count = redact_keyed(text)
    return replaced(changed, count, Field.ids)


def redact_record(text: str) -> tuple[str, int]:
    """A record that could not be split, of a file with such a heading: any field of it may be the number."""
    changed, count = redact_keyed(text)

    def redacted(field: re.Match[str]) -> str:
        return field[0] if LETTER.search(field[0]) else redact_announced(field[0])[0]

    own = FIELD.sub(redacted, changed)
    return own, count + own.count(REPLACED) - changed.count(REPLACED)


def redact_keyed(text: str) -> tuple[str, int]:
    """A text without the numbers of taxpayers, also those that a key of JSON in it announces."""
    changed, count = redact(text)
    if MAY_BE_KEY.search(changed) is None:
        return changed, count
    return replaced(changed, count, Field.announced)


class Field:
    """A text, decoded, and the places of numbers in it."""

    def __init__(self, text: str) -> None:
        *_, (self.plain, self.spans) = layers(text)
        self.form = separated(self.plain)

    @cached_property
    def kept(self) -> tuple[list[Span], list[Span]]:
        """The places of GUIDs and dates."""
        guids, dates = HEX.finditer(self.form), DATE.finditer(self.plain)
        return [match.span() for match in guids], [match.span() for match in dates]

    def numbers(self, start: int, end: int, fewest: int = FEWEST) -> Iterator[Span]:
        """The places of numbers in a value, in order."""
        expression = ALL_DIGITS if CONTAINER.match(self.form, start, end) else DIGITS
        for match in expression.finditer(self.form, start, end):
            is_number = sum(map(str.isdigit, match[0])) >= fewest
            if is_number and not any(is_inside(places, *match.span()) for places in self.kept):
                yield match.span()

    def ids(self) -> Iterator[Span]:
        return (match.span() for match in NINE.finditer(self.form) if is_issued(*match.groups()))

    def announced(self) -> Iterator[Span]:
        """The places of numbers under announced keys.

        An object or a list is examined as a whole. In a text that was examined, only an object or a list
        under a key may have another number: one whose digits are apart.
        """
        place = examined = 0
        while key := KEY.search(self.plain, place):
            place, start = key.start() + 1, key.end()
            if announces(key[2]):
                is_container = CONTAINER.match(self.form, start) is not None
                if is_container or start >= examined:
                    end = self.end_of_value(start, key[3])
                    yield from self.numbers(start, end)
                    place, examined = (end, examined) if is_container else (place, end)

    def end_of_value(self, start: int, quote: str) -> int:
        """Where a value ends whose key has this quote behind it."""
        if opened := OPEN_QUOTE.match(self.plain, start):
            # A number directly behind the quotes shows how many they are; "" may be an empty text.
            own = opened[0] if opened["content"] is not None else quote.replace(quote[-1], opened["mark"])
            return self.end_of_text(start + len(own), own)
        if CONTAINER.match(self.form, start):
            return self.end_of_container(start, quote)
        end = END.search(self.plain, start)
        return end.start() if end else len(self.plain)

    def end_of_text(self, start: int, quote: str) -> int:
        """Where a text in quotes ends; one that is cut, at the end of all."""
        end = self.plain.find(quote, start)
        while end > 0 and self.plain[end - 1] == "\\":
            end = self.plain.find(quote, end + 1)
        return end if end >= 0 else len(self.plain)

    def end_of_container(self, start: int, quote: str) -> int:
        """Where an object or a list ends. Brackets in its texts do not count."""
        depth = 0
        while token := BRACKET.search(self.plain, start):
            start = token.end()
            depth += (token[0] in "{[") - (token[0] in "}]")
            if token["mark"] and (token["mark"] == '"' or "'" in quote):
                own = quote.replace(quote[-1], token["mark"])
                if self.plain.startswith(own, token.start()):
                    start = self.end_of_text(token.start() + len(own), own) + len(own)
            elif depth == 0:
                return start
        return len(self.plain)


def replaced(text: str, count: int, find: Callable[[Field], Iterable[Span]]) -> tuple[str, int]:
    """A text without the numbers whose places are found in it, and their number with those before."""
    field = Field(text)
    places: list[Span] = []
    for first, behind in sorted(find(field)):
        start, end = field.spans[first][0], field.spans[behind - 1][1]
        if places and start < places[-1][1]:
            start, end = places[-1][0], max(end, places.pop()[1])
        places.append((start, end))
    return with_pieces(text, ((start, end, REPLACED) for start, end in places)), count + len(places)
