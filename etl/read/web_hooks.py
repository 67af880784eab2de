"""Splits a file of web hooks into contents that are loaded like other files: status changes, and all else.

A firm's receiver stores the bodies that the platform sends: one a file, one a line, or in a list, as they
come or in an envelope of the receiver. The bodies become flat records here, without links: a link opens the
document of a client for everybody who has it.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any, TextIO
from zoneinfo import ZoneInfo

from etl.common.problem import Problem
from etl.config.source import Limits, Source, heading_key
from etl.read.archive import Unpacked
from etl.read.formats import PLAIN, beginning_of, content_kind, format_of_name, text_of
from etl.read.ids import NO_ID_OF_PROGRAM
from etl.read.json_documents import JsonFile
from etl.read.json_records import as_text, value_of

Body = dict[str, Any]
STATUSES, OTHERS = "status changes", "other bodies"
# Our words for the statuses of a return; another status is as it is in the body.
WORDS = {
    "processing": "Processing",
    "delivered": "Delivered",
    "esigned": "E-signed",
    "manualsign": "Manually signed",
    "recalled": "Recalled",
    "uploadforms": "Forms uploaded",
}
CLIENT_CHANGED = "5001"
# The events of other products, by their thousands.
PRODUCTS = {"2": "organizers", "3": "signatures", "4": "exchange", "6": "gather"}
# Our columns of a status change, and the vendor's names.
STATUS_FIELDS = {
    "event_time": "statusdate",
    "client_id": "clientid",
    "tax_year": "taxyear",
    "return_type": "formtype",
}
SIGNATURE_FIELDS = {
    "client_id": "clientid",
    "tax_year": "taxyear",
    "return_type": "engagementtype",
    "seen_at": "signedon",
}
SIGNER_FIELDS = {"client_name": "name", "signer": "clienttype", "signer_email": "email"}
CLIENT_FIELDS = {"client_id": "clientid", "is_joint": "mfj", "office": "location"}
# The id of the return in a body, if the source names none: as many exports of User Tracking have it.
RETURN_ID = ("taxReturnId",)
# When a receiver got a body, in its envelope.
RECEIVED = {"receivedat", "receivedon", "received", "eventtime", "timestamp", "time", "date"}
# A link has a scheme, or parameters, as a signature of access. It begins where a word does, or the search
# would take hours in a long one; a backslash at its end belongs to the quote after it.
LINK = re.compile(r"""(?<![^\s"'<>])[^\s"'<>]*(?::(?:\\*/){2}|[?&][\w%-]+=)[^\s"'<>]*(?<!\\)""")
REMOVED = "[link removed]"
# Base64 of a text that begins with { or [.
BASE64 = re.compile(r"\s*[eW][w-z0-9+/_-][\w+/\s-]{14,}=*\s*", re.ASCII)
# How many documents are read to see what a file is.
FIRST = 20


class Splitter:
    """Writes each body as a record of one of two contents, and counts what it writes."""

    def __init__(self, source: Source, files: Mapping[str, TextIO]) -> None:
        self.return_id = [heading_key(str(name)) for name in source.columns.get("tax_return_id", RETURN_ID)]
        self.timezone, self.files = source.timezone, files
        self.counts = dict.fromkeys(files, 0)
        self.has_links = False

    def write_record(self, name: str, record: Mapping[str, Any]) -> None:
        fields = {key: as_text(item) for key, item in record.items()}
        self.files[name].write(json.dumps(fields, ensure_ascii=False, sort_keys=True) + "\n")
        self.counts[name] += 1

    def add(self, text: str) -> None:
        """Adds the bodies in a document. What is no body becomes a record that is quarantined."""
        document = value_of(text) or text
        for body, received in bodies(document, None) or [(document, None)]:
            self.add_body(self.without_links(body), received)

    def add_body(self, body: Any, received: str | None) -> None:
        kind = kind_of(body)
        if kind is None:
            self.write_record(OTHERS, {"body": "unknown", "rest": body})
            return
        fields = by_key(body)
        if kind == "status":
            status = scalar(fields["status"])
            label = status and f"Web hook: {WORDS.get(heading_key(status), status)}"
            record = values_of(body, STATUS_FIELDS, *(["status"] if status else []))
            self.write_record(STATUSES, record | {"return_id": self.id_of(fields), "label": label})
        elif kind == "signature":
            for record in signatures(body, self.id_of(fields), self.timezone):
                self.write_record(OTHERS, record)
        else:
            self.write_record(OTHERS, event(body, received))

    def id_of(self, fields: Body) -> str | None:
        return next((text for key in self.return_id if (text := own_id(fields.get(key)))), None)

    def without_links(self, value: Any) -> Any:
        """A value without links, also in the texts, lists and objects in it."""
        if isinstance(value, dict):
            kept = {key: item for key, item in value.items() if heading_key(key) != "sasurl"}
            self.has_links |= len(kept) < len(value)
            return {self.text_without_links(key): self.without_links(item) for key, item in kept.items()}
        if isinstance(value, list):
            return [self.without_links(item) for item in value]
        if type(value) is str and (decoded := from_base64(value)) is not None:
            return self.without_links(decoded)
        return self.text_without_links(value) if type(value) is str else value

    def text_without_links(self, text: str) -> str:
        changed, number = LINK.subn(REMOVED, text)
        self.has_links |= number > 0
        return changed


def split_hooks(
    unpacked: Unpacked, source: Source, limits: Limits, folder: Path
) -> list[tuple[Unpacked, Source]]:
    """The contents of a file of web hooks, written into `folder`, each with the source to load it with.

    Empty if the file has no such bodies. Raises a Problem if not every body is in one of the contents.
    """
    beginning = beginning_of(unpacked.path)
    # A first line that is no JSON is quarantined like any other.
    is_json = format_of_name(unpacked.name, PLAIN) == "json" and b"\n{" in text_of(beginning)
    if not is_json and content_kind(unpacked.name, beginning) != "json":
        return []
    file = JsonFile.of(unpacked.path, folder, limits)
    if not is_of_hooks(file):
        return []
    own = folder / f"hooks-{unpacked.sha256[:16]}"
    own.mkdir(exist_ok=True)
    paths = {name: own / f"{name}.ndjson" for name in (STATUSES, OTHERS)}
    with ExitStack() as opened:
        files = {name: opened.enter_context(open(one, "w", encoding="utf-8")) for name, one in paths.items()}
        splitter = Splitter(source, files)
        for at, text in file.documents():
            try:
                splitter.add(text)
            except RecursionError as error:
                raise limits.over("json_depth", "the depth of JSON", place=at) from error
    unpacked.refuse_changed()
    hooks = replace(unpacked, is_web_hook=True, has_links=splitter.has_links)
    contents = []
    for name, path in paths.items():
        with open(path, "rb") as content:
            count = sum(1 for _ in content)
            content.seek(0)
            # Equal bodies are equal content, whatever was around them.
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        if count != splitter.counts[name]:
            raise Problem(f"{splitter.counts[name]} records were written and {count} can be read.")
        if count:
            place = (*unpacked.place, name)
            own_content = replace(hooks, path=path, name=path.name, sha256=digest, place=place)
            contents.append((own_content, source_of_content(source, name, splitter.counts[STATUSES] > 0)))
    return contents


def source_of_content(source: Source, name: str, has_statuses: bool) -> Source:
    """The source that a content is loaded with; the headings of its records are our columns.

    A body that comes twice is one. Beside statuses, all other lines of a file may be none.
    """
    if name == OTHERS:
        return replace(source, columns={}, records=".", is_beside=has_statuses)
    constants = {"tab": "Internal"}
    return replace(source, kind="events", columns={}, constants=constants, records=".", repeats="copies")


def is_of_hooks(file: JsonFile) -> bool:
    """Whether one of the first documents of a file is a body of a web hook, or has one in it."""
    for _, text in islice(file.documents(), FIRST):
        with suppress(ValueError, RecursionError):
            if bodies(json.loads(text), None):
                return True
    return False


def bodies(value: Any, received: str | None) -> list[tuple[Any, str | None]]:
    """The bodies in a value, each with the time when it came: itself, or all that are in an envelope.

    With them comes what is beside a body in a list, so that it is counted too.
    """
    value = from_text(value)
    if isinstance(value, list):
        items = [bodies(item, received) for item in value]
        beside = [found or [(item, received)] for item, found in zip(value, items, strict=True)]
        return list(chain.from_iterable(beside)) if any(items) else []
    if not isinstance(value, dict):
        return []
    kind = kind_of(value)
    # The events of the platform are numbers; another is that of a receiver.
    if kind and (kind != "event" or (scalar(by_key(value)["eventtype"]) or "").isdecimal()):
        return [(value, received)]
    received = next((scalar(one) for key, one in value.items() if heading_key(key) in RECEIVED), received)
    inner = [found for item in value.values() if (found := bodies(item, received))]
    if not inner:
        return [(value, received)] if kind else []
    # If they are under several keys, nothing says whose time it is.
    return inner[0] if len(inner) == 1 else [(body, None) for found in inner for body, _ in found]


def kind_of(body: Any) -> str | None:
    """status, signature or event; None for what is no body of a web hook."""
    keys = {heading_key(key) for key in body} if isinstance(body, dict) else set()
    if keys >= {"status", "statusdate"} and keys & {"taxreturnid", "documentid", "documentguid"}:
        return "status"
    if keys >= {"eventtype", "eventdata"}:
        return "event"
    if keys & {"documentstatus", "signaturestatus"} and keys & {"signedon", "documentclients"}:
        return "signature"
    return None


def signatures(body: Body, return_id: str | None, zone: str) -> Iterator[Body]:
    """A record for each signer in an e-sign body; one that does not say e-signed is of no known kind."""
    fields = by_key(body)
    delivered = moment(scalar(fields.get("deliveredon")), zone)
    status = scalar(fields.get("signaturestatus") or fields.get("documentstatus"))
    signers = objects_in(fields.get("documentclients"))
    read = {"deliveredon": delivered, "documentclients": signers}
    record = values_of(body, SIGNATURE_FIELDS, *(key for key, found in read.items() if found is not None))
    record |= {
        "body": "signature" if heading_key(status or "") in ("esigned", "usersigned") else "unknown",
        "tax_return_id": return_id,
        "delivered_at": delivered,
    }
    for signer in signers or [{}]:
        documents = objects_in(by_key(signer).get("signerdocuments"))
        files = [values_of(one, {"name": "filename"}) for one in documents or ()]
        is_read = documents is not None and not any(one["rest"] for one in files)
        who = values_of(signer, SIGNER_FIELDS, *(["signerdocuments"] if is_read else []))
        rest = who.pop("rest")
        yield (
            record
            | who
            | ({"rest_of_signer": rest} if rest else {})
            | {"documents": ", ".join(filter(None, (one["name"] for one in files))) or None}
        )


def event(body: Body, received: str | None) -> Body:
    """The record of a body with an event: a changed client, or one of another product, only to be counted."""
    fields = by_key(body)
    number, data = scalar(fields["eventtype"]), from_text(fields["eventdata"])
    if number is None:
        return {"body": "unknown", "rest": body}
    if number != CLIENT_CHANGED:
        product = PRODUCTS.get(number[:-3], "unknown") if number.isdecimal() else "unknown"
        return {"body": "other", "product": f"{number} ({product})", "seen_at": received}
    is_read = isinstance(data, dict)
    rest = values_of(body, {}, "eventtype", *(["eventdata"] if is_read else []))["rest"]
    record = values_of(data if is_read else {}, CLIENT_FIELDS) | {"body": "client", "seen_at": received}
    return record | ({"rest_of_event": rest} if rest else {})


def values_of(body: Body, columns: Mapping[str, str], *known: str) -> Body:
    """The values of a body for our columns, and the rest of it but what is known.

    The rest is one field, so that no name in it can be that of a column of ours.
    """
    own = by_key(body)
    values = {
        name: (own_id if name == "client_id" else scalar)(own.get(key)) for name, key in columns.items()
    }
    # An object in place of a text is in the rest, and so is what is no id.
    read = {*known, *(key for name, key in columns.items() if values[name] is not None)}
    others = (key for key, item in body.items() if heading_key(key) not in read and item not in (None, ""))
    rest = {key: body[key] for key in others}
    return values | {"rest": rest or None}


def by_key(body: Body) -> Body:
    """The values by their keys; those of two spellings of one key are a list, as neither is preferred."""
    fields: Body = {}
    for key, item in body.items():
        own = heading_key(key)
        fields[own] = [fields[own], item] if own in fields else item
    return fields


def scalar(value: Any) -> str | None:
    """The text of a value; None for an object or a list, which is never an id, a name or a time."""
    return None if isinstance(value, dict | list) else (as_text(value) or "").strip() or None


def own_id(value: Any) -> str | None:
    """The text of an id; None for what programs write where they have none."""
    text = scalar(value)
    return None if text is None or NO_ID_OF_PROGRAM.fullmatch(text) else text


def objects_in(value: Any) -> list[Body] | None:
    """The objects of a list, of which one alone stands for itself; None if there is anything else."""
    inner = from_text(value)
    found = inner if isinstance(inner, list) else [inner]
    return found if all(isinstance(one, dict) for one in found) else None


def from_base64(text: str) -> Any:
    """The object or list whose JSON text is in base64, so that what is in it is found; None for others."""
    if BASE64.fullmatch(text):
        plain = "".join(text.split()).rstrip("=").translate(str.maketrans("-_", "+/"))
        with suppress(ValueError):
            return value_of(base64.b64decode(f"{plain}==").decode())
    return None


def from_text(value: Any) -> Any:
    """A value, or what it is the JSON text of: some receivers store a body as text, or as its text."""
    is_json = isinstance(value, str) and value.lstrip().startswith(("{", "[", '"{', '"['))
    found = value_of(value) if is_json else None
    return from_text(found) if isinstance(found, str) else found or value


def moment(text: str | None, zone: str) -> str | None:
    """A time of a body as UTC, without an offset in this zone; None for a date alone and other texts."""
    try:
        read = datetime.fromisoformat(text if text and ":" in text else "")
        return str((read if read.tzinfo else read.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC))[:-6]
    except (ValueError, OverflowError):
        return None
