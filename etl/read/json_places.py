"""Finds where in JSON documents the records are: the only place whose objects have all needed headings."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate, islice
from typing import Any

from etl.common.problem import Problem
from etl.config.source import Limits, Source, columns_of
from etl.read.json_documents import ADVICE, SCANNER, TOKEN, JsonFile, Keys, printable, shown

MOST_PLACES, MOST_HEADINGS = 1_000, 50_000


@dataclass
class Found:
    """The objects at one place of the documents: how many, and the headings of the texts in them."""

    count: int = 0
    in_list: bool = False
    headings: dict[str, None] = field(default_factory=dict)


class Survey:
    """The objects found at each place of the documents; each is in those around it, so all are few."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.found: dict[Keys, Found] = {}
        self.heading_count = 0

    def add(self, value: dict[str, Any], keys: Keys, in_list: bool) -> None:
        """Adds an object, and the objects in it. Raises a RecursionError if they are too deep."""
        if len(self.found) > MOST_PLACES:
            raise Problem(f"it has objects in over {MOST_PLACES} places. {ADVICE}")
        if self.heading_count > MOST_HEADINGS:
            raise Problem(f"its objects have over {MOST_HEADINGS} headings. {ADVICE}")
        own = self.found.setdefault(keys, Found())
        own.count, own.in_list = own.count + 1, in_list
        before = len(own.headings)
        # Records with more headings are refused.
        room = self.limits.columns + 1 - before
        own.headings |= dict.fromkeys(islice(leaves(value, self.limits.json_depth), room if room > 0 else 0))
        self.heading_count += len(own.headings) - before
        for key, item in value.items():
            for one in item if isinstance(item, list) else [item]:
                if isinstance(one, dict):
                    self.add(one, (*keys, key), isinstance(item, list))


def leaves(value: dict[str, Any], most_depth: int = 1_000, before: str = "") -> Iterator[str]:
    """The dotted headings of the texts and numbers of an object and the objects in it.

    Raises a RecursionError if these are deeper in each other than allowed.
    """
    if not most_depth:
        raise RecursionError
    for key, item in value.items():
        if isinstance(item, dict):
            yield from leaves(item, most_depth - 1, f"{before}{key}.")
        elif not isinstance(item, list):
            yield before + key


def limit_depth(text: str, place: str, limits: Limits) -> None:
    """Refuses JSON that is deeper than `[limits]` allows."""
    if text.count("{") + text.count("[") > limits.json_depth:
        # Brackets inside strings do not count.
        steps = ((token in "{[") - (token in "}]") for token in TOKEN.findall(text))
        deepest = max(accumulate(steps), default=0)
        if deepest > limits.json_depth:
            raise limits.over("json_depth", "the depth of JSON", deepest, place)


def find_records(file: JsonFile, source: Source) -> Keys:
    """The only place whose objects have all headings that the source needs; the document if none has.

    The first documents decide only that they are records themselves: a later one may have a second list.
    Refuses documents of which several places could be it, and those that are no records themselves.
    """
    survey = Survey(file.limits)
    found = survey.found
    next_try, fitting = 1, list[Keys]()
    for number, (place, text) in enumerate(file.documents(), start=1):
        try:
            value = SCANNER.decode(text)
            if isinstance(value, dict):
                survey.add(value, (), file.form == "array" or (file.form == "lines" and number > 1))
        except RecursionError:
            limit_depth(text, place, file.limits)
            continue
        except ValueError:
            continue
        if number >= next_try and (fitting := places_that_fit(found, source)) == [()]:
            return ()
        next_try = max(next_try, 2 * number)
    fitting = places_that_fit(found, source)
    where = f'under the [[source]] "{source.name}" in settings.toml'
    if len(fitting) > 1:
        choices = " or ".join(f'records = "{shown(keys)}"' for keys in fitting[:5])
        raise Problem(f"its records may be in {len(fitting)} places. Write {choices} {where}.")
    if not fitting and () in found and not may_be_records(found, source):
        listed = "; ".join(f"{shown(keys)}: {', '.join(one.headings)}" for keys, one in found.items() if keys)
        raise Problem(
            f"no list or object in it has all of {', '.join(source.needed)}. It has {printable(listed)}. "
            f'Write records = "..." {where}, and its headings in [source.columns].'
        )
    return fitting[0] if fitting else ()


def places_that_fit(found: dict[Keys, Found], source: Source) -> list[Keys]:
    """Where the objects have all headings that the source needs; not inside of records that are in a list.

    One heading alone may be in objects inside of any record too.
    """
    fitting = [keys for keys, one in found.items() if is_complete(one.headings, source)]
    outer = {keys for keys in fitting if found[keys].in_list or len(source.needed) < 2}
    return [keys for keys in fitting if not any(keys[:size] in outer for size in range(len(keys)))]


def is_complete(headings: Iterable[str], source: Source) -> bool:
    """Whether headings have all that the source needs, and at least one that it knows."""
    columns = set(columns_of(source, list(headings))) - {None}
    return bool(columns) and columns.issuperset(source.needed)


def may_be_records(found: dict[Keys, Found], source: Source) -> bool:
    """Whether documents that lack a heading may be records, and are not around them."""
    needed = {
        keys: len(set(source.needed).intersection(columns_of(source, list(one.headings))))
        for keys, one in found.items()
    }
    if max(needed.values()) > needed[()]:
        return False
    is_known = any(columns_of(source, list(found[()].headings)))
    return is_known or not any(one.in_list and one.count > found[()].count for one in found.values())
