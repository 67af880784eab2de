"""Options of Streamlit from elsewhere: refused by name at the start, and without effect afterwards."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from etl.common.paths import CHECKOUT, DataDir
from support.served import free_port, served, wait_for

APP = [str(CHECKOUT / "app.py"), "127.0.0.1"]
STREAMLIT = ["-m", "streamlit", "run", str(CHECKOUT / "app.py"), "--server.address", "127.0.0.1"]
WAYS = {"python app.py": APP, "streamlit run": [*STREAMLIT, "--server.port"]}
REFUSAL = "the dashboard takes no options of Streamlit but its own and the theme. Remove it there."
TRUSTED = '[server]\ntrustedUserHeaders = {X-User = "email"}\n[theme]\nbase = "light"\n'
LIKE_OURS = (
    '[server]\nheadless = true\n[browser]\ngatherUsageStats = false\n[theme]\nprimaryColor = "#123456"\n'
)
# The same as ours or as Streamlit's default, in the words that people use.
IN_OTHER_WORDS = {
    "STREAMLIT_SERVER_HEADLESS": "1",
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "OFF",
    "STREAMLIT_SERVER_ENABLE_CORS": "Yes",
    "STREAMLIT_SERVER_ENABLE_XSRF_PROTECTION": "on",
    "STREAMLIT_SERVER_RUN_ON_SAVE": "no",
    "STREAMLIT_CLIENT_SHOW_ERROR_LINKS": "FALSE",
    "STREAMLIT_RUNNER_MAGIC_ENABLED": "0",
    "STREAMLIT_SERVER_ENABLE_STATIC_SERVING": "f",
}
IN_WORDS = """
from dashboard.guard.protection import settings
from streamlit import config
settings("127.0.0.1", "8765")
for name in ("server.headless", "server.runOnSave", "server.enableStaticServing"):
    print(name, config.get_option(name))
"""
LATER = """
from pathlib import Path
from dashboard.guard.protection import settings
from streamlit import config
settings("127.0.0.1", "8765")
Path(".streamlit/config.toml").write_text('''
[server]
enableAgentApi = true
maxUploadSize = 999
[client]
toolbarMode = "developer"
[theme]
base = "dark"
''')
config.get_config_options(force_reparse=True)
for name in ("server.enableAgentApi", "client.toolbarMode", "server.port", "theme.base"):
    print(name, config.get_option(name))
"""


def folder_with(folder: Path, config: str) -> Path:
    """A folder where Streamlit finds this configuration."""
    (folder / ".streamlit").mkdir(parents=True)
    (folder / ".streamlit" / "config.toml").write_text(config, encoding="utf-8")
    return folder


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    own = {"HOME": str(tmp_path / "home"), "RETURNTRAIL_DATA": str(tmp_path), "PYTHONPATH": str(CHECKOUT)}
    return os.environ | own | more


@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.parametrize("place", ["home", "folder", "environment"])
def test_an_option_that_is_set_elsewhere_is_refused_by_name(way: str, place: str, tmp_path: Path) -> None:
    """By this one, whoever sends a header is who the header says."""
    folders = {
        name: folder_with(tmp_path / name, TRUSTED if name == place else "") for name in ("home", "folder")
    }
    more, where = {}, f"in {folders.get(place, tmp_path) / '.streamlit' / 'config.toml'}"
    if place == "environment":
        more = {
            "STREAMLIT_SERVER_TRUSTED_USER_HEADERS": '{"X-User": "email"}',
            "STREAMLIT_THEME_BASE": "dark",
        }
        where = "by the environment variable STREAMLIT_SERVER_TRUSTED_USER_HEADERS"
    done = subprocess.run(
        [sys.executable, *WAYS[way], "8765"],
        cwd=folders["folder"],
        env=environment(tmp_path, **more),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (1, f"server.trustedUserHeaders is set {where}: {REFUSAL}\n")


def test_an_option_of_the_command_line_is_refused_by_name(tmp_path: Path) -> None:
    words = [*WAYS["streamlit run"], "8765", "--server.enableAgentApi", "true", "--server.runOnSave", "true"]
    done = subprocess.run(
        [sys.executable, *words],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=300,
    )
    refused = ("server.runOnSave", "server.enableAgentApi")
    lines = "".join(f"{name} is set on the command line: {REFUSAL}\n" for name in refused)
    assert (done.returncode, done.stderr) == (1, lines)


@pytest.mark.parametrize("way", list(WAYS))
def test_a_theme_and_what_is_like_ours_are_welcome(way: str, tmp_path: Path) -> None:
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, *WAYS[way], str(port)],
        cwd=folder_with(tmp_path / "folder", LIKE_OURS),
        env=environment(tmp_path, STREAMLIT_THEME_BASE="dark", **IN_OTHER_WORDS),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}", server)
    finally:
        server.terminate()
        server.wait(timeout=60)


def test_words_for_true_and_false_are_taken_as_what_they_say(tmp_path: Path) -> None:
    """In a file they are texts, of which Streamlit would take every one for true."""
    config = '[server]\nheadless = "yes"\nrunOnSave = "no"\nenableStaticServing = "Off"\n'
    started = subprocess.run(
        [sys.executable, "-c", IN_WORDS],
        cwd=folder_with(tmp_path / "folder", config),
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert started.stdout.splitlines() == [
        "server.headless True",
        "server.runOnSave False",
        "server.enableStaticServing False",
    ]


def test_what_says_something_else_is_refused_in_any_words(tmp_path: Path) -> None:
    refused = {
        "logger.level": ("STREAMLIT_LOGGER_LEVEL", "debug"),
        "client.showErrorLinks": ("STREAMLIT_CLIENT_SHOW_ERROR_LINKS", "on"),
        "runner.magicEnabled": ("STREAMLIT_RUNNER_MAGIC_ENABLED", "maybe"),
        "server.runOnSave": ("STREAMLIT_SERVER_RUN_ON_SAVE", "Y"),
        "server.baseUrlPath": ("STREAMLIT_SERVER_BASE_URL_PATH", "returns"),
        "server.maxUploadSize": ("STREAMLIT_SERVER_MAX_UPLOAD_SIZE", "1"),
    }
    done = subprocess.run(
        [sys.executable, *APP, "8765"],
        cwd=folder_with(tmp_path / "folder", ""),
        env=environment(tmp_path, **dict(refused.values())),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, sorted(done.stderr.splitlines())) == (
        1,
        sorted(
            f"{name} is set by the environment variable {variable}: {REFUSAL}"
            for name, (variable, _) in refused.items()
        ),
    )


def test_a_file_that_is_changed_later_changes_nothing_but_the_theme(tmp_path: Path) -> None:
    """Streamlit reads its files again when they change."""
    done = subprocess.run(
        [sys.executable, "-c", LATER],
        cwd=folder_with(tmp_path / "folder", ""),
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stdout.splitlines() == [
        "server.enableAgentApi False",
        "client.toolbarMode minimal",
        "server.port 8765",
        "theme.base dark",
    ]


def test_what_the_dashboard_does_not_use_is_closed(season: DataDir) -> None:
    closed = ("metrics", "script-health-check", "agent/openapi.json", "agent/interact", "agent/mcp", "any")
    with served(season) as address:

        def status(path: str, method: str) -> int:
            try:
                with urlopen(Request(f"{address}/_stcore/{path}", method=method), timeout=60) as answer:
                    return answer.status
            except HTTPError as error:
                return error.code

        assert {status(path, method) for path in closed for method in ("GET", "POST", "OPTIONS")} == {404}
        assert [status(path, "GET") for path in ("health", "host-config")] == [200, 200]
