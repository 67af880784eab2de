"""Which returntrail this is, as pyproject.toml says it; a checkout needs no installation to know."""

import tomllib
from functools import cache

from etl.datadir import CHECKOUT


@cache
def version() -> str:
    """The version, such as 0.1.0."""
    return tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
