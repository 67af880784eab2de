"""The seal of a part: the hashes of its files and of its ledger, so that a byte which changes later is seen.

Parts of versions before the seal have none; they are read as they are, and `returntrail verify` names them.
"""

import hashlib
import json
from pathlib import Path

from etl.problem import Problem

HASHES, SEAL = "sha256", "seal"


def sealed(ledger: dict, files: list[Path]) -> dict:
    """The ledger with the SHA-256 of each file beside it, and then with its own."""
    whole = unsealed(ledger) | {HASHES: {file.name: file_hash(file) for file in sorted(files)}}
    return whole | {SEAL: seal_of(whole)}


def unsealed(ledger: dict) -> dict:
    return {name: value for name, value in ledger.items() if name not in (HASHES, SEAL)}


def seal_of(ledger: dict) -> str:
    """The hash of what a ledger says, the seal itself aside."""
    said = {name: value for name, value in ledger.items() if name != SEAL}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def is_sealed(ledger: dict) -> bool:
    """Half a seal is one too: the other half was damaged."""
    return HASHES in ledger or SEAL in ledger


def is_whole(ledger: dict) -> bool:
    """The ledger says what was written; one without a seal is believed."""
    return not is_sealed(ledger) or (HASHES in ledger and ledger.get(SEAL) == seal_of(ledger))


def file_hash(file: Path) -> str:
    with open(file, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def hold_file(ledger: dict, file: Path) -> None:
    """Raises a Problem if a file of a part is not, byte for byte, the one that was written."""
    fault = fault_of(ledger, file)
    if fault:
        raise Problem(f"{file}: {fault}, so its part is damaged. Remove the part and load its file again.")


def fault_of(ledger: dict, file: Path) -> str | None:
    """What is wrong with a file of a part; null for nothing, and where the ledger has no seal."""
    if not is_sealed(ledger):
        return None
    try:
        return None if file_hash(file) == ledger[HASHES].get(file.name) else "it is not the file that was written"
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
