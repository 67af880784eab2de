"""The sign-in of the dashboard: [auth] of secrets.toml with [access] of settings.toml, both or neither.

A sign-in without rights would let no one in, and rights without a sign-in would have no effect.
"""

import ipaddress
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.config.place import Place
from etl.config.settings import read_settings

AUTH_KEYS = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
OPTIONAL_KEYS = ("client_kwargs",)
CALLBACK = "/oauth2callback"
SHORTEST_SECRET = 32
PACKAGES = ("authlib", "httpx")
HOW = "See docs/sign-in.md"


@dataclass(frozen=True)
class SignIn:
    """The file with the provider's secrets, and the address at which people reach the dashboard."""

    secrets: Path
    origin: str
    host: str


def configured(data: DataDir) -> SignIn | None:
    """The sign-in of a data directory, or None. Raises a Problem if it is incomplete or unsafe."""
    file = data.root / "secrets.toml"
    access = read_settings(data.settings).access
    table = read_auth(file) if file.exists() else None
    if table is None and access is None:
        return None
    if table is None:
        raise Problem(f"{data.settings}: it has [access], but there is no [auth] in {file}. {HOW}.")
    if access is None:
        raise Problem(f"{file}: it has [auth], but there is no [access] in {data.settings}. {HOW}.")
    place = Place(file, "[auth]", table)
    place.refuse_unknown((*AUTH_KEYS, *OPTIONAL_KEYS))
    for key in AUTH_KEYS:
        # The value of a wrong key is not shown, because it may be a secret.
        if not isinstance(table.get(key), str) or not table[key].strip():
            raise place.fault(f'no "{key}" (a text in quotes)')
    if len(table["cookie_secret"]) < SHORTEST_SECRET:
        raise place.fault(f'"cookie_secret" must be a random text of at least {SHORTEST_SECRET} characters')
    back = web_address(place, table, "redirect_uri")
    web_address(place, table, "server_metadata_url")
    if back.path != CALLBACK or back.query or back.fragment:
        raise place.fault(f'"redirect_uri" must be the address of the dashboard followed by {CALLBACK}')
    if any(find_spec(name) is None for name in PACKAGES):
        install = "pip install --require-hashes -r requirements-signin.lock"
        raise Problem(f"{file}: sign-in needs the extra: {install}")
    return SignIn(file, f"{back.scheme}://{back.netloc}", back.hostname or "")


def read_auth(file: Path) -> dict[str, Any] | None:
    """The [auth] section, or None. Raises a Problem if other users can read the file."""
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
        mode = file.stat().st_mode & 0o777
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(f"{file}: the secrets cannot be read. The file must be UTF-8 and yours.") from error
    except tomllib.TOMLDecodeError as error:
        # The text of the error quotes the line, which may contain a secret.
        raise Problem(f"{file}: not TOML.") from error
    if mode & 0o077:
        raise Problem(f"{file}: others can read the secrets (mode {mode:o}). Type: chmod 600 {file}")
    table = tables.get("auth")
    if table is not None and not isinstance(table, dict):
        raise Problem(f"{file}: write [auth], with one bracket.")
    return table


def web_address(place: Place, table: dict[str, Any], key: str) -> SplitResult:
    """A web address, encrypted unless it stays on this machine."""
    try:
        address: SplitResult = urlsplit(table[key])
        host, _ = address.hostname or "", address.port
    except ValueError as error:
        raise place.fault(f'"{key}" is not a web address') from error
    is_safe = address.scheme == "https" or (address.scheme == "http" and is_loopback(host))
    if not host or address.username or not is_safe:
        raise place.fault(f'"{key}" must begin with https://')
    return address


def ip_address(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    with suppress(ValueError):
        return ipaddress.ip_address(address.strip("[]"))
    return None


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach an address."""
    ip = ip_address(address)
    return ip.is_loopback if ip else address.casefold() == "localhost"


def refuse_elsewhere(address: str, sign_in: SignIn | None) -> None:
    """Raises a Problem for an address that other machines can reach, unless it has a sign-in with TLS."""
    if is_loopback(address):
        return
    if sign_in is None:
        reason = "the dashboard has no sign-in, so it is served to this machine only"
        advice = "configure sign-in, [access] in settings.toml and [auth] in secrets.toml"
        fault = f'"{address}" is not a loopback address: {reason}'
        raise Problem(f"{fault}. Leave the address out, or {advice}. {HOW}.")
    if ip_address(address) is None:
        raise Problem(f'"{address}" is not an IP address of this machine, such as 10.0.0.5.')
    if is_loopback(sign_in.host):
        fault = f'"redirect_uri" leads to this machine only, so no one could sign in at {address}'
        raise Problem(f"{sign_in.secrets}: {fault}. Write the https address of the proxy. {HOW}.")
