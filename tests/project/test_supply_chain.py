"""What is installed can be audited, and an audit that looked at nothing is no audit."""

import json

import pytest

from etl.common.paths import CHECKOUT
from tests.tools.audit import findings, pins

TOOLS = {"pip-audit", "cyclonedx-bom"}
LOCK = """\
# by a tool
anyio==4.16.0 \\
    --hash=sha256:aa
    # via starlette
colorama==0.4.6 ; sys_platform == 'win32' \\
    --hash=sha256:bb
duckdb==2.0.0 ; python_full_version >= '3.11' \\
    --hash=sha256:cc
"""
WANTED = {"anyio": "4.16.0", "duckdb": "2.0.0"}
CLEAN = [
    {"name": "anyio", "version": "4.16.0", "vulns": []},
    {"name": "duckdb", "version": "2.0.0", "vulns": []},
]
SKIPPED = {
    "name": "anyio",
    "skip_reason": "Dependency not found on PyPI and could not be audited: anyio (4.16.0)",
}
KNOWN = {"name": "duckdb", "version": "2.0.0", "vulns": [{"id": "PYSEC-2030-1", "fix_versions": ["2.0.1"]}]}


def test_a_lock_names_the_packages_of_this_system() -> None:
    assert pins(LOCK) == WANTED


@pytest.mark.parametrize(
    ("dependencies", "found"),
    [
        (CLEAN, []),
        ([CLEAN[0], KNOWN], ["duckdb 2.0.0: PYSEC-2030-1"]),
        ([SKIPPED, CLEAN[1]], [f"anyio 4.16.0: not audited. {SKIPPED['skip_reason']}"]),
        ([CLEAN[0]], ["duckdb 2.0.0: not audited."]),
        (
            [CLEAN[0], KNOWN | {"version": "1.9.0"}],
            ["duckdb 2.0.0: not audited.", "duckdb 2.0.0: PYSEC-2030-1"],
        ),
        ([], ["anyio 4.16.0: not audited.", "duckdb 2.0.0: not audited."]),
    ],
    ids=["clean", "known", "skipped", "left out", "another version", "nothing"],
)
def test_what_was_not_looked_at_is_found(dependencies: list[dict], found: list[str]) -> None:
    assert findings(WANTED, json.dumps({"dependencies": dependencies, "fixes": []})) == found


@pytest.mark.parametrize("answer", ["", "Connection refused", "{}"])
def test_no_answer_is_no_audit(answer: str) -> None:
    assert findings(WANTED, answer) == ["anyio 4.16.0: not audited.", "duckdb 2.0.0: not audited."]
    assert findings({}, answer) == ["the lock file names no package."]


def test_what_audits_is_not_installed_with_what_runs() -> None:
    assert TOOLS <= pins((CHECKOUT / "tests" / "tools" / "audit.lock").read_text(encoding="utf-8")).keys()
    for lock in CHECKOUT.glob("requirements*.lock"):
        wanted = pins(lock.read_text(encoding="utf-8"))
        assert len(wanted) > 20 and not TOOLS & wanted.keys(), lock.name
