"""The dashboard as its user meets it: a real server on a free port, and a real Chromium."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import URLError

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect
from playwright.sync_api import TimeoutError as WaitedTooLong

from etl.common.paths import CHECKOUT, DataDir

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# The sandbox needs rights that root in a container does not have.
FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
]
# Without its connection the page takes no press of a key, so it counts as drawn only with it.
DRAWN = "[data-testid=stApp][data-test-script-state=notRunning][data-test-connection-state=CONNECTED]"
# A busy machine takes its time; nothing waits so long where all is well.
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)


def chromium() -> str:
    """Where the browser is; the tests demand one."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    assert found, "no Chromium: `make test` installs one, or install your system's package"
    return found


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def served(data: DataDir, port: int | None = None) -> Iterator[str]:
    """The address of a dashboard on this data directory, from a working directory that is not the checkout."""
    port = port or free_port()
    environment = os.environ | {"RETURNTRAIL_DATA": str(data.root)}
    program = [sys.executable, str(CHECKOUT / "app.py"), "127.0.0.1", str(port)]
    server = subprocess.Popen(
        program, env=environment, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(address, server)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=60)


def wait_for(address: str, server: subprocess.Popen) -> None:
    """Waits until the server answers; one that has ended is an error."""
    for _ in range(300):
        assert server.poll() is None, "the server has ended"
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=2).close()
            return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise AssertionError("the server does not answer")


def process_of(where: str) -> Path:
    """Where the system tells of the server; it is found by its port."""
    port = where.rsplit(":", 1)[1]
    found = subprocess.run(
        ["pgrep", "-f", f"app.py 127.0.0.1 {port}"], capture_output=True, text=True, check=True
    )
    return Path("/proc") / found.stdout.split()[0]


def memory_mib(process: Path) -> float:
    """The server's resident memory."""
    lines = (process / "status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


class Visit:
    """A page in a browser that notes what it must not do: errors on the console, requests to other hosts, dialogs."""

    def __init__(
        self,
        browser: Browser,
        address: str,
        width: int = 1440,
        dark: bool = False,
        also: tuple[str, ...] = (),
    ) -> None:
        self.address, self.faults, self.also = address, list[str](), also
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            accept_downloads=True,
        )
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("console", self.heard)
        self.page.on("request", self.asked)
        self.page.on("dialog", lambda dialog: self.faults.append(f"dialog: {dialog.message}"))

    def heard(self, message: ConsoleMessage) -> None:
        # Streamlit asks itself for two things under /_stcore/ that a plain server does not have.
        if message.type == "error" and "/_stcore/" not in message.location.get("url", ""):
            self.faults.append(f"console: {message.text} {message.location.get('url', '')}")

    def asked(self, request: Request) -> None:
        if not request.url.startswith(
            (self.address, *self.also, "data:", "blob:", self.address.replace("http", "ws", 1))
        ):
            self.faults.append(f"request: {request.url}")

    def open(self, path: str) -> Page:
        """Opens a page and waits until it is drawn."""
        self.page.goto(f"{self.address}{path}")
        self.page.wait_for_selector("h1")
        return self.drawn()

    def drawn(self) -> Page:
        """Waits until the script has run and the browser has drawn."""
        self.page.wait_for_timeout(250)
        self.page.wait_for_selector(DRAWN)
        self.page.wait_for_timeout(250)
        return self.page

    def search(self) -> Locator:
        """Presses Ctrl+K until the search stands there: a busy browser may lose a press, as it may for anybody."""
        box = self.page.get_by_role("dialog").get_by_role("searchbox")
        for _ in range(3):
            self.page.keyboard.press("Control+k")
            with suppress(WaitedTooLong):
                box.wait_for(timeout=PATIENCE_MS / 3)
                return box
        raise AssertionError("Ctrl+K opens no search")

    def close(self) -> None:
        self.page.context.close()
