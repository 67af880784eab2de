"""Numbers and charts of the pages: each opens as many rows as it counts; last season is behind this one."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as WaitedTooLong

from dashboard.draw.text import day_text
from etl.common.paths import DataDir
from support.served import TIMEOUT_MS, Visit, served
from tests.conftest import made_once
from tests.dashboard.test_numbers import YEAR, answer

COUNT = re.compile(r"[\d,]+")
# The names of the lists that each page opens: all of them must be on it.
PAGES = {
    "/turnaround": ["span", "week-span", "week-delivered", "signed-within", "stays", "open-stays"],
    "/email": ["emails-sent", "emails-delivered", "emails-opened", "emails-bounced", "emails-unconfirmed"],
    "/email?split=Office": ["emails-sent", "emails-bounced"],
    "/email?split=Domain": ["emails-sent", "emails-bounced"],
    "/pipeline": ["outcomes", "outcome", "segment"],
    "/pipeline?by=Week&old=false": ["outcomes", "outcome", "segment"],
    "/pipeline?by=Office": ["segment"],
}
# So many of the numbers of one list on one page are opened; the others differ in a week or an office only.
MOST_OF_A_LIST = 4


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    """A season whose weeks have enough deliveries to be drawn."""

    def make(folder: Path) -> DataDir:
        words = [
            sys.executable,
            "-m",
            "etl",
            "--data",
            folder / "data",
            "demo",
            "--returns",
            "900",
            "--no-app",
        ]
        subprocess.run(words, check=True, capture_output=True, timeout=300)
        return DataDir(folder / "data")

    return made_once(tmp_path_factory, "large season", make)


@pytest.fixture(scope="module")
def address(season: DataDir) -> Iterator[str]:
    with served(season) as where:
        yield where


def numbers_of(page: Page) -> dict[str, list[tuple[str, int]]]:
    """The numbers that are links, by the list that they open: address and count.

    A rate says in its help what it counts.
    """
    found = page.locator("a.number, a.value").evaluate_all(
        "(all) => all.map((one) => [one.getAttribute('href'), one.title || one.textContent])"
    )
    numbers = dict[str, list[tuple[str, int]]]()
    for link, text in found:
        if name := re.search(r"[?&]behind=([\w-]+)", link):
            numbers.setdefault(name[1], []).append((link, int(COUNT.search(text)[0].replace(",", ""))))
    return numbers


def spread(numbers: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Some of the numbers of a page, from its first to its last."""
    step = max(1, len(numbers) // MOST_OF_A_LIST)
    return [*numbers[::step], numbers[-1]]


@pytest.mark.parametrize("path", PAGES)
def test_every_number_opens_a_list_of_as_many_rows(visit: Visit, path: str) -> None:
    page = visit.open(path)
    expect(page.locator("a.number").first).to_be_attached()
    numbers = numbers_of(page)
    assert [name for name in PAGES[path] if name not in numbers] == []
    for name in PAGES[path]:
        for link, count in spread(numbers[name]):
            expect(visit.open(link).locator(".count"), link).to_have_text(re.compile(rf"^{count:,} "))


def hover_first_point(page: Page) -> Locator:
    """What the first point of the first chart says; a chart that is still drawn loses the pointer."""
    point = page.locator(".js-plotly-plot .scatterlayer .points path").first
    shown = page.locator(".hoverlayer .hovertext").first
    for _ in range(6):
        expect(point).to_be_visible()
        with suppress(WaitedTooLong):
            point.hover(force=True, timeout=TIMEOUT_MS / 6)
            shown.wait_for(timeout=TIMEOUT_MS / 6)
            return shown
        page.mouse.move(0, 0)
    raise AssertionError("the chart does not answer the pointer")


def test_a_click_on_a_week_opens_its_returns_and_back_the_chart(visit: Visit, season: DataDir) -> None:
    page = visit.open("/turnaround")
    weeks = answer(season, "turnaround", split_by="week", **YEAR)
    weeks = weeks.filter((pl.col("span") == "delivery to signature") & (pl.col("base_count") >= 30))
    judged = weeks.drop_nulls("days_half").row(0, named=True)
    shown = hover_first_point(page)
    expect(shown).to_contain_text(f"Week of {day_text(date.fromisoformat(judged['segment']))}")
    page.mouse.down()
    page.mouse.up()
    page.wait_for_url("**/returns?**behind=week-span**")
    monday = date.fromisoformat(judged["segment"])
    expect(page.get_by_role("heading", level=1)).to_have_text(
        f"Delivered {day_text(monday)} to {day_text(monday + timedelta(days=6))}, "
        "measured from delivery to signature"
    )
    expect(page.locator(".count")).to_have_text(re.compile(rf"^{judged['base_count']:,} "))
    page.go_back()
    expect(page.get_by_role("heading", name="Turnaround", level=1)).to_be_visible()
    visit.wait_until_drawn()
    assert "/turnaround" in page.url


def test_the_weeks_of_a_chart_are_a_table_too(visit: Visit) -> None:
    page = visit.open("/turnaround")
    page.get_by_text("These weeks as a table").click()
    table = page.get_by_role("region", name="These weeks")
    expect(table.get_by_role("columnheader")).to_have_text(
        ["Week of", "Deliveries", "Half within", "90% within"]
    )
    expect(table.get_by_role("rowheader").first).to_contain_text(re.compile(r"^\w{3} \d+, 2026$"))
