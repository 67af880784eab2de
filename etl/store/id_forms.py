"""The two forms of an id with nine digits, which may be an SSN: the digits, and a hash of them.

The store has the hash; it has the digits if it is from before such ids became hashes, or if the setting
nine_digit_ids says that they are the firm's own. A return in both forms would be there twice.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

import duckdb

from etl.common.duck import OFFLINE, literal, parquet
from etl.common.problem import Problem
from etl.read.announced import MAY_BE_NINE, redact_ids
from etl.read.tins import find_tins, id_hash
from etl.store.parts import Part, damage_is_a_problem

HASH = "id-"
# Nine digits, also in the groups of an SSN.
NUMBER = re.compile(r"\d{3}[\W_]*\d\d[\W_]*\d{4}")
OTHER_FORM = (
    "the store has returns or clients of this file under another form of their ids. Ids of nine digits, "
    "which may be SSNs, are stored as hashes; an earlier version, and the setting nine_digit_ids = true, "
    "store the digits. To have each return once, nothing was loaded. Load all files again: returntrail load "
    "--again FOLDER. If such ids are the firm's own numbers, first write nine_digit_ids = true under [firm] "
    "in settings.toml, and such ids without hyphens in all exports: with them they are hashes nevertheless."
)
LEFT_SO = (
    "this file was not loaded again, and has returns or clients of the other files under another form of "
    "their ids, so they are in the store twice. Load it: returntrail load --again FILE. If you do not have "
    "it any more, take it out of the store: returntrail load --remove {file_id}"
)
# The columns of ids in each kind of part.
IDS = {
    "events": ("return_id", "client_id"),
    "returns": ("return_id", "client_id"),
    "webhook": ("tax_return_id", "client_id"),
}


def forms_of(own: str, key: bytes) -> set[str]:
    """The forms of an id: as it is; of an id with nine digits also without their hyphens, and as a hash."""
    if not NUMBER.search(own):
        return {own}
    plain = own
    for start, end, digits in reversed(find_tins(own)):
        plain = plain[:start] + digits + plain[end:]
    return {own, plain, id_hash(own, key)}


def common_form(own: str, key: bytes) -> str:
    """The hash of an id with nine digits, which is the same for all its forms; any other id as it is."""
    return id_hash(own, key) if NUMBER.search(own) else own


def ids_in(parts: Iterable[Part]) -> Iterator[tuple[Part, set[str]]]:
    """Each part with its ids of returns and clients that may be of nine digits, or are hashes.

    A damaged part has none here, so that it stops no load; `returntrail verify` names it.
    """
    with duckdb.connect(config=OFFLINE) as database:
        for part in parts:
            found = set[str]()
            names = IDS[part.kind]
            file = part.attributes if part.has_attributes else part.data
            # An older part may have no column for clients.
            nothing = ", ".join(f"null::varchar as {name}" for name in names)
            rows = f"select {nothing} where false union all by name from {parquet(file)}"
            query = f"""
                select distinct id from (select unnest([{", ".join(names)}]) as id from ({rows}))
                where regexp_matches(id, {literal(f"^{HASH}[a-p]+$|{MAY_BE_NINE}")})
            """
            with suppress(Problem), damage_is_a_problem(part):
                found = {own for (own,) in database.execute(query).fetchall()}
            yield part, found


def are_other_forms(own: set[str], stored: set[str], key: Callable[[], bytes]) -> bool:
    """Whether some ids are hashes of stored ones, or stored ones are hashes of them."""

    def hashed(ids: set[str]) -> set[str]:
        return {id_hash(one, key()) for one in ids if not one.startswith(HASH) and redact_ids(one)[1]}

    return not hashed(own).isdisjoint(stored) or not hashed(stored).isdisjoint(own)


def left_so(parts: Iterable[Part], read: set[str], key: Callable[[], bytes]) -> list[Part]:
    """The parts whose ids the files with the ids `read`, which were read now, have in the other form."""
    found = list(ids_in(parts))
    own = set[str]().union(*(ids for part, ids in found if part.file_id in read))
    return [part for part, ids in found if part.file_id not in read and are_other_forms(ids, own, key)]
