"""Whether the dashboard has a sign-in, and at which address: `[auth]` of secrets.toml beside `[access]` of the settings.

Both or neither: a sign-in without rights would let nobody in, and rights without a sign-in would hold nobody back.
"""

import ipaddress
import tomllib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.config.settings import read_settings
from etl.config.settings_check import Place

AUTH_KEYS = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
MAY_BE_ADDED = ("client_kwargs",)
CALLBACK = "/oauth2callback"
LEAST_SECRET = 32
NEEDED = ("authlib", "httpx")
HOW = "README.md says how"


@dataclass(frozen=True)
class SignIn:
    """The file with the provider's secrets, and the address at which people reach the dashboard."""

    secrets: Path
    origin: str
    host: str


def secrets_file(data: DataDir) -> Path:
    return data.root / "secrets.toml"


def configured(data: DataDir) -> SignIn | None:
    """The sign-in of a data directory; null where there is none. Raises a Problem for half of one, or an unsafe one."""
    file = secrets_file(data)
    access = read_settings(data.settings).access
    table = auth_in(file) if file.exists() else None
    if table is None and access is None:
        return None
    if table is None:
        raise Problem(f"{data.settings}: it has [access], and there is no [auth] in {file}. {HOW}.")
    if access is None:
        raise Problem(f"{file}: it has [auth], and there is no [access] in {data.settings}. {HOW}.")
    place = Place(file, "[auth]")
    place.unknown(table, (*AUTH_KEYS, *MAY_BE_ADDED))
    for key in AUTH_KEYS:
        if place.text(table, key) is None:
            raise place.fault(f'no "{key}"')
    if len(table["cookie_secret"]) < LEAST_SECRET:
        raise place.fault(f'"cookie_secret" must be a random text of at least {LEAST_SECRET} characters')
    back = web_address(place, table, "redirect_uri")
    web_address(place, table, "server_metadata_url")
    if back.path != CALLBACK or back.query or back.fragment:
        raise place.fault(f'"redirect_uri" must be the address of the dashboard with {CALLBACK} behind it')
    if any(find_spec(name) is None for name in NEEDED):
        raise Problem(
            f"{file}: sign-in needs the extra: pip install --require-hashes -r requirements-signin.lock"
        )
    return SignIn(file, f"{back.scheme}://{back.netloc}", back.hostname or "")


def auth_in(file: Path) -> dict | None:
    """The [auth] section of a file that nobody else can read; null where it has none."""
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
        mode = file.stat().st_mode & 0o777
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(f"{file}: the secrets cannot be read. It must be UTF-8 text, and yours.") from error
    except tomllib.TOMLDecodeError as error:
        # The words of the error quote the line, which may hold a secret.
        raise Problem(f"{file}: not TOML.") from error
    if mode & 0o077:
        raise Problem(f"{file}: others can read the secrets (mode {mode:o}). Type: chmod 600 {file}")
    table = tables.get("auth")
    if table is not None and not isinstance(table, dict):
        raise Problem(f"{file}: write [auth], with one bracket.")
    return table


def web_address(place: Place, table: dict, key: str) -> SplitResult:
    """An address of the web: encrypted, unless it stays on this machine."""
    try:
        address = urlsplit(table[key])
        host, _ = address.hostname, address.port
    except ValueError as error:
        raise place.fault(f'"{key}" is no address of the web') from error
    if (
        not host
        or address.username
        or not (address.scheme == "https" or address.scheme == "http" and is_loopback(host))
    ):
        raise place.fault(f'"{key}" must begin with https://')
    return address


def is_loopback(address: str) -> bool:
    """Whether an address can be reached from this machine alone."""
    if address.casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False


def refuse_elsewhere(address: str, sign_in: SignIn | None) -> None:
    """Raises a Problem for an address that other machines reach, unless people sign in, and do so through TLS."""
    if is_loopback(address):
        return
    if sign_in is None:
        raise Problem(
            f'"{address}" is not a loopback address: the dashboard has no sign-in, so it is served to this machine only. '
            f"Leave the address out, or configure sign-in, [access] in settings.toml and [auth] in secrets.toml: {HOW}."
        )
    try:
        ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        raise Problem(f'"{address}" is no IP number of this machine, such as 10.0.0.5.') from None
    if is_loopback(sign_in.host):
        raise Problem(
            f'{sign_in.secrets}: "redirect_uri" leads to this machine only, so nobody could sign in at {address}. '
            f"Write the https address of the proxy. {HOW}."
        )
