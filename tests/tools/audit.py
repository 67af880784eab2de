"""Asks whether a vulnerability is known of any package in the lock files; what could not be asked about is a failure.

pip-audit by itself ends well where it has looked at nothing: without a network, or at an index that keeps no advisories.

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
    held = [one for one in pinned if one.marker is None or one.marker.evaluate()]
    return {one.name: str(one.specifier).removeprefix("==") for one in held}


def findings(wanted: dict[str, str], answer: str) -> list[str]:
    """What is wrong with pip-audit's answer: packages that it did not look at, and vulnerabilities; best none."""
    try:
        looked_at = {one["name"]: one for one in json.loads(answer or "{}").get("dependencies", [])}
    except json.JSONDecodeError:
        looked_at = {}
    found = []
    for name, version in wanted.items():
        one = looked_at.get(name, {})
        if one.get("version") != version or "vulns" not in one:
            found.append(f"{name} {version}: not audited. {one.get('skip_reason', '')}".strip())
        found += [f"{name} {version}: {vulnerability['id']}" for vulnerability in one.get("vulns", [])]
    return found if wanted else ["the lock file names no package."]


def main(files: list[Path]) -> int:
    """Audits lock files with pip-audit of this environment; exit code 1 if anything is found or left out."""
    code = 0 if files else 1
    for file in files:
        wanted = pins(file.read_text(encoding="utf-8"))
        command = [str(Path(sys.executable).with_name("pip-audit")), *QUIETLY, "--requirement", str(file)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        found = findings(wanted, done.stdout)
        for words in found:
            print(f"{file.name}: {words}")
        print(f"{file.name}: {len(wanted)} packages, {'none' if not found else len(found)} to look into.")
        code |= bool(found)
    return code


if __name__ == "__main__":
    sys.exit(main([Path(word) for word in sys.argv[1:]]))
