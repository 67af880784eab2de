"""What the firm says about its cluster: `[spark]` in settings.toml, and SPARK_MASTER, which wins over it."""

import os
from dataclasses import dataclass
from pathlib import Path

from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.config.settings import Settings

KEYS = ("master", "root", "options")
ONE_MACHINE = "local[*]"


@dataclass(frozen=True)
class Wishes:
    """Which cluster, where its workers see the data directory, and Spark's own options."""

    master: str
    data: Path
    root: str
    options: dict[str, str]

    @property
    def is_local(self) -> bool:
        """Whether everything runs on this machine, executors of `local-cluster[...]` included."""
        return self.master.startswith("local")

    def seen(self, path: Path) -> str:
        """A path of the data directory as the workers name it: Hadoop's way, in which nothing is escaped."""
        return f"{self.root.rstrip('/')}/{path.absolute().relative_to(self.data).as_posix()}"


def read_wishes(settings: Settings, data: DataDir) -> Wishes:
    """The section, checked. Raises a Problem that names file and key."""
    table = settings.spark
    for key in table:
        if key not in KEYS:
            raise Problem(f'{settings.path}: unknown key "{key}" under [spark]. Known: {", ".join(KEYS)}.')
    for key in ("master", "root"):
        if key in table and (not isinstance(table[key], str) or not table[key].strip()):
            raise Problem(f'{settings.path}: "{key}" must be a text in quotes, not empty, under [spark].')
    options = table.get("options", {})
    for name, value in options.items() if isinstance(options, dict) else [("options", options)]:
        if not name.startswith("spark.") or not isinstance(value, str):
            raise Problem(
                f'{settings.path}: "{name}" under [spark.options] is none of Spark\'s. '
                'Write its name and value in quotes, as "spark.executor.memory" = "8g".'
            )
    folder = data.root.absolute()
    return Wishes(
        master=os.environ.get("SPARK_MASTER") or table.get("master", ONE_MACHINE),
        data=folder,
        root=table.get("root", f"file://{folder.as_posix()}"),
        options=options,
    )
