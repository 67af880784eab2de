"""What a page says when there is nothing to show: each state is a sentence, and says what to do."""

from datetime import UTC, datetime, timedelta

import streamlit as st

from dashboard import data
from dashboard.draw import filters
from dashboard.draw.words import count_words, moment_words
from dashboard.guard import signin
from etl.common.problem import Problem
from etl.upkeep.findings import DAMAGE
from etl.warehouse.ask import Facts

# A daily run that comes two hours late is no news.
STALE_AFTER = timedelta(hours=26)
MUCH_PERCENT = 1


def no_data(problem: Problem) -> None:
    """No file, or one that cannot be opened; the two are told apart."""
    if data.build() is None:
        st.title("No data yet")
        st.text("Nothing has been loaded and built in this data directory.")
        how_to_load()
        return
    st.title("The data file cannot be opened")
    st.text(str(problem))
    st.text("Until then no numbers are shown. The exports that were loaded are safe in the store.")


def refused(problem: Problem) -> None:
    """What cannot be shown, and why."""
    st.text(str(problem))


def empty() -> None:
    """A file without a single event."""
    st.title("No data yet")
    st.text("The data file holds no event: nothing has been loaded, or every export was refused.")
    how_to_load()


def how_to_load() -> None:
    """The commands that bring the first data."""
    st.text("Put the exported logs into the inbox folder of the data directory, then type:")
    st.code(f"returntrail --data {data.data_dir().root} run", language=None)
    st.text(
        "It loads them, builds the data file and writes the reports. This page shows it at the next click."
    )


def no_match(what: str = "No return matches these filters.") -> None:
    """Nothing under the filters, and the way back."""
    st.text(what)
    if filters.in_address():
        st.button("Clear filters", on_click=filters.clear)


def nothing(sentence: str) -> None:
    """A calm line in place of an empty table."""
    st.text(sentence)


def warn_if_old(facts: Facts) -> None:
    """A banner where the last build is over a day old: a scheduled run has probably not happened."""
    if datetime.now(UTC).replace(tzinfo=None) - facts.built_at > STALE_AFTER:
        st.warning(
            f"These numbers were built on {moment_words(facts.built_at, facts.timezone)} and nothing since. "
            "Load the newest exports with `returntrail run`, or ask whoever schedules it."
        )


def warn_if_damaged() -> None:
    """A banner while the last verification found that something is not what it was, or a purge is not done."""
    if data.is_purging():
        st.error(
            "A purge has begun and is not done: these numbers still have what should be gone. `returntrail build` finishes it."
        )
    found = data.verified()
    damaged = [one for one in found[1] if one.severity == DAMAGE] if found else []
    if damaged:
        times = "One thing is" if len(damaged) == 1 else f"{len(damaged)} things are"
        where = "see Data health" if signin.reader().keeps_the_data else "the data owner sees which"
        at = moment_words(found[0], data.facts().timezone)
        st.error(
            f"{times} damaged, as `returntrail verify` found on {at}: {where}. These numbers may be wrong until it is mended "
            "and verified again."
        )


def warn_if_partly_loaded() -> None:
    """A line where records were set aside, a banner where they are more than a hundredth."""
    totals = data.ask("load_totals").row(0, named=True)
    if not totals["quarantined_count"]:
        return
    counts = f"{count_words(totals['quarantined_count'])} of {count_words(totals['record_count'])} records"
    where = "see Data health" if signin.reader().keeps_the_data else "the data owner sees which and why"
    if totals["quarantined_percent"] > MUCH_PERCENT:
        st.warning(f"{counts} were set aside and are in no number here: {where}.")
    else:
        st.sidebar.caption(f"{counts} were set aside: {where}.")
