"""A small firm that subscribes to reports: its store, queries and settings, and a mail server."""

import shutil
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP as Server
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

from etl.common.paths import DataDir
from etl.config.settings import read_settings
from etl.reports.history import Run, read_runs
from etl.reports.runs import write_due
from etl.warehouse.build import build
from support.served import free_port
from support.warehouses import small_queries, two_files, write_part

FIRM = '[firm]\nname = "Oak"\ntimezone = "America/New_York"\n[[source]]\nname = "crm"\nfiles = ["*"]\n'
LISTED = """\
-- The returns on the list, the least client first.
--
-- key:   firm_id, return_id
-- param: for_offices = null  Only these offices; all if not given.
-- every: day
select
    events.firm_id,
    events.return_id,
    max(events.client_name) as client_name, -- The client.
    max(events.event_at) as last_at,        -- The last event (UTC).
    cast(count(*) as integer) as waiting_days -- A number that grows.
from raw.events as events
join raw.build as build on events.event_at <= build.as_of
where for_offices is null or list_contains(for_offices, events.office)
group by events.firm_id, events.return_id
order by events.firm_id, events.return_id
"""
CHOICES = """\
-- What the returns can be filtered by.
--
-- key: filter_name, choice
select
    'office' as filter_name, -- The filter.
    events.office as choice, -- A value.
    count(*) as return_count -- How many have it.
from raw.events as events
where events.office is not null
group by events.office
order by events.office
"""
RETURNS = """\
-- The returns with their offices.
--
-- key: firm_id, return_id
select
    events.firm_id,
    events.return_id,
    max(events.office) as office, -- The office.
    count(*) as event_count       -- Events.
from raw.events as events
group by events.firm_id, events.return_id
"""
TOTALS = """\
-- How many events there are, without a key.
--
-- every: week
select
    count(*) as event_count -- Events.
from raw.events as events
"""
PASSWORD = "ACCOUNT_WORD"


def firm(root: Path, settings: str = "", **reports: str) -> DataDir:
    """A built data directory with these lines in its settings."""
    shutil.copytree(built(tuple(reports.items())).name, root, dirs_exist_ok=True)
    data = DataDir(root / "data")
    write_settings(data, settings)
    return data


@cache
def built(reports: tuple[tuple[str, str], ...]) -> TemporaryDirectory:
    """A firm for many tests to copy, since no subscription changes what is built."""
    folder = TemporaryDirectory()
    data = two_files(Path(folder.name, "data"))
    write_settings(data, "")
    files = {"report__seen": LISTED, "report__filter_choices": CHOICES, "report__totals": TOTALS}
    files |= {"mart__returns": RETURNS, **dict(reports)}
    build(data, queries=small_queries(Path(folder.name, "queries"), **files))
    return folder


def write_settings(data: DataDir, text: str) -> None:
    (data.root / "settings.toml").write_text(FIRM + text, encoding="utf-8")


def load_more(data: DataDir, file_id: str, *rows: dict) -> None:
    """One more export, and the build after it."""
    write_part(data, file_id, list(rows))
    build(data, queries=data.root.parent / "queries")


def due(data: DataDir, at: str) -> list[tuple[str, str]]:
    """What a call at that time of the firm's zone (as UTC offset or UTC) did: subscriptions and states."""
    moment = datetime.fromisoformat(at)
    now = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return [(run.subscription, run.state) for run in write_due(data, read_settings(data.settings), now)]


def last(data: DataDir) -> Run:
    return read_runs(data)[-1]


def files(data: DataDir) -> list[str]:
    """The files under the reports' folder."""
    return sorted(str(path.relative_to(data.reports)) for path in data.reports.rglob("*") if path.is_file())


@dataclass
class Post:
    """A mail server that may refuse: what it took, and at which place it refuses."""

    refuses: str | None = None
    taken: list[Envelope] = field(default_factory=list)

    async def handle_EHLO(
        self, server: Server, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        if self.refuses == "hello":
            return ["550 not you"]
        session.host_name = hostname
        return [line for line in responses if self.refuses != "tls" or "STARTTLS" not in line]

    async def handle_MAIL(
        self, server: Server, session: Session, envelope: Envelope, address: str, options: list
    ) -> str:
        if self.refuses == "sender":
            return "550 not from you"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: Server, session: Session, envelope: Envelope, address: str, options: list
    ) -> str:
        if self.refuses == "everybody" or (self.refuses == "one" and address.startswith("bob")):
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Server, session: Session, envelope: Envelope) -> str:
        if self.refuses == "message":
            return "554 not this"
        if self.refuses == "answer":
            server.transport.abort()
            return "250 never said"
        self.taken.append(envelope)
        return "250 OK"

    async def handle_QUIT(self, server: Server, session: Session, envelope: Envelope) -> str:
        if self.refuses == "goodbye":
            server.transport.abort()
        return "221 Bye"

    def login(
        self, server: Server, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        return AuthResult(handled=False, success=self.refuses != "login" and data.password == b"right")

    @property
    def letters(self) -> list[Message]:
        return [message_from_bytes(envelope.content) for envelope in self.taken]


@contextmanager
def post_office(folder: Path, tls: bool = True) -> Iterator[tuple[Post, str]]:
    """The server at work on a free port of this machine, and the [mail] section that goes with it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    post = Post()
    port = free_port()
    address = {"hostname": "localhost", "port": port, "tls_context": context if tls else None}
    controller = Controller(
        post, **address, require_starttls=tls, authenticator=post.login, auth_require_tls=tls
    )
    controller.start()
    try:
        login = f'user = "returntrail"\npassword_env = "{PASSWORD}"\n'
        people = f'from = "reports@oak.example"\nowner = "it@oak.example"\nca_file = "{folder}/ca.pem"\n'
        yield post, f'[mail]\nhost = "localhost"\nport = {port}\n{login}{people}'
    finally:
        controller.stop()
