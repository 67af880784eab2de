"""Pastes the lines that a check prints into settings, as a person does who follows it."""

import re

from etl.common.paths import SHIPPED, DataDir

FIRST_SOURCE = re.compile(r"^\[\[source\]\]", re.MULTILINE)


def paste_lines(data: DataDir, *lines: str) -> None:
    """Puts lines before the first source of the settings, or of a copy of the shipped ones."""
    own = data.root / "settings.toml"
    settings = (own if own.exists() else SHIPPED / "settings.toml").read_text(encoding="utf-8")
    pasted = "\n\n".join([*lines, "[[source]]"])
    data.root.mkdir(exist_ok=True)
    own.write_text(FIRST_SOURCE.sub(lambda _: pasted, settings, count=1), encoding="utf-8")
