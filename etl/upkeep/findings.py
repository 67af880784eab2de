"""What `returntrail verify` finds: each a severity, what it is about, and a sentence that says what to do."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import polars as pl

from etl.common.files import write_json
from etl.common.paths import DataDir

DAMAGE, WARNING, NOTE, WELL = SEVERITIES = ("damage", "warning", "note", "well")
SCHEMA = {"severity": pl.String, "subject": pl.String, "finding": pl.String}


@dataclass(frozen=True)
class Finding:
    """`damage` is data that are not what they were, `warning` what must be mended, `note` what is worth knowing."""

    severity: str
    subject: str
    finding: str


def is_well(findings: Iterable[Finding]) -> bool:
    """Nothing is damaged and nothing must be mended."""
    return all(one.severity in (NOTE, WELL) for one in findings)


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """The worst first, else as they were found."""
    return sorted(findings, key=lambda one: SEVERITIES.index(one.severity))


def table(findings: list[Finding]) -> pl.DataFrame:
    rows = [(one.severity, one.subject, one.finding) for one in findings]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def keep(data: DataDir, findings: list[Finding]) -> None:
    """Leaves the result where the dashboard looks for it."""
    said = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "findings": [asdict(one) for one in findings],
    }
    write_json(data.verified, said)


def kept(data: DataDir) -> tuple[datetime, list[Finding]] | None:
    """When the last verification ended (UTC, without a zone) and what it found; null where there was none."""
    try:
        said = json.loads(data.verified.read_text(encoding="utf-8"))
        at = datetime.fromisoformat(said["at"]).astimezone(UTC).replace(tzinfo=None)
        return at, [Finding(**one) for one in said["findings"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None
