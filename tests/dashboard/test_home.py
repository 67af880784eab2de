"""The first page: deadlines, changes, and numbers that open as many rows as they say."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from etl.common.paths import CHECKOUT, DataDir
from support.served import Visit, served
from tests.dashboard.test_numbers import YEAR, answer

DRAW = CHECKOUT / "dashboard" / "draw"
SCRIPT = "".join((DRAW / name).read_text(encoding="utf-8") for name in ("rows.js", "numbers.js"))
NUMBER = re.compile(r"[\d,]+")


@pytest.fixture(scope="module")
def address(season: DataDir) -> Iterator[str]:
    with served(season) as where:
        yield where


def numbers_of(page: Page) -> dict[str, int]:
    """Each number that is a link, with its address."""
    expect(page.locator("table a.number").first).to_be_visible()
    links = page.locator("a.number, a.value").evaluate_all(
        "(all) => all.map((one) => [one.getAttribute('href'), one.textContent])"
    )
    return {
        address: int(NUMBER.match(text)[0].replace(",", ""))
        for address, text in links
        if "behind=" in address
    }


def test_every_number_opens_a_list_of_as_many_rows(visit: Visit, season: DataDir) -> None:
    numbers = numbers_of(visit.open("/"))
    # Deadlines, changes, cards, and five numbers of each partner.
    for name in (
        "not-delivered",
        "past-due-not-signed",
        "new",
        "cleared",
        "waiting",
        "delivered",
        "signed-now",
    ):
        assert any(f"behind={name}&" in f"{address}&" for address in numbers), name
    assert all(numbers.values())
    for address, count in numbers.items():
        page = visit.open(address)
        expect(page.locator(".count"), address).to_have_text(re.compile(rf"^{count:,} "))


def test_the_small_lines_have_a_gap_where_a_week_is_left_out(visit: Visit) -> None:
    page = visit.open("/")
    lines = page.locator("ul[aria-label=Headline] svg")
    # A season this small has hardly a week with enough emails, so the script is given other weeks.
    drawn = page.evaluate(
        """async (script) => {
            const made = await import(URL.createObjectURL(new Blob([script], {type: 'text/javascript'})))
            const parentElement = document.createElement('div')
            parentElement.innerHTML = '<div class="root"></div>'
            const weeks = [null, 1, 2, null, 3, null, 2, 1]
            const card = {label: 'A', value: '1', caption: '', help: '', weeks, weeksText: 'weeks'}
            made.default({data: {label: 'Headline', cards: [card]}, parentElement})
            return [...parentElement.querySelectorAll('polyline')].map((one) => one.getAttribute('points'))
        }""",
        SCRIPT,
    )
    assert [line.count(" ") + 1 for line in drawn] == [2, 2, 2]
    assert drawn[1].split()[0] == drawn[1].split()[1]
    expect(lines.first).to_have_attribute("aria-label", re.compile(r"^Last weeks: (\d+(, )?){8}$"))


def test_the_strip_has_the_deadlines_of_the_season(visit: Visit, season: DataDir) -> None:
    page, rows = visit.open("/"), answer(season, "deadline_strip", **YEAR).rows(named=True)
    shown = page.locator("ul[aria-label=Deadlines] > li")
    expect(shown).to_have_count(len(rows))
    for place, row in enumerate(rows):
        expect(shown.nth(place)).to_contain_text(f"{row['not_delivered_count']} not delivered")
        expect(shown.nth(place)).to_contain_text(f"{row['not_signed_count']} not signed")
    assert rows[0]["deadline"] == "past due"
    expect(shown.first.locator(".title")).to_have_text("Past due")


def test_a_number_keeps_the_filters_and_back_returns_with_one_click(visit: Visit) -> None:
    page = visit.open("/?office=Austin")
    page.locator("ul[aria-label=Headline] a.value").first.click()
    expect(page.get_by_role("heading", name="Waiting on us")).to_be_visible()
    assert "office=Austin" in page.url
    expect(page.locator("a.row").first).to_contain_text("Austin")
    page.go_back()
    expect(page.get_by_role("heading", name="Needs attention")).to_be_visible()
    expect(page.locator("ul[aria-label=Headline]")).to_be_visible()


def test_a_partner_is_a_filter(visit: Visit, season: DataDir) -> None:
    page, partners = visit.open("/"), answer(season, "partner_work", **YEAR)
    partner = partners["segment"][0]
    page.locator("th a.number", has_text=partner).click()
    expect(page.locator(".count")).to_have_text(re.compile(rf"^{partners['waiting_count'][0]} "))
    assert "partner=" in page.url


def test_an_overdue_wait_is_red_and_says_its_limit(visit: Visit, season: DataDir) -> None:
    page, work = visit.open("/"), answer(season, "work_list", **YEAR, for_owner="firm")
    first = work.row(0, named=True)
    assert first["is_overdue"]
    pill = page.locator("a.row .pill").first
    expect(pill).to_have_class("pill late")
    expect(pill).to_contain_text(f"limit {first['limit_days']:g} day")


def test_an_address_without_a_list_says_so(visit: Visit) -> None:
    for address in ("/returns?behind=nothing", "/returns?behind=not-signed", "/returns?behind="):
        expect(visit.open(address).get_by_text("This address names no list.")).to_be_visible()
    page = visit.open("/returns?behind=not-signed&for_deadline=**soon**")
    expect(page.get_by_role("heading", name="Delivered and not signed, due **soon**")).to_be_visible()
    page = visit.open("/returns?behind=delivered&since=soon&until=2026-03-01")
    expect(page.get_by_text("since of the report funnel_returns takes a date")).to_be_visible()
