"""Where the files of a data directory are, where the shipped files are, and which version this is."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from importlib.resources import files
from pathlib import Path

import platformdirs

# An installed package contains app.py, queries/ and data/; a checkout has them at its top.
PACKED = Path(str(files("etl"))) / "shipped"
IS_INSTALLED = PACKED.is_dir()
CHECKOUT = PACKED if IS_INSTALLED else PACKED.parents[1]
QUERIES = CHECKOUT / "queries"
SHIPPED = CHECKOUT / "data"


@dataclass(unsafe_hash=True)
class DataDir:
    """One firm's data: inbox, store, reports, warehouse, and its own settings and reference rows."""

    root: Path

    def __post_init__(self) -> None:
        self.inbox = self.root / "inbox"
        # One folder for each loaded file, and `refused/` with one JSON file for each refused file.
        self.store = self.root / "store"
        self.warehouse = self.root / "warehouse.duckdb"
        # By this the next build sees that nobody else has written to the warehouse.
        self.warehouse_digest = self.root / "warehouse.duckdb.sha256"
        self.reports = self.root / "reports"
        # The history of runs, and one folder with the files of each run.
        self.runs = self.root / "runs"
        # What somebody adds in the dashboard, while it is checked or loaded.
        self.adding = self.root / "adding"
        # The trail of who saw what, if people sign in.
        self.audit = self.root / "audit"
        # The findings of the last `returntrail verify`.
        self.verified = self.root / "verified.json"
        # A purge that has begun and is not complete; the next command that writes finishes it.
        self.purging = self.root / ".purging.json"
        # Only a demo has it: all its data are invented.
        self.demo_note = self.root / "demo.txt"

    @property
    def settings(self) -> Path:
        """The directory's own settings, or the shipped settings if it has none."""
        own = self.root / "settings.toml"
        return own if own.exists() else SHIPPED / "settings.toml"

    def reference(self, name: str) -> list[Path]:
        """The shipped reference file, then the directory's own, whose rows win."""
        files = [SHIPPED / "reference" / name, self.root / "reference" / name]
        return [file for file in dict.fromkeys(file.resolve() for file in files) if file.exists()]


@cache
def version() -> str:
    if IS_INSTALLED:
        return metadata.version("returntrail")
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def default_data() -> Path:
    """The data directory if none is given: data/ of the checkout, or the user's data folder."""
    return Path(platformdirs.user_data_dir("returntrail", appauthor=False)) if IS_INSTALLED else SHIPPED
