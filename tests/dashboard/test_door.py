"""Other accounts of the machine reach the port of the dashboard, and without its address get nothing."""

import re
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from dashboard.guard.door import NOT_KNOWN
from etl.access.entry import COOKIE_SECONDS, Entry, own_key
from etl.common.paths import DataDir
from etl.common.problem import Problem
from support.served import Visit, free_port, started, visitor_of

SECRET = "a text that the proxy and the dashboard know, and nobody else"
PATHS = ("/", "/returns", "/csv/headline", "/static/index.html", "/media/x", "/_stcore/host-config", "/none")


@pytest.fixture
def data(season: DataDir, tmp_path: Path) -> DataDir:
    """The season's warehouse in a directory of its own."""
    shutil.copy(season.warehouse, DataDir(tmp_path).warehouse)
    return DataDir(tmp_path)


def origin_of(address: str) -> str:
    return address.partition("/?")[0]


def next_address(data: DataDir, address: str) -> str:
    """What the file for the next browser says."""
    return (data.root / "app" / f"address-{urlsplit(address).port}.txt").read_text(encoding="utf-8").strip()


def test_without_the_printed_address_there_is_a_sentence_and_nothing_else(data: DataDir) -> None:
    with started(data) as address:
        origin = origin_of(address)
        with httpx.Client(base_url=origin, timeout=60) as other:
            guesses = ({}, {"params": {"token": "guess"}}, {"headers": {"X-Returntrail-Proxy": "guess"}})
            for path in PATHS:
                for guess in guesses:
                    answer = other.get(path, **guess)
                    assert (answer.status_code, answer.text, answer.cookies) == (403, NOT_KNOWN, {}), path
            assert other.put("/_stcore/upload_file/a/b", content=b"x").status_code == 403
            assert other.get("/_stcore/health").text == "ok"
        where = origin.replace("http", "ws", 1) + "/_stcore/stream"
        with pytest.raises(InvalidStatus, match="403"), connect(where, origin=origin):
            pass
        assert visitor_of(address).get(f"{origin}/csv/headline").status_code == 200


def test_the_address_works_once_and_the_next_one_is_in_a_file_of_the_account(data: DataDir) -> None:
    with started(data) as address:
        first = httpx.get(f"{address}&office=Austin&office=&year=2025", timeout=60)
        assert (first.status_code, first.headers["location"]) == (303, "/?office=Austin&office=&year=2025")
        (cookie,) = first.headers.get_list("set-cookie")
        name, *words = re.split("; |=", cookie)
        assert name.startswith("returntrail-") and Entry(data).knows(words[0])
        assert words[1:] == ["HttpOnly", "Max-Age", str(COOKIE_SECONDS), "Path", "/", "SameSite", "strict"]
        assert httpx.get(address, timeout=60).status_code == 403
        # Whoever clicks the printed address again is known already.
        again = httpx.get(address, cookies=first.cookies, timeout=60)
        assert (again.status_code, again.headers["location"]) == (303, "/")
        file = data.root / "app" / f"address-{urlsplit(address).port}.txt"
        modes = [stat.S_IMODE(path.stat().st_mode) for path in (file, file.parent, file.parent / "key")]
        assert modes == [0o600, 0o700, 0o600]
        assert next_address(data, address) != address
        assert visitor_of(next_address(data, address)).get(origin_of(address)).status_code == 200
    assert not file.exists()


def test_an_address_with_two_slashes_leads_to_no_other_host(data: DataDir) -> None:
    with started(data) as address:
        token = urlsplit(address).query
        answer = httpx.get(f"{origin_of(address)}//elsewhere.invalid/%5Cx?{token}", timeout=60)
        assert (answer.status_code, answer.headers["location"]) == (303, "/elsewhere.invalid/%5Cx")


def test_a_browser_stays_known_when_the_dashboard_is_restarted(browser: Browser, data: DataDir) -> None:
    port = str(free_port())
    with started(data, "--port", port) as address:
        visit = Visit(browser, origin_of(address))
        page = visit.open(f"/?{urlsplit(address).query}")
        assert page.url == f"{origin_of(address)}/"
        expect(page.get_by_role("heading", name="Needs attention")).to_be_visible()
        stranger = Visit(browser, origin_of(address))
        stranger.page.goto(f"{origin_of(address)}/returns")
        expect(stranger.page.get_by_text("This browser is not known here.")).to_be_visible()
        stranger.close()
    with started(data, "--port", port) as later:
        assert later != address
        assert httpx.get(address, timeout=60).status_code == 403
        page = visit.open("/returns")
        expect(page.locator("a.row").first).to_be_visible()
        with page.expect_download() as download:
            page.get_by_role("link", name="CSV").first.click()
        assert download.value.suggested_filename.startswith("all_returns")
    visit.close()


@contextmanager
def page_elsewhere(link: str) -> Iterator[str]:
    """The address of a page of another site that has a link."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(f'<link rel=icon href="data:,"><a href="{link}">the returns</a>'.encode())

        def log_message(self, *words: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_link_in_a_message_on_another_site_opens_the_page(browser: Browser, data: DataDir) -> None:
    """A browser sends a strict cookie with no such link, so the answer makes it ask again by itself."""
    with started(data) as address, page_elsewhere(f"{origin_of(address)}/returns?office=Austin") as elsewhere:
        visit = Visit(browser, origin_of(address), also_allowed=(elsewhere,))
        visit.open(f"/?{urlsplit(address).query}")
        visit.page.goto(elsewhere)
        visit.page.get_by_role("link", name="the returns").click()
        expect(visit.page.get_by_role("heading", name="Returns")).to_be_visible()
        assert "office=Austin" in visit.page.url
        visit.close()


def test_a_proxy_shows_a_secret(data: DataDir) -> None:
    secrets = data.root / "secrets.toml"
    secrets.touch(mode=0o600)
    secrets.write_text(f'[proxy]\nsecret = "{SECRET}"\n', encoding="utf-8")
    with started(data) as address:
        for shown, status in ((SECRET, 200), (SECRET[:-1], 403), ("", 403)):
            headers = {"X-Returntrail-Proxy": shown}
            assert httpx.get(f"{origin_of(address)}/returns", headers=headers).status_code == status
        where = origin_of(address).replace("http", "ws", 1) + "/_stcore/stream"
        headers = {"X-Returntrail-Proxy": SECRET}
        how = {"origin": origin_of(address), "additional_headers": headers, "subprotocols": ["streamlit"]}
        with connect(where, **how) as socket:
            assert socket.subprotocol == "streamlit"


def test_whoever_wants_it_opens_the_dashboard_to_every_account(data: DataDir) -> None:
    with started(data, "--open") as address:
        assert urlsplit(address).query == ""
        assert httpx.get(f"{address}/returns").status_code == 200
    assert not (data.root / "app").exists()


def test_a_cookie_is_ours_and_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Entry(DataDir(tmp_path))
    cookie = entry.new_cookie()
    until, signature = cookie.split(".")
    assert entry.knows(cookie) and Entry(DataDir(tmp_path)).knows(cookie)
    forged = (f"{int(until) + 1}.{signature}", f"{until}.", until, "", ".", f"{until}.{'0' * 64}", "ü.ü")
    assert not any(entry.knows(one) for one in forged)
    monkeypatch.setattr("etl.access.entry.COOKIE_SECONDS", -1)
    assert not entry.knows(entry.new_cookie())
    # Without the key of the folder every browser is a stranger again, at the next start.
    (tmp_path / "app" / "key").unlink()
    own_key.cache_clear()
    assert not Entry(DataDir(tmp_path)).knows(cookie)


def test_what_cannot_be_kept_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "app").touch()
    with pytest.raises(Problem, match=r"so no browser can be let in\. Mend that, or type: "):
        Entry(DataDir(tmp_path))
    secrets = tmp_path / "secrets.toml"
    secrets.touch(mode=0o600)
    for text, words in {
        '[proxy]\nsecret = "short"': r"\[proxy\] needs a random secret of at least 32 characters",
        "[proxy]": r"\[proxy\] needs a random secret",
        '[proxy]\nsecrets = "x"': 'unknown key "secrets" under',
    }.items():
        secrets.write_text(text, encoding="utf-8")
        with pytest.raises(Problem, match=words):
            Entry(DataDir(tmp_path))
