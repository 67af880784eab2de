"""What makes a file the same file: its content, and the values that do not come from its content.

Two exports with equal bytes are two files if their returns are named by their file names. A file whose values
change with the settings is still the same file: its new part replaces the part with the old values.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from etl.common.files import is_leftover
from etl.common.problem import Problem
from etl.config.settings import Settings, source_of
from etl.config.source import PACKED, Source
from etl.read.archive import Contents, Unpacked
from etl.read.formats import PLAIN
from etl.read.tins import id_hash, redact
from etl.store.parts import ID_LENGTH, SEAL, Part
from etl.store.texts import PLACE

ENDING = re.compile(f"({'|'.join(map(re.escape, (*PLAIN, '.txt', *PACKED)))})$", re.IGNORECASE)


@dataclass(frozen=True)
class Identity:
    """The start of the hash of a file's content, its id, and a hash of the values in its names, if any."""

    content_id: str
    file_id: str
    names_id: str | None = None


def values_in_names(source: Source, unpacked: Unpacked, inbox: Path) -> dict[str, str]:
    """The values that a source takes from the names of a file, its folder and its sheet."""
    if not source.names.columns:
        return {}
    return source.names.values(*own_names(unpacked, inbox), unpacked.sheet)


def own_names(unpacked: Unpacked, inbox: Path) -> tuple[str, str | None]:
    """The name of a file and its folder, as patterns see them.

    The inbox is no folder of an office, nor is a folder of returntrail's own. The folder of a member of a
    zip is the zip itself, or a folder in it.
    """
    parent = unpacked.file.absolute().parent
    folders = [] if parent == inbox.absolute() or is_leftover(parent) else [parent.name]
    *outer, own = unpacked.file.name, *inner_names(unpacked)
    *inner, name = own.split("/")
    folders += [*map(stem, outer), *inner]
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


def identity(sha256: str, source: Source, values: Mapping[str, str], key: Callable[[], bytes]) -> Identity:
    """The identity of a file. Of a value with a TIN its hash under the key counts, requested only then."""
    content_id = sha256[:ID_LENGTH]
    if not (values or source.constants):
        return Identity(content_id, content_id)
    own = {name: id_hash(text, key()) if redact(text)[1] else text for name, text in values.items()}
    given = own | source.constants | {"firm_id": source.firm_id}
    return Identity(content_id, digest([content_id, given]), digest(own) if own else None)


def digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:ID_LENGTH]


@dataclass
class LoadedFiles:
    """The parts of the store by the ids of their files and of their contents."""

    parts: dict[str, Part] = field(default_factory=dict)
    by_content: dict[str, list[Part]] = field(default_factory=dict)

    @classmethod
    def of(cls, parts: Iterable[Part]) -> "LoadedFiles":
        loaded = cls()
        for part in parts:
            loaded.add(part)
        return loaded

    def add(self, part: Part, old: Part | None = None) -> None:
        """Adds a part, which replaces the old one."""
        if old:
            del self.parts[old.file_id]
            self.by_content[content_of(old)].remove(old)
        self.parts[part.file_id] = part
        self.by_content.setdefault(content_of(part), []).append(part)

    def find(self, own: Identity, name: str, source: Source) -> Part | None:
        """The part of a file: of the same content and values, or as it was loaded with other settings.

        The latter has the same content, and its name, or the values of its names, are the same.
        """
        if part := self.parts.get(own.file_id):
            return part
        for part in self.by_content.get(own.content_id, ()):
            ledger = part.ledger
            is_same_name = ledger["file_name"] == name
            is_same_source = ledger["source"] == source.name and ledger.get("names_id") == own.names_id
            # A part that was written before names had values: its values came from the same settings.
            if "content_id" not in ledger and ledger["source_digest"] == source.digest:
                return part
            if ledger["source_digest"] != source.digest and (is_same_name or is_same_source):
                return part
        return None


def content_of(part: Part) -> str:
    return str(part.ledger.get("content_id", part.file_id))


def seal_of(part: Part) -> str:
    """What another part says of the part that it replaces."""
    return str(part.ledger.get(SEAL, part.file_id))
