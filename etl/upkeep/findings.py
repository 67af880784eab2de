"""The findings of `returntrail verify`, and the file that stores them for the dashboard."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import polars as pl

from etl.common.files import write_json
from etl.common.paths import DataDir
from etl.common.sealed import new_marks

DAMAGE, WARNING, NOTE, WELL = SEVERITIES = ("damage", "warning", "note", "well")
BUILD = "Type `returntrail build`."


@dataclass(frozen=True)
class Finding:
    """`damage`: data have changed. `warning`: something to fix. `note`: good to know. `well`: no fault."""

    severity: str
    subject: str
    finding: str


def is_damaged(findings: Iterable[Finding]) -> bool:
    return any(finding.severity == DAMAGE for finding in findings)


def is_well(findings: Iterable[Finding]) -> bool:
    """Whether nothing is damaged and nothing must be fixed."""
    return all(finding.severity in (NOTE, WELL) for finding in findings)


def as_frame(findings: list[Finding]) -> pl.DataFrame:
    """The findings as a table with the columns severity, subject and finding."""
    return pl.DataFrame(findings, schema=dict.fromkeys(("severity", "subject", "finding"), pl.String))


def store_findings(data: DataDir, findings: list[Finding]) -> list[Finding]:
    """Stores the findings where the dashboard reads them; returns them sorted, the worst first."""
    findings = sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))
    at = datetime.now(UTC).isoformat(timespec="seconds")
    logs = new_marks(data, data.verified)
    write_json(data.verified, {"at": at, "findings": [asdict(one) for one in findings], "logs": logs})
    return findings


def stored_findings(data: DataDir) -> tuple[datetime, list[Finding]] | None:
    """When the last verification ended (UTC, without a zone) and what it found; None if there was none."""
    try:
        content = json.loads(data.verified.read_text(encoding="utf-8"))
        at = datetime.fromisoformat(content["at"]).astimezone(UTC).replace(tzinfo=None)
        return at, [Finding(**finding) for finding in content["findings"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None
