"""The dashboard in Chromium: every page, both themes, phone and desktop, and by keyboard alone."""

import csv
import http.client
import io
import re
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from etl.common.paths import DataDir
from etl.warehouse.ask import ask, open_warehouse
from etl.warehouse.build import build
from etl.warehouse.cells import as_csv
from support.served import Visit, serious_faults, served

PATHS = (
    "/",
    "/returns",
    "/return?id={id}",
    "/pipeline",
    "/turnaround",
    "/email",
    "/reports",
    "/add",
    "/data",
)


POLICY = (
    "default-src 'none'; script-src 'self' blob: (hash); style-src 'self' 'unsafe-inline'; "
    "font-src 'self' data:; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
# What somebody's text would try if it became a part of the page, and what the browser refuses.
TRIED = """() => {
    window.refused = []
    document.addEventListener('securitypolicyviolation', (event) => refused.push(event.effectiveDirective))
    const add = (name, made) => document.body.appendChild(Object.assign(document.createElement(name), made))
    add('script', {textContent: 'window.wasRun = true'})
    add('img', {src: 'http://localhost:1/x.png'})
    add('iframe', {src: 'http://localhost:1/'})
    fetch('http://localhost:1/').catch(() => {})
}"""
REFUSED = ["connect-src", "frame-src", "img-src", "script-src-elem"]


@pytest.fixture(scope="module")
def address(season: DataDir) -> Iterator[str]:
    with served(season) as where:
        yield where


def rows_of(data: DataDir, report: str, **filters: object) -> list[dict]:
    with open_warehouse(data.warehouse) as warehouse:
        return list(ask(warehouse, report, **filters).iter_rows(named=True))


def counted(page: Page, words: str) -> Locator:
    """What a list says of how many rows it has."""
    return page.get_by_role("status").get_by_text(words, exact=True)


def some_return(data: DataDir) -> str:
    """A return with a recall, so that its page has everything."""
    return rows_of(data, "recalls")[0]["return_id"]


# A theme changes colors and nothing else, so each is seen at one width.
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)], ids=["desktop light", "phone dark"])
def test_every_page_fits_and_axe_finds_nothing_serious(
    browser: Browser, address: str, season: DataDir, width: int, dark: bool
) -> None:
    visit, found = Visit(browser, address, width, dark), []
    for path in PATHS:
        page = visit.open(path.format(id=some_return(season)))
        assert page.locator("h1").count() == 1, path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.locator("[role=dialog]").count() == 0, path
        assert page.get_by_text("Something went wrong").count() == 0, path
        # The keyboard is for the desktop: axe wants what scrolls sideways on a phone to be reached by it.
        found += [] if width == 390 else [(path, *fault) for fault in serious_faults(page)]
    assert found == []
    assert visit.faults == []
    visit.close()


def test_the_navigation_has_eight_pages(visit: Visit) -> None:
    page = visit.open("/")
    links = page.get_by_test_id("stSidebarNav").get_by_role("link")
    expect(links).to_have_text(
        [
            "Needs attention",
            "Returns",
            "Pipeline",
            "Turnaround",
            "Email health",
            "Reports",
            "Add exports",
            "Data health",
        ]
    )


def test_filters_stay_from_page_to_page_and_in_the_address(visit: Visit, season: DataDir) -> None:
    chosen = {"for_offices": ["Austin"], "for_types": ["1040"]}
    page = visit.open("/returns?office=Austin&form=1040&year=All")
    expect(counted(page, f"{len(rows_of(season, 'all_returns', **chosen))} returns")).to_be_visible()
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Needs attention").click()
    page.wait_for_selector("h1:has-text('Needs attention')")
    visit.wait_until_drawn()
    assert all(choice in page.url for choice in ("office=Austin", "form=1040", "year=All"))
    waiting = len(rows_of(season, "work_list", **chosen))
    steps = rows_of(season, "next_steps", **chosen)
    firm = sum(row["return_count"] for row in steps if row["next_step_owner"] == "firm")
    assert waiting >= firm
    noun = "return" if firm == 1 else "returns"
    expect(counted(page, f"{firm} {noun}")).to_be_visible()


def test_filters_stay_over_a_page_that_has_none(visit: Visit, season: DataDir) -> None:
    page, links = visit.open("/returns?office=Austin&year=All"), visit.page.get_by_test_id("stSidebarNav")
    links.get_by_role("link", name="Data health").click()
    page.wait_for_selector("h1:has-text('Data health')")
    visit.wait_until_drawn()
    links.get_by_role("link", name="Returns").click()
    page.wait_for_selector("h1:has-text('Returns')")
    count = len(rows_of(season, "all_returns", for_offices=["Austin"]))
    expect(counted(page, f"{count} returns")).to_be_visible()
    page.wait_for_url(lambda url: "office=Austin" in url and "year=All" in url)


def test_a_step_of_the_funnel_lists_its_returns_by_keyboard(visit: Visit, season: DataDir) -> None:
    page = visit.open("/pipeline?year=2025")
    funnel = rows_of(season, "firm_funnel", for_years=[2025], min_age_days=14)
    buttons = page.locator("ol[aria-label='Steps of the funnel'] button")
    expect(buttons).to_have_count(8)
    assert [text.split("\n")[0].strip() for text in buttons.all_inner_texts()] == [
        row["title"] for row in rows_of(season, "definitions") if row["kind"] == "step"
    ]
    for button, row in zip(buttons.all_inner_texts(), funnel, strict=True):
        assert f"{row['reached_count']:,} · " in button
    buttons.nth(4).focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("h2:has-text('Behind Accessed')")
    visit.wait_until_drawn()
    assert "step=accessed" in page.url
    expect(counted(page, f"{funnel[4]['stopped_count']} deliveries")).to_be_visible()
    page.get_by_role("radio", name="Reached").or_(page.get_by_role("button", name="Reached")).first.click()
    expect(counted(page, f"{funnel[4]['reached_count']} deliveries")).to_be_visible()


def test_a_click_on_a_client_opens_the_return(visit: Visit, season: DataDir) -> None:
    page = visit.open("/returns?year=All")
    first = rows_of(season, "all_returns")[0]
    page.locator("a.row").first.click()
    page.wait_for_url("**/return?**")
    visit.wait_until_drawn()
    expect(page.locator("h1")).to_have_text(first["client_name"])
    assert f"id={quote(first['return_id'])}" in page.url


def test_the_csv_is_the_report(visit: Visit, season: DataDir) -> None:
    page = visit.open("/returns?office=Chicago&year=All")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").first.click()
    assert re.fullmatch(r"all_returns-chicago-\d{4}-\d\d-\d\d\.csv", download.value.suggested_filename)
    content = Path(download.value.path()).read_text(encoding="utf-8-sig")
    with open_warehouse(season.warehouse) as warehouse:
        expected = as_csv(ask(warehouse, "all_returns", for_offices=["Chicago"]), warehouse.facts.timezone)
    assert content == expected
    assert len(list(csv.reader(io.StringIO(content)))) > 10


def test_two_people_with_different_filters_never_see_each_others_rows(
    browser: Browser, address: str, season: DataDir
) -> None:
    offices = ["Austin", "Chicago"]
    counts = [len(rows_of(season, "all_returns", for_offices=[office])) for office in offices]
    visits = [Visit(browser, address) for _ in offices]
    for _ in range(3):
        for visit, office in zip(visits, offices, strict=True):
            visit.page.goto(f"{address}/returns?office={office}&year=All", wait_until="commit")
        for visit, count in zip(visits, counts, strict=True):
            expect(counted(visit.page, f"{count} returns")).to_be_visible()
    for visit in visits:
        assert visit.faults == []
        visit.close()


def test_a_rebuild_shows_at_the_next_click(browser: Browser, season: DataDir, tmp_path: Path) -> None:
    shutil.copytree(season.store, tmp_path / "store")
    data = DataDir(tmp_path)
    build(data, datetime(2025, 4, 1))
    with served(data) as where:
        visit = Visit(browser, where)
        page = visit.open("/returns")
        expect(page.get_by_text("Data until Apr 1, 2025")).to_be_visible()
        build(data)
        page.get_by_test_id("stSidebarNav").get_by_role("link", name="Pipeline").click()
        expect(page.get_by_text("Data until Apr 2, 2026")).to_be_visible()
        assert visit.faults == []
        visit.close()


def test_every_answer_has_the_headers_and_other_hosts_get_none(address: str) -> None:
    host, port = urlsplit(address).hostname, urlsplit(address).port
    for path in ("/", "/_stcore/health", "/no/such/page", "/media/none.csv"):
        connection = http.client.HTTPConnection(host, port, timeout=60)
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert answer.headers["x-frame-options"] == "SAMEORIGIN", path
        policy = re.sub(r"'sha256-[\w+/=]+'", "(hash)", answer.headers["content-security-policy"])
        assert policy == POLICY, path
        answer.read()
    connection.request("GET", "/", headers={"Host": "evil.invalid"})
    assert connection.getresponse().status == 400


def test_a_page_loads_and_runs_nothing_of_anybody_else(browser: Browser, address: str) -> None:
    visit = Visit(browser, address)
    page = visit.open("/reports")
    page.evaluate(TRIED)
    page.wait_for_function(f"() => new Set(window.refused).size >= {len(REFUSED)}", timeout=30_000)
    assert sorted(set(page.evaluate("window.refused"))) == REFUSED
    assert page.evaluate("window.wasRun") is None
    visit.close()


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.invalid"}, {"Origin": "http://evil.invalid"}, {"Origin": "http://127.0.0.1:1"}]
)
def test_a_web_socket_from_elsewhere_is_refused(address: str, headers: dict[str, str]) -> None:
    host, port = urlsplit(address).hostname, urlsplit(address).port
    connection = http.client.HTTPConnection(host, port, timeout=60)
    wanted = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol": "streamlit",
        "Origin": address,
    } | headers
    connection.request("GET", "/_stcore/stream", headers=wanted)
    assert connection.getresponse().status in (400, 403)
