"""Lists of returns in Chromium: what is searched, sorted and shown, and that each view is an address."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from etl.common.paths import DataDir
from etl.warehouse.ask import ask, open_warehouse
from support.served import Visit, serious_faults, served

ROWS_OF_A_PAGE = 100


@pytest.fixture(scope="module")
def address(season: DataDir) -> Iterator[str]:
    with served(season) as where:
        yield where


def returns_of(data: DataDir, **filters: object) -> list[dict]:
    with open_warehouse(data.warehouse) as warehouse:
        return list(ask(warehouse, "all_returns", **filters).iter_rows(named=True))


def by_days(rows: list[dict]) -> list[dict]:
    """The longest wait first; those that wait on nobody last, in the order of their numbers."""
    waiting = [row for row in rows if row["waiting_days"] is not None]
    others = [row for row in rows if row["waiting_days"] is None]
    return sorted(waiting, key=lambda row: (-row["waiting_days"], row["return_id"])) + sorted(
        others, key=lambda row: row["return_id"]
    )


def expect_clients(page: Page, rows: list[dict]) -> None:
    """The list has these clients, in this order."""
    expect(page.locator("a.row > .line:first-child > .first")).to_have_text(
        [row["client_name"] for row in rows]
    )


def test_a_list_is_sorted_over_all_its_rows(visit: Visit, season: DataDir) -> None:
    page, rows = visit.open("/returns?year=All"), returns_of(season)
    assert len(rows) > ROWS_OF_A_PAGE
    expect_clients(page, rows[:ROWS_OF_A_PAGE])
    page.get_by_label("Sorted by").select_option("Longest wait first")
    sorted_rows = by_days(rows)
    expect_clients(page, sorted_rows[:ROWS_OF_A_PAGE])
    assert page.url.endswith("/returns?year=All&sort=-waiting_days")
    page.get_by_role("link", name="Next").click()
    expect_clients(page, sorted_rows[ROWS_OF_A_PAGE:])
    expect(page.get_by_role("link", name="Next")).to_have_count(0)
    assert page.url.endswith("/returns?year=All&sort=-waiting_days&page=2")


def test_a_search_reads_all_rows_and_goes_with_the_address(visit: Visit, season: DataDir) -> None:
    last = returns_of(season)[-1]
    page = visit.open("/returns?year=All&page=2&office=" + quote(last["office"]))
    number = last["return_id"][-3:]
    words = f"{last['client_name'].split()[-1].upper()} {number}"
    page.get_by_label("Search this list").fill(words)
    expect(page.get_by_role("status").filter(has_text=f"1 return with “{words}”")).to_be_visible()
    expect_clients(page, [last])
    assert page.url.endswith("?" + urlencode({"year": "All", "office": last["office"], "search": words}))
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    content = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert content.count("\n") == 2 and last["return_id"] in content
    # A list of downloads, which others read, names no client.
    assert number not in download.value.suggested_filename
    page.get_by_label("Search this list").fill("nobody is called so")
    expect(page.get_by_text("0 returns with “nobody is called so”")).to_be_visible()


def test_back_returns_to_the_list_as_it_was(visit: Visit, season: DataDir) -> None:
    rows = by_days(returns_of(season, for_offices=["Austin"]))
    page = visit.open("/returns?year=All&office=Austin&sort=-waiting_days")
    expect_clients(page, rows[:ROWS_OF_A_PAGE])
    page.get_by_role("link").filter(has_text=rows[1]["return_id"]).click()
    expect(page.locator("h1")).to_have_text(rows[1]["client_name"])
    visit.wait_until_drawn()
    page.go_back()
    expect_clients(page, rows[:ROWS_OF_A_PAGE])
    assert page.url.endswith("/returns?year=All&office=Austin&sort=-waiting_days")


@pytest.mark.parametrize("shown", ["2", "all"])
def test_another_filter_shows_the_first_page(visit: Visit, season: DataDir, shown: str) -> None:
    rows = returns_of(season, for_types=["1040"])
    assert len(rows) > ROWS_OF_A_PAGE
    page = visit.open(f"/returns?year=All&page={shown}")
    page.get_by_label("Form", exact=True).click()
    page.get_by_role("option", name="1040", exact=True).click()
    expect_clients(page, rows[:ROWS_OF_A_PAGE])
    page.wait_for_function("() => window.location.search === '?form=1040&year=All'")


def test_back_and_reload_show_the_page_of_the_address(visit: Visit, season: DataDir) -> None:
    rows = returns_of(season, for_types=["1040"])
    page = visit.open("/returns?year=All&form=1040&page=2")
    expect_clients(page, rows[ROWS_OF_A_PAGE:])
    page.reload()
    expect_clients(page, rows[ROWS_OF_A_PAGE:])
    page.get_by_role("link", name="Previous").click()
    expect_clients(page, rows[:ROWS_OF_A_PAGE])
    visit.wait_until_drawn()
    page.get_by_label("Form", exact=True).click()
    page.get_by_role("option", name="1041", exact=True).click()
    expect_clients(page, returns_of(season, for_types=["1040", "1041"])[:ROWS_OF_A_PAGE])
    visit.wait_until_drawn()
    page.go_back()
    expect_clients(page, rows[ROWS_OF_A_PAGE:])
    assert page.url.endswith("/returns?year=All&form=1040&page=2")


def test_back_empties_the_box_of_a_search(visit: Visit, season: DataDir) -> None:
    page, rows = visit.open("/returns?year=All"), returns_of(season)
    page.get_by_label("Sorted by").select_option("Longest wait first")
    expect_clients(page, by_days(rows)[:ROWS_OF_A_PAGE])
    page.get_by_label("Search this list").fill(rows[0]["return_id"])
    expect_clients(page, [rows[0]])
    visit.wait_until_drawn()
    page.go_back()
    expect_clients(page, rows[:ROWS_OF_A_PAGE])
    expect(page.get_by_label("Search this list")).to_have_value("")


def test_a_link_of_one_list_leaves_the_search_of_the_other(visit: Visit) -> None:
    page = visit.open("/turnaround?year=All&page=all")
    page.get_by_label("Search this list").last.fill("a")
    expect(page.get_by_text("recalls with “a”")).to_be_visible()
    visit.wait_until_drawn()
    link = page.get_by_role("link", name="In pages")
    link.focus()
    expect(link).to_have_attribute("href", "/turnaround?year=All&recall_search=a")
    link.click()
    page.wait_for_url("**/turnaround?year=All&recall_search=a")
    expect(page.get_by_text("recalls with “a”")).to_be_visible()


def test_a_report_that_cannot_be_searched_says_so(address: str) -> None:
    answer = httpx.get(f"{address}/csv/headline?_search=x", timeout=60)
    assert answer.status_code == 400
    assert answer.text == "The report headline has no column that can be searched.\n"


def test_a_list_is_used_by_keyboard_alone(visit: Visit, season: DataDir) -> None:
    rows = returns_of(season)
    page = visit.open("/returns?year=All")
    page.locator("a.row").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(rows[1]["client_name"])
    visit.wait_until_drawn()
    page.go_back()
    expect_clients(page, rows[:ROWS_OF_A_PAGE])
    page.locator("a.row").first.focus()
    page.keyboard.press("End")
    focused = page.evaluate("document.activeElement.shadowRoot.activeElement.textContent")
    assert rows[ROWS_OF_A_PAGE - 1]["return_id"] in focused


def test_a_row_opens_in_a_tab_of_its_own(visit: Visit, season: DataDir) -> None:
    page, rows = visit.open("/returns?year=All"), returns_of(season)
    with page.context.expect_page() as opened:
        page.locator("a.row").nth(2).click(modifiers=["ControlOrMeta"])
    expect(opened.value.locator("h1")).to_have_text(rows[2]["client_name"])
    assert page.url.endswith("/returns?year=All")


def test_all_rows_are_printed(visit: Visit, season: DataDir) -> None:
    page, rows = visit.open("/returns?year=All"), returns_of(season)
    page.evaluate("() => { window.printed = []; window.print = () => window.printed.push(1) }")
    page.get_by_role("button", name="Print").click()
    expect_clients(page, rows)
    page.wait_for_function("() => window.printed.length === 1")
    page.emulate_media(media="print")
    expect(page.locator("a.row").last).to_be_visible()
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    page.emulate_media(media="screen")
    page.get_by_role("link", name="In pages").click()
    expect_clients(page, rows[:ROWS_OF_A_PAGE])


@pytest.mark.parametrize(
    "given", ["page=999", "page=-1", "page=x", "sort=nobody", "sort=-client_id;", "page=2²"]
)
def test_an_address_that_was_typed_wrong_shows_the_first_rows(
    visit: Visit, season: DataDir, given: str
) -> None:
    page = visit.open(f"/returns?year=All&{given}")
    expect_clients(page, returns_of(season)[:ROWS_OF_A_PAGE])


@pytest.mark.parametrize(("width", "dark"), [(390, True), (390, False), (1440, True)])
def test_a_list_fits_and_axe_finds_nothing(browser: Browser, address: str, width: int, dark: bool) -> None:
    visit = Visit(browser, address, width, dark)
    page = visit.open("/returns?year=All&search=2025&page=1")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for control in (page.get_by_label("Search this list"), page.get_by_role("link", name="CSV")):
        box = control.bounding_box()
        assert box and box["x"] >= 0 and box["x"] + box["width"] <= width
    assert serious_faults(page) == []
    assert visit.faults == []
    visit.close()
