"""Which browsers get in where nobody signs in: those that have opened the address that the dashboard printed.

Every account of a machine reaches its ports. The address has a token that works once; then the browser has a
cookie, signed with a key of the dashboard's own, so that it outlives a restart. A proxy shows a secret.
"""

import hashlib
import hmac
import secrets
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

from etl.access.signin import proxy_secret
from etl.common.files import make_private_folder, remove_leftovers, write_atomically
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.common.terminal import say

TOKEN = "token"
COOKIE_SECONDS = 90 * 24 * 3600
KEY_BYTES = 32


def app_folder(data: DataDir) -> Path:
    """What the dashboard keeps for itself."""
    return data.root / "app"


@cache
def own_key(data: DataDir) -> bytes:
    """The dashboard's key, made when it is first needed. Raises a Problem if it cannot be made."""
    file = app_folder(data) / "key"
    try:
        make_private_folder(file.parent)
        # A damaged key is replaced: then each browser has to open a printed address again.
        if not file.exists() or file.stat().st_size != KEY_BYTES:
            write_atomically(file, secrets.token_bytes(KEY_BYTES))
        return file.read_bytes()
    except OSError as error:
        reason = f"it cannot be written ({error.strerror}), so no browser can be let in"
        advice = "Mend that, or type: returntrail app --open"
        raise Problem(f"{file.parent}: {reason}. {advice}") from error


def signature(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


class Entry:
    """The key of the cookies, the proxy's secret, and the address that works next, all of one dashboard."""

    def __init__(self, data: DataDir) -> None:
        """Reads the key, or makes it. Raises a Problem if it cannot, or for a proxy's secret that is none."""
        self.folder, self.proxy_secret = app_folder(data), proxy_secret(data)
        self.key = own_key(data)
        remove_leftovers(self.folder)
        self.cookie = f"returntrail-{signature(self.key, 'cookie')[:8]}"

    def renew(self, origin: str) -> str:
        """The address that works next. It replaces the one before in the file for this port."""
        self.origin, self.file = origin, self.folder / f"address-{origin.rpartition(':')[2]}.txt"
        address = f"{origin}/?{TOKEN}={secrets.token_urlsafe(24)}"
        write_atomically(self.file, f"{address}\n".encode())
        return address

    def takes(self, token: str) -> bool:
        """Whether this is the token of the address. It works once, and then there is a new address."""
        try:
            address = self.file.read_bytes()
            if not hmac.compare_digest(address, f"{self.origin}/?{TOKEN}={token}\n".encode()):
                return False
            self.file.unlink()
        except OSError:
            return False
        # On a full disk there is none until the next start.
        with suppress(OSError):
            self.renew(self.origin)
        return True

    def new_cookie(self) -> str:
        """The value of a cookie, which says how long it is valid."""
        until = str(int(time.time()) + COOKIE_SECONDS)
        return f"{until}.{signature(self.key, until)}"

    def knows(self, cookie: str) -> bool:
        """Whether a cookie is one of ours and still valid."""
        until, _, shown = cookie.partition(".")
        is_ours = hmac.compare_digest(shown.encode(), signature(self.key, until).encode())
        return is_ours and int(until) > time.time()

    def is_proxy(self, shown: str) -> bool:
        """Whether a request has come through the firm's own proxy."""
        secret = self.proxy_secret
        return secret is not None and hmac.compare_digest(shown.encode(), secret.encode())

    def close(self) -> None:
        """Removes the address of a dashboard that has ended."""
        self.file.unlink(missing_ok=True)


def announce(data: DataDir, address: str, reached_at: str | None) -> None:
    """Prints where the dashboard is."""
    proxy = f", reached at {reached_at}" if reached_at else ""
    say(f"The dashboard of {data.root}: {address}{proxy} (Ctrl-C ends it)")
