"""The list of purges: keyed hashes of returns and files, so that no later export brings purged data back.

The hashes are made with the key of the data directory. Without the key they reveal nothing, and nothing can
be loaded, because the loader would not know what to leave out.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from itertools import product

import msgspec
import polars as pl

from etl.common.files import write_atomically
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.store.id_forms import forms_of
from etl.store.parts import ID_LENGTH, hash_key

FILE = "purged.jsonl"
HASH_LENGTH = 32
KEY_CHECK = "the key of the purges"
RETURN_PURGED = "its return was purged, and what was purged does not come back."
# What separates the fields of a line or of a JSON object.
SEPARATORS = re.compile(r'[,;\t|"\'{}\[\]:=]+')
# An id is a few of these with anything between them, such as 2025-0001; a whole value may be any id.
LETTERS_OR_DIGITS = re.compile(r"[^\W_]+")
MOST_IN_AN_ID = 6

# What identifies a record of web hooks, as columns of raw.webhook and as their texts.
HOOK = (
    "firm_id, body, tax_return_id, client_id, client_name, signer_email, "
    "strftime(seen_at, '%Y-%m-%d %H:%M:%S.%f') as seen_at"
)
Hook = tuple[str | None, ...]


@dataclass(frozen=True)
class Entry:
    """One purge. `kind` is "return", "before" or "file"; `at` is UTC in ISO format and identifies the purge.

    `record_count` counts the records removed from the store, `removed_count` the files removed elsewhere.
    """

    at: str
    kind: str
    before: str | None
    return_count: int
    file_count: int
    record_count: int
    removed_count: int
    version: str
    key_check: str
    firm_ids: list[str]
    hashes: list[str]


@dataclass(frozen=True)
class Purged:
    """All purged returns and files, as hashes.

    An id is compared in all its forms: it may have been purged before ids of nine digits became hashes, or
    under another setting. `originals` has the ids that became hashes in the file that is loaded.
    """

    key: bytes = b""
    firm_ids: frozenset[str] = frozenset()
    hashes: frozenset[str] = frozenset()
    originals: Mapping[str, set[str]] = field(default_factory=dict)

    def forms(self, own: str | None) -> set[str]:
        own = own or ""
        return set().union(*(forms_of(one, self.key) for one in (own, *self.originals.get(own, ()))))

    def has(self, firm_id: str | None, return_id: str | None) -> bool:
        # Web hooks without a return are not all purged because some were.
        return bool(self.hashes and return_id) and any(
            return_hash(self.key, firm_id, one) in self.hashes for one in self.forms(return_id)
        )

    def has_hook(self, hook: Hook) -> bool:
        """Whether a record of web hooks was purged with the return that it belongs to, or names one."""
        firm_id, body, return_id, client_id, *others = hook
        if not self.hashes or self.has(firm_id, return_id):
            return bool(self.hashes)
        forms = product(self.forms(return_id), self.forms(client_id))
        hooks = ((firm_id, body, *ids, *others) for ids in forms)
        return any(hook_hash(self.key, one) in self.hashes for one in hooks)

    def has_file(self, file_id: str) -> bool:
        """Whether the whole file was purged."""
        return bool(self.hashes) and keyed_hash(self.key, "file", file_id) in self.hashes

    def has_content(self, content_id: str, return_id: str) -> bool:
        """Whether a file was purged with this content, and this return from its name or from a person."""
        ids = self.forms(return_id.strip()) if self.hashes else ()
        return any(self.has_file(content_of_return(content_id, one)) for one in ids)

    def is_named_in(self, text: str) -> bool:
        """Whether a record that could not be split, or a name, contains the id of a purged return."""
        values = {value.strip() for value in SEPARATORS.split(text)}
        words = values | {word for value in values for word in value.split()}
        found = list(LETTERS_OR_DIGITS.finditer(text))
        for number, first in enumerate(found):
            words |= {text[first.start() : last.end()] for last in found[number : number + MOST_IN_AN_ID]}
        return any(self.has(firm_id, word) for word in words if word for firm_id in self.firm_ids)

    def shown_name(self, file_id: str, name: str) -> str:
        """The name of a file as the ledger may have it: a name with the id of a purged return is left out."""
        return nameless(file_id) if self.is_named_in(name) else name


def content_of_return(content_id: str, return_id: str) -> str:
    """What is recorded of a purged file besides its id; empty if the content itself names its returns."""
    return f"{content_id} {return_id}"


def nameless(file_id: str) -> str:
    """What the ledger has in place of a name that was purged."""
    return f"{file_id[:ID_LENGTH]} (its name was purged)"


def hook_hash(key: bytes, hook: Hook) -> str:
    return keyed_hash(key, "web hook", *(text or "" for text in hook))


def return_hash(key: bytes, firm_id: str | None, return_id: str | None) -> str:
    return keyed_hash(key, "return", firm_id or "", return_id or "")


def keyed_hash(key: bytes, *texts: str) -> str:
    """HMAC-SHA256 of some texts, shortened."""
    return hmac.new(key, "\0".join(texts).encode(), hashlib.sha256).hexdigest()[:HASH_LENGTH]


def entries(data: DataDir) -> list[Entry]:
    """Every purge, oldest first. Raises a Problem if the list is damaged: a load would undo the purges."""
    file = data.root / FILE
    try:
        content = file.read_bytes()
        # An empty line is damage too.
        lines = content.removesuffix(b"\n").split(b"\n") if content else []
        return [msgspec.json.decode(line, type=Entry) for line in lines]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        fault = "the list of purges cannot be read, so purged data might come back"
        raise Problem(f"{file}: {fault}. Restore it from a backup.") from error


def read_purged(data: DataDir) -> Purged:
    """All that a load must leave out. Raises a Problem if the list or its key is damaged."""
    purges = entries(data)
    if not purges:
        return Purged()
    key = hash_key(data, may_make=False)
    if any(entry.key_check != keyed_hash(key, KEY_CHECK) for entry in purges):
        fault = "not the key under which returns were purged, so they might come back"
        raise Problem(f"{data.root / '.key'}: {fault}. Restore it from a backup.")
    firm_ids = frozenset(firm_id for entry in purges for firm_id in entry.firm_ids)
    return Purged(key, firm_ids, frozenset(own for entry in purges for own in entry.hashes))


def write_entry(data: DataDir, entry: Entry) -> None:
    """Adds a purge, or replaces its line. The whole file is written, so that no part is ever missing."""
    purges = {old.at: old for old in entries(data)} | {entry.at: entry}
    lines = msgspec.json.Encoder().encode_lines([purges[at] for at in sorted(purges)])
    write_atomically(data.root / FILE, lines)


def purge_history(data: DataDir) -> pl.DataFrame:
    """The purges as a table, newest first, with counts and without hashes; `at` is UTC."""
    names = [field.name for field in fields(Entry) if field.name not in ("key_check", "firm_ids", "hashes")]
    schema = {name: pl.Int64 if name.endswith("_count") else pl.String for name in names}
    at = pl.col("at").str.to_datetime(time_unit="us", time_zone="UTC").dt.replace_time_zone(None)
    return pl.from_dicts([asdict(entry) for entry in reversed(entries(data))], schema).with_columns(at)
