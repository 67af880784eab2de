"""S14: another account of the machine asks the dashboard for everything, by every path and every guess."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from dashboard.guard.navigation import PAGES
from etl.common.paths import DataDir
from faults.checks import SHARE, Tally
from support.served import started

OTHERS = (
    "static/index.html",
    "media/x",
    "_stcore/host-config",
    "_stcore/upload_file/a/b",
    "component/x",
    "none",
)
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")


def guesses(cookie: str, token: str) -> list[dict]:
    """What somebody may send who has not read the address: names, lengths and parts that are nearly right."""
    name, _, value = cookie.partition("=")
    until, _, signature = value.partition(".")
    cookies = (f"{int(until) + 9}.{signature}", f"{until}.{'0' * 64}", f"{until}.", until, ".", "x" * 4000)
    tokens = ("", "x", token[:-1], f"{token}x", token.swapcase(), "x" * 4000, "\x00", "ü")
    return [
        {},
        *({"headers": {"cookie": f"{name}={one}"}} for one in cookies),
        {"headers": {"cookie": f"returntrail={value}"}},
        *({"params": {"token": one}} for one in tokens),
        *({"headers": {"x-returntrail-proxy": one}} for one in ("", "None", "null", "x" * 32)),
        {"headers": {"x-forwarded-for": "127.0.0.1", "authorization": f"Bearer {token}"}},
    ]


def answers(origin: str, tries: list[dict]) -> list[tuple[str, int]]:
    """What was asked, and the status of each answer; a web socket that opens counts as 200."""
    found = []
    paths = [*PAGES, "csv/all_returns", "csv/work_list", *OTHERS]
    with httpx.Client(base_url=origin, timeout=60) as client:
        for path in paths if SHARE == 1 else paths[::4]:
            for method in METHODS if SHARE == 1 else METHODS[:1]:
                for guess in tries:
                    status = client.request(method, f"/{path}", **guess).status_code
                    found.append((json.dumps([method, path, guess])[:300], status))
    where = origin.replace("http", "ws", 1) + "/_stcore/stream"
    for guess in (one for one in tries if "params" not in one):
        headers = guess.get("headers", {})
        try:
            with connect(where, origin=origin, additional_headers=headers, subprotocols=["streamlit"]):
                found.append((f"web socket {headers}"[:300], 200))
        except InvalidStatus as refused:
            found.append((f"web socket {headers}"[:300], refused.response.status_code))
    return found


def test_s14_other_accounts(tally: Tally, control: Tally, season: DataDir, tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    data.root.mkdir(mode=0o700)
    data.warehouse.write_bytes(season.warehouse.read_bytes())
    data.warehouse.chmod(0o600)
    with started(data) as address:
        origin, token = address.partition("/?")[0], urlsplit(address).query.removeprefix("token=")
        # An address that was used, as from a screen or a history.
        used = httpx.get(address, timeout=60)
        ((name, value),) = used.cookies.items()
        tries = [*guesses(f"{name}={value}", token), {"params": {"token": token}}]
        for about, status in answers(origin, tries):
            tally.injected += 1
            is_closed = status in (403, 400)
            tally.leaked += not is_closed
            tally.details += [] if is_closed else [f"{status}: {about}"]
        tally.check_files(data)
    with started(data, "--open") as address:
        control.leaked += sum(status == 200 for _, status in answers(address, [{}]))
