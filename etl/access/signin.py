"""Serves the dashboard: on this machine only, unless it has a sign-in.

The sign-in is [auth] of secrets.toml with [access] of settings.toml, both or neither: a sign-in without
rights would let no one in, and rights without a sign-in would have no effect.
"""

import ipaddress
import os
import socket
import sys
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import SplitResult, urlsplit

from etl.access.scope import Office, offices_named
from etl.common.paths import CHECKOUT, DataDir
from etl.common.problem import Problem
from etl.config.access import Access
from etl.config.place import Place
from etl.config.settings import read_settings
from etl.warehouse.ask import Warehouse, open_warehouse

AUTH_KEYS = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
CALLBACK = "/oauth2callback"
SHORTEST_SECRET = 32
HOW = "See docs/sign-in.md"
USUAL_PORT = 8501


@dataclass(frozen=True)
class SignIn:
    """The file with the provider's secrets, and the address at which people reach the dashboard."""

    secrets: Path
    origin: str
    host: str


def configured(data: DataDir) -> SignIn | None:
    """The sign-in of a data directory, or None. Raises a Problem if it is incomplete or unsafe."""
    file = secrets_file(data)
    access = read_settings(data.settings).access
    table = read_section(file, "auth")
    if table is None and access is None:
        return None
    if table is None:
        raise Problem(f"{data.settings}: it has [access], but there is no [auth] in {file}. {HOW}.")
    if access is None:
        raise Problem(f"{file}: it has [auth], but there is no [access] in {data.settings}. {HOW}.")
    if read_section(file, "proxy") is not None:
        raise Problem(f"{file}: it has [auth] and [proxy]. [proxy] is for a dashboard without a sign-in.")
    place = Place(file, "[auth]", table, (*AUTH_KEYS, "client_kwargs"))
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
    if any(find_spec(name) is None for name in ("authlib", "httpx")):
        install = "pip install --require-hashes -r requirements-signin.lock"
        raise Problem(f"{file}: sign-in needs the extra: {install}")
    return SignIn(file, f"{back.scheme}://{back.netloc}", back.hostname or "")


def secrets_file(data: DataDir) -> Path:
    return data.root / "secrets.toml"


def proxy_secret(data: DataDir) -> str | None:
    """What a proxy in front of a dashboard without a sign-in shows. Raises a Problem if it is too short."""
    file = secrets_file(data)
    table = read_section(file, "proxy")
    if table is None:
        return None
    secret = Place(file, "[proxy]", table, ("secret",)).table.get("secret")
    if not isinstance(secret, str) or len(secret) < SHORTEST_SECRET or not secret.isascii():
        raise Problem(f"{file}: [proxy] needs a random secret of at least {SHORTEST_SECRET} characters.")
    return secret


def read_section(file: Path, name: str) -> dict[str, Any] | None:
    """A section of the secrets, or None. Raises a Problem if other users can read the file."""
    if not file.exists():
        return None
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
    table = tables.get(name)
    if table is not None and not isinstance(table, dict):
        raise Problem(f"{file}: write [{name}], with one bracket.")
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


def serve(
    data: DataDir, address: str = "127.0.0.1", port: int | None = None, is_open: bool = False
) -> NoReturn:
    """Replaces this process by one that serves app.py on the data directory, so that Ctrl-C reaches it."""
    sign_in = configured(data)
    refuse_elsewhere(address, sign_in)
    if sign_in and data.warehouse.exists():
        refuse_unknown_offices(data)
    host = "127.0.0.1" if address == "localhost" else address.strip("[]")
    chosen = free_port(host, port or USUAL_PORT) or (None if port else free_port(host, 0))
    if chosen is None:
        taken = f"Port {port} is taken on {host}. Name another one with --port, or leave --port out."
        foreign = f"{host} is not an address of this machine. Name one of its own with --address."
        raise Problem(taken if port else foreign)
    sys.stdout.flush()
    program = [sys.executable, str(CHECKOUT / "app.py"), host, str(chosen), *(["--open"] if is_open else [])]
    os.execve(sys.executable, program, os.environ | {"RETURNTRAIL_DATA": str(data.root)})


def refuse_unknown_offices(data: DataDir) -> None:
    """Raises a Problem for an office under [access.staff] that no return has, or that several firms have."""
    access = read_settings(data.settings).access or Access()
    with open_warehouse(data.warehouse) as warehouse:
        for name in chain.from_iterable(scope.offices or () for scope in access.people.values()):
            found = offices_named(warehouse, name)
            if not found:
                known = ", ".join(
                    office if len(offices_named(warehouse, office)) == 1 else f"{firm}/{office}"
                    for firm, office in warehouse.offices
                )
                fault = f'[access.staff] names the office "{name}", but no return has it'
                raise Problem(f"{fault}. There are: {known or 'none'}.")
            if len(found) > 1:
                fault = f'[access.staff] names the office "{name}", which several firms have'
                raise Problem(f"{fault}. {' '.join(ways_out(warehouse, found))}")


def ways_out(warehouse: Warehouse, found: list[Office]) -> list[str]:
    """Sentences that say what to write for each of these offices, or that no words mean it alone."""
    own: dict[Office, str] = {}
    for firm, office in found:
        for form in (office, f"{firm}/{office}"):
            if len(offices_named(warehouse, form)) == 1:
                own[firm, office] = f'"{form}"'
    sentences = [f"Write {' or '.join(own.values())}."] if own else []
    if unnamed := [f'"{office}" of {firm}' for firm, office in found if (firm, office) not in own]:
        reason = f"No words mean {' and '.join(unnamed)} alone, as another firm has an office of that name"
        sentences.append(f"{reason}: have one of them renamed in the exports.")
    return sentences


def free_port(host: str, port: int) -> int | None:
    """Tests whether a port is free. Returns it, or for 0 a free port; None if it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.create_server((host, port), family=family) as server:
            return int(server.getsockname()[1])
    except OSError:
        return None
