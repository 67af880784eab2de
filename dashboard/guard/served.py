"""What this process serves: a data directory, and the sign-in that it had when the process began.

Whether people must sign in is settled once, so that no file which goes or breaks later opens the dashboard. Who may see
what is read anew whenever the settings change.
"""

import os
from functools import cache, lru_cache
from pathlib import Path

from etl.access.signin import SignIn, configured
from etl.common.paths import DataDir, default_data
from etl.common.problem import Problem
from etl.config.access import Access
from etl.config.settings import read_settings


def data_dir() -> DataDir:
    """The directory that the dashboard serves, from RETURNTRAIL_DATA."""
    return DataDir(Path(os.environ.get("RETURNTRAIL_DATA") or default_data()))


def sign_in() -> SignIn | None:
    """The sign-in; null where the dashboard is this machine's alone. Raises a Problem for half of one."""
    return at_start(data_dir().root)


@cache
def at_start(root: Path) -> SignIn | None:
    """The sign-in as it was when somebody asked first, which is before anything is served."""
    return configured(DataDir(root))


def access() -> Access:
    """Who may see what, as the settings say it now. Raises a Problem where they no longer do."""
    file = data_dir().settings
    try:
        status = file.stat()
    except OSError as error:
        raise Problem(f"{file}: the settings cannot be read ({error.strerror}).") from error
    return access_in(file, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=2)
def access_in(file: Path, mtime_ns: int, size: int) -> Access:
    """The section of one state of the file."""
    found = read_settings(file).access
    if found is None:
        raise Problem(
            f"{file}: [access] is gone, so nobody is let in. Put it back, or start the dashboard anew."
        )
    return found
