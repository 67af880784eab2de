"""What makes a file the same file: its content, and the values that do not come from its content.

Two exports with equal bytes are two files if their returns are named by their file names. A file whose values
change with the settings is still the same file: its new part replaces the part with the old values.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from etl.common.files import is_leftover
from etl.common.problem import Problem
from etl.config.settings import Settings, source_of
from etl.config.source import PACKED, Source
from etl.read.archive import Contents, Unpacked
from etl.read.formats import PLAIN
from etl.read.tins import id_hash, redact, with_hyphens
from etl.store.id_forms import OTHER_FORM, are_other_forms, ids_in
from etl.store.inbox import DONE
from etl.store.parts import ID_LENGTH, Ledger, Part
from etl.store.purged import keyed_hash
from etl.store.texts import IDS_OF_PEOPLE, PLACE

ENDING = re.compile(f"({'|'.join(map(re.escape, (*PLAIN, '.txt', *PACKED)))})$", re.IGNORECASE)


@dataclass(frozen=True)
class Identity:
    """The start of the hash of a file's content, its id and its firm, and a hash of its names if they count.

    Of one of several contents there is also the hash of the whole file.
    """

    content_id: str
    file_id: str
    firm_id: str | None
    names_id: str | None
    packed_sha256: str | None


def values_in_names(source: Source, unpacked: Unpacked, inbox: Path) -> dict[str, str]:
    """The values that a source takes from the names of a file, its folder and its sheet."""
    if not source.names.columns:
        return {}
    values = source.names.values(*own_names(unpacked, inbox), unpacked.sheet)
    as_they_are = IDS_OF_PEOPLE if source.nine_digit_ids else ()
    return {
        column: value if column in as_they_are else with_hyphens(value) for column, value in values.items()
    }


def own_names(unpacked: Unpacked, inbox: Path) -> tuple[str, str | None]:
    """The name of a file and its folder, as patterns see them.

    The inbox and its folders are no folder of an office, nor is a folder of returntrail's own. The folder of
    a member of a zip is the zip itself, or a folder in it; a zip with the member's name only packs it.
    """
    parent = unpacked.file.absolute().parent
    unnamed = {inbox.absolute() / name for name in ("", *DONE)}
    folders = [] if parent in unnamed or is_leftover(parent) else [parent.name]
    *outer, own = unpacked.file.name, *inner_names(unpacked)
    *inner, name = own.split("/")
    folders += [*(one for one in map(stem, outer) if one != stem(name)), *inner]
    return stem(name), folders[-1] if folders else None


def refuse_merging(settings: Settings, found: Contents, given: Mapping[str, str], inbox: Path) -> None:
    """Raises a Problem if an ID that a person gives would be of several tables that are not two tabs."""
    if "return_id" not in given or len(found.contents) == 1:
        return
    sources = [source_of(settings, *names_of(content, found)) for content in found.contents]
    tabs = [
        values_in_names(source, content, inbox).get("tab")
        for source, content in zip(sources, found.contents, strict=True)
    ]
    if None in tabs or len(set(tabs)) < len(tabs):
        fault = f"it has {len(tabs)} tables, whose returns would become one by --set return_id"
        raise Problem(f"{fault}. Load each as a file of its own, or write a pattern under [source.names].")


def names_of(content: Unpacked, found: Contents) -> list[str]:
    """The names that patterns of sources may match; the archive of a member only if it is alone in it."""
    members, outer = inner_names(content), [content.file.name]
    names = members if members and len(found.contents) > 1 and not content.sheet else [*outer, *members]
    return [*names, PLACE.join([content.file.name, *content.place])] if content.sheet else names


def inner_names(content: Unpacked) -> list[str]:
    """The names inside the file, of an archive's member and of a workbook in it, without the sheet."""
    return list(content.place[:-1] if content.sheet is not None else content.place)


def stem(name: str) -> str:
    """A name without its endings, such as .csv.gz."""
    while (short := ENDING.sub("", name)) != name:
        name = short
    return name


def identity(
    unpacked: Unpacked,
    source: Source,
    values: Mapping[str, str],
    given: Mapping[str, str],
    inbox: Path,
    key: Callable[[], bytes],
) -> Identity:
    """The identity of a file, whose `values` come from its names or are `given` by a person.

    Names may be of clients, so their hashes are made under the key, which is requested only then.
    """
    content_id, file_id, names_id = unpacked.sha256[:ID_LENGTH], unpacked.sha256[:ID_LENGTH], None
    own = {name: id_hash(text, key()) if redact(text)[1] else text for name, text in values.items()}
    columns = {"firm_id": source.firm_id} | source.constants | own
    if values or source.constants:
        file_id = digest([content_id, columns], key() if values else None)
    if values:
        names_id = digest([*own_names(unpacked, inbox), unpacked.sheet, dict(given)], key())
    packed_sha256 = unpacked.packed_sha256 if unpacked.place else None
    return Identity(content_id, file_id, columns["firm_id"], names_id, packed_sha256)


def digest(value: object, key: bytes | None = None) -> str:
    """The start of a hash; under a key it does not tell what was hashed."""
    text = json.dumps(value, sort_keys=True)
    full = hashlib.sha256(text.encode()).hexdigest() if key is None else keyed_hash(key, text)
    return full[:ID_LENGTH]


def refusal_ids(unpacked: Unpacked, key: bytes) -> tuple[str, str]:
    """The ids of the refusal of a content: of the file and the place in it, and with the name of the file.

    Files of equal bytes may be refused for their names.
    """
    place = [unpacked.packed_sha256, *unpacked.place]
    own = digest(place, key) if unpacked.place else unpacked.packed_sha256[:ID_LENGTH]
    return own, digest([*place, unpacked.file.name], key)


@dataclass
class LoadedFiles:
    """The parts of the store by the ids of their files and of their contents."""

    parts: dict[str, Part] = field(default_factory=dict)
    by_content: dict[str | None, list[Part]] = field(default_factory=dict)

    @classmethod
    def of(cls, parts: Iterable[Part]) -> "LoadedFiles":
        loaded = cls()
        for part in parts:
            loaded.add(part)
        return loaded

    @cached_property
    def ids_of_nine_digits(self) -> set[str]:
        """The ids that may be of nine digits, or are hashes, read when they are first needed."""
        return set[str]().union(*(ids for _, ids in ids_in(self.parts.values())))

    def refuse_other_form(self, made: Path, counts: Ledger, source: Source, key: Callable[[], bytes]) -> None:
        """Raises a Problem if the store has an id of a written part in the other form."""
        if counts["redacted_count"] or source.nine_digit_ids:
            [(_, own)] = ids_in([Part(made, counts | {"kind": source.kind})])
            if own and are_other_forms(own, self.ids_of_nine_digits, key):
                raise Problem(OTHER_FORM)

    def add(self, part: Part, old: Part | None = None) -> None:
        """Adds a part, which replaces the old one."""
        if old:
            del self.parts[old.file_id]
            for own in contents_of(old):
                self.by_content[own].remove(old)
        self.parts[part.file_id] = part
        for own in contents_of(part):
            self.by_content.setdefault(own, []).append(part)

    def find(self, own: Identity, name: str, source: Source) -> tuple[Identity, Part | None]:
        """The part of a file: of the same content and values, or an older reading of this very file.

        Two firms may have files of equal bytes; then the id of the second has its firm in it.
        """
        of_firm = replace(own, file_id=digest([own.file_id, own.firm_id]))
        for one in (own, of_firm):
            part = self.parts.get(one.file_id)
            if part and part.ledger.get("source_firm_id", own.firm_id) == own.firm_id:
                return one, part
        found = [part for one in (own.content_id, own.packed_sha256) for part in self.by_content.get(one, ())]
        older = [part for part in found if is_older(part.ledger, own, name, source)]
        old = min(older, key=lambda part: part.ledger["file_name"] != name, default=None)
        return (own if self.parts.get(own.file_id) in (None, old) else of_firm), old


def is_older(ledger: Ledger, own: Identity, name: str, source: Source) -> bool:
    """Whether a part of the same content is this file as it was loaded with other settings."""
    is_same_digest = bool(ledger["source_digest"] == source.digest)
    # A part that was written before names had values, and sheets parts of their own.
    if "content_id" not in ledger and (is_same_digest or ledger["file_id"] != own.content_id):
        return True
    if own.names_id and ledger.get("names_id"):
        return not is_same_digest and bool(ledger["names_id"] == own.names_id)
    return not is_same_digest and (ledger["file_name"] == name or ledger["source"] == source.name)


def content_of(part: Part) -> str:
    return str(part.ledger.get("content_id", part.file_id))


def contents_of(part: Part) -> set[str]:
    """The ids by which its file is found. Before sheets had parts of their own, a workbook was one."""
    own = content_of(part)
    return {own, own if "content_id" in part.ledger else part.ledger.get("packed_sha256", own)}
