"""One content of a file on its way into the store: its source, which file it is, and what became of it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from etl.common.paths import DataDir, version
from etl.common.problem import Problem
from etl.config.settings import Settings, sources_of
from etl.config.source import Source
from etl.read.archive import Contents, Stamp, Unpacked
from etl.read.web_hooks import split_hooks
from etl.store.id_forms import LEFT_SO, left_so
from etl.store.identity import Identity, LoadedFiles, identity, names_of, values_in_names
from etl.store.parts import ID_LENGTH, WARNED, WEB_HOOKS, Ledger, Part, hash_key, parts
from etl.store.purged import Purged
from etl.store.texts import content_name, content_path

LEFT, OTHER = "left", "other form"


@dataclass(frozen=True)
class Outcome:
    """The result for one content of a file: loaded, read again, known, passed over or refused, and why.

    LEFT is of a file that has its other results, but cannot be moved out of the inbox. OTHER is of a file
    that was not read again and has ids in another form than those that were.

    The file was as it was at `stamp`, and `has_links` to documents.
    """

    name: str
    state: str
    reason: str | None = None
    part: Part | None = None
    stamp: Stamp | None = None
    has_links: bool = False

    def __str__(self) -> str:
        if self.part is None:
            return f"{self.name}: {self.reason}"
        ledger = self.part.ledger
        if self.state == "known":
            return f"{self.name}: the same content was loaded as {ledger['file_name']}; nothing to do."
        counts = {
            "quarantined": ledger["quarantined_count"],
            "possible SSNs or ITINs replaced": ledger["redacted_count"],
            "of purged returns left out": ledger.get("purged_count"),
        }
        facts = [f"{self.name}: {self.state}", f"{ledger['kept_count']} of {ledger['record_count']} records"]
        facts += [f"{number} {what}" for what, number in counts.items() if number]
        return ", ".join([*facts, ledger["reason"]] if ledger["reason"] else facts) + "."

    @property
    def is_warned(self) -> bool:
        """Whether it was loaded now, with more quarantined records than the settings allow."""
        return self.part is not None and self.state != "known" and bool(self.part.ledger.get(WARNED))


@dataclass(frozen=True)
class Checked:
    """A verified content that may be loaded; `values` are in its names, `old` is its part if it has one."""

    unpacked: Unpacked
    source: Source
    values: dict[str, str]
    own: Identity
    old: Part | None

    @property
    def file(self) -> Path:
        return self.unpacked.file

    @property
    def file_id(self) -> str:
        return self.own.file_id

    @property
    def path(self) -> str:
        """Its path as a message may show it."""
        return content_path(self.unpacked.file, self.unpacked.place, self.source)

    def ledger(self, counts: Ledger, purged: Purged) -> Ledger:
        own_name, tins = content_name(self.unpacked.file, self.unpacked.place, self.source)
        own_name = purged.shown_name(self.file_id, own_name)
        ledger = base_ledger(self.file_id, own_name, self.source, "loaded", None) | counts
        ledger["redacted_count"] += tins
        ledger |= {"source_digest": self.source.digest, "packed_sha256": self.unpacked.packed_sha256}
        ledger |= {"content_id": self.own.content_id, "names_id": self.own.names_id}
        ledger |= {"source_firm_id": self.own.firm_id}
        ledger |= {WEB_HOOKS: True} if self.unpacked.is_web_hook else {}
        replaced = self.old if self.old and self.old.file_id != self.file_id else None
        return ledger | ({"replaces": replaced.seal} if replaced else {})


def left_in_other_form(data: DataDir, outcomes: Iterable[Outcome]) -> list[Outcome]:
    """After files were read again: an outcome for each other file with their ids in the other form."""
    read = {outcome.part.file_id for outcome in outcomes if outcome.part}
    return [
        Outcome(str(part.ledger["file_name"]), OTHER, reason=LEFT_SO.format(file_id=part.file_id))
        for part in left_so(parts(data), read, lambda: hash_key(data))
    ]


# A file whose part is written into a folder, with its counts, and not yet in the store.
Written = tuple[Checked, Path, Ledger]


def with_sources(
    settings: Settings, unpacked: Unpacked, found: Contents, folder: Path
) -> list[tuple[Unpacked, Source]]:
    """A content with its source, or the contents that a file of web hooks becomes, written into `folder`.

    Raises a Problem if no source is for it.
    """
    for source in sources_of(settings, *names_of(unpacked, found)):
        if source.kind != "webhook":
            return [(unpacked, source)]
        if hooks := split_hooks(unpacked, source, settings.limits, folder):
            return hooks
    return []


def identify(
    unpacked: Unpacked,
    source: Source,
    given: Mapping[str, str],
    data: DataDir,
    purged: Purged,
    loaded: LoadedFiles,
    key: Callable[[], bytes],
) -> Checked:
    """Which file a content is, with the values `given` for it. Raises a Problem if it may not be loaded."""
    values = {**values_in_names(source, unpacked, data.inbox), **given}
    source = source.for_content(values, unpacked.has_day_numbers)
    own = identity(unpacked, source, values, given, data.inbox, key)
    name = content_name(unpacked.file, unpacked.place, source)[0]
    checked = Checked(unpacked, source, values, *loaded.find(own, name, source))
    outer = {**source.constants, **values}.get("return_id", "")
    ids = {own.file_id, checked.file_id, own.content_id, unpacked.packed_sha256[:ID_LENGTH]}
    if purged.has_content(own.content_id, outer) or any(map(purged.has_file, ids)):
        raise Problem("its content was purged, and what was purged does not come back.")
    return checked


def base_ledger(file_id: str, name: str, source: Source | None, state: str, reason: str | None) -> Ledger:
    """What the ledger contains for every file, loaded or refused."""
    return {
        "file_id": file_id,
        "file_name": name,
        "source": source and source.name,
        "kind": source and source.kind,
        "state": state,
        "reason": reason,
        "loaded_at": datetime.now(UTC).isoformat(),
        "version": version(),
    }
