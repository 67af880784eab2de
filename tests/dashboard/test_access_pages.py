"""Every page and state in Chromium, as axe, a reader and a keyboard meet it, on a desktop and on a phone.

Whoever adds a page or a state of one adds it to STATES.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import polars as pl
import pytest
from playwright.sync_api import Browser, Page, expect

from etl.common.paths import SHIPPED, DataDir
from etl.warehouse.ask import ask, open_warehouse
from support.looked_at import (
    OF_COLORS,
    TAGS,
    Found,
    Known,
    axe_faults,
    keyboard_faults,
    load_checks,
    seen_faults,
)
from support.provider import provided, write_secrets
from support.served import Visit, free_port, served

# What axe says of Streamlit's own parts. An entry that no state has any more fails the last test.
KNOWN: list[Known] = []
# The dialog of Streamlit leads Tab round a circle without what is in a shadow root. A letter typed on a
# result, and the arrow up from the first one, lead to the box.
NOT_REACHED = {"search": ["Tab does not reach: input.search “Client, number or email address” in "]}
# A name -> the dashboard that is asked, and the address.
STATES = {
    "first page": ("season", "/"),
    "first page, client": ("season", "/?move=Waiting+on+client&office=Austin"),
    "returns": ("season", "/returns"),
    "returns, filtered": ("season", "/returns?office=Austin&form=1040&form=1065&year=All"),
    "returns, second page": ("season", "/returns?year=All&page=2"),
    "returns, empty": ("season", "/returns?year=All&search=nobody+is+called+so"),
    "returns behind a number": ("season", "/returns?behind=waiting"),
    "no such list": ("season", "/returns?behind=nothing"),
    "unknown filter": ("season", "/returns?office=Nowhere"),
    "no such return": ("season", "/return?id=none"),
    "joint return": ("season", "/return?id={joint}"),
    "bounced return": ("season", "/return?id={bounced}"),
    "deleted return": ("season", "/return?id={deleted}"),
    "recalled return": ("season", "/return?id={recalled}&every=true"),
    "two lists": ("season", "/return?id={recalled}&shape=Two+lists"),
    "pipeline": ("season", "/pipeline"),
    "pipeline, step": ("season", "/pipeline?step=accessed&old=false"),
    "turnaround": ("season", "/turnaround?year=All"),
    "email": ("season", "/email"),
    "reports": ("season", "/reports"),
    "data": ("season", "/data"),
    "add": ("season", "/add"),
    "add, files": ("season", "/add"),
    "search": ("season", "/"),
    "menu": ("season", "/"),
    "sign-in": ("signin", "/"),
    "no data": ("nothing", "/"),
    "no data, add": ("nothing", "/add"),
}
WIDTHS = {"desktop": 1440, "phone": 390}


def open_search(visit: Visit) -> None:
    visit.open_search().fill("2025-000")
    expect(visit.page.get_by_role("dialog").get_by_role("link")).to_have_count(8)


def choose_files(visit: Visit) -> None:
    visit.page.get_by_role("radio", name="Choose files").click()
    visit.page.get_by_text("Exports: CSV, text").wait_for()


def open_menu(visit: Visit) -> None:
    """The menu, which a desktop shows anyway."""
    if visit.page.viewport_size["width"] < 800:
        visit.page.get_by_role("button", name="Expand sidebar").click()
    expect(visit.page.get_by_role("link", name="Data health")).to_be_in_viewport()


# What is done in a state after its page is open.
ACTS: dict[str, Callable[[Visit], None]] = {
    "search": open_search,
    "add, files": choose_files,
    "menu": open_menu,
}


@pytest.fixture(scope="module")
def addresses(season: DataDir, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Three dashboards: of a season, one that asks for a sign-in, and one of an empty data directory."""
    signin = DataDir(tmp_path_factory.mktemp("signin"))
    shutil.copy(season.warehouse, signin.warehouse)
    shipped = (SHIPPED / "settings.toml").read_text(encoding="utf-8")
    access = '\n[access]\nmanager = ["ann@firm.example"]\n'
    (signin.root / "settings.toml").write_text(shipped + access, encoding="utf-8")
    nothing, port = DataDir(tmp_path_factory.mktemp("nothing")), free_port()
    with ExitStack() as stack:
        write_secrets(signin, port, stack.enter_context(provided({})))
        yield {
            "season": stack.enter_context(served(season)),
            "signin": stack.enter_context(served(signin, port)),
            "nothing": stack.enter_context(served(nothing)),
        }


@pytest.fixture(scope="module")
def returns(season: DataDir) -> dict[str, str]:
    """Returns whose pages differ most."""
    with open_warehouse(season.warehouse) as warehouse:
        every = ask(warehouse, "all_returns")
        evidence = ask(warehouse, "signature_evidence")
        return {
            "joint": evidence.filter(pl.col("signer") == "spouse")["return_id"][0],
            "bounced": ask(warehouse, "bounced_emails")["return_id"][0],
            "deleted": every.filter(handling_state="deleted")["return_id"][0],
            "recalled": ask(warehouse, "recalls")["return_id"][0],
        }


Look = Callable[[str, str], dict[str, Found]]


@pytest.fixture(scope="module")
def look(browser: Browser, addresses: dict[str, str], returns: dict[str, str]) -> Look:
    """The faults of a state at a width by what they are of, each looked for once."""

    @cache
    def faults_of(state: str, width: str) -> dict[str, Found]:
        served_by, path = STATES[state]
        visit = Visit(browser, addresses[served_by], WIDTHS[width])
        page = visit.open(path.format_map(returns))
        if state in ACTS:
            ACTS[state](visit)
            visit.wait_until_drawn()
        found = {"light": axe_faults(page, KNOWN, TAGS if width == "desktop" else OF_COLORS)}
        # Streamlit follows what the system prefers at once, and a theme changes colors alone.
        page.emulate_media(color_scheme="dark")
        page.wait_for_function(DARK)
        visit.wait_until_drawn()
        found["dark"] = axe_faults(page, KNOWN, OF_COLORS if width == "desktop" else TAGS)
        found["seen"] = Found(seen_faults(visit), set())
        found["keyboard"] = Found(keyboard_faults(page), set())
        found["console"] = Found(visit.faults, set())
        visit.close()
        return found

    return faults_of


DARK = "() => getComputedStyle(document.querySelector('.stApp')).backgroundColor === 'rgb(20, 25, 29)'"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("state", STATES)
def test_a_state_has_no_fault(look: Look, state: str, width: str) -> None:
    found = look(state, width)
    faults = {name: one.faults for name, one in found.items() if one.faults}
    assert faults == ({"keyboard": NOT_REACHED[state]} if state in NOT_REACHED else {})


def test_what_is_known_of_streamlit_is_still_so(look: Look) -> None:
    met = {
        known
        for state in STATES
        for width in WIDTHS
        for one in look(state, width).values()
        for known in one.known
    }
    assert [one for one in KNOWN if one not in met] == []


FAULTY = """
<style>body { margin: 0 } .short { width: 4rem; overflow: hidden; white-space: nowrap }
  .large button { min-height: 40px }</style>
<main data-testid="stMain" style="width: 390px; overflow: auto">
  <div style="width: 800px">A table that is wider than the window</div>
  <p class="short">A name that is too long</p>
  <p class="short" title="All of it" style="text-overflow: ellipsis">All of it is said</p>
  <p style="position: absolute; top: 300px; margin: 0">One text is here</p>
  <p style="position: absolute; top: 304px; margin: 0">Another is there</p>
  <p style="margin-top: 300px">A link in <a href="#a">a sentence</a> is as high as its line.</p>
  <div><button style="width: 20px; height: 20px; padding: 0">x</button></div>
  <div><button style="outline: none; width: 80px; height: 40px">Unshown</button></div>
  <div class="large"><button onfocus="this.nextSibling.focus()">Unreached</button><button>After</button></div>
  <p style="transition: color 1s">This moves</p>
</main>
"""


def test_the_checks_find_what_they_are_for(browser: Browser) -> None:
    page: Page = browser.new_page(viewport={"width": 390, "height": 900})
    page.set_content(FAULTY)
    load_checks(page)

    def check(name: str) -> list[str]:
        return page.evaluate("(name) => lookedAt[name]()", name)

    assert "is 800 wide in 390" in check("wide")[0]
    assert [fault for fault in check("clipped") if "All of it" in fault] == []
    assert len(check("clipped")) == 1 and "A name that is too long" in check("clipped")[0]
    assert check("overprinted") == ["“One text is here” and “Another is there” are printed over each other"]
    assert len(check("small")) == 1 and check("small")[0].startswith("20×20: button “x”")
    assert len(check("moving")) == 1 and "This moves" in check("moving")[0]
    keyboard = keyboard_faults(page)
    assert [fault for fault in keyboard if fault.startswith("focus is not shown")] == [
        "focus is not shown: button “Unshown” in stMain"
    ]
    assert "Tab does not reach: button “Unreached” in stMain" in keyboard
    page.close()
