"""Exports are added in the browser: checked, shown, loaded, and taken out again, without a terminal."""

import fcntl
import gzip
import re
import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, Locator, Page, expect

from etl.adding import harmless
from etl.common.paths import SHIPPED, DataDir
from etl.common.terminal import CONTROL_CHARACTERS
from etl.store.parts import parts, refusals
from support.served import Visit, process_of, serious_faults, served

# The tab as it is copied: the statuses of an email are indented below its label.
DIALOG = """\
Event\tDate/Time\tUser
Taxpayer: Initial Email\t\t
    Processed\t3/25/2026 2:05 PM\tSystem
    Delivered\t3/25/2026 2:06 PM\tSystem
    Open\t3/25/2026 7:10 PM\tAnn Lee
Access Link selected\t3/26/2026 7:20 PM\tAnn Lee
Taxpayer: Tax Return Accessed\t3/26/2026 7:21 PM\tAnn Lee
"""
CLIENT_ROWS = """\
Event\tDate/Time\tUser
Access Link selected\t3/26/2026 7:20 PM\tAnn Lee
Taxpayer: Tax Return Accessed\t3/26/2026 7:21 PM\tAnn Lee
"""
LOG = """\
Return ID,Tab,Event,Status,Date/Time,User
{id},Internal,Upload,,2026-03-01 09:00,Amy
{id},Internal,Deliver to Client,,2026-03-02 09:00,Amy
"""
# It is small until it is unpacked.
ROWS = (f"{number},Internal,Upload,,2026-03-01 09:00,Amy\n" for number in range(1, 60_001))
LARGE = gzip.compress(("Return ID,Tab,Event,Status,Date/Time,User\n" + "".join(ROWS)).encode())
# The words of at most 20 letters, and the dates, that begin on one line and end on another.
BROKEN_WORDS = """() => {
    const broken = [], main = document.querySelector("[data-testid=stMain]");
    const texts = document.createTreeWalker(main, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        for (const word of texts.currentNode.data.matchAll(/\\d+-\\d+-\\d+|[\\w:,.]+/g)) {
            const range = document.createRange();
            range.setStart(texts.currentNode, word.index);
            range.setEnd(texts.currentNode, word.index + word[0].length);
            const lines = new Set([...range.getClientRects()].map(one => Math.round(one.top)));
            if (word[0].length <= 20 && lines.size > 1) broken.push(word[0]);
        }
    }
    return broken;
}"""
NAMES = st.text(max_size=300) | st.lists(st.sampled_from("./\\~ ab\u202e\0\n漢"), max_size=300).map("".join)


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DataDir, str]]:
    """One dashboard for all tests, and its data directory."""
    data = DataDir(tmp_path_factory.mktemp("adding"))
    with served(data) as where:
        yield data, where


@pytest.fixture
def data(dashboard: tuple[DataDir, str]) -> Iterator[DataDir]:
    """The data directory of the dashboard, empty; at the end, no upload is left in it."""
    data, _ = dashboard
    shutil.rmtree(data.root)
    data.root.mkdir(mode=0o700)
    yield data
    assert list(data.adding.glob("*")) == []


@pytest.fixture
def visitor(
    browser: Browser, dashboard: tuple[DataDir, str], data: DataDir
) -> Iterator[Callable[..., Visit]]:
    """Visits of the dashboard of the empty directory."""
    visits: list[Visit] = []

    def visit(width: int = 1440, dark: bool = False) -> Visit:
        visits.append(Visit(browser, dashboard[1], width, dark))
        return visits[-1]

    yield visit
    for one in visits:
        assert one.faults == []
        one.close()


@contextmanager
def files_at_most(size: int, where: str) -> Iterator[None]:
    """No process of the dashboard can write a larger file, as if the disk were full."""
    server = int(process_of(where).name)
    before = resource.prlimit(server, resource.RLIMIT_FSIZE)
    resource.prlimit(server, resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.prlimit(server, resource.RLIMIT_FSIZE, before)


@contextmanager
def locked(data: DataDir) -> Iterator[None]:
    """Another process writes in the data directory."""
    with open(data.root / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def field(page: Page, label: str) -> Callable[[str], None]:
    return page.get_by_role("textbox", name=label, exact=True).fill


def paste(page: Page, rows: str = CLIENT_ROWS, return_id: str = "2025-0001") -> None:
    """Types what the rows do not say, and pastes them from the clipboard."""
    field(page, "Return ID")(return_id)
    field(page, "Client (optional)")("Ann Lee")
    field(page, "Form (optional)")("1040")
    page.get_by_role("radio", name="Client Tracking").check(force=True)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("text => navigator.clipboard.writeText(text)", rows)
    page.get_by_role("textbox", name="Rows copied from User Tracking").focus()
    page.keyboard.press("Control+v")


def choose(page: Page, *files: tuple[str, str | bytes]) -> None:
    page.get_by_role("radio", name="Choose files").or_(
        page.get_by_role("button", name="Choose files", exact=True)
    ).first.click()
    chosen = [
        {"name": name, "mimeType": "", "buffer": text.encode() if isinstance(text, str) else text}
        for name, text in files
    ]
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(chosen)
    for name, _ in files:
        expect(page.get_by_text(name, exact=True)).to_be_visible()


def check(page: Page) -> None:
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("heading", name="What was found")).to_be_visible()


def load(page: Page, heading: str = "Loaded") -> None:
    page.get_by_role("button", name="Load", exact=True).click()
    expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()


def listed(page: Page, title: str) -> Locator:
    """The files under a title."""
    status = page.get_by_role("status").filter(has=page.get_by_text(title, exact=True))
    return status.get_by_role("listitem")


def names(data: DataDir) -> list[str]:
    return sorted(part.ledger["file_name"] for part in parts(data))


def test_a_newcomer_pastes_the_dialog_and_sees_the_timeline(visitor: Callable, data: DataDir) -> None:
    visit = visitor()
    page = visit.open("/")
    expect(page.get_by_role("heading", name="No data yet")).to_be_visible()
    page.get_by_role("link", name="Add exports in the browser").click()
    expect(page.get_by_role("heading", name="Add exports")).to_be_visible()
    paste(page, DIALOG)
    check(page)
    expect(page.get_by_text("5 of 5 records would be loaded.")).to_be_visible()
    records = page.get_by_role("region", name="The first records as they would be stored")
    expect(records.get_by_role("row", name="in America/New_York")).to_contain_text("2026-03-25 14:05:00")
    assert parts(data) == []
    load(page)
    expect(page.get_by_text("Pasted 2025-0001 Client.txt: loaded, 5 of 5 records")).to_be_visible()
    page.get_by_role("link", name="Open the return · 2025-0001").click()
    expect(page.get_by_role("heading", name="Ann Lee")).to_be_visible()
    expect(page.get_by_text("Mar 26", exact=True).first).to_be_visible()
    expect(page.get_by_text("7:21 PM", exact=True)).to_be_visible()


def test_what_is_typed_is_needed(visitor: Callable) -> None:
    page = visitor().open("/add")
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("alert").get_by_role("listitem")).to_have_text(
        [
            "Type the return ID: every row gets it.",
            "Choose the tab that you copied from.",
            "Paste the rows that you copied.",
        ]
    )


def test_a_file_without_a_return_id_is_loaded_with_one_that_is_typed(
    visitor: Callable, data: DataDir
) -> None:
    visit = visitor()
    page = visit.open("/add")
    choose(page, ("no id.csv", "Event,Date/Time\nUpload,2026-03-01 09:00\n"))
    assert not page.get_by_role("textbox", name="Return ID", exact=True).is_visible()
    check(page)
    why = "It cannot be loaded as it is: neither its headings nor its name say the return ID and tab."
    fields = "“For one file without a return ID or a tab”"
    todo = f"type the return ID and choose the tab above, under {fields}, and click Check again."
    expect(page.get_by_text(why)).to_be_visible()
    expect(page.get_by_text(f"If all rows are of one return and one tab, {todo}")).to_be_visible()
    visit.wait_until_drawn()
    # What is said to a person at a terminal is not said here.
    shown = page.get_by_test_id("stMain").inner_text()
    assert str(data.root) not in shown and "--set" not in shown and "return_id" not in shown
    # The fields are open now.
    field(page, "Return ID")("2025-0001")
    page.get_by_role("radio", name="Internal Tracking").check(force=True)
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_text("1 of 1 records would be loaded.")).to_be_visible()
    expect(page.get_by_text("It cannot be loaded as it is")).to_have_count(0)
    load(page)
    expect(page.get_by_role("link", name="Open the return · 2025-0001")).to_be_visible()


def test_tables_say_columns_in_words(visitor: Callable) -> None:
    page = visitor().open("/add")
    rows = LOG.format(id="R1").replace("User", "User,Printer").replace("Amy", "Amy,P1")
    choose(page, ("march.csv", rows))
    check(page)
    records = page.get_by_role("region", name="The first records as they would be stored")
    expect(records.locator("tbody th")).to_have_text(
        [
            "Firm",
            "Return",
            "Tab",
            "Event",
            "Date and time",
            "Time (UTC)",
            "in America/New_York",
            "Day",
            "User",
            "Other columns",
        ]
    )
    headings = page.get_by_role("region", name="What the headings mean")
    expect(headings.locator("thead th")).to_have_text(["Heading", "Our column", "First value"])
    expect(headings.locator("tbody td:nth-child(2)")).to_have_text(
        ["Return", "Tab", "Event", "Status", "Date and time", "User", "Other columns"]
    )


def test_what_was_said_of_a_file_goes_with_the_next_try(visitor: Callable) -> None:
    page = visitor().open("/add")
    choose(page, ("login.csv", "<html>sign in</html>"))
    check(page)
    expect(page.get_by_text("it is a web page (HTML)")).to_be_visible()
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("alert")).to_have_text("Choose a file first.")
    expect(page.get_by_role("heading", name="What was found")).to_have_count(0)
    choose(page, ("march.csv", LOG.format(id="R1")))
    check(page)
    expect(page.get_by_role("alert")).to_have_count(0)


def test_files_with_faults_stay_out_and_nothing_of_them_is_stored(visitor: Callable, data: DataDir) -> None:
    page = visitor().open("/add")
    choose(
        page,
        ("march <b>*.csv", LOG.format(id="R1")),
        ("login.csv", "<html>sign in</html>"),
        ("no id.csv", "Tab,Event,Date/Time\nClient,Upload,2026-03-01 09:00\n"),
        ("empty.csv", ""),
    )
    check(page)
    expect(page.get_by_text("1 of 4 files can be loaded. Nothing is stored yet.")).to_be_visible()
    expect(page.get_by_text("it is a web page (HTML)")).to_be_visible()
    expect(
        page.get_by_text("If all rows are of one return, choose this file alone, type the return ID above")
    ).to_be_visible()
    expect(page.get_by_text("the file is empty: 0 bytes")).to_be_visible()
    load(page)
    assert (names(data), refusals(data)) == (["march <b>*.csv"], [])
    expect(page.get_by_text("march <b>*.csv: loaded, 2 of 2 records.")).to_be_visible()


def test_an_undo_takes_out_what_was_loaded_and_the_same_may_be_added_again(
    visitor: Callable, data: DataDir
) -> None:
    visit = visitor()
    page = visit.open("/add")
    choose(page, ("march.csv", LOG.format(id="R1")), ("april.csv", LOG.format(id="R2")))
    check(page)
    load(page)
    assert names(data) == ["april.csv", "march.csv"]
    # The first data bring the filters beside the page, which moves its buttons.
    visit.wait_until_drawn()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("dialog").get_by_role("button", name="Keep").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("dialog").get_by_role("button", name="Take out").click()
    expect(page.get_by_role("heading", name="Taken out")).to_be_visible()
    assert parts(data) == []
    page.get_by_role("button", name="Add more").click()
    choose(page, ("march.csv", LOG.format(id="R1")))
    check(page)
    load(page)
    page.get_by_role("button", name="Add more").click()
    choose(page, ("march.csv", LOG.format(id="R1")))
    check(page)
    load(page)
    # It was there before, so it is not this load that an undo would take back.
    expect(page.get_by_text("nothing to do.")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)


def test_a_load_that_stops_in_its_middle_says_what_is_in_and_loads_the_rest(
    visitor: Callable, dashboard: tuple[DataDir, str], data: DataDir
) -> None:
    visit = visitor()
    page = visit.open("/add")
    choose(page, ("march.csv", LOG.format(id="R1")), ("may.csv.gz", LARGE))
    check(page)
    with files_at_most(1_000_000, dashboard[1]):
        load(page, "Partly loaded")
    full = "the disk is full. Free some space and try again."
    expect(page.get_by_role("alert").get_by_role("listitem")).to_have_text(
        [f"T{full[1:]}", f"The tables could not be built: warehouse.duckdb: {full} Nothing was built."]
    )
    expect(listed(page, "In the store")).to_have_text(["march.csv: 2 records"])
    expect(listed(page, "Not in the store yet")).to_have_text(["may.csv.gz"])
    assert names(data) == ["march.csv"]
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    visit.wait_until_drawn()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Loaded", exact=True)).to_be_visible()
    expect(page.get_by_text("may.csv.gz: loaded, 60000 of 60000 records.")).to_be_visible()
    visit.wait_until_drawn()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("dialog").get_by_role("button", name="Take out").click()
    expect(page.get_by_role("heading", name="Taken out")).to_be_visible()
    for line in ("march.csv: removed, 2 records.", "may.csv.gz: removed, 60,000 records."):
        expect(page.get_by_role("status").get_by_text(line)).to_be_visible()
    assert parts(data) == []


def test_a_check_that_could_not_be_done_is_tried_again(
    visitor: Callable, dashboard: tuple[DataDir, str]
) -> None:
    page = visitor().open("/add")
    choose(page, ("may.csv.gz", LARGE))
    with files_at_most(1_000_000, dashboard[1]):
        page.get_by_role("button", name="Check").click()
        expect(page.get_by_role("alert")).to_have_text("The disk is full. Free some space and try again.")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("1 of 1 file can be loaded.")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_two_people_see_their_own_files(visitor: Callable, data: DataDir) -> None:
    pages = {name: visitor().open("/add") for name in ("ann", "bea")}
    for name, page in pages.items():
        choose(page, (f"{name}.csv", LOG.format(id=name)))
        check(page)
    for name, page in pages.items():
        expect(page.get_by_role("heading", name=f"{name}.csv")).to_be_visible()
        page.get_by_role("button", name="Load", exact=True).click()
    for name, page in pages.items():
        expect(page.get_by_role("heading", name="Loaded", exact=True)).to_be_visible()
        expect(page.get_by_role("link", name=f"Open the return · {name}")).to_be_visible()
        assert page.get_by_text({"ann": "bea", "bea": "ann"}[name]).count() == 0
    assert names(data) == ["ann.csv", "bea.csv"]


def test_a_load_waits_for_nobody_who_writes_for_long(visitor: Callable, data: DataDir) -> None:
    page = visitor().open("/add")
    paste(page)
    check(page)
    with locked(data):
        load(page, "Not loaded")
        expect(page.get_by_role("alert")).to_contain_text("is writing here. Wait until it has finished")
        assert parts(data) == []
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Loaded", exact=True)).to_be_visible()
    assert names(data) == ["Pasted 2025-0001 Client.txt"]


def test_what_was_checked_is_forgotten_when_the_page_is_left(visitor: Callable) -> None:
    visit = visitor()
    page = visit.open("/add")
    paste(page)
    check(page)
    page.get_by_role("link", name="Pipeline").click()
    expect(page.get_by_role("heading", name="No data yet")).to_be_visible()
    page.get_by_role("link", name="Add exports", exact=True).click()
    expect(page.get_by_role("heading", name="Add exports")).to_be_visible()
    visit.wait_until_drawn()
    assert page.get_by_role("heading", name="What was found").count() == 0


def test_a_file_over_the_limit_of_the_settings_is_refused_at_once(browser: Browser, data: DataDir) -> None:
    shipped = (SHIPPED / "settings.toml").read_text(encoding="utf-8")
    small = shipped.replace("file_bytes = 4_000_000_000", "file_bytes = 2_000_000")
    (data.root / "settings.toml").write_text(small, encoding="utf-8")
    with served(data) as where:
        visit = Visit(browser, where)
        page = visit.open("/add")
        choose(page, ("large.csv", LOG + "x" * 2_000_000))
        expect(page.get_by_text("Up to 1 MB each. Put larger ones into the inbox folder")).to_be_visible()
        expect(page.get_by_text("File must be 1.0MB or smaller.")).to_be_visible()
        assert visit.faults == []
        visit.close()


@pytest.mark.parametrize(("width", "dark"), [(1440, True), (390, False)], ids=["desktop dark", "phone light"])
def test_what_was_found_fits_and_axe_finds_nothing_serious(visitor: Callable, width: int, dark: bool) -> None:
    visit = visitor(width, dark)
    page = visit.open("/add")
    paste(
        page,
        CLIENT_ROWS + "Never <i>seen</i>\t3/26/2026 7:30 PM\tAnn\nUpload\tsoon\tAnn\n" + "x" * 300 + "\n",
    )
    check(page)
    visit.wait_until_drawn()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(BROKEN_WORDS) == []
    assert serious_faults(page) == []
    load(page)
    visit.wait_until_drawn()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("dialog").get_by_role("button", name="Keep").wait_for()
    visit.wait_until_drawn()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert serious_faults(page) == []


@given(NAMES)
def test_the_name_of_an_upload_is_no_path_and_not_hidden(name: str) -> None:
    own = harmless(name)
    assert own == Path(own).name and not own.startswith(".")
    assert re.search(CONTROL_CHARACTERS, own) is None
    assert 0 < len(own.encode()) < 255


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("2025-0001 Lee client tracking.csv", "2025-0001 Lee client tracking.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Exports\\März.xlsx", "März.xlsx"),
        (".htaccess", "htaccess"),
        ("\u202evsc.eel\n", "vsc.eel"),
        ("", "unnamed"),
        (f"{'a' * 300}.csv.gz", f"{'a' * 200}.gz"),
    ],
)
def test_people_know_the_name_again(name: str, own: str) -> None:
    assert harmless(name) == own
