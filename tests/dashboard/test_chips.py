"""The chips of a page: what is shown, and a × that removes a filter without another one."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from dashboard.guard.navigation import PAGES, PAGES_WITHOUT_FILTERS
from etl.common.paths import DataDir
from support.served import Visit, served
from tests.dashboard.test_numbers import answer

CHIPS = "ul[aria-label='What is shown'] > li"


@pytest.fixture(scope="module")
def address(season: DataDir) -> Iterator[str]:
    with served(season) as where:
        yield where


def expect_chips(page: Page, *words: str) -> None:
    expect(page.locator(CHIPS)).to_have_text(list(words))


@pytest.mark.parametrize("page", PAGES)
def test_a_page_with_filters_says_the_season_and_the_offices(page: str, visit: Visit) -> None:
    shown = visit.open(f"/{page}")
    expect(shown.get_by_role("heading", level=1)).to_be_visible()
    if page in PAGES_WITHOUT_FILTERS:
        expect_chips(shown)
    else:
        expect_chips(shown, "Tax year 2025×", "All offices")


def test_the_cross_of_a_chip_removes_its_filter_by_keyboard_and_back_brings_it_again(
    visit: Visit, season: DataDir
) -> None:
    page = visit.open("/returns?office=Austin&form=1040&form=1065")
    expect_chips(page, "Tax year 2025×", "Office Austin×", "Form 1040×", "Form 1065×")
    page.get_by_role("link", name="Remove Office Austin").press("Enter")
    expect_chips(page, "Tax year 2025×", "All offices", "Form 1040×", "Form 1065×")
    page.get_by_role("link", name="Remove Form 1040").press("Enter")
    expect_chips(page, "Tax year 2025×", "All offices", "Form 1065×")
    assert "office" not in page.url and "form=1065" in page.url and "1040" not in page.url
    count = answer(season, "all_returns", for_years=["2025"], for_types=["1065"]).height
    expect(page.locator(".count")).to_have_text(f"{count} returns")
    page.go_back()
    expect_chips(page, "Tax year 2025×", "All offices", "Form 1040×", "Form 1065×")


def test_the_chips_are_beside_the_title_and_on_a_phone_below_it(visit: Visit) -> None:
    page = visit.open("/returns?office=Austin")
    title, chips = page.locator("h1").bounding_box(), page.locator(CHIPS).first.bounding_box()
    assert title and chips
    assert title["y"] < chips["y"] + chips["height"] / 2 < title["y"] + title["height"]
    assert chips["x"] > title["x"] + title["width"]
    page.set_viewport_size({"width": 390, "height": 900})
    page.wait_for_function(
        "() => document.querySelector('h1').getBoundingClientRect().bottom <="
        " document.querySelector('.st-key-chips').getBoundingClientRect().top"
    )


def test_without_a_tax_year_all_years_are_shown(visit: Visit, season: DataDir) -> None:
    page = visit.open("/returns")
    page.get_by_role("link", name="Remove Tax year 2025").click()
    expect_chips(page, "All tax years", "All offices")
    expect(page.locator(".count")).to_have_text(f"{answer(season, 'all_returns').height} returns")
