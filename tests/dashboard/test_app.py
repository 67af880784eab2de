"""Every page and every state, run without a browser: real warehouses, whole sentences."""

import html
import json
import shlex
import shutil
from datetime import date, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.draw import charts
from dashboard.draw.text import day_text
from etl.cli.options import read_options
from etl.common.paths import CHECKOUT, DataDir
from etl.reports.history import Run, save_run
from etl.warehouse.ask import ask, open_warehouse
from etl.warehouse.build import build
from support.shown import lists, tables, texts
from support.story import read_story, tell

PAGES = ("attention", "returns", "return", "pipeline", "turnaround", "email", "reports", "add", "data")
TITLES = {
    "attention": "Needs attention",
    "returns": "Returns",
    "return": "One return",
    "pipeline": "Pipeline",
    "turnaround": "Turnaround",
    "email": "Email health",
    "reports": "Reports",
    "add": "Add exports",
    "data": "Data health",
}


def page(data: DataDir, name: str, monkeypatch: pytest.MonkeyPatch, **address: str) -> AppTest:
    """A page of a data directory at an address, run once; a bug would raise an exception."""
    monkeypatch.setenv("RETURNTRAIL_DATA", str(data.root))
    app = AppTest.from_file(str(CHECKOUT / "dashboard" / "frame.py"), default_timeout=300)
    app.switch_page(f"page/{name}.py")
    for key, value in address.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception, app.exception
    return app


@pytest.mark.parametrize("name", PAGES)
def test_every_page_has_one_title(season: DataDir, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [title.value for title in page(season, name, monkeypatch).title] == [TITLES[name]]


@pytest.mark.parametrize("name", PAGES)
def test_hostile_names_break_no_page(hostile: DataDir, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    address = {"id": "r0"} if name == "return" else {}
    page(hostile, name, monkeypatch, **address)


@pytest.mark.parametrize("by", ["Office", "Partner", "Form"])
def test_names_that_look_the_same_are_compared_one_by_one(
    hostile: DataDir, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = page(hostile, "pipeline", monkeypatch, by=by, old="false")
    with open_warehouse(hostile.warehouse) as warehouse:
        funnel = ask(warehouse, "firm_funnel", split_by={"Form": "return_type"}.get(by, by.lower()))
    compared = tables(app)["Compare"]
    assert len(compared) == funnel["segment"].n_unique()
    assert all(by in row and row["Accessed"].endswith("%") for row in compared)


@pytest.mark.parametrize("name", [name for name in PAGES if name != "add"])
def test_without_a_warehouse_every_page_says_how_to_build_one(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = page(DataDir(tmp_path), name, monkeypatch)
    assert [title.value for title in app.title] == ["No data yet"]
    assert app.code[0].value == f"returntrail --data {tmp_path} run"


def test_a_warehouse_without_events_says_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(DataDir(tmp_path))
    assert [title.value for title in page(DataDir(tmp_path), "attention", monkeypatch).title] == [
        "No data yet"
    ]


def test_a_damaged_warehouse_is_not_a_missing_one(
    season: DataDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = DataDir(tmp_path)
    content = bytearray(season.warehouse.read_bytes())
    content[:4096] = b"x" * 4096
    damaged.warehouse.write_bytes(content)
    app = page(damaged, "attention", monkeypatch)
    assert [title.value for title in app.title] == ["The data file cannot be opened"]
    assert "damaged" in texts(app)


def test_filters_come_from_the_address(season: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page(season, "returns", monkeypatch, office="Austin", form="1040")
    with open_warehouse(season.warehouse) as warehouse:
        wanted = {"for_offices": ["Austin"], "for_types": ["1040"], "for_years": ["2025"]}
        rows = ask(warehouse, "all_returns", **wanted)
    (shown,) = lists(app)
    assert shown["counted"] == f"{rows.height} returns"
    assert [row["first"][0] for row in shown["rows"]] == rows["client_name"].to_list()
    assert list(app.session_state["office"]) == ["Austin"]


def test_a_page_without_matches_says_so_and_clears_the_filters(
    season: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_warehouse(season.warehouse) as warehouse:
        rows = ask(warehouse, "all_returns")
        of_season = ask(warehouse, "all_returns", for_years=["2025"])
    pairs = set(zip(rows["partner"], rows["office"], strict=True))
    partner, office = next(
        (p, o) for p in rows["partner"].unique() for o in rows["office"].unique() if (p, o) not in pairs
    )
    app = page(season, "returns", monkeypatch, partner=partner, office=office)
    assert "No return matches these filters." in texts(app)
    next(button for button in app.button if button.label == "Clear filters").click().run()
    assert lists(app)[0]["counted"] == f"{of_season.height} returns"
    year = next(choice for choice in app.selectbox if choice.label == "Tax year")
    assert year.value == "2025"


@pytest.mark.parametrize("name", ["pipeline", "turnaround", "email"])
def test_a_page_without_matches_says_that_there_are_none(
    season: DataDir, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETURNTRAIL_DATA", str(season.root))
    with open_warehouse(season.warehouse) as warehouse:
        rows = ask(warehouse, "all_returns")
    pairs = set(zip(rows["partner"], rows["office"], strict=True))
    partner, office = next(
        (p, o) for p in rows["partner"].unique() for o in rows["office"].unique() if (p, o) not in pairs
    )
    app = page(season, name, monkeypatch, partner=partner, office=office)
    assert any(text.value.startswith("No ") for text in app.text)


def test_the_funnel_is_the_report(season: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page(season, "pipeline", monkeypatch, year="2025", step="accessed")
    with open_warehouse(season.warehouse) as warehouse:
        funnel = ask(warehouse, "firm_funnel", for_years=[2025], min_age_days=14)
    stopped = funnel.filter(funnel["step"] == "accessed")["stopped_count"][0]
    assert lists(app)[0]["counted"] == f"{stopped} deliveries"


def test_a_line_marks_each_day_on_which_many_returns_are_due(
    season: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charts, "MIN_PER_WEEK", 1)
    app = page(season, "turnaround", monkeypatch)
    with open_warehouse(season.warehouse) as warehouse:
        deadlines = ask(warehouse, "deadlines", for_years=["2025"])
    layout = json.loads(app.get("plotly_chart")[0].proto.spec)["layout"]
    assert [line["x0"] for line in layout["shapes"]] == [-4, 0]
    assert [label["text"] for label in layout["annotations"]] == ["Mar 16 due", "Apr 15 due"]
    due = dict(deadlines.select("due_date", "return_types").iter_rows())
    assert list(due) == [date(2026, 3, 16), date(2026, 4, 15)]
    assert f"due: {', '.join(f'{day_text(day)} ({forms})' for day, forms in due.items())}." in texts(app)


def test_an_unknown_return_is_quoted_as_text(season: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page(season, "return", monkeypatch, id="<b>nobody</b>")
    assert [title.value for title in app.title] == ["No such return"]
    assert "No return has the id “<b>nobody</b>”." in texts(app)


def test_an_id_that_two_firms_have_becomes_a_link_for_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for firm, client in (("birch", "Oak & Co"), ("elm", "")):
        (tmp_path / f"{firm}.txt").write_text(
            "Two firms.\n\ngiven raw.events\nreturn_id | client_name | event_time | tab | label\n"
            f"r1 | {client} | 2026-03-01 09:00 | Internal | Upload\n"
        )
    warehouse = tell([read_story(tmp_path / f"{firm}.txt") for firm in ("birch", "elm")], tmp_path)
    app = page(DataDir(warehouse.parent), "return", monkeypatch, id="r1")
    assert [title.value for title in app.title] == ["Several returns"]
    links = [link.proto for link in app.get("page_link")]
    assert [html.unescape(link.label) for link in links] == ["birch · Oak & Co", "elm · –"]
    assert [link.query_string for link in links] == ["id=r1&firm=birch", "id=r1&firm=elm"]


def test_a_return_shows_the_command_that_writes_its_evidence(
    season: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_warehouse(season.warehouse) as warehouse:
        firm, wanted = ask(warehouse, "recalls", ["firm_id", "return_id"]).row(0)
    (command,) = page(season, "return", monkeypatch, id=wanted).code
    program, *words = shlex.split(command.value)
    asked = read_options(words)
    assert (program, asked.verb, asked.return_id, asked.firm) == ("returntrail", "evidence", wanted, firm)


def test_a_return_shows_both_sides_and_every_title(season: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_warehouse(season.warehouse) as warehouse:
        wanted = ask(warehouse, "recalls")["return_id"][0]
        events = ask(warehouse, "return_timeline", for_return=wanted)
    words = texts(page(season, "return", monkeypatch, id=wanted, every="true"))
    assert "Client tracking" in words and "Internal tracking" in words
    for title in events.filter(~events["is_repeat"] & (events["code"] != "unclassified"))["title"].unique():
        assert title in words


def test_a_return_says_which_signature_a_recall_voided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = read_story(CHECKOUT / "tests/stories/next_sign_again_after_a_recall_voided_the_signature.txt")
    data = DataDir(tell([story], tmp_path).parent)
    voided = "Signed an earlier version, Mar 3; the recall of Mar 5 voided it. The current one is not signed."
    assert voided in texts(page(data, "return", monkeypatch, id="again"))
    assert "not delivered yet." in texts(page(data, "return", monkeypatch, id="being"))
    assert "voided it" not in texts(page(data, "return", monkeypatch, id="newer"))


def test_the_signers_of_a_joint_return_show_who_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "evidence_of_a_check_soon_after_a_named_access_is_implied"
    data = DataDir(tell([read_story(CHECKOUT / "tests" / "stories" / f"{name}.txt")], tmp_path).parent)
    words = texts(page(data, "return", monkeypatch, id="implied"))
    assert "passed, implied by the access before" in words
    assert "missing since Mar 12, 2026, 7:00 AM" in words
    words = texts(page(data, "return", monkeypatch, id="other"))
    assert "One of the two is missing since Mar 9, 2026, 6:00 AM; the log does not say who." in words
    assert "missing since" not in texts(page(data, "return", monkeypatch, id="both"))


def test_a_new_build_shows_without_a_restart(
    season: DataDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(season.store, tmp_path / "store")
    data = DataDir(tmp_path)
    build(data, datetime(2025, 4, 1))
    app = page(data, "returns", monkeypatch, year="All")
    assert "Data until Apr 1, 2025" in texts(app)
    build(data)
    app.run()
    assert "\n150 returns" in texts(app) and "Data until Apr 2, 2026" in texts(app)


def test_the_reports_page_shows_what_was_written_and_why_not(
    season: DataDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = DataDir(tmp_path)
    shutil.copy(season.warehouse, data.warehouse)
    app = page(data, "reports", monkeypatch)
    assert "Nothing was written on a schedule yet." in texts(app)
    save_run(
        data,
        Run(1, "2026-04-02T12:00:00", "work_list", "work_list", "2026-04-02", state="written", row_count=7),
    )
    save_run(
        data,
        Run(2, "2026-04-03T12:00:00", "work_list", "work_list", "2026-04-03", state="failed: <b>no room</b>"),
    )
    app = page(data, "reports", monkeypatch)
    assert "1 report failed at the last try and will be tried again." in [
        warning.value for warning in app.warning
    ]
    failed, written = tables(app)["What ran"]
    assert (failed["Run"], failed["State"], failed["Rows"]) == ("2", "failed: <b>no room</b>", "–")
    assert (written["State"], written["Rows"]) == ("written", "7")
    assert written["When"] == "Apr 2, 2026, 8:00 AM"
