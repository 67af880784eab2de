"""Where people sign in, the data owner alone adds exports, and the audit trail has each act."""

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from etl.access import audit
from etl.access.audit import pseudonym
from etl.common.paths import SHIPPED, DataDir
from etl.store.parts import parts
from support.provider import Provider, provided, visits_signed_in, write_secrets
from support.served import Visit, free_port, served

ACCESS = """
[access]
data_owner = ["owner@firm.example"]
manager = ["manager@firm.example"]
"""
ROWS = "Event\tDate/Time\tUser\nAccess Link selected\t3/26/2026 7:20 PM\tAnn Lee\n"


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DataDir, str, Provider]]:
    """One dashboard for all tests, its data directory with people under [access], and their provider."""
    data, port = DataDir(tmp_path_factory.mktemp("adding")), free_port()
    write_settings(data)
    with provided({"owner@firm.example": {}, "manager@firm.example": {}}) as provider:
        write_secrets(data, port, provider)
        with served(data, port) as address:
            yield data, address, provider


def write_settings(data: DataDir, more: str = "") -> None:
    shipped = (SHIPPED / "settings.toml").read_text(encoding="utf-8")
    (data.root / "settings.toml").write_text(shipped + ACCESS + more, encoding="utf-8")


@pytest.fixture
def data(dashboard: tuple[DataDir, str, Provider]) -> DataDir:
    """The data directory of the dashboard, where nobody has done anything."""
    data, *_ = dashboard
    write_settings(data)
    shutil.rmtree(data.audit, ignore_errors=True)
    return data


@pytest.fixture
def visit(
    browser: Browser, dashboard: tuple[DataDir, str, Provider], data: DataDir
) -> Iterator[Callable[[str | None], Visit]]:
    """Signs in as somebody, in a browser of their own."""
    with visits_signed_in(browser, *dashboard[1:]) as one:
        yield one


def uploaded(page: Page) -> int:
    """The status of a file that is sent as the page sends one, with the page's cookies."""
    return page.evaluate("""async () => {
        const form = new FormData();
        form.append("file", new Blob(["Lee"]), "Lee.csv");
        const xsrf = document.cookie.split("; ").find(one => one.startsWith("_streamlit_xsrf="));
        const headers = xsrf ? {"X-Xsrftoken": xsrf.split("=")[1]} : {};
        const where = "/_stcore/upload_file/no-session/no-file";
        return (await fetch(where, {method: "PUT", body: form, headers})).status;
    }""")


def trail(data: DataDir) -> list[dict]:
    lines = map(json.loads, audit.trail(data).file.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line["act"] in ("checked", "loaded", "removed")]


def test_the_data_owner_adds_and_takes_out_and_the_trail_says_so(visit: Callable, data: DataDir) -> None:
    owner = visit("owner@firm.example")
    page = owner.open("/add")
    page.get_by_role("textbox", name="Return ID").fill("2025-0001")
    page.get_by_role("radio", name="Client Tracking").check(force=True)
    page.get_by_role("textbox", name="Rows copied from User Tracking").fill(ROWS)
    page.get_by_role("button", name="Check").click()
    page.get_by_role("button", name="Load", exact=True).click()
    expect(page.get_by_role("heading", name="Loaded", exact=True)).to_be_visible()
    (part,) = parts(data)
    # The first data bring the filters beside the page, which moves its buttons.
    owner.wait_until_drawn()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("dialog").get_by_role("button", name="Take out").click()
    expect(page.get_by_role("heading", name="Taken out")).to_be_visible()
    digest = hashlib.sha256(ROWS.encode()).hexdigest()[:16]
    pasted = {"files": [digest], "for_return": pseudonym(data, "2025-0001")}
    assert [(line["who"], line["act"], line["row_count"], line["filters"]) for line in trail(data)] == [
        ("owner@firm.example", "checked", 1, pasted),
        ("owner@firm.example", "loaded", 1, pasted),
        ("owner@firm.example", "removed", 1, {"files": [part.file_id]}),
    ]
    assert audit.trail(data).faults() == [] and parts(data) == []


def test_nobody_else_adds_anything(visit: Callable, data: DataDir) -> None:
    stranger = visit(None).open("/add")
    assert stranger.locator("h1").all_inner_texts() == ["Not signed in"]
    assert uploaded(stranger) == 403
    manager = visit("manager@firm.example")
    page = manager.open("/")
    expect(page.get_by_role("heading", name="No data yet")).to_be_visible()
    assert page.get_by_role("link", name=re.compile("Add exports")).count() == 0
    assert manager.open("/add").locator("h1").all_inner_texts() == ["Not available for your role"]
    assert uploaded(page) == 403
    # There is no such session, and so no place for the file; but the owner would get this far.
    assert uploaded(visit("owner@firm.example").open("/add")) == 400
    assert trail(data) == []


def test_the_settings_switch_the_page_off(visit: Callable, data: DataDir) -> None:
    owner = visit("owner@firm.example")
    page = owner.open("/add")
    write_settings(data, "add = false\n")
    page.get_by_role("textbox", name="Return ID").fill("2025-0001")
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_text("[access] of settings.toml says add = false.")).to_be_visible()
    assert uploaded(page) == 403
    assert owner.open("/").get_by_role("link", name=re.compile("Add exports")).count() == 0
