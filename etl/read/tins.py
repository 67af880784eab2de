"""Numbers of taxpayers (SSN, ITIN), found in any dress and replaced, before anything is written or hashed.

A text is read as a person reads it: percent encoding and entities undone, compatibility forms and digits of
every script folded, what has no width left out. Each character of that reading knows where in the text it
stood.
"""

import hashlib
import hmac
import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from etl.read.tidy import STRAIGHT

REPLACED = "[TIN]"
# Beside blanks and the categories Pc, Pd and Zs, what people put between the groups; + is a blank in an
# address.
BETWEEN = frozenset("./\\+~:*=()∼⁓˗ー·•∙⋅‧・。⁃−⁄∕∖─━\u115f\u1160\u3164\u2800")
ENCODED = re.compile(
    r"(?i)(?:%[0-9a-f]{2})+|&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|amp|nbsp|shy|[nm]dash|minus|quot);"
)
GROUPS = re.compile(r"(?<!\d)(\d{3})(-*)(\d{2})(-*)(\d{4})(?!\d)")
# A word that says what the number is: TIN only where it begins a word, so that Martin is a name.
WORD = (
    r"(?:(?i:s-?s-?n|soc(?:ial)?[\W_]*sec(?:urity)?|(?<![a-z])(?:i?tin|ss(?=[\W_]*(?:#|no|num))))|(?<=[a-z])I?TIN)"
    r"(?i:s?(?![a-z])|s?(?=no|num|id))"
)
FILLER = (
    r"[\W_]*(?:(?i:no|nr|num|number|numbers|id|is|was|of|for|the|a|and|taxpayer|spouse|client)[\W_]*){0,5}"
)
NAMED = re.compile(
    rf"{WORD}{FILLER}(?<!\d)(?P<behind>\d{{9}})(?!\d)|(?<!\d)(?P<before>\d{{9}})(?!\d){FILLER}{WORD}"
)
HEX = re.compile(
    r"(?i)(?<![0-9a-f])(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{16,})(?![0-9a-f])"
)
# For DuckDB (RE2): true on every text that `redact` may change, and on few others. In this order: the groups
# in ASCII; something dressed among digits (a few letters fold to a blank or are drawn as a dash); a character
# that may be several digits; nine bare digits and a reason to look at them; an encoding beside digits.
BLANK_LETTERS = r"\x{37a}\x{115f}\x{1160}\x{30fc}\x{3164}\x{ff70}\x{ffa0}\x{fc5e}-\x{fc63}\x{fdfa}\x{fdfb}\x{fe70}-\x{fe7f}"
DRESSED = rf"(?:[^\x00-\x7f\p{{L}}“”„‟«»‘’‚‛]|[\x00-\x08\x0b\x0e-\x1f\x7f{BLANK_LETTERS}])"
GAP = r"-._/\\+~:*=()\s"
PART = rf"(?:[{GAP}0-9]|{DRESSED})"
REASON = r'(?:[^\x01-\x7f]|[\x01-\x08\x0b\x0e-\x1f\x7f"%&]|ss|tin|soc|s.?s.?n)'
SUSPECT = (
    rf"(?is)[0-9]{{3}}[{GAP}]+[0-9]{{2}}[{GAP}]+[0-9]{{4}}"
    rf"|{DRESSED}{PART}{{4}}|{PART}{{4}}{DRESSED}|\p{{No}}"
    rf"|{REASON}.*[0-9]{{9}}|[0-9]{{9}}.*{REASON}"
    r"|[%&％﹪＆﹠](?:.*?(?:[0-9]|[^\x00-\x7f])){5}|(?:(?:[0-9]|[^\x00-\x7f]).*?){5}[%&％﹪＆﹠]"
)


@dataclass(frozen=True)
class Reading:
    """A text as it is read: digits of ASCII, `-` between groups, `"` for quotes; `spans` says where each stood."""

    text: str
    spans: list[tuple[int, int]]

    def is_seam(self, place: int) -> bool:
        """Something without a width stood before this character."""
        return self.spans[place - 1][1] < self.spans[place][0]


def redact(text: str) -> tuple[str, int]:
    """The text with [TIN] for each SSN and ITIN, and how many there were.

    Repeated until nothing is found: what stands beside a replaced number may be another one.
    """
    total = 0
    while spans := tins(text):
        total += len(spans)
        for start, end, _ in reversed(spans):
            text = text[:start] + REPLACED + text[end:]
    return text, total


def id_hash(text: str, key: bytes) -> str:
    """A keyed hash of an id that holds a TIN, so that returns stay apart; the number's dress makes no difference.

    It has no digits, so that nothing in it can be taken for a number.
    """
    for start, end, digits in reversed(tins(text)):
        text = text[:start] + digits + text[end:]
    digest = hmac.new(key, unicodedata.normalize("NFKC", text).encode(), hashlib.sha256).hexdigest()
    return "id-" + digest[:24].translate(str.maketrans("0123456789abcdef", "abcdefghijklmnop"))


def tins(text: str) -> list[tuple[int, int, str]]:
    """Where in the text numbers of taxpayers stand, in order, and their digits, as the most decoded reading shows them.

    One less decoded is looked at where that shows none: behind the percent sign of 100%123 stands no code.
    """
    deepest_first = reversed(list(readings(text)))
    return next((spans for reading in deepest_first if (spans := tins_read(reading, text))), [])


def tins_read(reading: Reading, text: str) -> list[tuple[int, int, str]]:
    """The numbers in one reading of the text."""
    found = [match for match in GROUPS.finditer(reading.text) if is_issued(match[1], match[3], match[5])]
    if not found:
        return []
    named = {match.start(match.lastgroup or 0) for match in NAMED.finditer(reading.text)}
    hexes = [match.span() for match in HEX.finditer(reading.text)]
    first, last = reading.text.find('"'), reading.text.rfind('"')
    spans = []
    for match in found:
        start, end = match.span()
        is_split = all(match[gap] or reading.is_seam(match.end(gap)) for gap in (2, 4))
        if is_split:
            is_tin = not is_amount(reading, start, text)
        elif match[2] or match[4]:
            is_tin = False
        else:
            is_hex = any(left <= start and end <= right for left, right in hexes)
            is_tin = start in named or (first < start < last and not is_hex)
        if is_tin:
            spans.append((reading.spans[start][0], reading.spans[end - 1][1], match[1] + match[3] + match[5]))
    return spans


def is_issued(area: str, group: str, serial: str) -> bool:
    """An SSN or ITIN that can exist; of the areas from 900 on only ITINs, by their fourth and fifth digit."""
    if area in ("000", "666") or group == "00" or serial == "0000":
        return False
    return area < "900" or not (group < "50" or "66" <= group <= "69" or group in ("89", "93"))


def is_amount(reading: Reading, start: int, text: str) -> bool:
    """$123.45 2026 is money and a year."""
    point = text[reading.spans[start + 2][1] : reading.spans[start + 4][0]]
    return point == "." and start > 0 and unicodedata.category(reading.text[start - 1]) == "Sc"


def readings(text: str) -> Iterator[Reading]:
    """The text as it stands, then with one layer of encoding after the other undone, folded each time."""
    reading = folded(text, [(place, place + 1) for place in range(len(text))])
    yield levelled(reading)
    while ENCODED.search(reading.text):
        reading = folded(*decoded(reading))
        yield levelled(reading)


def levelled(reading: Reading) -> Reading:
    """The reading with one sign for all that stands between groups, and one for all quotes."""
    straight = reading.text.translate(STRAIGHT)
    return Reading("".join("-" if is_between(one) else one for one in straight), reading.spans)


def folded(text: str, spans: list[tuple[int, int]]) -> Reading:
    """Compatibility forms as what they stand for, digits as ASCII, nothing without a width."""
    if text.isascii() and text.isprintable():
        return Reading(text, spans)
    characters, places = [], []
    for character, span in zip(text, spans, strict=True):
        for one in unicodedata.normalize("NFKC", character):
            digit = unicodedata.digit(one, None)
            category = unicodedata.category(one)
            if category in ("Cf", "Mn", "Me") or (category == "Cc" and not one.isspace()):
                continue
            characters.append(one if digit is None else str(digit))
            places.append(span)
    return Reading("".join(characters), places)


def decoded(reading: Reading) -> tuple[str, list[tuple[int, int]]]:
    """The reading with one layer of percent encoding and entities undone."""
    characters, places, at = [], [], 0
    for match in ENCODED.finditer(reading.text):
        start, end = match.span()
        if match[0].startswith("%"):
            pieces = unquoted(match[0])
        else:
            pieces = [(html.unescape(match[0]), end - start)]
        characters.append(reading.text[at:start])
        places.extend(reading.spans[at:start])
        at = start
        for piece, width in pieces:
            characters.append(piece)
            places.extend([(reading.spans[at][0], reading.spans[at + width - 1][1])] * len(piece))
            at += width
    return "".join(characters) + reading.text[at:], places + reading.spans[at:]


def unquoted(run: str) -> list[tuple[str, int]]:
    """The characters of a run of percent codes, and how much of the run each takes."""
    content = unquote_to_bytes(run)
    try:
        return [(one, 3 * len(one.encode())) for one in content.decode()]
    except UnicodeDecodeError:
        return [(one, 3) for one in content.decode("cp1252", "replace")]


def is_between(character: str) -> bool:
    """A blank, dash, dot, slash or underscore of any script, a colon, bracket or the like."""
    return (
        character.isspace() or character in BETWEEN or unicodedata.category(character) in ("Pc", "Pd", "Zs")
    )
