"""A part is read only while it is what was written: unseen damage would be counted, or sealed anew by a rewrite."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from etl.problem import Problem
from etl.seal import hold_file
from etl.sqlerror import SAYS_ONLY_SQL, is_out_of_room
from etl.store import Part


def hold_part(part: Part) -> None:
    """Raises a Problem if a byte of a part has changed; one of a version without checksums is believed."""
    hold_file(part.ledger, part.data)
    hold_file(part.ledger, part.quarantine)


@contextmanager
def reading(part: Part) -> Iterator[None]:
    """Makes a Problem of what DuckDB says of a damaged part: it has many words for it, some of them no more than an Error."""
    try:
        yield
    except duckdb.Error as error:
        if is_out_of_room(error) or isinstance(error, (duckdb.OutOfMemoryException, *SAYS_ONLY_SQL)):
            raise
        raise Problem(f"{part.folder}: this part is damaged. Remove it and load its file again.") from error
