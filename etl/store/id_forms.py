"""Tells whether the store has returns of a file under the other form of their ids: nine digits, or a hash.

Each would be there twice. So it is in a store from before such ids became hashes, and after a change of the
setting nine_digit_ids.
"""

from collections.abc import Callable, Iterable

import duckdb

from etl.common.duck import OFFLINE, literal, parquet
from etl.read.announced import MAY_BE_NINE, redact_ids
from etl.read.tins import id_hash
from etl.store.parts import Part

HASH = "id-"
OTHER_FORM = (
    "the store has returns of it under ids of nine digits, which are hashes now, or the other way round, so "
    "they would be there twice. Load all loaded files once more: returntrail load --again FOLDER. Or, if "
    "these ids are the firm's own numbers, write nine_digit_ids = true under [firm] in settings.toml."
)


def ids_in(parts: Iterable[Part]) -> set[str]:
    """The ids of returns that may be of nine digits, or are hashes."""
    found = set[str]()
    with duckdb.connect(config=OFFLINE) as database:
        for part in parts:
            name = "tax_return_id" if part.kind == "webhook" else "return_id"
            file = part.attributes if part.has_attributes else part.data
            is_either = f"regexp_matches({name}, {literal(f'^{HASH}[a-p]+$|{MAY_BE_NINE}')})"
            rows = database.execute(f"select distinct {name} from {parquet(file)} where {is_either}")
            found.update(own for (own,) in rows.fetchall())
    return found


def are_other_forms(own: set[str], stored: set[str], key: Callable[[], bytes]) -> bool:
    """Whether some ids are hashes of stored ones, or stored ones are hashes of them."""

    def hashed(ids: set[str]) -> set[str]:
        return {id_hash(one, key()) for one in ids if not one.startswith(HASH) and redact_ids(one)[1]}

    return not hashed(own).isdisjoint(stored) or not hashed(stored).isdisjoint(own)
