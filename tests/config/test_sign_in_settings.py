"""Whether there is a sign-in, and where: an incomplete or unsafe one is refused before anything is served."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dashboard.guard.protection import hosts, settings
from etl.access.signin import SignIn, configured, refuse_elsewhere, refuse_unknown_offices
from etl.common.paths import CHECKOUT, SHIPPED, DataDir
from etl.common.problem import Problem
from etl.config.settings import read_settings
from etl.store.load import load
from etl.warehouse.build import build
from support.served import free_port

ACCESS = '\n[access]\nmanager = ["ann@firm.example"]\n'
AUTH = {
    "redirect_uri": "https://returntrail.example/oauth2callback",
    "cookie_secret": "0123456789abcdef0123456789abcdef",
    "client_id": "returntrail",
    "client_secret": "a secret",
    "server_metadata_url": "https://login.example/.well-known/openid-configuration",
}


def written(root: Path, access: str | None, auth: dict[str, str] | None, mode: int = 0o600) -> DataDir:
    """A data directory with the two files."""
    data = DataDir(root)
    shipped = (SHIPPED / "settings.toml").read_text(encoding="utf-8")
    (root / "settings.toml").write_text(shipped + (access or ""), encoding="utf-8")
    if auth is not None:
        lines = "".join(f'{key} = "{value}"\n' for key, value in auth.items())
        (root / "secrets.toml").write_text(f"[auth]\n{lines}", encoding="utf-8")
        (root / "secrets.toml").chmod(mode)
    return data


def test_without_either_there_is_none(tmp_path: Path) -> None:
    assert configured(DataDir(tmp_path)) is None
    assert configured(written(tmp_path, None, None)) is None


def test_with_both_there_is_one(tmp_path: Path) -> None:
    data = written(tmp_path, ACCESS, AUTH)
    assert configured(data) == SignIn(
        tmp_path / "secrets.toml", "https://returntrail.example", "returntrail.example"
    )


@pytest.mark.parametrize(
    ("access", "auth", "words"),
    [
        (ACCESS, None, "it has [access], but there is no [auth] in"),
        (None, AUTH, "it has [auth], but there is no [access] in"),
        (
            ACCESS,
            AUTH | {"cookie": "x"},
            'unknown key "cookie" under [auth]. Known: redirect_uri, cookie_secret',
        ),
        (ACCESS, {"client_id": "x"}, 'no "redirect_uri" (a text in quotes) under [auth].'),
        (
            ACCESS,
            AUTH | {"cookie_secret": "short"},
            '"cookie_secret" must be a random text of at least 32 characters',
        ),
        (
            ACCESS,
            AUTH | {"redirect_uri": "http://returntrail.example/oauth2callback"},
            '"redirect_uri" must begin with https://',
        ),
        (ACCESS, AUTH | {"redirect_uri": "https://returntrail.example/"}, "followed by /oauth2callback"),
        (
            ACCESS,
            AUTH | {"redirect_uri": "https://x:y/oauth2callback"},
            '"redirect_uri" is not a web address',
        ),
        (
            ACCESS,
            AUTH | {"server_metadata_url": "http://login.example"},
            '"server_metadata_url" must begin with https://',
        ),
    ],
)
def test_half_of_one_and_an_unsafe_one_are_refused(
    tmp_path: Path, access: str | None, auth: dict[str, str] | None, words: str
) -> None:
    with pytest.raises(Problem) as refused:
        configured(written(tmp_path, access, auth))
    assert words in str(refused.value)
    assert AUTH["cookie_secret"] not in str(refused.value) and AUTH["client_secret"] not in str(refused.value)


def test_secrets_that_others_can_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"others can read the secrets \(mode 640\). Type: chmod 600"):
        configured(written(tmp_path, ACCESS, AUTH, 0o640))


def test_secrets_that_are_no_toml_are_refused_without_a_word_of_them(tmp_path: Path) -> None:
    data = written(tmp_path, ACCESS, AUTH)
    (tmp_path / "secrets.toml").write_text('[auth]\nclient_secret = "abc', encoding="utf-8")
    with pytest.raises(Problem) as refused:
        configured(data)
    assert str(refused.value) == f"{tmp_path / 'secrets.toml'}: not TOML."


def test_another_address_wants_a_sign_in_through_tls() -> None:
    proxied = SignIn(Path("secrets.toml"), "https://returntrail.example", "returntrail.example")
    local = SignIn(Path("secrets.toml"), "http://127.0.0.1:8501", "127.0.0.1")
    for address in ("127.0.0.1", "localhost", "::1", "[::1]"):
        for sign_in in (None, proxied, local):
            refuse_elsewhere(address, sign_in)
    for address in ("0.0.0.0", "::", "10.0.0.5"):
        refuse_elsewhere(address, proxied)
        with pytest.raises(
            Problem, match=r"has no sign-in.*configure sign-in, \[access\] in settings.toml and \[auth\]"
        ):
            refuse_elsewhere(address, None)
        with pytest.raises(Problem, match='"redirect_uri" leads to this machine only'):
            refuse_elsewhere(address, local)
    with pytest.raises(Problem, match=r'"example\.com" is not an IP address'):
        refuse_elsewhere("example.com", proxied)


def test_a_server_for_others_reads_one_file_and_asks_nobody_for_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = written(tmp_path, ACCESS, AUTH)
    monkeypatch.setenv("RETURNTRAIL_DATA", str(data.root))
    read = settings("0.0.0.0", "8765")
    assert (read["server.address"], read["server.port"]) == ("0.0.0.0", 8765)
    assert (read["secrets.files"], read["logger.hideWelcomeMessage"]) == (
        [str(tmp_path / "secrets.toml")],
        True,
    )
    assert hosts() == ["localhost", "127.0.0.1", "[::1]", "returntrail.example"]
    monkeypatch.setenv("RETURNTRAIL_DATA", str(tmp_path / "another"))
    assert settings()["secrets.files"] == [] and "returntrail.example" not in hosts()


def test_the_command_refuses_an_office_that_no_return_has(season: DataDir, tmp_path: Path) -> None:
    data = written(tmp_path, ACCESS + '[access.staff]\nAustn = ["bea@firm.example"]\n', AUTH)
    os.symlink(season.warehouse, data.warehouse)
    done = subprocess.run(
        [sys.executable, "-m", "etl", "--data", tmp_path, "app"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        'names the office "Austn", but no return has it. There are: Austin, Chicago, Portland.' in done.stderr
    )


def test_the_command_refuses_an_office_that_several_firms_have(tmp_path: Path) -> None:
    """Its name alone would be a right to see the other firm's."""
    data = DataDir(tmp_path)
    for firm in ("oak", "elm"):
        log = f"Return ID,Tab,Event,Date/Time\n{firm},Internal,Upload,2026-03-01 09:00\n"
        (tmp_path / f"{firm}.csv").write_text(log)
        given = {"firm_id": firm, "office": "Main"}
        load(data, read_settings(data.settings), [tmp_path / f"{firm}.csv"], given=given)
    build(data)
    for name, fault in {
        "Main": 'names the office "Main", which several firms have. Write "elm/Main" or "oak/Main".',
        "fir/Main": 'names the office "fir/Main", but no return has it. There are: elm/Main, oak/Main.',
    }.items():
        written(tmp_path, ACCESS + f'[access.staff]\n"{name}" = ["bea@firm.example"]\n', AUTH)
        with pytest.raises(Problem, match=re.escape(fault)):
            refuse_unknown_offices(data)
    written(tmp_path, ACCESS + '[access.staff]\n"oak/Main" = ["bea@firm.example"]\n', AUTH)
    refuse_unknown_offices(data)


def test_an_office_whose_name_reads_like_firm_and_office_is_refused_with_a_way_out(tmp_path: Path) -> None:
    """What was meant by "oak/Main"? Neither gets a right by it."""
    data = DataDir(tmp_path)
    said = 'names the office "oak/Main", which several firms have. Write "ash/oak/Main"'
    no_words = (
        '. No words mean "Main" of oak alone, as another firm has an office of that name: '
        "have one of them renamed in the exports."
    )
    written(tmp_path, ACCESS + '[access.staff]\n"oak/Main" = ["bea@firm.example"]\n', AUTH)
    settings = read_settings(SHIPPED / "settings.toml")
    for firm, office, rest in (
        ("oak", "Main", ""),
        ("ash", "oak/Main", ' or "Main".'),
        ("elm", "Main", no_words),
    ):
        log = f"Return ID,Tab,Event,Date/Time\n{firm},Internal,Upload,2026-03-01 09:00\n"
        (tmp_path / f"{firm}.csv").write_text(log)
        load(data, settings, [tmp_path / f"{firm}.csv"], given={"firm_id": firm, "office": office})
        build(data)
        if rest:
            with pytest.raises(Problem) as raised:
                refuse_unknown_offices(data)
            assert str(raised.value) == f"[access.staff] {said}{rest}"
        else:
            refuse_unknown_offices(data)


@pytest.mark.parametrize(
    "words", [["app.py", "127.0.0.1", str(free_port())], ["-m", "streamlit", "run", "app.py"]]
)
def test_a_server_that_is_started_otherwise_refuses_half_of_one_too(tmp_path: Path, words: list[str]) -> None:
    data = written(tmp_path, None, AUTH)
    environment = os.environ | {"RETURNTRAIL_DATA": str(data.root)}
    done = subprocess.run(
        [sys.executable, *words],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 1
    assert "it has [auth], but there is no [access] in" in done.stderr
