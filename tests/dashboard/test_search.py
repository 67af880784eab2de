"""The search in Chromium: Ctrl+K, words, arrows and Enter open a return, without a mouse."""

import re
import unicodedata
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from etl.common.paths import DataDir
from etl.warehouse.ask import ask, open_warehouse
from support.served import Visit, serious_faults, served

FOCUSED = """() => {
    let focused = document.activeElement
    while (focused.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement
    return focused
}"""


@pytest.fixture(scope="module")
def address(season: DataDir) -> Iterator[str]:
    with served(season) as where:
        yield where


def rows_of(data: DataDir, report: str, **filters: object) -> list[dict]:
    with open_warehouse(data.warehouse) as warehouse:
        return list(ask(warehouse, report, **filters).iter_rows(named=True))


def found(data: DataDir, words: str) -> list[str]:
    return [row["return_id"] for row in rows_of(data, "find_returns", search=words)]


def type_words(visit: Visit, words: str) -> None:
    """Types into what has the focus, which is the box as soon as the search is open."""
    visit.open_search()
    visit.page.wait_for_function(f"() => ({FOCUSED})().type === 'search'")
    visit.page.keyboard.type(words)


def expect_links(page: Page, numbers: list[str]) -> None:
    """The search has found these returns, in this order."""
    links = page.get_by_role("dialog").get_by_role("link")
    expect(links).to_contain_text(numbers)


def expect_focus(page: Page, number: int | None) -> None:
    """The link of this number has the focus, or the box."""
    at = f"[...one.getRootNode().querySelectorAll('a')].indexOf(one) === {-1 if number is None else number}"
    page.wait_for_function(f"() => {{ const one = ({FOCUSED})(); return {at} }}")


def expect_return(visit: Visit, row: dict) -> None:
    visit.page.wait_for_url("**/return?**")
    expect(visit.page.locator("h1")).to_have_text(row["client_name"])
    expect(visit.page.get_by_role("dialog")).to_have_count(0)
    assert f"id={row['return_id']}" in visit.page.url


@pytest.mark.parametrize("path", ["/", "/data"])
def test_ctrl_k_leads_to_the_box_and_enter_to_the_return(visit: Visit, season: DataDir, path: str) -> None:
    wanted = rows_of(season, "all_returns")[7]
    page = visit.open(path)
    type_words(visit, wanted["return_id"])
    # Enter counts also if it is pressed before the results are there.
    page.keyboard.press("Enter")
    expect_return(visit, wanted)
    visit.wait_until_drawn()
    page.go_back()
    page.wait_for_url(f"**{path}")


def test_the_arrows_choose_a_result(visit: Visit, season: DataDir) -> None:
    page, numbers = visit.open("/"), found(season, "an")
    type_words(visit, "an")
    expect_links(page, numbers)
    for key, number in (("Down", 0), ("Down", 1), ("Down", 2), ("Up", 1), ("Up", 0), ("Up", None)):
        page.keyboard.press(f"Arrow{key}")
        expect_focus(page, number)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    [wanted] = [row for row in rows_of(season, "all_returns") if row["return_id"] == numbers[1]]
    expect_return(visit, wanted)


def test_a_letter_typed_on_a_result_is_one_more_of_the_words(visit: Visit, season: DataDir) -> None:
    page, wanted = visit.open("/"), rows_of(season, "all_returns")[7]["return_id"]
    type_words(visit, wanted[:-1])
    expect(page.get_by_role("dialog").get_by_role("link").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect_focus(page, 0)
    page.keyboard.type(wanted[-1])
    expect(page.get_by_role("dialog").get_by_role("searchbox")).to_have_value(wanted)
    expect_links(page, [wanted])


def test_escape_closes_and_the_words_are_still_there_to_be_replaced(visit: Visit, season: DataDir) -> None:
    page = visit.open("/")
    type_words(visit, "an")
    expect_links(page, found(season, "an"))
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    wanted = rows_of(season, "all_returns")[7]["return_id"]
    type_words(visit, wanted)
    expect(page.get_by_role("dialog").get_by_role("searchbox")).to_have_value(wanted)
    expect_links(page, [wanted])


def test_words_are_found_without_accents_in_any_order(visit: Visit, season: DataDir) -> None:
    named = [
        row for row in rows_of(season, "all_returns") if re.search(r"[^\W\d_a-zA-Z]", row["client_name"])
    ]
    wanted = next(row for row in named if ", " in row["client_name"])
    page = visit.open("/")
    plain = unicodedata.normalize("NFD", wanted["client_name"]).encode("ascii", "ignore").decode()
    last, first = plain.replace("&", "").split(", ")
    words = f"{first} {last.upper()} {wanted['return_id']}"
    type_words(visit, words)
    expect_links(page, [wanted["return_id"]])


def test_an_address_of_a_client_is_found(visit: Visit, season: DataDir) -> None:
    wanted = next(row for row in rows_of(season, "work_list") if row["taxpayer_email"])
    numbers = found(season, wanted["taxpayer_email"])
    assert wanted["return_id"] in numbers
    page = visit.open("/")
    type_words(visit, wanted["taxpayer_email"].upper())
    expect_links(page, numbers)


def test_a_result_opens_in_a_tab_of_its_own(visit: Visit, season: DataDir) -> None:
    page, wanted = visit.open("/"), rows_of(season, "all_returns")[7]
    visit.open_search().fill(wanted["return_id"])
    expect_links(page, [wanted["return_id"]])
    with page.context.expect_page() as opened:
        page.get_by_role("dialog").get_by_role("link").click(modifiers=["ControlOrMeta"])
    expect(opened.value.locator("h1")).to_have_text(wanted["client_name"])
    expect(page.get_by_role("dialog")).to_have_count(1)


def test_a_click_opens_a_result_and_the_shown_return_closes_the_search(visit: Visit, season: DataDir) -> None:
    page, wanted = visit.open("/"), rows_of(season, "all_returns")[7]
    page.get_by_role("button", name="Find a return").click()
    page.get_by_role("dialog").get_by_role("searchbox").fill(wanted["return_id"])
    page.get_by_role("dialog").get_by_role("link").click()
    expect_return(visit, wanted)
    visit.wait_until_drawn()
    # The same return once more adds nothing to the history.
    type_words(visit, wanted["return_id"])
    page.keyboard.press("Enter")
    expect_return(visit, wanted)
    visit.wait_until_drawn()
    page.go_back()
    expect(page.locator("h1")).to_have_text("Needs attention")


def test_the_search_says_how_many_it_has_found(visit: Visit, season: DataDir) -> None:
    visit.open("/")
    box, dialog = visit.open_search(), visit.page.get_by_role("dialog")
    said = dialog.get_by_role("status")
    expect(said).to_have_text("Type words of the client's name, a number or an email address, in any order.")
    box.fill("2025-000")
    expect(said).to_have_text("The first 8 returns that contain these words. Type more to find the others.")
    expect(dialog.get_by_role("link")).to_have_count(8)
    box.fill(rows_of(season, "all_returns")[7]["return_id"])
    expect(said).to_have_text("1 return")
    expect(dialog.get_by_role("link")).to_have_count(1)
    box.fill("nobody is called so")
    expect(said).to_have_text("No return is found for “nobody is called so”.")
    expect(dialog.get_by_role("link")).to_have_count(0)
    box.press("Enter")
    box.fill("x")
    expect(said).to_have_text("Type words of the client's name, a number or an email address, in any order.")


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)], ids=["desktop light", "phone dark"])
def test_axe_finds_nothing_serious(browser: Browser, address: str, width: int, dark: bool) -> None:
    visit = Visit(browser, address, width, dark)
    page = visit.open("/")
    visit.open_search().fill("2025-000")
    expect(page.get_by_role("dialog").get_by_role("link")).to_have_count(8)
    visit.wait_until_drawn()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert serious_faults(page) == []
    assert visit.faults == []
    visit.close()
