"""What a page says when there is nothing to show, and the warnings above every page; each says what to do."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import streamlit as st

from dashboard import data
from dashboard.draw import filters
from dashboard.draw.html import html_lines
from dashboard.draw.text import (
    count_text,
    day_text,
    local_time,
    markdown_text,
    moment_text,
    printable,
    weekday_text,
)
from dashboard.draw.title import draw_title
from dashboard.guard import adding, signin
from etl import status
from etl.access.scope import LEAST_COUNT

# Off-season many firms load their exports once a week.
STALE_AFTER = timedelta(days=8)
# Days without events that are known and explained would else be shown all year; Data health lists them.
SHOWN_FOR = timedelta(days=14)
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
    st.code(f"returntrail --data {status.served_directory().root} run", language=None, wrap_lines=True)
    st.text(
        "It loads them, builds the data file and writes the reports. This page shows it at the next click."
    )


def draw_no_match(sentence: str, not_filtered: str) -> None:
    """Nothing matches the filters that somebody picked, and a button clears them; or there is nothing."""
    if filters.are_picked():
        st.text(sentence)
        st.button("Clear filters", on_click=filters.clear)
    else:
        st.text(not_filtered)


def draw_no_delivery() -> None:
    draw_no_match("No delivery matches these filters.", "Nothing is delivered yet.")


def draw_too_young(days: int) -> None:
    """There are deliveries, but all are younger."""
    st.text(f"No delivery is {days} days old yet.")


def draw_unknown(title: str, sentences: list[str]) -> None:
    """What a page shows whose address has filters with values that do not exist."""
    st.title(title)
    st.html(html_lines(sentences))
    st.text("So nothing is shown: without this filter the numbers would be those of other returns too.")
    st.button("Leave out what does not exist", on_click=filters.clear_unknown)


def are_too_few() -> bool:
    """Whether a reader of counts alone has chosen too few returns to see any."""
    scope = signin.reader()
    if scope.sees_clients:
        return False
    # Nothing of it is shown, so it is not recorded as seen.
    return data.answer(data.current_build(), scope, "next_steps", None, filters.chosen()).is_empty()


def draw_too_few(title: str) -> None:
    """What such a reader sees in place of a page."""
    draw_title(title)
    sentence = (
        f"This view has fewer than {LEAST_COUNT} returns. Your role sees counts of {LEAST_COUNT} or more."
    )
    draw_no_match(sentence, sentence)


def now() -> datetime:
    return datetime.now(UTC)


def is_demo() -> bool:
    return status.served_directory().demo_note.exists()


def draw_demo(as_of: datetime, zone: str) -> None:
    """What a demo is, on every page: its numbers must not be taken for those of the firm."""
    st.caption(f"Demo: an invented firm; its clock stands at {day_text(local_time(as_of, zone))}.")


def warn_if_old(as_of: datetime, built_at: datetime, zone: str) -> None:
    """A warning for each tab whose events are missing, at the end of the data or on a day of the last weeks.

    What counts is the newest event: a build of every night makes old events no newer. Only off-season, when
    no day is sure to have events, is it the last build.
    """
    rows, shown_from = data.ask("silent_days", until=last_full_day(zone)), local_time(as_of, zone) - SHOWN_FOR
    recent = rows.filter(pl.col("is_open") | (pl.col("silent_until") >= shown_from.date()))
    periods = recent.group_by(
        "firm_id", "is_open", "seen_on", "silent_since", "silent_until", maintain_order=True
    ).agg(pl.col("tab").sort())
    firms = data.ask("filter_choices").filter(filter_name="firm").height
    for row in periods.iter_rows(named=True):
        firm = f"{printable(row['firm_id'])}: " if firms > 1 else ""
        st.warning(markdown_text(f"{firm}{silence(row)}"))
    if not rows["is_open"].any() and now() - built_at.replace(tzinfo=UTC) > STALE_AFTER:
        st.warning(
            f"These numbers were built on {moment_text(built_at, zone)} and nothing since. "
            "Load the newest exports with `returntrail run`, or ask whoever schedules it."
        )


def last_full_day(zone: str) -> date | None:
    """The last day whose events should be loaded: exports of a day may come until the next noon.

    None for a demo, whose clock stands still: the report takes the day before its newest event.
    """
    if is_demo():
        return None
    return (local_time(now(), zone) - timedelta(hours=36)).date()


def silence(row: Mapping[str, Any]) -> str:
    """What is missing, and what to do."""
    tabs = " and ".join(f"{tab} Tracking" for tab in row["tab"])
    verb = "has" if len(row["tab"]) == 1 else "have"
    since, until = row["silent_since"], row["silent_until"]
    if row["is_open"]:
        return (
            f"{tabs} {verb} no event after {weekday_text(row['seen_on'])}: the exports since then are "
            "missing. Load them with returntrail run, or ask whoever schedules it."
        )
    first, last = weekday_text(since), weekday_text(until)
    when = f"on {first}" if since == until else f"from {first} to {last}"
    return f"{tabs} {verb} no event {when}, when events are usual: an export may be missing. Load it if so."


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
