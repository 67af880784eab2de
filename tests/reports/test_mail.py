"""Reports by mail: over TLS to a real server, once a slot; a refused mail does not count as sent."""

import json
import socket
import ssl
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from etl.common.paths import DataDir
from etl.common.sealed import sealed_logs
from etl.config.settings import read_settings
from etl.reports.alert import alerting
from etl.reports.history import read_runs
from etl.reports.runs import deliver_again, write_due
from support.subscribers import PASSWORD, Post, due, firm, last, load_more, post_office, write_settings

DAY, NEXT = "2026-03-05T12:00", "2026-03-06T12:00"
NEVER = '[[subscription]]\nreport = "totals"\nevery = "never"\n'
TO = '[[subscription]]\nreport = "seen"\nto = ["folder", "ann@oak.example", "bob@oak.example"]\n'
EVERYBODY = ["ann@oak.example", "bob@oak.example"]


@pytest.fixture
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD, "right")


@pytest.fixture
def office(tmp_path: Path, password: None) -> Iterator[tuple[Post, str]]:
    with post_office(tmp_path) as found:
        yield found


@pytest.fixture
def data(tmp_path: Path, office: tuple[Post, str]) -> DataDir:
    return firm(tmp_path, office[1] + NEVER + TO)


def called(data: DataDir, at: str) -> list[str]:
    """A call as the command makes it, with its heartbeat; gives the problems."""
    now = datetime.fromisoformat(at).replace(tzinfo=UTC)
    with alerting(data, now) as problems:
        for run in write_due(data, read_settings(data.settings), now):
            problems.extend([f"{run.subscription}, {run.slot}: {run.state}"] if run.is_failed else [])
    return problems


def heartbeat(data: DataDir) -> dict:
    return json.loads((data.runs / "heartbeat.json").read_text(encoding="utf-8"))


def to_owner(post: Post) -> list[str]:
    return [str(letter["Subject"]) for letter in post.letters if letter["To"] == "it@oak.example"]


def test_a_mail_holds_the_files_and_nothing_else_of_the_clients(
    data: DataDir, office: tuple[Post, str]
) -> None:
    assert due(data, DAY) == [("seen", "written")]
    assert due(data, DAY) == []
    (letter,), (envelope,) = office[0].letters, office[0].taken
    assert envelope.rcpt_tos == EVERYBODY and envelope.mail_from == "reports@oak.example"
    assert letter["Subject"] == "seen, 2026-03-05: 2 rows, 2 new, 0 cleared"
    body, *attached = letter.walk().__iter__().__next__().get_payload()
    assert (
        "Ann" not in body.get_payload(decode=True).decode()
        and "taxpayer data" in body.get_payload(decode=True).decode()
    )
    folder = data.reports / "2026-03-05"
    assert {one.get_filename(): one.get_payload(decode=True) for one in attached} == {
        name: (folder / name).read_bytes() for name in ("seen.csv", "seen-changes.csv")
    }
    assert last(data).sent_to == EVERYBODY


REFUSALS = {
    "hello": ":{port}: it refused (530 Must issue a STARTTLS command first).",
    "tls": ":{port}: STARTTLS extension not supported by server.",
    "login": ":{port}: it refused (535 ",
    "sender": ":{port}: it refused (550 not from you).",
    "everybody": ":{port}: ann@oak.example was refused (550 no such person); bob@oak.example was refused (",
    "message": ":{port}: it refused (554 not this).",
    "answer": ":{port}: ",
}


@pytest.mark.parametrize("place", REFUSALS)
def test_a_refused_mail_is_reported_and_sent_again(
    data: DataDir, office: tuple[Post, str], place: str
) -> None:
    post, section = office
    post.refuses = place
    words = f"failed: localhost{REFUSALS[place]}".format(port=section.split("port = ")[1].split("\n")[0])
    (problem,) = called(data, DAY)
    assert problem.startswith(f"seen, 2026-03-05: {words}")
    assert (last(data).sent_to, last(data).file) == ([], "2026-03-05/seen.csv")
    at = f"{DAY}:00+00:00"
    ended = {"state": "ended", "begun_at": at, "at": at, "is_well": False}
    logs = {"runs/history.jsonl": asdict(sealed_logs(data)["runs/history.jsonl"].read_head())}
    assert heartbeat(data) == ended | {"problems": [problem], "told": [], "logs": logs}
    # Meanwhile something else is built: those who get it late still get what the others found in the folder.
    load_more(data, "cc" * 8, {"return_id": "r3", "event_at": "2026-03-02 09:00:00"})
    post.refuses = None
    assert called(data, DAY) == []
    assert [run.state[:7] for run in read_runs(data)] == ["failed:", "written"]
    (letter,) = post.letters
    assert (
        letter.get_payload()[1].get_payload(decode=True)
        == (data.reports / "2026-03-05" / "seen.csv").read_bytes()
    )
    assert heartbeat(data)["is_well"] is True
    assert called(data, DAY) == [] and len(post.taken) == 1


def test_a_refused_recipient_gets_it_later_and_the_other_not_twice(
    data: DataDir, office: tuple[Post, str]
) -> None:
    post = office[0]
    post.refuses = "one"
    (problem,) = called(data, DAY)
    assert "bob@oak.example was refused (550 no such person)" in problem
    assert called(data, DAY) == [problem]
    post.refuses = None
    assert called(data, DAY) == []
    reports = [envelope.rcpt_tos for envelope in post.taken if envelope.rcpt_tos != ["it@oak.example"]]
    assert reports == [["ann@oak.example"], ["bob@oak.example"]]
    # The owner was mailed once, though it failed twice.
    assert to_owner(post) == ["returntrail: 1 thing failed"]


def test_nothing_is_sent_without_tls_or_to_an_untrusted_server(tmp_path: Path, password: None) -> None:
    data = firm(tmp_path)
    with post_office(tmp_path, tls=False) as (post, section):
        write_settings(data, section + NEVER + TO)
        (problem,) = called(data, DAY)
        assert "STARTTLS extension not supported by server" in problem and post.taken == []
    (tmp_path / "other").mkdir()
    with post_office(tmp_path) as (post, section), post_office(tmp_path / "other"):
        other = section.replace(f"{tmp_path}/ca.pem", f"{tmp_path}/other/ca.pem")
        write_settings(data, other + NEVER + TO)
        (problem,) = called(data, NEXT)
        assert "its certificate is not trusted (self-signed certificate in certificate chain)" in problem or (
            "its certificate is not trusted" in problem
        )
        assert post.taken == []
    (problem,) = called(data, "2026-03-07T12:00")
    assert "no connection" in problem


def test_without_the_password_nothing_is_tried(data: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSWORD)
    (problem,) = called(data, DAY)
    assert f"set the variable {PASSWORD}; it must contain the password" in problem


def test_a_season_with_a_server_that_comes_and_goes(data: DataDir, office: tuple[Post, str]) -> None:
    post = office[0]
    start = datetime(2026, 3, 6, 12, tzinfo=UTC)
    away = [None, "hello", "tls", "login", "sender", "everybody", "message", "answer", "one", None]
    failed = []
    for number in range(len(away) * 3):
        # Three calls a day for ten days over the clock change; before the third the server works again.
        now = start + timedelta(days=number // 3, hours=number % 3)
        post.refuses = away[number // 3] if number % 3 < 2 else None
        failed += [(now.day, number % 3) for problem in called(data, now.isoformat()[:-6])]
    assert failed == [(day, call) for day in range(7, 15) for call in (0, 1)]
    done = [run for run in read_runs(data) if run.state == "written"]
    assert [run.slot for run in done] == [f"2026-03-{day:02d}" for day in range(6, 16)]
    got = [
        (letter["Subject"][6:16], who)
        for letter, envelope in zip(post.letters, post.taken, strict=True)
        for who in envelope.rcpt_tos
        if letter["Subject"].startswith("seen, ")
    ]
    assert sorted(got) == [(f"2026-03-{day:02d}", who) for day in range(6, 16) for who in EVERYBODY]


def test_a_mail_that_is_delivered_again_has_another_id(data: DataDir, office: tuple[Post, str]) -> None:
    post = office[0]
    due(data, DAY)
    deliver_again(data, read_settings(data.settings), 1, None)
    first, second = post.letters
    assert first["Message-ID"] != second["Message-ID"]
    assert first.get_payload()[1].get_payload() == second.get_payload()[1].get_payload()
    assert (last(data).again, last(data).sent_to, last(data).state) == (1, EVERYBODY, "written")


def test_a_failed_quit_does_not_matter(data: DataDir, office: tuple[Post, str]) -> None:
    post = office[0]
    post.refuses = "goodbye"
    assert due(data, DAY) == [("seen", "written")]
    assert due(data, DAY) == [] and len(post.taken) == 1


def test_a_server_that_never_answers_is_not_waited_for(
    data: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("etl.reports.mail.PATIENCE_SECONDS", 0.2)
    with socket.create_server(("localhost", 0)) as silent:
        port = silent.getsockname()[1]
        write_settings(
            data, f'[mail]\nhost = "localhost"\nport = {port}\nfrom = "reports@oak.example"\n{NEVER}{TO}'
        )
        (problem,) = called(data, DAY)
    assert (
        problem == f"seen, 2026-03-05: failed: localhost:{port}: Connection unexpectedly closed: timed out."
    )
    assert last(data).sent_to == []


def test_a_call_that_ends_in_an_error_leaves_a_heartbeat(data: DataDir) -> None:
    with pytest.raises(ZeroDivisionError), alerting(data, datetime(2026, 3, 5, tzinfo=UTC)):
        1 / 0  # noqa: B018
    problem = "an unexpected error ended the call; see the log of the scheduler."
    assert heartbeat(data)["problems"] == [problem]
    assert heartbeat(data)["told"] == heartbeat(data)["problems"]


def test_by_default_the_certificates_of_the_machine_are_trusted() -> None:
    assert ssl.create_default_context(cafile=None).verify_mode == ssl.CERT_REQUIRED
