"""Addresses with a value that does not exist: a choice is left out, a filter shows nothing; both are said."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from etl.common.paths import CHECKOUT, DataDir
from etl.warehouse.ask import ask, open_warehouse
from support.shown import bodies, lists, texts

LEAVE_OUT = "Leave out what does not exist"
LEFT_OUT = ": the address has a value that does not exist here, so it was left out."
CHOICES = {
    ("attention", "move"): ("Waiting on whom", "Waiting on client"),
    ("pipeline", "by"): ("Compare by", "Office"),
    ("pipeline", "old"): ("Age of deliveries", "false"),
    ("pipeline", "step"): ("Steps of the funnel", "accessed"),
    ("pipeline", "stage"): ("Stages inside the firm", None),
    ("turnaround", "span"): ("From what to what", None),
    ("email", "split"): ("Split by", "Office"),
    ("reports", "report"): ("Report", "recalls"),
}
FILTERS = {"year": "Tax year", "office": "Office", "partner": "Partner", "form": "Form"}
FILTERED_PAGES = {
    "attention": "Needs attention",
    "returns": "Returns",
    "pipeline": "Pipeline",
    "turnaround": "Turnaround",
    "email": "Email health",
    "reports": "Reports",
}
STRANGE = ("", "no such value", ["", ""], "x" * 5000, "'; drop table", "<b>x</b>", "\x00", "None")


def page_with(page: str, **parameters: str | list[str]) -> AppTest:
    app = AppTest.from_file(str(CHECKOUT / "dashboard" / "frame.py"), default_timeout=120)
    app.switch_page(f"page/{page}.py")
    for name, value in parameters.items():
        app.query_params[name] = value
    return app.run()


def some_return(data: DataDir) -> str:
    with open_warehouse(data.warehouse) as warehouse:
        return ask(warehouse, "all_returns")["return_id"][0]


@pytest.fixture(autouse=True)
def served_season(season: DataDir, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RETURNTRAIL_DATA", str(season.root))
    return season.root


@pytest.mark.parametrize(("page", "name"), list(CHOICES))
def test_a_value_that_does_not_exist_is_left_out_and_said(page: str, name: str) -> None:
    label, known = CHOICES[page, name]
    usual = [one.value for one in page_with(page).caption]
    for value in STRANGE:
        app = page_with(page, **{name: value})
        assert not app.exception and name not in app.query_params, value
        shown = [one.value for one in app.caption]
        assert f"{label}{LEFT_OUT}" in shown
        assert [one for one in shown if not one.endswith(LEFT_OUT)] == usual, value
    if known:
        app = page_with(page, **{name: known})
        assert not app.exception
        assert not any(one.value.endswith(LEFT_OUT) for one in app.caption)
        mixed = page_with(page, **{name: [known, ""]})
        assert not mixed.exception and f"{label}{LEFT_OUT}" in [one.value for one in mixed.caption]


@pytest.mark.parametrize("value", STRANGE)
@pytest.mark.parametrize("name", ["id", "firm", "delivery"])
def test_a_return_that_does_not_exist_is_a_sentence(name: str, value: str | list[str]) -> None:
    app = page_with("return", **({"id": "2025-00001"} | {name: value}))
    assert not app.exception


@pytest.mark.parametrize(("page", "title"), list(FILTERED_PAGES.items()))
def test_a_filter_that_does_not_exist_shows_no_number_of_others(page: str, title: str) -> None:
    for name, label in FILTERS.items():
        app = page_with(page, **{name: "Nowhere"})
        assert not app.exception and [one.value for one in app.title] == [title]
        assert f"{label}: there is no “Nowhere”." in texts(app)
        # The headings, cards, charts, bars, lists and tables of a page, of which there is none.
        assert [*app.header, *app.metric, *app.get("plotly_chart"), *app.get("bidi_component")] == []
        assert len(bodies(app)) == 1 and LEAVE_OUT in [one.label for one in app.button]
    known_too = page_with(page, office=["Austin", "Nowhere"], partner=["<b>x</b>"])
    assert list(known_too.header) == []
    assert "Office: there is no “Nowhere”." in texts(known_too)
    assert "Partner: there is no “&lt;b&gt;x&lt;/b&gt;”." in texts(known_too)


@pytest.mark.parametrize("page", ["return", "data"])
def test_a_page_without_filters_ignores_those_of_the_address(page: str, season: DataDir) -> None:
    app = page_with(page, id=some_return(season), office="Nowhere")
    assert not app.exception and "Nowhere" not in texts(app)


def test_a_page_opens_on_the_current_season_and_shows_all_on_request(season: DataDir) -> None:
    with open_warehouse(season.warehouse) as warehouse:
        years = ask(warehouse, "all_returns")["tax_year"].to_list()
    assert len(set(years)) == 2
    for address, count in (
        ({}, years.count(max(years))),
        ({"year": str(min(years))}, years.count(min(years))),
        ({"year": "All"}, len(years)),
    ):
        app = page_with("returns", **address)
        assert [one["counted"] for one in lists(app)] == [f"{count} returns"]
        choice = next(one for one in app.selectbox if one.label == "Tax year")
        assert (choice.value, choice.options) == (
            address.get("year", str(max(years))),
            [str(max(years)), str(min(years)), "All"],
        )


def test_only_filters_that_do_not_exist_are_left_out(season: DataDir) -> None:
    app = page_with("returns", office=["Austin", "Nowhere"], partner="Nobody", form="1040", year="All")
    next(one for one in app.button if one.label == LEAVE_OUT).click().run()
    assert not app.exception and "Nowhere" not in texts(app)
    with open_warehouse(season.warehouse) as warehouse:
        count = ask(warehouse, "all_returns", for_offices=["Austin"], for_types=["1040"]).height
    assert [one["counted"] for one in lists(app)] == [f"{count} returns"]


@pytest.mark.parametrize("page", ["return", "data", "add"])
def test_a_page_without_filters_draws_none(page: str, season: DataDir) -> None:
    app = page_with(page, id=some_return(season))
    assert not app.exception and not {one.label for one in app.sidebar.selectbox} & set(FILTERS.values())
    assert not {one.label for one in app.sidebar.multiselect} & set(FILTERS.values())
