"""An OpenID Connect provider like that of a firm: it lists its accounts and signs who has signed in."""

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from urllib.parse import urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from playwright.sync_api import Browser
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from etl.common.paths import DataDir
from support.served import Visit, free_port

COOKIE_SECRET = "a long text that nobody else knows, made for this test"
SECRETS = """
[auth]
redirect_uri = "{origin}/oauth2callback"
cookie_secret = "{cookie_secret}"
client_id = "{client_id}"
client_secret = "{client_secret}"
server_metadata_url = "{provider}/.well-known/openid-configuration"
"""
CLIENT_ID, CLIENT_SECRET = "returntrail", "the provider and the dashboard know this"
HOUR = 3600


class Provider:
    """Its accounts by address, with the claims that differ from the usual; times are in seconds from now."""

    def __init__(self, accounts: dict[str, dict]) -> None:
        self.accounts, self.granted = accounts, dict[str, dict]()
        self.key = RSAKey.generate_key(2048, {"kid": "one", "alg": "RS256", "use": "sig"})
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"

    def configuration(self, request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.address,
                "authorization_endpoint": f"{self.address}/authorize",
                "token_endpoint": f"{self.address}/token",
                "jwks_uri": f"{self.address}/keys",
                "code_challenge_methods_supported": ["S256"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    def keys(self, request: Request) -> Response:
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})

    def authorize(self, request: Request) -> Response:
        """The page of accounts, and after a click on one the redirect back."""
        asked = dict(request.query_params)
        account = asked.pop("account", None)
        if account is None:
            links = "".join(
                f'<li><a href="/authorize?{escape(urlencode(asked | {"account": one}))}">{escape(one)}</a>'
                for one in self.accounts
            )
            return HTMLResponse(f"<link rel=icon href=data:,><h1>Choose an account</h1><ul>{links}</ul>")
        assert asked["client_id"] == CLIENT_ID and asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe()
        self.granted[code] = asked | {"account": account}
        return RedirectResponse(
            f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}", 302
        )

    async def token(self, request: Request) -> Response:
        """The signed token of the account, once per code."""
        form = await request.form()
        known = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        grant = self.granted.pop(str(form["code"]), None)
        digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            grant is None
            or request.headers["authorization"] != f"Basic {known}"
            or challenge != grant["code_challenge"]
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        given = {"iat": 0, "exp": HOUR, "email_verified": True} | self.accounts[grant["account"]]
        times = {name: now + given[name] for name in ("iat", "exp")}
        claims = {"iss": self.address, "aud": CLIENT_ID, "sub": grant["account"], "email": grant["account"]}
        token = jwt.encode(
            {"alg": "RS256", "kid": "one"}, claims | given | times | {"nonce": grant["nonce"]}, self.key
        )
        return JSONResponse(
            {"access_token": "unused", "token_type": "Bearer", "expires_in": HOUR, "id_token": token}
        )

    def routes(self) -> list[Route]:
        return [
            Route("/.well-known/openid-configuration", self.configuration),
            Route("/keys", self.keys),
            Route("/authorize", self.authorize),
            Route("/token", self.token, methods=["POST"]),
        ]


@contextmanager
def provided(accounts: dict[str, dict]) -> Iterator[Provider]:
    """A provider that answers."""
    provider = Provider(accounts)
    config = uvicorn.Config(Starlette(routes=provider.routes()), port=provider.port, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the provider has ended"
            time.sleep(0.05)
        yield provider
    finally:
        server.should_exit = True
        thread.join()


def write_secrets(data: DataDir, port: int, provider: Provider) -> None:
    """The secrets of a dashboard on this port that asks this provider who signs in."""
    secrets = data.root / "secrets.toml"
    secrets.touch(mode=0o600)
    words = {
        "cookie_secret": COOKIE_SECRET,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "provider": provider.address,
    }
    secrets.write_text(SECRETS.format(origin=f"http://127.0.0.1:{port}", **words), encoding="utf-8")


@contextmanager
def visits_signed_in(
    browser: Browser, address: str, provider: Provider
) -> Iterator[Callable[[str | None], Visit]]:
    """A function that signs in as somebody, in a browser of their own."""
    visits: list[Visit] = []

    def one(who: str | None) -> Visit:
        visits.append(Visit(browser, address, also_allowed=(provider.address,)))
        if who:
            visits[-1].open("/").get_by_role("button", name="Sign in").click()
            visits[-1].page.get_by_role("link", name=who).click()
            visits[-1].page.wait_for_url(f"{address}/**")
            visits[-1].page.wait_for_selector("h1:not(:has-text('Not signed in'))")
            visits[-1].wait_until_drawn()
        return visits[-1]

    yield one
    assert [fault for each in visits for fault in each.faults] == []
    for each in visits:
        each.close()
