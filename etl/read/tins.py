"""Finds taxpayer numbers (SSN, ITIN), however they are written, and replaces them before a text is stored.

A text is decoded as a person reads it: percent encoding and entities decoded, compatibility forms and digits
of every script folded, invisible characters removed. Each decoded character knows its place in the text. This
module prefers false positives to missed numbers.
"""

import hashlib
import hmac
import html
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import suppress
from ipaddress import IPv6Address
from itertools import pairwise
from unicodedata import category, digit, normalize
from urllib.parse import unquote_to_bytes

from etl.read.tidy import STRAIGHT

# The first place of a character in the original text, and the place after its last.
Span = tuple[int, int]
REPLACED = "[TIN]"
# Nobody encodes a text so often, and each layer takes its time.
MOST_LAYERS = 8
# What people put between the groups, besides blanks and the categories Pc, Pd and Zs; + is a blank in a URL.
SEPARATORS = frozenset("./\\+~:*=()∼⁓˗ー·•∙⋅‧・。⁃−⁄∕∖─━\u115f\u1160\u3164\u2800")
ENCODED = re.compile(
    r"(?i)(?:%[0-9a-f]{2})+|&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|amp|nbsp|shy|[nm]dash|minus|quot|apos);"
)
GROUPS = re.compile(r"(?<!\d)(\d{3})(-*)(\d{2})(-*)(\d{4})(?!\d)")
# A word that names the number: TIN counts only where it begins a word, so that Martin is a name.
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
# An address of version 6, with more groups than a number has.
ADDRESS = re.compile(r"(?i)(?<![\w:])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){3,7}(?![\w:])")
# For DuckDB (RE2): matches every text that `redact` may change, and few others. In this order: the groups in
# ASCII; a foreign character among digits (a few letters fold to a blank or are drawn as a dash); a character
# that may be several digits; nine bare digits and a reason to check them; an encoding near digits.
BLANK_LETTERS = (
    r"\x{37a}\x{115f}\x{1160}\x{30fc}\x{3164}\x{ff70}\x{ffa0}"
    r"\x{fc5e}-\x{fc63}\x{fdfa}\x{fdfb}\x{fe70}-\x{fe7f}"
)
FOREIGN = rf"(?:[^\x00-\x7f\p{{L}}“”„‟«»‘’‚‛]|[\x00-\x08\x0b\x0e-\x1f\x7f{BLANK_LETTERS}])"
GAP = r"-._/\\+~:*=()\s"
PART = rf"(?:[{GAP}0-9]|{FOREIGN})"
REASON = r'(?:[^\x01-\x7f]|[\x01-\x08\x0b\x0e-\x1f\x7f"%&]|ss|tin|soc|s.?s.?n)'
SUSPECT = (
    rf"(?is)[0-9]{{3}}[{GAP}]+[0-9]{{2}}[{GAP}]+[0-9]{{4}}"
    rf"|{FOREIGN}{PART}{{4}}|{PART}{{4}}{FOREIGN}|\p{{No}}"
    rf"|{REASON}.*[0-9]{{9}}|[0-9]{{9}}.*{REASON}"
    r"|[%&％﹪＆﹠](?:.*?(?:[0-9]|[^\x00-\x7f])){5}|(?:(?:[0-9]|[^\x00-\x7f]).*?){5}[%&％﹪＆﹠]"
)


def redact(text: str) -> tuple[str, int]:
    """The text with [TIN] for each SSN and ITIN, and how many there were.

    Repeated until none is left: the text next to a replaced number may be another number.
    """
    total = 0
    while tins := find_tins(text):
        total += len(tins)
        text = with_pieces(text, ((start, end, REPLACED) for start, end, _ in tins))
    return text, total


def with_pieces(text: str, pieces: Iterable[tuple[int, int, str]]) -> str:
    """The text with other pieces between places, which are in order.

    Put together at once, or the time would grow with the square of the text.
    """
    parts, end = list[str](), 0
    for start, stop, piece in pieces:
        parts += [text[end:start], piece]
        end = stop
    return "".join([*parts, text[end:]])


def redact_name(name: str) -> tuple[str, int]:
    """A name without TINs, and how many it had. The whole name of a file or folder may be a number."""
    whole, count = redact(name)
    parts = [redact(f'"{part}"') for part in whole.split("/")]
    return "/".join(part[1:-1] for part, _ in parts), count + sum(number for _, number in parts)


def with_hyphens(name: str) -> str:
    """A part of a name, with its TINs written so that `redact` finds them in any text."""
    tins = find_tins(f'"{name}"')
    return with_pieces(
        name, ((start - 1, end - 1, f"{own[:3]}-{own[3:5]}-{own[5:]}") for start, end, own in tins)
    )


def id_hash(text: str, key: bytes) -> str:
    """A keyed hash of an id that contains a TIN, so that returns stay distinct, however it is written.

    The hash has no digits, so that nothing in it can be taken for a number.
    """
    text = with_pieces(text, find_tins(text))
    digest = hmac.new(key, normalize("NFKC", text).encode(), hashlib.sha256).hexdigest()
    return "id-" + digest[:24].translate(str.maketrans("0123456789abcdef", "abcdefghijklmnop"))


def find_tins(text: str) -> list[tuple[int, int, str]]:
    """Start, end and digits of each taxpayer number, in order, in the most decoded form that has any.

    Less decoded forms are tried too: the percent sign of 100%123 does not begin a code.
    """
    if len(forms := list(decodings(text))) > MOST_LAYERS + 1:
        return [(0, len(text), "")]
    return next((tins for form, spans in reversed(forms) if (tins := tins_in(form, spans, text))), [])


def is_too_deep(text: str) -> bool:
    """Whether a text is encoded so often that all of it is replaced."""
    return sum(1 for _ in layers(text)) > MOST_LAYERS + 1


def tins_in(form: str, spans: list[Span], text: str) -> list[tuple[int, int, str]]:
    """The taxpayer numbers in one decoded form of the text."""
    matches = [match for match in GROUPS.finditer(form) if is_issued(match[1], match[3], match[5])]
    if not matches:
        return []
    named = {match.start(match.lastgroup or 0) for match in NAMED.finditer(form)}
    hexes = [match.span() for match in HEX.finditer(form)]
    addresses = [match.span() for match in ADDRESS.finditer(text) if is_address(match[0])]
    first_quote, last_quote = form.find('"'), form.rfind('"')
    found: dict[re.Match[str], bool] = {}
    bare = set[int]()
    for match in matches:
        start, end = match.span()
        # An invisible character that was removed between two groups separates them too.
        if all(match[gap] or spans[match.end(gap) - 1][1] < spans[match.end(gap)][0] for gap in (2, 4)):
            # An amount and a year, as in $123.45 2026, is no number.
            point = text[spans[start + 2][1] : spans[start + 4][0]]
            is_tin = point != "." or start == 0 or category(form[start - 1]) != "Sc"
            first, last = spans[start][0], spans[end - 1][1]
            is_tin &= not is_inside(addresses, first, last)
        elif match[2] or match[4]:
            is_tin = False
        else:
            is_hex = is_inside(hexes, start, end)
            is_tin = start in named or (first_quote < start < last_quote and not is_hex)
            bare.add(start)
        found[match] = is_tin
    # The number beside a number of a taxpayer is one, too.
    for ordered in (list(found), list(found)[::-1]):
        for one, other in pairwise(ordered):
            gap = form[min(one.end(), other.end()) : max(one.start(), other.start())]
            found[other] |= found[one] and other.start() in bare and re.fullmatch(FILLER, gap) is not None
    return [
        (spans[match.start()][0], spans[match.end() - 1][1], match[1] + match[3] + match[5])
        for match, is_tin in found.items()
        if is_tin
    ]


def is_inside(places: list[Span], start: int, end: int) -> bool:
    """Whether a text is inside of one of these places, which are in order."""
    place = bisect_right(places, (start, end)) - 1
    return any(left <= start and end <= right for left, right in places[max(0, place) : place + 2])


def is_address(text: str) -> bool:
    """Whether a text is an address of version 6, and no number that has only its form, as in 123:45::6789."""
    with suppress(ValueError):
        return len(list(filter(None, text.split(":")))) > 3 and bool(IPv6Address(text))
    return False


def is_issued(area: str, group: str, serial: str) -> bool:
    """Whether a number can be an SSN or ITIN; from area 900 on it is an ITIN, and its group decides."""
    if area in ("000", "666") or group == "00" or serial == "0000":
        return False
    return area < "900" or not (group < "50" or "66" <= group <= "69" or group in ("89", "93"))


def most_decoded(text: str) -> tuple[str, list[Span]]:
    """The last of the decodings of a text."""
    *_, (last, spans) = layers(text)
    return separated(last), spans


def decodings(text: str) -> Iterator[tuple[str, list[Span]]]:
    """The layers of a text with `-` for every separator of groups."""
    return ((separated(layer), spans) for layer, spans in layers(text))


def separated(text: str) -> str:
    """A text of as many characters, with `-` for each that may be between groups of digits."""
    return "".join(
        "-" if one.isspace() or one in SEPARATORS or category(one) in ("Pc", "Pd", "Zs") else one
        for one in text
    )


def layers(text: str) -> Iterator[tuple[str, list[Span]]]:
    """The text, then with one more layer decoded each time, with the original places of its characters.

    Each has straight quotes.
    """
    spans = [(place, place + 1) for place in range(len(text))]
    for _ in range(MOST_LAYERS + 2):
        text, spans = fold(text, spans)
        yield text.translate(STRAIGHT), spans
        if not ENCODED.search(text):
            return
        text, spans = decode_layer(text, spans)


def fold(text: str, spans: list[Span]) -> tuple[str, list[Span]]:
    """Compatibility forms folded, digits as ASCII, invisible characters removed.

    Invisible is wider here than in tidy.py, by Unicode category: any such character may be inside a number.
    """
    if text.isascii() and text.isprintable():
        return text, spans
    characters, places = "", []
    for original, span in zip(text, spans, strict=True):
        for character in normalize("NFKC", original):
            kind = category(character)
            if kind in ("Cf", "Mn", "Me") or (kind == "Cc" and not character.isspace()):
                continue
            characters += str(digit(character, character))
            places.append(span)
    return characters, places


def decode_layer(text: str, spans: list[Span]) -> tuple[str, list[Span]]:
    """One layer of percent encoding and entities decoded."""
    characters, places, end = "", [], 0
    for match in ENCODED.finditer(text):
        characters += text[end : match.start()]
        places += spans[end : match.start()]
        end = match.start()
        parts = [(html.unescape(match[0]), len(match[0]))]
        if match[0].startswith("%"):
            content = unquote_to_bytes(match[0])
            try:
                parts = [(character, 3 * len(character.encode())) for character in content.decode()]
            except UnicodeDecodeError:
                parts = [(character, 3) for character in content.decode("cp1252", "replace")]
        for part, width in parts:
            characters += part
            places += [(spans[end][0], spans[end + width - 1][1])] * len(part)
            end += width
    return characters + text[end:], places + spans[end:]
