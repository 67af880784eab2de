"""Hostile names in Chromium: every page draws them as text, and they become nothing but text."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard.draw.text import printable
from etl.common.paths import DataDir
from etl.warehouse.ask import ask, open_warehouse
from support.naughty import EVERYTHING, INJECTED, IS_FULL, KINDS, LOADED, STRINGS, WALKED
from support.served import Visit, free_port, served, wait_for
from support.shown import lists, texts
from tests.dashboard.test_app import PAGES, page

# A page that draws its names as if they were Markdown.
CARELESS = """
import json
import streamlit as st
st.title("Names")
for name in json.loads({names!r}):
    st.markdown(name)
"""
PATHS = (
    "/",
    "/returns",
    f"/return?id={EVERYTHING}",
    "/pipeline",
    "/turnaround",
    "/email",
    "/reports",
    "/data",
)
PARAMETERS = (
    "id",
    "firm",
    "office",
    "partner",
    "form",
    "year",
    "step",
    "stage",
    "report",
    "delivery",
    "split",
    "move",
    "by",
)
NOTHING_SHOWN = "So nothing is shown: "
# What Streamlit, KaTeX and browsers make of text that they interpret.
ICONS = set(re.findall(r":material/(\w+):", " ".join(KINDS["streamlit"])))
MADE = (
    "iframe, object, embed, audio, video, base, math, marquee, form[action], .katex, .stMarkdownBadge, "
    "body link, body meta"
)


@pytest.fixture(scope="module")
def address(hostile: DataDir) -> Iterator[str]:
    with served(hostile) as where:
        yield where


def assert_only_text(page: Page, where: str, width: int = 1440) -> None:
    """No link or picture but our own, no element made of a text, nothing wider than the screen."""
    # A locator looks into the lists too, whose elements are apart from those of the page.
    links = page.locator("a[href]").evaluate_all("found => found.map(a => a.href)")
    assert [link for link in links if not link.startswith(where)] == []
    pictures = page.locator("img").evaluate_all("found => found.map(i => i.src)")
    assert [picture for picture in pictures if not picture.startswith((where, "data:"))] == []
    assert page.locator(MADE).count() == 0
    assert ICONS & set(page.get_by_test_id("stIconMaterial").all_inner_texts()) == set()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [1440, 390])
def test_every_page_keeps_every_name_as_text(
    browser: Browser, address: str, width: int, record_property: Callable[[str, object], None]
) -> None:
    record_property("injected", len(LOADED) * len(PATHS))
    visit = Visit(browser, address, width)
    for path in PATHS:
        page = visit.open(path)
        assert page.locator("h1").count() == 1 and page.get_by_text("Something went wrong").count() == 0
        assert_only_text(page, address, width)
    assert visit.faults == []
    visit.close()


def test_a_name_that_is_drawn_as_markdown_is_detected(
    browser: Browser, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """The other tests can fail: here are links, pictures, icons and requests to other hosts."""
    page_file, port = tmp_path / "careless.py", free_port()
    page_file.write_text(
        CARELESS.format(names=json.dumps([name for names in KINDS.values() for name in names])),
        encoding="utf-8",
    )
    words = [
        f"--server.port={port}",
        "--server.address=127.0.0.1",
        "--server.headless=true",
        "--browser.gatherUsageStats=false",
    ]
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", page_file, *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    where = f"http://127.0.0.1:{port}"
    visit = Visit(browser, where)
    visit.page.route(lambda url: not url.startswith(where), lambda route: route.abort())
    try:
        wait_for(where, server)
        page = visit.open("/")
        made = page.locator(MADE).count()
        links = page.evaluate("[...document.querySelectorAll('a[href]')].map(a => a.href)")
        with pytest.raises(AssertionError):
            assert_only_text(page, where)
    finally:
        server.terminate()
        server.wait(timeout=60)
    elsewhere = [link for link in links if not link.startswith(where)]
    requests = [fault for fault in visit.faults if fault.startswith("request: ")]
    assert made and elsewhere and requests
    record_property("injected", 0)
    record_property("control", made + len(elsewhere) + len(requests))
    visit.close()


def test_a_name_is_the_heading_of_its_return_and_a_filter_as_it_is(
    visit: Visit, address: str, record_property: Callable[[str, object], None]
) -> None:
    record_property("injected", len(WALKED))
    for number in WALKED:
        name = quote(STRINGS[number].strip(), safe="")
        page = visit.open(f"/return?id=r{number}&office={name}&partner={name}")
        shown = printable(STRINGS[number].strip() or f"r{number}")
        assert page.locator("h1").inner_text().split() == shown.split()
        assert_only_text(page, address)


def test_a_timeline_shows_every_label_as_it_was_logged(visit: Visit, address: str) -> None:
    page = visit.open(f"/return?id={EVERYTHING}&every=true")
    assert_only_text(page, address)
    logged = {
        " ".join(text.split()) for text in page.locator(".rt-logged > bdi:first-child").all_inner_texts()
    }
    labels = {" ".join(printable(f'Document "{STRINGS[number]}"').split()) for number in LOADED}
    assert labels <= logged


def test_the_search_box_finds_text_and_runs_none(
    visit: Visit, hostile: DataDir, address: str, record_property: Callable[[str, object], None]
) -> None:
    record_property("injected", len(WALKED))
    page = visit.open("/")
    page.get_by_role("button", name="Find a return").click()
    box = page.get_by_role("dialog").locator("input").first
    with open_warehouse(hostile.warehouse) as warehouse:
        for text in (STRINGS[number] for number in WALKED):
            words = " ".join(text.split())
            box.fill(words)
            found = ask(warehouse, "find_returns", search=words).height if len(words) > 1 else 0
            expect(page.get_by_role("dialog").get_by_role("link")).to_have_count(found)
            assert_only_text(page, address)


def test_an_address_is_taken_literally(
    hostile: DataDir, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    record_property("injected", len(INJECTED[:: 1 if IS_FULL else 4]))
    with open_warehouse(hostile.warehouse) as warehouse:
        offices = ask(warehouse, "all_returns")["office"].to_list()
    for text, name in zip(INJECTED[:: 1 if IS_FULL else 4], cycle(PAGES)):
        app = page(hostile, name, monkeypatch, **dict.fromkeys(PARAMETERS, text))
        assert "rror:" not in texts(app).replace(text, "")
        if name == "returns":
            assert NOTHING_SHOWN in texts(app) and lists(app) == []
            app, count = page(hostile, name, monkeypatch, office=text), offices.count(text)
            shown = [one["counted"].split()[0] for one in lists(app)]
            assert shown == ([f"{count:,}"] if count else []), text
            assert (NOTHING_SHOWN in texts(app)) == (not count), text
        if name == "return":
            assert [title.value for title in app.title] == ["No such return" if text else "One return"]
