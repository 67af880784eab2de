"""A firm in a folder of its own: files loaded in a test, and the content of its store."""

from pathlib import Path

import duckdb
import polars as pl

from etl.common.duck import literal
from etl.common.paths import SHIPPED, DataDir
from etl.config.settings import read_settings
from etl.store.checked import Outcome
from etl.store.contents import TIDIED, records_of, sets_of
from etl.store.load import load, load_inbox
from etl.store.parts import Part, parts

HEAD = "return_id,tab,label,event_time"
SETTINGS = """
[firm]
timezone = "{firm}"
[[source]]
name = "log"
files = ["*"]
firm_id = "oak"
timezone = "{zone}"
"""

# Files of one tab, whose rows name neither the return nor the tab.
ONE_TAB = """
[firm]
timezone = "America/New_York"
[[source]]
name = "tabs"
files = ["*"]
firm_id = "oak"
time_formats = ["%m/%d/%Y %I:%M %p"]
[source.columns]
label = ["Event"]
event_time = ["Date/Time"]
"""


def shipped_settings() -> str:
    """The shipped settings, in which a day alone is midnight, because that is shorter in a test."""
    shipped = (SHIPPED / "settings.toml").read_text(encoding="utf-8")
    return shipped.replace('    "%m/%d/%Y %H:%M",\n', '    "%m/%d/%Y %H:%M",\n    "%Y-%m-%d",\n')


class Firm:
    """A data directory inside a folder, with its exports beside it. Without settings, it has the shipped."""

    def __init__(self, folder: Path, settings: str | None = None) -> None:
        self.folder, self.data = folder, DataDir(folder / "data")
        self.data.root.mkdir(parents=True, exist_ok=True)
        settings = shipped_settings() if settings is None else settings
        (self.data.root / "settings.toml").write_text(settings, encoding="utf-8")

    def file(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def load(self, *paths: Path, again: bool = False) -> list[Outcome]:
        return load(self.data, read_settings(self.data.settings), list(paths), again)

    def load_inbox(self) -> list[Outcome]:
        return load_inbox(self.data, read_settings(self.data.settings))

    def load_text(self, content: str | bytes, name: str = "log.csv") -> Part:
        """The part that a file became; a refusal fails the test with its reason."""
        [outcome] = self.load(self.file(name, content))
        assert outcome.part is not None, outcome.reason
        return outcome.part

    def refusal(self, content: str | bytes, name: str = "log.csv") -> str:
        """The message about a file that must be refused and must leave no part."""
        before = tree(self.data.store)
        [outcome] = self.load(self.file(name, content))
        assert (outcome.state, outcome.part) == ("refused", None), str(outcome)
        after = {
            path: content for path, content in tree(self.data.store).items() if path.parts[0] != "refused"
        }
        assert after == {path: content for path, content in before.items() if path.parts[0] != "refused"}
        return str(outcome).removeprefix(f"{self.folder}/")

    @property
    def parts(self) -> list[Part]:
        return parts(self.data)


def tree(folder: Path) -> dict[Path, bytes]:
    """Every file in a folder, at any depth, with its content."""
    return {
        path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def events(part: Part, *columns: str) -> list[tuple]:
    """The stored records of a part, with the label as logged, in the order of the file."""
    rows = f"read_parquet({literal(part.data)})"
    if part.kind == "events":
        labelled = f"select * replace (coalesce(label, {TIDIED}) as label) from ({records_of(part)})"
        rows = f"({labelled}) join ({sets_of(part)}) using (set_no)"
    with duckdb.connect() as database:
        return database.execute(f"select {', '.join(columns)} from {rows} order by row_no").fetchall()


def quarantined(part: Part) -> list[tuple]:
    """The quarantined records of a part: number, reason, record."""
    return pl.read_parquet(part.quarantine).sort("row_no").select("row_no", "reason", "record").rows()


def with_times(firm: str, zone: str, formats: list[str]) -> str:
    """Settings of a firm in a zone, whose source is in another and writes its times in some formats."""
    return SETTINGS.format(firm=firm, zone=zone) + (f"time_formats = {formats}\n" if formats else "")


def log_of(times: list[str]) -> str:
    """A log of one return with an event at each of these times."""
    rows = (f'r1,Client,Event {number},"{time}"' for number, time in enumerate(times))
    return "\n".join([HEAD, *rows, ""])
