"""An address with a choice that does not exist, or with none: the page is the usual one, and says so."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from etl.common.paths import CHECKOUT, DataDir

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
    ("returns", "office"): ("Office", "Austin"),
    ("returns", "year"): ("Tax year", "2025"),
}
STRANGE = ("", "no such value", ["", ""], "x" * 5000, "'; drop table", "<b>x</b>", "\x00", "None")


def page_with(page: str, **parameters: str | list[str]) -> AppTest:
    app = AppTest.from_file(str(CHECKOUT / "dashboard" / "frame.py"), default_timeout=120)
    app.switch_page(f"page/{page}.py")
    for name, value in parameters.items():
        app.query_params[name] = value
    return app.run()


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
