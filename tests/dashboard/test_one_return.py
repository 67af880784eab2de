"""The page of one return in Chromium: addresses, timeline, and the way to its neighbors."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard.draw.neighbors import more_rows
from etl.common.paths import CHECKOUT, DataDir
from support.served import Visit, serious_faults, served
from support.story import read_story, tell

STORY = "report_the_state_of_a_return_has_addresses_and_reminders_since_the_lock"
TWICE_DELIVERED = """\
A return that was recalled has two deliveries.

given raw.events
return_id | event_time       | tab      | label                        | status    | subject    | actor
twice     | 2026-03-01 15:00 | Internal | Deliver to Client            |           |            | amy
twice     | 2026-03-02 15:00 | Client   | Taxpayer: Tax Return Accessed |          |            |
twice     | 2026-03-03 15:00 | Internal | Recalled return              |           |            | ben
twice     | 2026-03-08 15:00 | Internal | Deliver to Client            |           |            | amy
twice     | 2026-03-08 15:01 | Client   | Taxpayer: Initial Email      | Processed |            |
twice     | 2026-03-08 15:02 | Client   | Taxpayer: Initial Email      | Delivered |            |
twice     | 2026-03-09 15:01 | Client   | Taxpayer: Access Code Email  | Processed |            |
twice     | 2026-03-09 15:02 | Client   | Taxpayer: Access Code Email  | Delivered |            |
twice     | 2026-03-09 15:03 | Client   | Taxpayer: Access Code Email  | Processed |            |
twice     | 2026-03-09 15:04 | Client   | Taxpayer: Access Code Email  | Bounced   |            |
twice     | 2026-03-10 15:00 | Client   | Reminder Send For Signing    |           |            |
twice     | 2026-03-11 15:00 | Client   | Reminder Send For Signing    |           |            |
twice     | 2026-03-12 15:00 | Client   | Reminder Send For Signing    |           |            |

then mart.returns
return_id
twice
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The returns of two stories: an address that bounced, a lock, two deliveries."""
    folder = tmp_path_factory.mktemp("return")
    (folder / "twice.txt").write_text(TWICE_DELIVERED, encoding="utf-8")
    stories = [
        read_story(path) for path in (CHECKOUT / "tests" / "stories" / f"{STORY}.txt", folder / "twice.txt")
    ]
    with served(DataDir(tell(stories, folder).parent)) as where:
        yield where


def test_an_address_that_bounced_is_struck_through_and_one_is_copied(visit: Visit) -> None:
    page = visit.open("/return?id=corrected")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    shown = page.get_by_role("list", name="Email addresses").get_by_role("listitem")
    expect(shown).to_have_count(2)
    expect(page.locator("s.address")).to_have_text("old@x.example")
    expect(shown.first).to_contain_text("bounced Mar 1, 2026")
    page.get_by_role("button", name="Copy new@x.example").click()
    expect(shown.last.get_by_role("status")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "new@x.example"
    assert serious_faults(page) == []


def test_a_page_without_a_clipboard_copies_too(visit: Visit) -> None:
    page = visit.open("/return?id=corrected")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("window.clip = navigator.clipboard")
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })")
    page.get_by_role("button", name="Copy old@x.example").click()
    expect(page.get_by_role("status").filter(has_text="Copied")).to_be_visible()
    assert page.evaluate("window.clip.readText()") == "old@x.example"


def test_a_locked_return_says_how_many_reminders_could_not_help(visit: Visit) -> None:
    page = visit.open("/return?id=locked")
    expect(page.get_by_text("2 reminders went out since the lock.")).to_be_visible()
    page = visit.open("/return?id=unlocked")
    expect(page.get_by_role("region", name="Status")).to_be_visible()
    expect(page.get_by_text("since the lock")).to_have_count(0)


def test_the_timeline_is_newest_first_in_a_section_for_each_delivery(visit: Visit) -> None:
    page = visit.open("/return?id=twice")
    expect(page.locator(".rt-delivery h2")).to_have_text(
        ["Delivery 2, Mar 8, 2026", "Delivery 1, recalled Mar 3, 2026"]
    )
    latest, recalled = page.locator(".rt-delivery").nth(0), page.locator(".rt-delivery").nth(1)
    expect(latest.locator("li > details > summary > time + span")).to_have_text(
        [
            "Signing reminder sent 3 times",
            "Access code email bounced",
            "Access code requested twice",
            "Initial email sent, delivered",
            "Delivered to the client",
        ]
    )
    expect(latest.locator("li").first).to_contain_text("since Mar 10")
    expect(recalled.get_by_text("Return accessed", exact=True)).to_be_hidden()
    recalled.locator("summary").first.click()
    expect(recalled.get_by_text("Return accessed", exact=True)).to_be_visible()
    twice = latest.locator("li", has_text="Access code requested twice")
    twice.locator("summary").click()
    expect(twice.locator(".rt-logged")).to_have_count(3)
    expect(twice.locator(".rt-logged").last).to_contain_text("Taxpayer: Access Code Email | Processed")
    assert serious_faults(page) == []


def test_every_event_as_logged_folds_nothing(visit: Visit) -> None:
    page = visit.open("/return?id=twice&every=true")
    expect(page.locator(".rt-events > li")).to_have_count(13)
    expect(page.get_by_text("Return accessed", exact=True)).to_be_visible()


def test_paper_shows_what_is_folded(visit: Visit) -> None:
    page = visit.open("/return?id=twice")
    logged = page.get_by_text("Taxpayer: Tax Return Accessed")
    assert not logged.evaluate("one => one.checkVisibility()")
    page.emulate_media(media="print")
    assert logged.evaluate("one => one.checkVisibility()")


def test_a_phone_shows_the_timeline_in_one_column(browser: Browser, address: str) -> None:
    phone = Visit(browser, address, width=390)
    page = phone.open("/return?id=twice")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    lefts = page.locator(".rt-delivery[open] li > details").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect().left)"
    )
    assert len(set(lefts)) == 1
    assert serious_faults(page) == []
    assert phone.faults == []
    phone.close()


def expect_return(page: Page, wanted: str) -> None:
    """The page is of this return, and its script has run."""
    expect(page.locator("h1")).to_have_text(wanted)
    expect(page).to_have_url(re.compile(rf"/return\?id={wanted}(&|$)"))


def test_j_and_k_lead_through_the_list_that_a_return_was_opened_from(visit: Visit) -> None:
    page = visit.open("/returns?year=All&sort=-last_event_at")
    ids = [text.split()[-1] for text in page.locator("a.row .line:first-child").all_inner_texts()]
    assert len(ids) == 6
    page.locator("a.row").nth(1).click()
    expect_return(page, ids[1])
    page.get_by_role("link", name="Next (J)").click()
    expect_return(page, ids[2])
    expect(page.get_by_role("link", name="Next (J)")).to_be_visible()
    visit.wait_until_drawn()
    page.keyboard.press("j")
    expect_return(page, ids[3])
    page.reload()
    expect(page.get_by_role("link", name="Previous (K)")).to_be_visible()
    visit.wait_until_drawn()
    page.keyboard.press("k")
    expect_return(page, ids[2])
    assert serious_faults(page) == []
    page.go_back()
    expect_return(page, ids[3])
    visit.wait_until_drawn()
    page.keyboard.press("k")
    expect_return(page, ids[2])


def test_the_first_and_the_last_row_have_one_neighbor(visit: Visit) -> None:
    page = visit.open("/returns?year=All")
    page.locator("a.row").first.click()
    page.wait_for_url("**/return?**")
    expect(page.get_by_role("link", name="Next (J)")).to_be_visible()
    expect(page.get_by_role("link", name="Previous (K)")).to_have_count(0)
    page.go_back()
    page.locator("a.row").last.click()
    page.wait_for_url("**/return?**")
    expect(page.get_by_role("link", name="Previous (K)")).to_be_visible()
    expect(page.get_by_role("link", name="Next (J)")).to_have_count(0)


MANY = """\
A hundred and two returns, so that a list has two pages.

given raw.events
return_id | event_time       | tab      | label
{rows}
then mart.returns
return_id
"""


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("many")
    rows = "".join(f"r{number:03} | 2026-03-01 15:00 | Internal | Upload\n" for number in range(102))
    (folder / "many.txt").write_text(MANY.format(rows=rows), encoding="utf-8")
    with served(DataDir(tell([read_story(folder / "many.txt")], folder).parent)) as where:
        yield where


def test_the_neighbors_go_over_the_ends_of_the_pages_of_a_list(browser: Browser, many: str) -> None:
    visit = Visit(browser, many)
    page = visit.open("/returns?year=All&page=2")
    page.locator("a.row").last.click()
    expect_return(page, "r101")
    expect(page.get_by_role("link", name="Next (J)")).to_have_count(0)
    for wanted in ("r100", "r099", "r098"):
        page.get_by_role("link", name="Previous (K)").click()
        expect_return(page, wanted)
    visit.open("/returns?year=All")
    page.locator("a.row").last.click()
    expect_return(page, "r099")
    page.get_by_role("link", name="Next (J)").click()
    expect_return(page, "r100")
    # The whole list is known now; its ends have one neighbor.
    page.get_by_role("link", name="Next (J)").click()
    expect_return(page, "r101")
    expect(page.get_by_role("link", name="Previous (K)")).to_be_visible()
    expect(page.get_by_role("link", name="Next (J)")).to_have_count(0)
    assert visit.faults == []
    visit.close()


@pytest.mark.parametrize(
    "asked", ["x", {"list": "nobody", "page": 2}, {"list": "all returns", "page": "2"}, {"page": 1}, None]
)
def test_a_list_that_the_session_has_not_shown_has_no_rows(asked: object) -> None:
    assert more_rows(asked) is None


def test_letters_that_are_typed_lead_nowhere(visit: Visit) -> None:
    page = visit.open("/returns?year=All")
    page.locator("a.row").first.click()
    page.wait_for_url("**/return?**")
    expect(page.get_by_role("link", name="Next (J)")).to_be_visible()
    visit.wait_until_drawn()
    where, box = page.url, visit.open_search()
    box.press_sequentially("jjk")
    expect(page.get_by_text("No return is found for “jjk”.")).to_be_visible()
    assert page.url == where


def test_a_shared_link_has_no_neighbors(visit: Visit) -> None:
    page = visit.open("/return?id=twice")
    expect(page.get_by_role("list", name="Email addresses")).to_have_count(0)
    expect(page.get_by_role("link", name="Next (J)")).to_have_count(0)
    page.keyboard.press("j")
    assert "id=twice" in visit.wait_until_drawn().url
