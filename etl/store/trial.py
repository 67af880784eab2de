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
    """Loads the files that stdin names into an empty folder; STOPPED, and why, if the fault is not theirs."""
    close_to_others()
    root, folder, paths, given = json.loads(sys.stdin.readline())
    end_with_stdin()
    own, data = DataDir(Path(root)), DataDir(Path(folder))
    # By the inbox, patterns of names see the same folders as in the load.
    data.inbox = own.inbox
    try:
        load(data, read_settings(own.settings), list(map(Path, paths)), given=given)
    except (Problem, OSError) as error:
        if is_out_of_memory(error):
            raise
        tell(str(getattr(error, "strerror", None) or error))
        return STOPPED
    return 0
