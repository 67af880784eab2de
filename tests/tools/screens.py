"""Takes the screenshots of every page for the docs, in Chromium, from the default demo: `make screens`."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

from etl.common.paths import CHECKOUT, DataDir
from etl.warehouse.ask import ask, open_warehouse
from support.served import FLAGS, Visit, chromium, served

SCREENS = CHECKOUT / "docs" / "screens"
PAGES = {
    "needs-attention": "/",
    "returns": "/returns",
    "one-return": "/return?id={id}",
    "pipeline": "/pipeline?year=2025",
    "turnaround": "/turnaround?year=2025",
    "email-health": "/email?year=2025",
    "reports": "/reports",
    "data-health": "/data",
}
TALLEST = 1500
COPIED = """\
Taxpayer: Initial Email
    Processed\t3/25/2026 2:05 PM\tSystem
    Open\t3/25/2026 7:10 PM\tAnn Lee
Access Link selected\t3/26/2026 7:20 PM\tAnn Lee
"""


def take(visit: Visit, path: str, file: Path, width: int) -> None:
    """Takes one screenshot, as tall as the page up to a limit."""
    visit.page.set_viewport_size({"width": width, "height": 900})
    page = visit.open(path)
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": width, "height": min(height, TALLEST)})
    page.wait_for_timeout(800)
    page.screenshot(path=file)
    print(file)


def take_added(visit: Visit, file: Path) -> None:
    """Takes the page Add exports with rows that were pasted and checked."""
    visit.page.set_viewport_size({"width": 1280, "height": TALLEST})
    page = visit.open("/add")
    page.get_by_role("textbox", name="Return ID").fill("2025-0001")
    page.get_by_role("textbox", name="Client (optional)").fill("Ann Lee")
    page.get_by_role("radio", name="Client Tracking").check(force=True)
    page.get_by_role("textbox", name="Rows copied from User Tracking").fill(COPIED)
    page.get_by_role("button", name="Check").click()
    page.get_by_role("heading", name="What was found").wait_for()
    visit.wait_until_drawn()
    page.screenshot(path=file)
    print(file)


def main() -> None:
    """All pages at desktop width in the light theme, and two in the dark theme, one at phone width."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        data = DataDir(Path(folder) / "demo")
        subprocess.run([sys.executable, "-m", "etl", "--data", data.root, "demo", "--no-app"], check=True)
        with open_warehouse(data.warehouse) as warehouse:
            # A return that was recalled and delivered again: its page has every section.
            recalls = ask(warehouse, "recalls", columns=["return_id", "redelivered_at"])
        wanted = recalls.drop_nulls()["return_id"][0]
        chrome = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        with served(data) as where:
            light, dark = Visit(chrome, where), Visit(chrome, where, dark=True)
            for name, path in PAGES.items():
                take(light, path.format(id=wanted), SCREENS / f"{name}.png", 1280)
            take_added(light, SCREENS / "add-exports.png")
            take(dark, "/", SCREENS / "needs-attention-dark.png", 1280)
            take(dark, PAGES["one-return"].format(id=wanted), SCREENS / "one-return-dark-phone.png", 390)
        chrome.close()


if __name__ == "__main__":
    main()
