"""The words for a time zone, in times and in headings: EST, Pacific Time, (UTC-4), Z.

EST and EDT are the fixed offsets that they name; ET and Eastern follow the clocks of New York. A word that
several countries use, such as IST, is not known.
"""

import re
from zoneinfo import ZoneInfo

# The letters and the name of a zone of the United States, its place, and its standard offset in hours.
UNITED_STATES = (
    ("E", "Eastern", "America/New_York", -5),
    ("C", "Central", "America/Chicago", -6),
    ("M", "Mountain", "America/Denver", -7),
    ("P", "Pacific", "America/Los_Angeles", -8),
    ("AK", "Alaska", "America/Anchorage", -9),
)
KNOWN = "ET, CT, MT, PT, AKT, Eastern, Pacific Time, EST, EDT, HST, UTC, GMT, Z, and offsets such as UTC-5"
OFFSET = re.compile(
    r"(?P<utc>(?:UTC|GMT) ?)?(?P<sign>[+-])(?P<hours>\d{1,2})(?::?(?P<minutes>\d\d))?(?P<name> ?\(?[^\d]*)",
    re.I,
)
# What in brackets after a heading is taken for a zone, if it is known or not; these are no zones.
CAPITALS = re.compile(r"[A-Z]{2,5}")
NO_ZONES = ("AM", "PM", "MDY", "DMY", "YMD", "ISO", "US", "USA", "EU", "ID", "LOCAL")
BRACKETED = re.compile(r"(.*\w.*?)[\s_]*[(\[]\s*(?:in )?([^()\[\]]+?)\s*[)\]]\s*")
MAY_HAVE_WORD = re.compile(r"[\s,_/()\[\]-]|UTC|Utc|GMT")
LAST_WORDS = re.compile(r"(.*?\w.*?)[\s,_/-]+([A-Za-z]+(?: Time)?|(?:UTC|GMT) ?[+-]\d[\d:]*)\s*", re.I)
LAST_CAPITALS = re.compile(r"(.*[a-z])(UTC|Utc|GMT)")
FIRST_WORD = re.compile(r"\s*([A-Za-z]+)[\s_-]+(.*\w.*)")


def fixed(hours: int, minutes: int = 0) -> str:
    """The name of the zone that is always so far ahead of UTC."""
    return f"UTC{hours:+03}:{minutes:02}"


# The zone of each word in lower case: a name of the IANA list, or a fixed offset.
WORDS = dict.fromkeys(("utc", "gmt", "z", "coordinated universal", "greenwich mean"), "UTC")
WORDS |= {"hst": fixed(-10), "hawaii": "Pacific/Honolulu", "hawaii standard": fixed(-10)}
# The place whose clocks a word of standard or daylight time may mean.
PLACES: dict[str, str] = {}
for short, long, place, hours in ((one[0].lower(), one[1].lower(), *one[2:]) for one in UNITED_STATES):
    standard, daylight = (f"{short}st", f"{long} standard"), (f"{short}dt", f"{long} daylight")
    WORDS |= dict.fromkeys((f"{short}t", long, f"us/{long}"), place)
    WORDS |= dict.fromkeys(standard, fixed(hours)) | dict.fromkeys(daylight, fixed(hours + 1))
    PLACES |= dict.fromkeys(standard + daylight, place)
PLACE_WORDS = {place: f"{letters}T" for letters, _, place, _ in UNITED_STATES}
LONGEST = 200


def normal(word: str) -> str:
    """A word as it is compared: without brackets around it, and without "time" and "(US & Canada)"."""
    plain = re.sub(r"\s+", " ", word.strip(" ,()[]").removesuffix("(US & Canada").strip()).casefold()
    # Windows names the clocks of a place by their standard offset: (UTC-05:00) Eastern Time (US & Canada).
    plain = re.sub(r"^utc[+-]\d\d:\d\d\) (\w+ time)$", r"\1", plain)
    return plain.removesuffix(" time")


def shown_word(word: str) -> str:
    """A word as people are told it: without brackets around all of it."""
    plain = word.strip(" ,()[]")
    return f"{plain})" if "(" in plain else plain


def zone_of(word: str) -> str | None:
    """The zone that a word or an offset names; None if it is not known, or has more than one meaning."""
    own = normal(word)
    if own in WORDS:
        return WORDS[own]
    if match := OFFSET.fullmatch(own):
        hours, minutes = int(match["hours"]), int(match["minutes"] or 0)
        # Without a word and minutes, it may be anything: 10:00 -11.
        is_offset = match["utc"] or (match["minutes"] and len(match["hours"]) == 2)
        if is_offset and hours <= 14 and minutes in (0, 15, 30, 45):
            return f"UTC{match['sign']}{hours:02}:{minutes:02}"
    if re.fullmatch(r"[A-Za-z]+/[A-Za-z_/-]+", word.strip(" []()")):
        try:
            return ZoneInfo(word.strip(" []()")).key
        except (KeyError, ValueError, OSError):
            return None
    return None


def is_like_zone(word: str) -> bool:
    """Whether an unknown word looks like one for a zone, such as CEST or West Europe Time."""
    plain = word.strip(" ,()[]")
    return (CAPITALS.fullmatch(plain) is not None and plain not in NO_ZONES) or plain.endswith(" Time")


def split_heading(heading: str) -> tuple[str, str | None]:
    """A heading without its word for a zone, and the word: `Date/Time (UTC)`, `Time ET`, `utc_time`."""
    # A line that was split by a wrong delimiter is no heading, and slow to search.
    if len(heading) > LONGEST:
        return heading, None
    # Most headings have none of these, and to search for more takes long in a long one.
    if not MAY_HAVE_WORD.search(heading):
        return heading, None
    if (match := BRACKETED.fullmatch(heading)) and (zone_of(match[2]) or is_like_zone(match[2])):
        return match[1], match[2]
    for expression in (LAST_WORDS, LAST_CAPITALS):
        match = expression.fullmatch(heading)
        if match and len(match[2]) > 1 and zone_of(match[2]):
            return match[1], match[2]
    match = FIRST_WORD.fullmatch(heading)
    if match and len(match[1]) > 1 and zone_of(match[1]):
        return match[2], match[1]
    return heading, None


def split_format(time_format: str) -> str:
    """A time format without a word for a zone at its end: the word of each time counts."""
    match = re.fullmatch(r"(.*%[A-Za-z])([^%]*[A-Za-z][^%]*)", time_format, re.DOTALL)
    return match[1] if match and (zone_of(match[2]) or is_like_zone(match[2])) else time_format
