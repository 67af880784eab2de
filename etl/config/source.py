"""A kind of export: which files it is, and how their headings become the columns of the contract."""

import hashlib
import json
import re
import unicodedata
from dataclasses import asdict, dataclass, field
from functools import cache, cached_property

from etl.common.paths import QUERIES
from etl.sql.file import read_file

KINDS = ("events", "returns")
PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip")
# Columns of the contract that the loader makes; an export cannot bring them.
MADE = frozenset(
    "pattern subject event_at event_on time_note extra file_id row_no occurrence_no row_hash".split()
)


@dataclass(frozen=True)
class Source:
    """One kind of export: which files it is, and how their headings, times and constants are read."""

    name: str
    kind: str
    files: tuple[str, ...]
    firm_id: str | None
    timezone: str
    firm_timezone: str
    time_formats: tuple[str, ...] = ()
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """A hash of what changes how a file is read; its name and its file patterns do not."""
        said = {name: value for name, value in asdict(self).items() if name not in ("name", "files")}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]

    @cached_property
    def known(self) -> dict[str, str]:
        """Loosened heading -> our column. The contract's own names are always headings."""
        words = {loose(column): column for column in contract(self.kind)}
        words.update(
            (loose(heading), column) for column, headings in self.columns.items() for heading in headings
        )
        return words


@dataclass(frozen=True)
class Limits:
    """What a file may not pass; each is named in the refusal."""

    file_bytes: int = 4_000_000_000
    unpacked_bytes: int = 4_000_000_000
    ratio: int = 200
    line_bytes: int = 1_000_000
    field_bytes: int = 64_000
    columns: int = 500
    json_depth: int = 50


@cache
def contract(kind: str) -> tuple[str, ...]:
    """The columns that an export of this kind can bring, in the order of queries/raw/<kind>.sql."""
    columns = read_file(QUERIES / "raw" / f"{kind}.sql").columns
    return tuple(column.name for column in columns if column.name not in MADE)


def loose(heading: str) -> str:
    """A heading as it is compared: without case, blanks and punctuation."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", heading).casefold())


def column_of(source: Source, heading: str) -> str | None:
    """Our column for a heading of an export, null where nothing maps it."""
    return source.known.get(loose(heading))


def unpacked_name(name: str) -> str:
    """The name without the ending of a compression."""
    return next((name[: -len(ending)] for ending in PACKED if name.casefold().endswith(ending)), name)
