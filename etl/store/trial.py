"""The process that tries files which may have ended an earlier process."""

import json
import sys
from pathlib import Path

from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.common.system import close_to_others, end_with_stdin
from etl.common.terminal import tell
from etl.config.settings import read_settings
from etl.store.load import load
from etl.store.reading import STOPPED, is_out_of_memory


def load_for_trial() -> int:
    """Loads the files that stdin names into an empty folder, only to see whether the process survives it.

    Returns STOPPED, and prints why, if something stopped it that is not in the files.
    """
    close_to_others()
    asked = json.loads(sys.stdin.readline())
    end_with_stdin()
    try:
        settings, paths = read_settings(Path(asked["settings"])), map(Path, asked["paths"])
        load(DataDir(Path(asked["folder"])), settings, list(paths), given=asked["given"])
    except (Problem, OSError) as error:
        if is_out_of_memory(error):
            raise
        tell(str(getattr(error, "strerror", None) or error))
        return STOPPED
    return 0
