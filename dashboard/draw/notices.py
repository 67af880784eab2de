"""What a page says when there is nothing to show, and the warnings above every page; each says what to do."""

from datetime import UTC, datetime, timedelta

import streamlit as st

from dashboard import data
from dashboard.draw import filters
from dashboard.draw.text import count_text, moment_text
from dashboard.guard import adding, signin
from etl import status
from etl.access.scope import LEAST_COUNT
from etl.warehouse.ask import Facts

# A daily run that is two hours late is not worth a warning.
STALE_AFTER = timedelta(hours=26)
MUCH_PERCENT = 1


def draw_no_data(problem: status.Problem) -> None:
    """There is no warehouse, or it cannot be opened; the page says which of the two."""
    if data.current_build() is None:
        st.title("No data yet")
        st.text("Nothing has been loaded and built in this data directory.")
        draw_how_to_load()
        return
    st.title("The data file cannot be opened")
    st.text(str(problem))
    st.text("Until then no numbers are shown. The exports that were loaded are safe in the store.")


def draw_no_events() -> None:
    """The warehouse has no event."""
    st.title("No data yet")
    st.text("The data file contains no event: nothing has been loaded, or every export was refused.")
    draw_how_to_load()


def draw_how_to_load() -> None:
    """The page that adds exports, for those who may, and the commands that load the first data."""
    if adding.may_add():
        st.page_link("page/add.py", label="Add exports in the browser")
        st.text("Or by a command:")
    st.text("Put the exported logs into the inbox folder of the data directory, then type:")
    st.code(f"returntrail --data {status.served_directory().root} run", language=None)
    st.text(
        "It loads them, builds the data file and writes the reports. This page shows it at the next click."
    )


def draw_no_match(sentence: str = "No return matches these filters.") -> None:
    """Nothing matches the filters; a button clears them."""
    st.text(sentence)
    if filters.chosen():
        st.button("Clear filters", on_click=filters.clear)


def are_too_few() -> bool:
    """Whether a reader of counts alone has chosen too few returns to see any."""
    scope = signin.reader()
    if scope.sees_clients:
        return False
    # Nothing of it is shown, so it is not recorded as seen.
    return data.answer(data.current_build(), scope, "next_steps", None, filters.chosen()).is_empty()


def draw_too_few(title: str) -> None:
    """What such a reader sees in place of a page."""
    st.title(title)
    draw_no_match(
        f"This view has fewer than {LEAST_COUNT} returns. Your role sees counts of {LEAST_COUNT} or more."
    )


def warn_if_old(facts: Facts) -> None:
    """A warning if the last build is over a day old: a scheduled run has probably not happened."""
    if datetime.now(UTC).replace(tzinfo=None) - facts.built_at > STALE_AFTER:
        st.warning(
            f"These numbers were built on {moment_text(facts.built_at, facts.timezone)} and nothing since. "
            "Load the newest exports with `returntrail run`, or ask whoever schedules it."
        )


def warn_if_damaged() -> None:
    """An error while the last verification has found damage, or a purge is not finished."""
    served = status.served_directory()
    if served.purging.exists():
        st.error(
            "A purge has begun and is not finished: these numbers still include what must be removed. "
            "`returntrail build` finishes it."
        )
    result = status.last_verification(served)
    if result and result.damage_count:
        damage = "One thing is" if result.damage_count == 1 else f"{result.damage_count} things are"
        where = "see Data health" if signin.reader().sees_data_health else "the data owner sees which"
        at = moment_text(result.at, data.facts().timezone)
        st.error(
            f"{damage} damaged, as `returntrail verify` found on {at}: {where}. These numbers may be wrong "
            "until it is repaired and verified again."
        )


def warn_if_quarantined() -> None:
    """A line if records are quarantined, a warning if they are more than one percent."""
    totals = data.ask("load_totals").row(0, named=True)
    if not totals["quarantined_count"]:
        return
    counts = f"{count_text(totals['quarantined_count'])} of {count_text(totals['record_count'])} records"
    where = "see Data health" if signin.reader().sees_data_health else "the data owner sees which and why"
    if totals["quarantined_percent"] > MUCH_PERCENT:
        st.warning(
            f"{counts} are quarantined: they could not be read and are in no number here. For more, {where}."
        )
    else:
        st.sidebar.caption(f"{counts} are quarantined: {where}.")
