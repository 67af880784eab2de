"""Audits the packages of the lock files for known vulnerabilities; a package without an audit is a failure.

pip-audit alone succeeds even if it audited nothing: without a network, or with an index without advisories.

    python tests/tools/audit.py requirements.lock ...
"""

import json
import subprocess
import sys
from pathlib import Path

from packaging.requirements import Requirement

QUIETLY = ["--require-hashes", "--disable-pip", "--progress-spinner=off", "--format=json"]


def pins(lock: str) -> dict[str, str]:
    """Package -> version of a lock file, without the packages of other systems."""
    lines = (line.removesuffix("\\").strip() for line in lock.splitlines())
    pinned = [Requirement(line) for line in lines if line and not line.startswith(("#", "--"))]
    needed = [one for one in pinned if one.marker is None or one.marker.evaluate()]
    return {one.name: str(one.specifier).removeprefix("==") for one in needed}


def findings(wanted: dict[str, str], answer: str) -> list[str]:
    """The packages that pip-audit did not audit, and the vulnerabilities that it reports."""
    try:
        audited = {one["name"]: one for one in json.loads(answer or "{}").get("dependencies", [])}
    except json.JSONDecodeError:
        audited = {}
    found = []
    for name, version in wanted.items():
        one = audited.get(name, {})
        if one.get("version") != version or "vulns" not in one:
            found.append(f"{name} {version}: not audited. {one.get('skip_reason', '')}".strip())
        found += [f"{name} {version}: {vulnerability['id']}" for vulnerability in one.get("vulns", [])]
    return found if wanted else ["The lock file lists no package."]


def main(files: list[Path]) -> int:
    """Audits lock files with pip-audit; exit code 1 for a vulnerability or a package that was not audited."""
    code = 0 if files else 1
    for file in files:
        wanted = pins(file.read_text(encoding="utf-8"))
        command = [str(Path(sys.executable).with_name("pip-audit")), *QUIETLY, "--requirement", str(file)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        found = findings(wanted, done.stdout)
        for problem in found:
            print(f"{file.name}: {problem}")
        print(f"{file.name}: {len(wanted)} packages, {len(found)} problems.")
        code |= bool(found)
    return code


if __name__ == "__main__":
    sys.exit(main([Path(word) for word in sys.argv[1:]]))
