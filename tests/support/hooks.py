"""Bodies of web hooks as the platform sends them, for tests."""

import json
from typing import Any

LINK = "https://documents.example/one?sig=secret"
Body = dict[str, Any]


def status(word: str, at: str, number: int = 1, form: str = "E1040", **others: Any) -> Body:
    """A status change of a return, whose client has the same number."""
    return {
        "status": word,
        "statusDate": at,
        "eroEmail": "ero@firm.example",
        "assignedEmail": "staff@firm.example",
        "formType": form,
        "taxYear": 2025,
        "documentGuid": f"00000000-0000-4000-8000-{number:012}",
        "documentId": 140000 + number,
        "clientId": f"C-{number:03}",
        "httpStatus": 0,
        "uniqueArgs": "",
        "taxReturnId": f"TR{number:06}",
    } | others


def esign(
    signed: str, delivered: str, *signers: tuple[str, str, str], form: str = "E1040", **others: Any
) -> Body:
    """An e-sign body; each signer is a kind, a name and an address."""
    return {
        "documentStatus": "USERSIGNED",
        "signatureStatus": "ESigned",
        "signedOn": signed,
        "taxSoftware": "ProSystems",
        "deliveredOn": delivered,
        "taxYear": 2025,
        "engagementType": form,
        "documentClients": [
            {
                "clientType": kind,
                "name": name,
                "email": email,
                "signerDocuments": [{"fileName": "8879.pdf", "sasUrl": LINK}],
            }
            for kind, name, email in signers
        ],
    } | others


def changed(client: str, office: str | None, mfj: bool | None) -> Body:
    data = {"uId": "U-1", "clientId": client, "ero": "ero@firm.example", "location": office, "type": "1040"}
    return {"eventType": 5001, "eventData": data | {"mfj": mfj}}


def other(number: int) -> Body:
    return {"eventType": number, "eventData": {"clientId": "C-001", "status": "Out for Signature"}}


def received(body: Body, at: str = "2026-03-10T00:00:00Z") -> Body:
    """A body in an envelope of a receiver."""
    return {"received_at": at, "body": body}


def lines(*bodies: Body) -> str:
    return "".join(json.dumps(body) + "\n" for body in bodies)


LEE = ("Taxpayer", "Avery Lee", "avery@mailbox.example")
# The hooks of two returns: one is e-signed, one is recalled and delivered again.
STATUSES = [
    status("PROCESSING", "2026-03-02T14:00:00.000Z"),
    status("DELIVERED", "2026-03-04T15:10:00.000Z"),
    status("ESIGNED", "2026-03-08T20:15:30.000Z"),
    status("DELIVERED", "2026-03-05T16:00:00.000Z", 2, "E1120"),
    status("RECALLED", "2026-03-06T09:30:00.000Z", 2, "E1120"),
    status("DELIVERED", "2026-03-09T17:45:00.000Z", 2, "E1120"),
]
ESIGN = esign("2026-03-08T20:15:00.000Z", "2026-03-04T15:10:00.000Z", LEE)
ALL = [*STATUSES, ESIGN, changed("C-001", "Austin", True), other(3001)]
