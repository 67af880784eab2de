"""A sign-out is for good: a copy of the cookie works neither at once nor after a restart of the dashboard."""

import os
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import streamlit as st
from playwright.sync_api import Browser, expect

from dashboard.guard import access, signin
from etl.access.audit import recent, trail
from etl.access.signed_out import has_signed_out, remember
from etl.common import sealed
from etl.common.paths import SHIPPED, DataDir
from etl.common.problem import Problem
from etl.config.access import MANAGER, Access, Scope
from support.provider import provided, visits_signed_in, write_secrets
from support.served import free_port, served

WHO = "ann@firm.example"
KEPT = "window.sessionStorage.getItem('returntrail list')"
ACCESS = f'\n[access]\nmanager = ["{WHO}"]\n'


def test_a_copied_cookie_is_of_no_use_after_a_sign_out_and_a_restart(
    browser: Browser, season: DataDir, tmp_path: Path
) -> None:
    data, port = DataDir(tmp_path), free_port()
    shutil.copy(season.warehouse, data.warehouse)
    shipped = (SHIPPED / "settings.toml").read_text(encoding="utf-8")
    (tmp_path / "settings.toml").write_text(shipped + ACCESS, encoding="utf-8")
    with provided({WHO: {}}) as provider:
        write_secrets(data, port, provider)
        with served(data, port) as where, visits_signed_in(browser, where, provider) as visit:
            page = visit(WHO).page
            cookies = {one["name"]: one["value"] for one in page.context.cookies()}
            assert httpx.get(f"{where}/csv/headline", cookies=cookies, timeout=60).status_code == 200
            page.locator("a.row").first.click()
            page.wait_for_url("**/return?**")
            assert "return?id=" in page.evaluate(KEPT)
            page.get_by_role("button", name="Sign out").click()
            expect(page.get_by_role("heading", name="Not signed in")).to_be_visible()
            # Nor does the tab know the returns of its last list.
            page.wait_for_function(f"() => ({KEPT}) === null")
        with served(data, port) as where:
            answer = httpx.get(f"{where}/csv/headline", cookies=cookies, timeout=60)
            assert (answer.status_code, answer.text) == (401, "You have signed out. Sign in again.\n")
    (kept,) = (tmp_path / "app" / "signed-out").iterdir()
    assert (kept.stat().st_size, kept.stat().st_mode & 0o777) == (0, 0o600)


def test_a_sign_out_is_forgotten_when_the_sign_in_would_have_ended(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    remember(data, "old", time.time() - 2 * 24 * 3600)
    remember(data, "new", time.time() + 3600)
    assert [has_signed_out(data, one) for one in ("old", "new", "other")] == [False, True, False]
    assert len(os.listdir(tmp_path / "app" / "signed-out")) == 1


def test_several_who_sign_out_at_the_same_moment_forget_the_old_ones_together(tmp_path: Path) -> None:
    data, folder = DataDir(tmp_path), tmp_path / "app" / "signed-out"
    remember(data, "first", time.time() + 3600)
    for number in range(500):
        (folder / f"old-{number}").touch()
        os.utime(folder / f"old-{number}", (0, 0))
    names = [f"sign-in {number}" for number in range(12)]
    with ThreadPoolExecutor(12) as threads:
        list(threads.map(lambda name: remember(data, name, time.time() + 3600), names))
    assert [has_signed_out(data, name) for name in ("first", *names)] == [True] * 13
    assert len(os.listdir(folder)) == 13


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataDir:
    """A dashboard whose threads sign out a person each, and in which the trail is waited for only shortly."""
    data, names = DataDir(tmp_path), [f"p{number}@firm.example" for number in range(8)]

    def claims() -> dict[str, object]:
        email, now = threading.current_thread().name, time.time()
        return {"email": email, "email_verified": True, "sub": email, "iat": now, "exp": now + 3600}

    monkeypatch.setattr(signin, "session_claims", claims)
    monkeypatch.setattr(signin, "served_directory", lambda: data)
    monkeypatch.setattr(access, "rules", lambda: Access({name: Scope(MANAGER) for name in names}))
    monkeypatch.setattr(st, "logout", lambda: None)
    monkeypatch.setattr(sealed, "PATIENCE_SECONDS", 0.5)
    return data


def sign_out_all(while_waiting: float, data: DataDir) -> list[str]:
    """Eight people sign out while another process writes to the trail. Who is in the trail then."""
    threads = [
        threading.Thread(target=signin.sign_out, name=f"p{number}@firm.example") for number in range(8)
    ]
    with trail(data).locked():
        for thread in threads:
            thread.start()
        time.sleep(while_waiting)
    for thread in threads:
        thread.join()
    return sorted(recent(data, 99)["who"].to_list())


def test_sign_outs_of_the_same_moment_are_all_in_the_trail_however_long_it_is_locked(people: DataDir) -> None:
    assert sign_out_all(1.5, people) == [f"p{number}@firm.example" for number in range(8)]
    assert trail(people).faults() == []
    assert len(os.listdir(people.root / "app" / "signed-out")) == 8


def test_a_sign_out_that_cannot_be_recorded_counts_and_is_logged(
    people: DataDir, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*given: object) -> None:
        raise Problem("trail.jsonl: the audit line cannot be written")

    monkeypatch.setattr(signin, "record", full)
    assert sign_out_all(0, people) == []
    assert len(os.listdir(people.root / "app" / "signed-out")) == 8
    said = "A sign-out is not in the audit trail: trail.jsonl: the audit line cannot be written"
    assert [one.message for one in caplog.records if one.name == "returntrail"] == [said] * 8
