"""Sign-in as people see it: a real provider, a real server, and browsers with different rights."""

import csv
import http.client
import io
import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import httpx
import polars as pl
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from playwright.sync_api import Browser, Page, expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from dashboard.guard.navigation import PAGES, is_open
from etl.access import audit
from etl.access.audit import pseudonym
from etl.common.paths import SHIPPED, DataDir
from etl.config.access import ROLES, Scope
from etl.warehouse.ask import Warehouse, ask, open_warehouse
from etl.warehouse.cells import as_csv
from support.provider import COOKIE_SECRET, Provider, provided, visits_signed_in, write_secrets
from support.served import Visit, free_port, served

PATHS = (
    "/",
    "/returns",
    "/return?id=2025-00001",
    "/pipeline",
    "/turnaround",
    "/email",
    "/reports",
    "/add",
    "/data",
)
MINUTE, HOUR = 60, 3600
ACCOUNTS = {
    "owner@firm.example": {},
    "manager@firm.example": {},
    "staff@firm.example": {},
    "viewer@firm.example": {},
    "claimed@firm.example": {"roles": ["staff"], "offices": "Portland"},
    "stranger@firm.example": {},
    "unverified@firm.example": {"email": "manager@firm.example", "email_verified": False},
    "expired@firm.example": {"exp": -5},
    "idle@firm.example": {"iat": -31 * MINUTE},
    "long@firm.example": {"iat": -8 * HOUR, "exp": 20 * HOUR},
    "leaver@firm.example": {},
}
ACCESS = """
[access]
data_owner = ["owner@firm.example"]
manager = ["manager@firm.example", "expired@firm.example", "idle@firm.example", "long@firm.example",
  "leaver@firm.example"]
viewer = ["viewer@firm.example"]
role_claim = "roles"
office_claim = "offices"
[access.staff]
Austin = ["staff@firm.example"]
"""
UNKNOWN = "This account is not known here, so it sees nothing. Ask whoever runs the dashboard."
NOT_ADMITTED = {
    "stranger@firm.example": UNKNOWN,
    "unverified@firm.example": UNKNOWN,
    "expired@firm.example": "Your sign-in has expired. Sign in again.",
    "idle@firm.example": "No activity for 30 minutes. Sign in again.",
    "long@firm.example": "A sign-in is valid for 8 h at most. Sign in again.",
}


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with provided(ACCOUNTS) as one:
        yield one


@pytest.fixture(scope="module")
def data(season: DataDir, tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    """The season's warehouse, with people under [access]."""
    found = DataDir(tmp_path_factory.mktemp("signin"))
    shutil.copy(season.warehouse, found.warehouse)
    shipped = (SHIPPED / "settings.toml").read_text(encoding="utf-8")
    (found.root / "settings.toml").write_text(shipped + ACCESS, encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def address(data: DataDir, provider: Provider) -> Iterator[str]:
    port = free_port()
    write_secrets(data, port, provider)
    with served(data, port) as where:
        yield where


@pytest.fixture(scope="module")
def warehouse(data: DataDir) -> Iterator[Warehouse]:
    with open_warehouse(data.warehouse) as one:
        yield one


@pytest.fixture
def visit(browser: Browser, address: str, provider: Provider) -> Iterator[Callable[[str | None], Visit]]:
    """Signs in as somebody, in a browser of their own."""
    with visits_signed_in(browser, address, provider) as one:
        yield one


@contextmanager
def signed_in(address: str, who: str) -> Iterator[httpx.Client]:
    """A client that has signed in with the provider as a browser does, without the pages."""
    words = {"provider": "default", "exp": int(time.time()) + 60}
    with httpx.Client(base_url=address, follow_redirects=True, timeout=60) as client:
        token = jwt.encode({"alg": "HS256"}, words, OctKey.import_key(COOKIE_SECRET))
        choice = client.get("/auth/login", params={"provider": token}).url
        assert client.get(choice.copy_add_param("account", who)).url == f"{address}/"
        yield client


def fetched(visit: Visit | None, address: str, path: str, **headers: str) -> tuple[int, bytes]:
    """What an address answers to a browser with its cookies, or without any."""
    cookies = visit.page.context.cookies() if visit else []
    words = "; ".join(f"{one['name']}={one['value']}" for one in cookies)
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    connection.request("GET", path, headers={"Cookie": words} | headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


def rows_of(content: bytes) -> list[dict]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def names_in(warehouse: Warehouse) -> set[bytes]:
    """What would identify a client: names and numbers, as text."""
    rows = ask(warehouse, "all_returns", ["client_name", "return_id"])
    return {name.encode() for column in rows.columns for name in rows[column].drop_nulls()}


def record_frames(page: Page) -> list[bytes]:
    """All that the server sends from now on over the web socket."""
    frames: list[bytes] = []
    page.on(
        "websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(as_bytes(frame)))
    )
    return frames


def as_bytes(frame: bytes | str) -> bytes:
    return frame if isinstance(frame, bytes) else frame.encode()


def test_nobody_sees_anything_before_a_sign_in(visit: Callable, address: str, warehouse: Warehouse) -> None:
    stranger = visit(None)
    frames = record_frames(stranger.page)
    for path in ("/", "/return?id=2025-00001", "/data"):
        page = stranger.open(path)
        assert page.locator("h1").all_inner_texts() == ["Not signed in"], path
        assert page.get_by_test_id("stSidebarNav").count() == 0
    assert not [name for name in names_in(warehouse) if any(name in frame for frame in frames)]
    assert fetched(None, address, "/csv/all_returns") == (401, b"This needs a sign-in.\n")
    forged = {"Cookie": '_streamlit_user={"is_logged_in": true, "email": "owner@firm.example"}'}
    assert fetched(None, address, "/csv/all_returns", **forged)[0] == 401


@pytest.mark.parametrize("who", ["stranger@firm.example", "expired@firm.example"])
def test_somebody_unknown_or_too_late_sees_a_sentence(visit: Callable, address: str, who: str) -> None:
    somebody = visit(who)
    expect(somebody.page.get_by_role("heading", name="No access")).to_be_visible()
    expect(somebody.page.get_by_text(NOT_ADMITTED[who])).to_be_visible()
    assert somebody.page.get_by_test_id("stSidebarNav").count() == 0
    somebody.page.get_by_role("button", name="Sign out").click()
    expect(somebody.page.get_by_role("heading", name="Not signed in")).to_be_visible()


@pytest.mark.parametrize("who", list(NOT_ADMITTED))
def test_somebody_unknown_or_too_late_gets_no_file(address: str, who: str) -> None:
    with signed_in(address, who) as client:
        answer = client.get("/csv/headline")
    assert (answer.status_code, answer.text) == (401, f"{NOT_ADMITTED[who]}\n")


def test_an_account_that_is_refused_is_in_the_audit_trail_once_for_each_sign_in(
    address: str, data: DataDir
) -> None:
    def refusals() -> list[tuple[str, str]]:
        lines = map(json.loads, audit.trail(data).file.read_text(encoding="utf-8").splitlines())
        return [(one["who"], one["role"]) for one in lines if one["act"] == "refused"]

    with signed_in(address, "manager@firm.example") as client:
        assert client.get("/csv/headline").status_code == 200
    before = len(refusals())
    for who in ("unverified@firm.example", "expired@firm.example"):
        with signed_in(address, who) as client:
            assert [client.get("/csv/headline").status_code for _ in range(2)] == [401, 401]
    # The address is only what the account says of itself; the provider's own name for it goes with it.
    assert refusals()[before:] == [("manager@firm.example unverified@firm.example", "none")]


def test_two_people_see_what_is_theirs(visit: Callable, address: str, warehouse: Warehouse) -> None:
    staff, manager = visit("staff@firm.example"), visit("manager@firm.example")
    returns = ask(warehouse, "all_returns")
    ours, others = (returns.filter(returns["office"] == office) for office in ("Austin", "Portland"))
    other = others.row(0, named=True)
    frames = record_frames(staff.page)
    for visitor, count in ((manager, returns.height), (staff, ours.height)):
        page = visitor.open("/returns?year=All")
        expect(page.get_by_role("status").get_by_text(f"{count} returns", exact=True)).to_be_visible()
    # A link to another office, a return of it, and a search for it.
    page = staff.open("/returns?office=Portland")
    expect(page.get_by_text("Office: there is no “Portland”.")).to_be_visible()
    expect(page.locator("a.row")).to_have_count(0)
    expect(
        staff.open(f"/return?id={other['return_id']}").get_by_role("heading", name="No such return")
    ).to_be_visible()
    staff.open_search().fill(other["return_id"])
    expect(staff.page.get_by_text(f"No return is found for “{other['return_id']}”.")).to_be_visible()
    assert any(name.encode() in frame for name in set(ours["client_name"]) for frame in frames)
    names = {row["client_name"] for row in others.iter_rows(named=True)} - set(ours["client_name"])
    assert not [name for name in names if any(name.encode() in frame for frame in frames)]
    expect(manager.open(f"/return?id={other['return_id']}").locator("h1")).to_have_text(other["client_name"])
    # Files.
    assert fetched(staff, address, "/csv/all_returns")[1] == as_csv(
        ask(warehouse, "all_returns", for_offices=["Austin"]), warehouse.facts.timezone
    ).encode("utf-8-sig")
    assert len(rows_of(fetched(manager, address, "/csv/all_returns")[1])) == returns.height
    for query in (
        "/csv/all_returns?for_offices=Portland",
        f"/csv/return_timeline?for_return={other['return_id']}",
    ):
        assert rows_of(fetched(staff, address, query)[1]) == []
        assert rows_of(fetched(manager, address, query)[1]) != []


def test_a_role_and_an_office_may_come_from_the_provider(address: str, warehouse: Warehouse) -> None:
    with signed_in(address, "claimed@firm.example") as client:
        found = rows_of(client.get("/csv/all_returns").content)
    assert [row["return_id"] for row in found] == ask(warehouse, "all_returns", for_offices=["Portland"])[
        "return_id"
    ].to_list()


def test_a_viewer_gets_counts_and_no_name_of_a_client(
    visit: Callable, address: str, warehouse: Warehouse
) -> None:
    viewer = visit("viewer@firm.example")
    frames, titles = record_frames(viewer.page), []
    for path in PATHS:
        page = viewer.open(path)
        titles.append(page.locator("h1").inner_text())
    denied = "Not available for your role"
    assert titles[:4] == ["Needs attention", denied, denied, "Pipeline"]
    assert titles[4:] == ["Turnaround", "Email health", "Reports", denied, denied]
    assert page.get_by_role("button", name="Find a return").count() == 0
    assert [name for name in names_in(warehouse) if any(name in frame for frame in frames)] == []
    # Few returns of one form are one partner's: nothing about them is shown, and no page fails.
    delivered = ask(warehouse, "all_returns").drop_nulls(["partner", "return_type", "delivered_at"])
    groups = delivered.group_by("partner", "return_type").len().sort(pl.all())
    few = groups.filter(pl.col("len").is_between(1, 4)).row(0, named=True)
    every = "old=false&year=All"
    narrow = urlencode({"partner": few["partner"], "form": few["return_type"]})
    for path in ("/", "/pipeline", "/turnaround", "/email", "/reports"):
        shown = viewer.open(f"{path}?{narrow}&{every}").locator("body").inner_text()
        assert "Something went wrong" not in shown, path
        assert "This view has fewer than 5 returns." in shown, path
    for path in ("/pipeline", "/email"):
        page = viewer.open(f"{path}?form={few['return_type']}&{every}")
        expect(page.get_by_text("under 5").first).to_be_visible()
    assert fetched(viewer, address, "/csv/firm_funnel")[0] == 200
    for report in ("all_returns", "find_returns?search=an", "return_timeline", "load_quality", "nothing"):
        assert fetched(viewer, address, f"/csv/{report}") == (403, b"This is not available for your role.\n")
    assert fetched(viewer, address, "/csv/email_health?split_by=mail_domain")[0] == 400


def test_the_audit_trail_records_who_saw_and_exported_what(
    visit: Callable, address: str, data: DataDir, warehouse: Warehouse
) -> None:
    wanted = ask(warehouse, "all_returns")["return_id"][0]
    with signed_in(address, "manager@firm.example") as manager:
        count = len(rows_of(manager.get(f"/csv/return_timeline?for_return={wanted}").content))
        manager.get("/csv/work_list?for_years=2025&for_partners=E.%20Tanaka&for_partners=Somebody")
    owner = visit("owner@firm.example")
    owner.open("/data").get_by_role("heading", name="Who saw what").scroll_into_view_if_needed()
    assert audit.trail(data).faults() == []
    lines = [json.loads(line) for line in audit.trail(data).file.read_text(encoding="utf-8").splitlines()]
    timeline, work_list = [
        line for line in lines if line["act"] == "exported" and line["who"] == "manager@firm.example"
    ][-2:]
    assert (timeline["role"], timeline["report"], timeline["row_count"]) == (
        "manager",
        "return_timeline",
        count,
    )
    assert timeline["filters"] == {"for_return": pseudonym(data, wanted)}
    assert work_list["filters"] == {"for_years": ["2025"], "for_partners": 2}
    acts = {(line["act"], line["report"]) for line in lines if line["who"] == "owner@firm.example"}
    assert acts >= {("signed in", None), ("saw", "work_list"), ("saw", "load_quality")}
    trail = audit.trail(data).file.read_bytes()
    assert [name for name in names_in(warehouse) if name in trail] == []


def test_data_health_is_the_data_owners_alone() -> None:
    """The pages of each role; the test of a viewer opens those that are closed."""
    closed = {
        role: [address for address in PAGES if not is_open(address, Scope(role))] for role in ROLES.values()
    }
    assert closed.pop("viewer") == ["returns", "return", "add", "data"]
    assert closed == {"staff": ["add", "data"], "manager": ["add", "data"], "data owner": []}


def test_a_page_of_another_site_opens_no_web_socket(address: str) -> None:
    where = address.replace("http", "ws", 1) + "/_stcore/stream"
    other_port = f"{address.rpartition(':')[0]}:1"
    elsewhere = ("http://elsewhere.invalid", f"{address}.elsewhere.invalid", other_port)
    for origin in (*elsewhere, "http://[x", "null"):
        with (
            pytest.raises(InvalidStatus, match="403"),
            connect(where, subprotocols=["streamlit"], origin=origin),
        ):
            pass
    with connect(where, subprotocols=["streamlit"], origin=address) as socket:
        assert socket.subprotocol == "streamlit"


def test_a_click_on_csv_leaves_no_address_that_works_without_the_session(
    visit: Callable, address: str, warehouse: Warehouse
) -> None:
    staff = visit("staff@firm.example")
    asked: list[str] = []
    staff.page.on("request", lambda request: asked.append(request.url))
    page = staff.open("/returns")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="CSV").click()
    rows = ask(warehouse, "all_returns", for_offices=["Austin"], for_years=["2025"])
    expected = as_csv(rows, warehouse.facts.timezone).encode("utf-8-sig")
    assert Path(waiting.value.path()).read_bytes() == expected
    assert re.fullmatch(r"all_returns-2025-2026-04-02\.csv", waiting.value.suggested_filename)
    path = waiting.value.url.removeprefix(address)
    assert fetched(staff, address, path)[1] == expected
    assert fetched(None, address, path)[0] == 401
    assert fetched(staff, address, path, **{"Sec-Fetch-Site": "cross-site"})[0] == 403
    left = {urlsplit(url).path for url in asked if urlsplit(url).path.startswith("/media/")}
    assert {path for path in left if not path.endswith((".svg", ".png"))} == set()


def test_signing_out_in_one_window_ends_every_other_and_the_cookie(visit: Callable, address: str) -> None:
    manager = visit("manager@firm.example")
    other = manager.page.context.new_page()
    other.goto(f"{address}/returns")
    expect(other.locator("a.row").first).to_be_visible()
    cookie = "; ".join(f"{one['name']}={one['value']}" for one in manager.page.context.cookies())
    assert fetched(None, address, "/csv/headline", Cookie=cookie)[0] == 200
    manager.page.get_by_role("button", name="Sign out").click()
    expect(manager.page.get_by_role("heading", name="Not signed in")).to_be_visible()
    assert fetched(None, address, "/csv/headline", Cookie=cookie) == (
        401,
        b"You have signed out. Sign in again.\n",
    )
    other.get_by_role("link", name="Pipeline").click()
    expect(other.get_by_role("heading", name="No access")).to_be_visible()
    expect(other.get_by_text("You have signed out.")).to_be_visible()


def test_rights_that_are_taken_away_are_gone_at_the_next_click(
    visit: Callable, address: str, data: DataDir
) -> None:
    leaver = visit("leaver@firm.example")
    settings = data.root / "settings.toml"
    before = settings.read_text(encoding="utf-8")
    leaver.open("/returns")
    try:
        settings.write_text(before.replace('"leaver@firm.example"', '"other@firm.example"'), encoding="utf-8")
        leaver.page.get_by_role("link", name="Pipeline").click()
        expect(leaver.page.get_by_text("This account is not known here")).to_be_visible()
        settings.write_text(before + '\n"half a line', encoding="utf-8")
        leaver.page.reload()
        expect(leaver.page.get_by_text("not TOML")).to_be_visible()
        expect(leaver.page.get_by_text("Something went wrong")).to_have_count(0)
        assert fetched(leaver, address, "/csv/headline")[0] == 400
    finally:
        settings.write_text(before, encoding="utf-8")
