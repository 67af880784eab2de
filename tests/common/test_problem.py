"""What is said of an error that nobody foresaw: where it came from, and no word of a record."""

import duckdb
import pytest

from dashboard.guard.protection import show_error_number
from etl.__main__ import exit_code

NAME = "Ann"
SAID = "its words are left out, because they may quote a record"


def unforeseen() -> Exception:
    """As a mistake in our SQL would raise it; DuckDB quotes the value, which has a client's name."""
    try:
        try:
            duckdb.sql("select cast(concat('A', 'n', 'n') as integer)").fetchall()
        except duckdb.Error as error:
            assert NAME in str(error)
            raise ValueError(f"no number: {error}") from error
    except ValueError as error:
        return error
    raise AssertionError


def test_the_command_says_where_a_mistake_of_ours_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(unforeseen()) == 1
    told = capsys.readouterr().err
    assert NAME not in told
    assert told.count("in unforeseen\n") == 2
    assert f"\nConversionException: {SAID}\n" in told and told.endswith(f"\nValueError: {SAID}\n")


def test_the_log_of_the_dashboard_says_the_same(caplog: pytest.LogCaptureFixture) -> None:
    assert show_error_number(unforeseen())
    assert NAME not in caplog.text
    assert f"ValueError: {SAID}" in caplog.text
