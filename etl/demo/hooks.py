"""The web hooks of some returns, as a receiver of the firm stores them."""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from etl.demo.firm import FACTS, Person
from etl.demo.log import Log

Body = dict[str, Any]
ZONE = ZoneInfo("America/New_York")
SHARE = 0.30
# The beginnings of labels, and the statuses that web hooks have for them.
STATUSES = {
    "Upload": "PROCESSING",
    "Deliver to": "DELIVERED",
    "Recalled return": "RECALLED",
    "Files Uploaded": "UPLOADFORMS",
}


def write_hooks(folder: Path, seed: int, logs: list[Log], until: datetime) -> list[Path]:
    """Writes the web hooks of some returns, a file for each month, as JSON lines in envelopes."""
    random, months = Random(f"{seed} hooks"), defaultdict[str, list[tuple[datetime, Body]]](list)
    for log in logs:
        is_chosen = random.random() < SHARE
        # A return with a role stops at an event, and its signatures would not.
        if not is_chosen or log.outcomes:
            continue
        for at, body in hooks_of(random, log):
            if at <= min(until, log.season.ends_at):
                months[f"{at:%Y-%m}"].append((at, body))
    for number in FACTS["other_products"]:
        months[f"{until:%Y-%m}"].append((until, {"eventType": number, "eventData": {"status": "Updated"}}))
    files = []
    for month, received in sorted(months.items()):
        received.sort(key=lambda one: (one[0], json.dumps(one[1])))
        envelopes = [
            {"received_at": moment(at + timedelta(seconds=3)), "body": body} for at, body in received
        ]
        file = folder / f"Web hooks {month}.ndjson"
        text = "".join(f"{json.dumps(one, ensure_ascii=False)}\n" for one in envelopes)
        file.write_text(text, encoding="utf-8")
        files.append(file)
    return files


def hooks_of(random: Random, log: Log) -> Iterator[tuple[datetime, Body]]:
    """The bodies about a return, each with the time when it is sent; in the log the events come earlier."""
    delivered_at: dict[datetime, datetime] = {}
    for event in log.events:
        word = next((word for label, word in STATUSES.items() if event.label.startswith(label)), None)
        if word and (event.tab == "Internal Tracking" or word == "UPLOADFORMS"):
            at = event.at + timedelta(seconds=random.randint(1, 20))
            delivered_at |= {event.at: at} if word == "DELIVERED" else {}
            yield at, status(log, word, at)
    for delivery, signatures in log.signatures.items():
        sent_at = delivered_at.get(delivery)
        if sent_at is None:
            continue
        for signer, at in signatures:
            yield at, esign(log, signer, at, sent_at)
        if len(signatures) == len(log.client.signers):
            last_at = max(at for _, at in signatures) + timedelta(seconds=random.randint(2, 40))
            yield last_at, status(log, "ESIGNED", last_at)
    if log.events and random.random() < 0.2:
        yield log.events[0].at, changed(log)


def status(log: Log, word: str, at: datetime) -> Body:
    return {
        "status": word,
        "statusDate": moment(at),
        "formType": f"E{log.client.form}",
        "taxYear": log.season.tax_year,
        "clientId": log.client.client_id,
        "httpStatus": 0,
        "uniqueArgs": "",
        "taxReturnId": log.return_id,
    }


def esign(log: Log, signer: Person, at: datetime, delivered_at: datetime) -> Body:
    link = f"https://documents.example/{log.return_id}?sig=invented"
    documents = [{"fileName": f"{log.client.short_name} 8879.pdf", "sasUrl": link}]
    who = {
        "clientType": signer.role,
        "name": signer.name,
        "email": signer.email,
        "signerDocuments": documents,
    }
    return {
        "documentStatus": "USERSIGNED",
        "signatureStatus": "ESigned",
        "signedOn": moment(at),
        "deliveredOn": moment(delivered_at),
        "taxYear": log.season.tax_year,
        "engagementType": f"E{log.client.form}",
        "documentClients": [who | {"signerDocuments": documents}],
    }


def changed(log: Log) -> Body:
    data = {"clientId": log.client.client_id, "location": log.client.office.name, "mfj": log.client.is_joint}
    return {"eventType": 5001, "eventData": data}


def moment(at: datetime) -> str:
    """A local time of the firm as web hooks have it."""
    return f"{at.replace(tzinfo=ZONE).astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z"
