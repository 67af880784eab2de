"""Which sign-ins have ended because their people signed out; a restart of the dashboard forgets none.

Each is an empty file named by a keyed digest, whose time is the end of the sign-in.
"""

import os
import time
from contextlib import suppress
from pathlib import Path

from etl.access.entry import app_folder, own_key, signature
from etl.common.files import make_private_folder
from etl.common.paths import DataDir
from etl.common.system import sync_to_disk

DAY = 24 * 3600


def remember(data: DataDir, sign_in: str, until: float) -> None:
    """Ends a sign-in for good, and forgets those that have ended by themselves."""
    file = file_of(data, sign_in)
    make_private_folder(file.parent)
    file.touch(mode=0o600)
    os.utime(file, (until, until))
    sync_to_disk(file.parent)
    for old in file.parent.iterdir():
        # Somebody else who signs out now forgets the same ones.
        with suppress(FileNotFoundError):
            if old != file and old.stat().st_mtime < time.time() - DAY:
                old.unlink()


def has_signed_out(data: DataDir, sign_in: str) -> bool:
    """Whether somebody has signed out of this sign-in."""
    return file_of(data, sign_in).exists()


def file_of(data: DataDir, sign_in: str) -> Path:
    return app_folder(data) / "signed-out" / signature(own_key(data), sign_in)
