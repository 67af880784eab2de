"""S12: every option of Streamlit, set in each place that Streamlit reads, is refused by its name."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

from streamlit import config

from dashboard.guard.protection import SETTINGS
from faults.checks import Tally
from faults.table import CHECKOUT
from support.served import free_port

# What it would refuse itself if it were another value, or what would end its start before ours.
VALUES = {
    "server.xsrfCookieSameSite": "strict",
    "server.maxCacheDataSize": "1mb",
    "server.trustedUserHeaders": {"X-User": "email"},
    "server.fileWatcherType": "poll",
    "server.customComponentBaseUrlPath": "/elsewhere",
    "client.showErrorDetails": "stacktrace",
    "logger.level": "debug",
    "logger.messageFormat": "elsewhere %(message)s",
    "client.toolbarMode": "developer",
    "runner.enumCoercion": "off",
}
NOT_TRIED = (
    "global.developmentMode",
    "server.address",
    "server.port",
    "server.headless",
    "server.sslCertFile",
    "server.sslKeyFile",
)
SERVED_BY = {
    "app.py": [str(CHECKOUT / "app.py"), "127.0.0.1", str(free_port())],
    "streamlit run": ["-m", "streamlit", "run", str(CHECKOUT / "app.py"), "--server.address", "127.0.0.1"],
}
UNPROTECTED = """
import sys
from dashboard.guard import options, protection
found, options.set_elsewhere = options.set_elsewhere, lambda ours: {}
is_free, options.is_free = options.is_free, lambda name: True
protection.settings()
options.is_free = is_free
sys.stderr.write("".join(f"in force: {name}\\n" for name in found(protection.SETTINGS)))
"""


def other_values() -> dict[str, object]:
    """A value for every option that is neither Streamlit's default nor ours."""
    found: dict[str, object] = {}
    for name, option in config.get_config_options().items():
        if name.startswith("theme.") or name in NOT_TRIED:
            continue
        usual = config._config_options_template[name].value
        if name in VALUES:
            found[name] = VALUES[name]
        elif isinstance(usual, bool) or option.type is bool:
            # What is on by default and off with us, or the other way round, has no third value.
            found[name] = not usual
        elif isinstance(usual, list) or option.multiple:
            found[name] = ["elsewhere"]
        else:
            found[name] = 77 if isinstance(usual, int | float) or option.type in (int, float) else "elsewhere"
    return {name: value for name, value in found.items() if value != SETTINGS.get(name)}


def as_toml(values: dict[str, object]) -> str:
    """The values under their sections, each written once."""
    sections: dict[str, str] = {}
    for name, value in values.items():
        section, key = name.split(".")
        text = "{X-User = 'email'}" if isinstance(value, dict) else json.dumps(value)
        sections[section] = f"{sections.get(section, '')}{key} = {text}\n"
    return "".join(f"[{section}]\n{lines}" for section, lines in sections.items())


def run_with(values: dict[str, object], place: str, tmp_path: Path, words: list[str]) -> tuple[int, str]:
    """The exit code and the errors of a program for which these options are set in one place."""
    folders = [tmp_path / "home", tmp_path / "folder"]
    own = {"HOME": str(folders[0]), "RETURNTRAIL_DATA": str(tmp_path), "PYTHONPATH": str(CHECKOUT)}
    for folder in folders:
        file = folder / ".streamlit" / "config.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(as_toml(values) if folder.name == place else "", encoding="utf-8")
    for name, value in values.items() if place == "environment" else ():
        own[config.get_config_options()[name].env_var] = (
            value if isinstance(value, str) else json.dumps(value)
        )
    command, environment = [sys.executable, *words], os.environ | own
    done = subprocess.run(
        command, cwd=folders[1], env=environment, capture_output=True, text=True, timeout=300
    )
    return done.returncode, done.stderr


def test_s12_options(tally: Tally, control: Tally, tmp_path: Path) -> None:
    values = other_values()
    assert len(values) > 40
    # A list is written otherwise in a variable.
    plain = {name: value for name, value in values.items() if not isinstance(value, list)}
    # The file beside app.py wins over those of the folder and of the home.
    beside = tomllib.loads((CHECKOUT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    won = {f"{section}.{key}" for section, keys in beside.items() for key in keys}
    for place in ("home", "folder", "environment"):
        for way, words in SERVED_BY.items():
            given = plain if place == "environment" else values
            tried = given if way == "app.py" or given is plain else given.keys() - won
            code, errors = run_with(given, place, tmp_path, words)
            missing = [name for name in tried if f"{name} is set " not in errors]
            tally.injected += len(tried)
            tally.leaked += len(missing) + (code != 1)
            tally.details += [f"{place}, {way}: {name}" for name in missing]
            tally.check_message(errors, "Remove it there", f"{place}, {way}")
    code, errors = run_with(values, "folder", tmp_path, ["-c", UNPROTECTED])
    control.leaked += errors.count("in force: ")
