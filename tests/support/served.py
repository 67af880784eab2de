"""The dashboard as its users see it: a real server on a free port, and a real Chromium."""

import os
import random
import re
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

import axe_playwright_python
import httpx
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect
from playwright.sync_api import TimeoutError as WaitedTooLong

from etl.common.paths import CHECKOUT, DataDir

AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
# Systems give ports from 32768 on to outgoing connections, which could take one before its server starts.
GIVEN = range(10_000, 32_768)
# Hypothesis seeds the usual generator alike in every worker: two workers would draw the same ports.
DRAW = random.SystemRandom()
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# The sandbox needs rights that root in a container does not have.
FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
]
# Without its connection the page ignores keys, so it counts as drawn only with it.
DRAWN = "[data-testid=stApp][data-test-script-state=notRunning][data-test-connection-state=CONNECTED]"
# A color that still fades in has too little contrast for axe. Animations without an end are not waited for.
AT_REST = """() => !document.querySelector('[data-stale="true"]') && document.getAnimations().every(
    (one) => one.playState !== 'running' || one.effect.getComputedTiming().endTime === Infinity)"""
# A busy machine needs time; nothing waits so long if all is well.
TIMEOUT_MS = 60_000
expect.set_options(timeout=TIMEOUT_MS)


def chromium() -> str:
    """Where the browser is; the tests need one."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    assert found, "no Chromium: `make test` installs one, or install your system's package"
    return found


def free_port() -> int:
    """A port that no server listens on, drawn at random, so that two workers rarely draw the same."""
    while True:
        port = DRAW.choice(GIVEN)
        with suppress(OSError), socket.socket() as tried:
            tried.bind(("127.0.0.1", port))
            return port


@contextmanager
def served(data: DataDir, port: int | None = None) -> Iterator[str]:
    """The address of a running dashboard of this data, whose working directory is not the checkout.

    It lets in every browser of this machine.
    """
    port = port or free_port()
    environment = os.environ | {"RETURNTRAIL_DATA": str(data.root)}
    program = [sys.executable, str(CHECKOUT / "app.py"), "127.0.0.1", str(port), "--open"]
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


@contextmanager
def started(data: DataDir, *options: str) -> Iterator[str]:
    """The address that `returntrail app` prints, as long as it serves."""
    words = [sys.executable, "-m", "etl", "--data", str(data.root), "app", *options]
    server = subprocess.Popen(words, cwd=CHECKOUT, stderr=subprocess.PIPE, text=True)
    try:
        line = server.stderr.readline()
        printed = re.fullmatch(r"The dashboard of \S+: (http://\S+) \(Ctrl-C ends it\)\n", line)
        assert printed, line
        yield printed[1]
    finally:
        server.terminate()
        server.communicate(timeout=60)


def visitor_of(address: str) -> httpx.Client:
    """A client that has opened a printed address, as a browser does."""
    client = httpx.Client(follow_redirects=True, timeout=60)
    assert client.get(address).status_code == 200
    return client


def wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
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
    """The folder of the server in /proc; it is found by its port."""
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
    """A page in a browser that records faults: errors on the console, requests to other hosts, dialogs."""

    def __init__(
        self,
        browser: Browser,
        address: str,
        width: int = 1440,
        dark: bool = False,
        also_allowed: tuple[str, ...] = (),
    ) -> None:
        self.address, self.faults, self.also_allowed = address, list[str](), also_allowed
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            accept_downloads=True,
        )
        self.page: Page = context.new_page()
        self.page.set_default_timeout(TIMEOUT_MS)
        self.page.on("console", self.record_console)
        self.page.on("request", self.record_request)
        self.page.on("dialog", lambda dialog: self.faults.append(f"dialog: {dialog.message}"))

    def record_console(self, message: ConsoleMessage) -> None:
        # Streamlit's page requests two things under /_stcore/ that its plain server does not have, and drops
        # the picture of a page that is left while it is drawn.
        is_of_streamlit = re.search("/_stcore/|/media/", message.location.get("url", ""))
        if message.type == "error" and not is_of_streamlit:
            self.faults.append(f"console: {message.text} {message.location.get('url', '')}")

    def record_request(self, request: Request) -> None:
        if not request.url.startswith(
            (self.address, *self.also_allowed, "data:", "blob:", self.address.replace("http", "ws", 1))
        ):
            self.faults.append(f"request: {request.url}")

    def open(self, path: str) -> Page:
        """Opens a page and waits until it is drawn."""
        self.page.goto(f"{self.address}{path}")
        self.page.wait_for_selector("h1")
        return self.wait_until_drawn()

    def wait_until_drawn(self) -> Page:
        """Waits until the script has run, the browser has drawn, and nothing fades in any more."""
        self.page.wait_for_timeout(250)
        self.page.wait_for_selector(DRAWN)
        self.page.wait_for_timeout(250)
        self.page.wait_for_function(AT_REST)
        return self.page

    def open_search(self) -> Locator:
        """Presses Ctrl+K until the search is open: a busy browser may lose a key, as it may for any user."""
        box = self.page.get_by_role("dialog").get_by_role("searchbox")
        for _ in range(3):
            self.page.keyboard.press("Control+k")
            with suppress(WaitedTooLong):
                box.wait_for(timeout=TIMEOUT_MS / 3)
                return box
        raise AssertionError("Ctrl+K opens no search")

    def close(self) -> None:
        self.page.context.close()


def serious_faults(page: Page) -> list[tuple[str, list[str]]]:
    """What axe finds on a page, with the first elements; all else that it found out stays in the browser."""
    # Without the null the browser would send all of axe back.
    page.evaluate(f"{AXE.read_text(encoding='utf-8')}\nnull")
    violations = page.evaluate("""async () => (await axe.run(document, {
        resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'],
    })).violations""")
    return [
        (fault["id"], [node["html"][:160] for node in fault["nodes"][:3]])
        for fault in violations
        if fault["impact"] in ("serious", "critical")
    ]
