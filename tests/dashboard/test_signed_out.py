"""A sign-out is for good: a copy of the cookie works neither at once nor after a restart of the dashboard."""

import os
import shutil
import time
from pathlib import Path

import httpx
from playwright.sync_api import Browser, expect

from etl.access.signed_out import has_signed_out, remember
from etl.common.paths import SHIPPED, DataDir
from support.provider import provided, visits_signed_in, write_secrets
from support.served import free_port, served

WHO = "ann@firm.example"
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
            page.get_by_role("button", name="Sign out").click()
            expect(page.get_by_role("heading", name="Not signed in")).to_be_visible()
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
