"""Each way in of docs/your-first-export.md, done as the page says: settings pasted, commands typed."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from etl.common.paths import CHECKOUT, SHIPPED

PAGE = (CHECKOUT / "docs" / "your-first-export.md").read_text(encoding="utf-8")
CHAPTERS = dict(re.findall(r"^### (Way .*?)\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))
# A way without commands is done in the browser, and tested there.
TYPED = {name: text for name, text in CHAPTERS.items() if "returntrail load" in text}


def blocks(chapter: str, language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```", chapter, re.MULTILINE | re.DOTALL)
    return [text for own, text in found if own == language]


def test_the_page_has_six_ways() -> None:
    assert [name.split(":")[0] for name in CHAPTERS] == [f"Way {number}" for number in range(1, 7)]
    assert len(TYPED) >= 5


@pytest.mark.parametrize("name", TYPED)
def test_a_way_works_as_written(tmp_path: Path, name: str) -> None:
    chapter = TYPED[name]
    settings = (SHIPPED / "settings.toml").read_text(encoding="utf-8")
    own = "".join(blocks(chapter, "toml"))
    tmp_path.joinpath("settings.toml").write_text(
        settings.replace("\n[[source]]", f"\n{own}\n[[source]]", 1), encoding="utf-8"
    )
    environment = os.environ | {"RETURNTRAIL_DATA": str(tmp_path), "PYTHONPATH": str(CHECKOUT)}
    done = None
    for line in "".join(blocks(chapter, "")).splitlines():
        command, *arguments = shlex.split(line)
        assert command == "returntrail"
        done = subprocess.run(
            [sys.executable, "-m", "etl", *arguments],
            cwd=CHECKOUT,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    [shown] = blocks(chapter, "text")
    assert done is not None and [line.rstrip() for line in done.stdout.splitlines()] == shown.splitlines()
