"""Tables in Chromium: text that is read, selected, scrolled and printed; and what Back and tabs keep."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from etl.common.paths import DataDir
from etl.warehouse.ask import ask, open_warehouse
from support.served import Visit, serious_faults, served

PHONE = 390
GRID = "Signed within so many days of delivery"
# The contrast of a cell's text and what is behind it, by the formula of WCAG.
CONTRAST = """cells => {
    const paint = document.createElement('canvas').getContext('2d', {willReadFrequently: true})
    const over = (colors) => {
        paint.clearRect(0, 0, 1, 1)
        for (const color of colors) { paint.fillStyle = color; paint.fillRect(0, 0, 1, 1) }
        return [...paint.getImageData(0, 0, 1, 1).data].slice(0, 3)
    }
    const light = (parts) => {
        const [r, g, b] = parts.map(part => part / 255).map(
            part => part <= .03928 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4)
        return .2126 * r + .7152 * g + .0722 * b
    }
    const page = getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor
    return cells.map(cell => {
        const style = getComputedStyle(cell), behind = [page, style.backgroundColor]
        const [high, low] = [light(over(behind)), light(over([...behind, style.color]))].sort((a, b) => b - a)
        return (high + .05) / (low + .05)
    })
}"""


@pytest.fixture(scope="module")
def address(season: DataDir) -> Iterator[str]:
    with served(season) as where:
        yield where


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_cohort_grid_is_readable(browser: Browser, address: str, dark: bool) -> None:
    visit = Visit(browser, address, dark=dark)
    page = visit.open("/turnaround")
    cells = page.get_by_role("region", name=GRID).locator("td[style]")
    assert cells.count() > 5
    shares = cells.evaluate_all("cells => cells.map(cell => getComputedStyle(cell).backgroundColor)")
    assert len(set(shares)) > 2
    assert min(cells.evaluate_all(CONTRAST)) >= 4.5
    assert [fault for fault in serious_faults(page) if fault[0] == "color-contrast"] == []
    visit.close()


def test_a_table_is_read_aloud_selected_and_aligned(visit: Visit) -> None:
    page = visit.open("/turnaround")
    region = page.get_by_role("region", name="Where returns wait inside the firm")
    expect(region.get_by_role("columnheader")).to_have_text(
        ["Stage", "Stays", "Open now", "Median days", "90% within, days", "Oldest open, days"]
    )
    expect(region.get_by_role("rowheader").first).to_have_text("preparing")
    number = region.get_by_role("cell").nth(2)
    assert number.evaluate("cell => getComputedStyle(cell).textAlign") == "right"
    number.dblclick()
    assert page.evaluate("getSelection().toString().trim()") == number.inner_text()


def test_a_wide_table_is_scrolled_by_keyboard_on_a_phone(browser: Browser, address: str) -> None:
    visit = Visit(browser, address, PHONE)
    page = visit.open("/reports")
    region = page.get_by_role("region", name="Work list")
    region.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.activeElement.scrollLeft > 0")
    assert region.evaluate("one => one === document.activeElement")
    visit.close()


def test_a_table_is_printed_with_all_its_rows(visit: Visit) -> None:
    page = visit.open("/data")
    region = page.get_by_role("region", name="Loaded files")
    on_screen = region.evaluate("one => one.scrollHeight > one.clientHeight")
    page.emulate_media(media="print")
    assert on_screen and not region.evaluate("one => one.scrollHeight > one.clientHeight")


@pytest.mark.parametrize(
    ("path", "report", "link"),
    [
        ("/reports?year=All", "work_list", "Download CSV"),
        ("/email?year=All", "bounced_emails", "CSV"),
        ("/turnaround?year=All", "deadline_risk", "CSV"),
    ],
)
def test_a_csv_can_be_had_on_a_phone(
    browser: Browser, address: str, season: DataDir, path: str, report: str, link: str
) -> None:
    visit = Visit(browser, address, PHONE)
    page = visit.open(path)
    # What lies under something else gets no click.
    with page.expect_download() as download:
        page.get_by_role("link", name=link, exact=True).first.click()
    with open_warehouse(season.warehouse) as warehouse:
        rows = ask(warehouse, report).height
    content = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert download.value.suggested_filename.startswith(report) and content.count("\n") == rows + 1
    visit.close()


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/", "Needs attention · returntrail"),
        ("/returns?office=Austin", "Returns · returntrail"),
        ("/turnaround", "Turnaround · returntrail"),
        ("/return?id=2025-00001", "2025-00001 · returntrail"),
    ],
)
def test_a_tab_says_what_is_in_it(visit: Visit, path: str, title: str) -> None:
    expect(visit.open(path)).to_have_title(title)


def test_a_filter_that_does_not_exist_is_left_by_one_click(visit: Visit) -> None:
    page = visit.open("/returns?office=Nowhere")
    expect(page.get_by_text("Office: there is no “Nowhere”.")).to_be_visible()
    expect(page.locator("a.row")).to_have_count(0)
    page.get_by_role("button", name="Leave out what does not exist").click()
    expect(page.locator("a.row").first).to_be_visible()
    page.wait_for_url(lambda url: "Nowhere" not in url)


def go_to_a_return_and_back(visit: Visit, page: Page) -> None:
    """Opens the first return of a list, and goes back by one press."""
    page.locator("a.row").first.click()
    page.wait_for_url("**/return?**")
    visit.wait_until_drawn()
    page.go_back()
    expect(page.locator("a.row").first).to_be_visible()
    visit.wait_until_drawn()


def test_back_keeps_the_step_of_the_work_list(visit: Visit) -> None:
    page = visit.open("/?year=All")
    chip = page.get_by_test_id("stButtonGroup").nth(1).get_by_role("radio").first
    chip.click()
    page.wait_for_url("**step=**")
    visit.wait_until_drawn()
    address, rows = page.url, page.locator("a.row").all_inner_texts()
    go_to_a_return_and_back(visit, page)
    assert page.url == address and page.locator("a.row").all_inner_texts() == rows
    expect(chip).to_be_checked()


def test_back_keeps_the_step_of_the_funnel_and_which_deliveries(visit: Visit) -> None:
    page = visit.open("/pipeline?year=All")
    bar = page.locator("ol[aria-label='Steps of the funnel'] button").nth(4)
    bar.click()
    reached = page.get_by_role("radio", name="Reached")
    reached.click()
    page.wait_for_url("**which=reached**")
    visit.wait_until_drawn()
    address, rows = page.url, page.locator("a.row").all_inner_texts()
    go_to_a_return_and_back(visit, page)
    assert page.url == address and page.locator("a.row").all_inner_texts() == rows
    expect(reached).to_be_checked()
    expect(bar).to_have_attribute("aria-pressed", "true")
