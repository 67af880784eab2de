"""The installed packages can be audited, and an audit that checked nothing fails."""

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


def test_a_lock_file_lists_the_packages_of_this_system() -> None:
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
def test_a_package_that_was_not_audited_is_reported(dependencies: list[dict], found: list[str]) -> None:
    assert findings(WANTED, json.dumps({"dependencies": dependencies, "fixes": []})) == found


@pytest.mark.parametrize("answer", ["", "Connection refused", "{}"])
def test_an_audit_without_an_answer_fails(answer: str) -> None:
    assert findings(WANTED, answer) == ["anyio 4.16.0: not audited.", "duckdb 2.0.0: not audited."]
    assert findings({}, answer) == ["The lock file lists no package."]


def test_the_audit_tools_are_not_installed_with_the_command() -> None:
    audited_with = pins((CHECKOUT / "tests" / "tools" / "audit.lock").read_text(encoding="utf-8"))
    assert audited_with.keys() >= TOOLS
    for lock in CHECKOUT.glob("requirements*.lock"):
        wanted = pins(lock.read_text(encoding="utf-8"))
        assert len(wanted) > 20 and not TOOLS & wanted.keys(), lock.name
