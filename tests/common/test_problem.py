"""What is said of an error that nobody foresaw: where it came from, and no word of a record."""

import subprocess
import sys

import duckdb
import pytest

from dashboard.guard.protection import show_error_number
from etl.__main__ import exit_code
from etl.common.paths import CHECKOUT
from etl.common.problem import traceback_of

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


def test_causes_that_go_round_end() -> None:
    one, other = ValueError(NAME), KeyError(NAME)
    one.__cause__, other.__cause__ = other, one
    told = traceback_of(one)
    assert NAME not in told
    assert told.index("KeyError: ") < told.index("ValueError: ")
    assert told.count(SAID) == 2


FAILING = """
import logging, threading
from etl.common.problem import leave_out_words
leave_out_words()
logging.basicConfig()
def fail(where):
    raise ValueError(where + ": Ann 123-45-6789")
try:
    fail("logged")
except ValueError as error:
    logging.getLogger("uvicorn.error").error("Exception in ASGI application\\n", exc_info=error)
    logging.getLogger("asyncio").exception("Task exception was never retrieved")
thread = threading.Thread(target=fail, args=["in a thread"])
thread.start()
thread.join()
fail("at the end")
"""


def test_a_process_says_the_same_whoever_logs_and_wherever_it_fails() -> None:
    ended = subprocess.run([sys.executable, "-c", FAILING], cwd=CHECKOUT, capture_output=True, text=True)
    assert ended.returncode == 1
    assert NAME not in ended.stderr
    assert ended.stderr.count(f"ValueError: {SAID}") == 4
    assert "Exception in ASGI application" in ended.stderr
