"""The charts: the theme's colors, labels on the marks, no toolbar, and nothing that moves under a finger.

Weeks are on the axis of their season, with last season in grey behind. A click on a week opens its returns.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from dashboard.draw.lists import with_rows
from dashboard.draw.numbers import Number, draw_number_table
from dashboard.draw.text import count_text, day_text, percent_text, short_day_text, week_text

STATIC = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False}
# A week with fewer is left out: one client more or less would change its rate by several points.
MIN_PER_WEEK = 30
AMBER, GREY = "#d0882c", "#7c7c7c"
MARGIN = {"l": 8, "r": 8, "t": 64, "b": 8}
# Labels of weeks that still have room beside each other on a phone.
MOST_TICKS = 7
# A season's axis ends this many weeks after its deadline, unless the season has gone on for longer.
WEEKS_AFTER = 2

TABLE = "These weeks as a table"

opens_lists = with_rows("opens lists", Path(__file__))

Row = dict[str, Any]
# The address of the list behind a week; None where the reader may not see it.
Behind = Callable[[Row], str | None]


def draw_figure(figure: go.Figure, label: str, key: str, height: int = 280) -> None:
    """A figure as wide as the page; a click on a point opens the list at its address."""
    figure.update_layout(
        height=height,
        margin=MARGIN,
        dragmode=False,
        hovermode="closest",
        hoverdistance=60,
        xaxis_fixedrange=True,
        legend={"orientation": "h", "y": 1.08, "yanchor": "bottom", "x": 0},
        yaxis_fixedrange=True,
    )
    st.plotly_chart(
        figure, key=key, config=STATIC, theme="streamlit", alt=f"{label}. {TABLE} has its numbers."
    )
    opens_lists(key=f"{key} opens lists")


def add_weekly_lines(
    figure: go.Figure,
    rows: pl.DataFrame,
    column: str,
    hover: Callable[[Row], str],
    behind: Behind,
    name: str | None = None,
) -> None:
    """A line over the weeks in the next color of the theme, and last season's in grey behind it."""
    last, now = rows.filter("is_last_season"), rows.filter(~pl.col("is_last_season"))
    drawn = {"mode": "lines+markers", "line": {"width": 2}, "marker": {"size": 8}}
    add_line(figure, now, column, hover, behind, name or (None if last.is_empty() else "This season"), drawn)
    if not last.is_empty():
        is_second = len(figure.data) > 2
        grey = {"color": GREY, "width": 1.5, "dash": "dot" if is_second else "solid"}
        title = f"{name}, last season" if name else "Last season"
        add_line(figure, last, column, hover, behind, title, {"mode": "lines", "line": grey})


def add_line(
    figure: go.Figure,
    rows: pl.DataFrame,
    column: str,
    hover: Callable[[Row], str],
    behind: Behind,
    name: str | None,
    style: Row,
) -> None:
    weeks = list(rows.iter_rows(named=True))
    figure.add_scatter(
        x=rows["at"].to_list(),
        y=rows[column].to_list(),
        hovertext=[f"{week_text(date.fromisoformat(row['segment']))}: {hover(row)}" for row in weeks],
        hoverinfo="text",
        customdata=[behind(row) for row in weeks],
        name=name,
        showlegend=name is not None,
        **style,
    )


def set_weeks(figure: go.Figure, rows: pl.DataFrame, axis: pl.DataFrame) -> None:
    """The labels of the weeks: how far from the deadline, and the date in the season that is chosen."""
    if axis.is_empty():
        figure.update_xaxes(hoverformat="Week of %b %-d, %Y")
        return
    places: list[tuple[int, bool]] = rows.drop_nulls("at").select("at", "is_last_season").rows()
    start = min((at for at, _ in places), default=0)
    end = max([WEEKS_AFTER, *(at for at, is_last in places if not is_last)])
    shown = axis.filter(~pl.col("is_last_season") & pl.col("weeks_from_deadline").is_between(start, end))
    step = -(-shown.height // MOST_TICKS)
    labeled = shown.filter(pl.col("weeks_from_deadline") % step == 0)
    figure.update_xaxes(
        range=[start - 0.5, end + 0.5],
        tickvals=labeled["weeks_from_deadline"].to_list(),
        ticktext=[
            f"{away_text(away)}<br>{short_day_text(date.fromisoformat(week))}"
            for week, away in labeled.select("week", "weeks_from_deadline").iter_rows()
        ],
    )


def away_text(weeks: int) -> str:
    """10 weeks, 1 week, due, 2 after: how far a week is from that of the deadline."""
    if weeks > 0:
        return f"{weeks} after"
    return "due" if not weeks else f"{-weeks} week{'' if weeks == -1 else 's'}"


def with_gaps(rows: pl.DataFrame, base: str, *values: str) -> pl.DataFrame:
    """The rows with values only where there are enough to judge."""
    return rows.with_columns(
        pl.when(pl.col(base) >= MIN_PER_WEEK).then(pl.col(value)).alias(value) for value in values
    )


def rate_text(row: Row, part: str, base: str, noun: str) -> str:
    """2.5%: 3 of 120 emails."""
    counts = f"{count_text(row[f'{part}_count'])} of {count_text(row[f'{base}_count'])} {noun}"
    return f"{percent_text(row[f'{part}_percent'])}: {counts}"


def draw_weekly_rate(
    rows: pl.DataFrame,
    axis: pl.DataFrame,
    part: str,
    base: str,
    noun: str,
    key: str,
    behind: Behind,
    line_at: float | None = None,
) -> None:
    """A rate by week, as `part` of `base`, with both counts in the hover text; a week with few has a gap."""
    rows = with_gaps(rows, f"{base}_count", f"{part}_percent")
    figure = go.Figure()
    add_weekly_lines(figure, rows, f"{part}_percent", lambda row: rate_text(row, part, base, noun), behind)
    if line_at is not None:
        figure.add_hline(
            y=line_at,
            line={"color": AMBER, "dash": "dash"},
            annotation_text=f"{line_at:g}%",
            annotation_position="top right",
        )
    figure.update_yaxes(ticksuffix="%", rangemode="tozero")
    set_weeks(figure, rows.drop_nulls(f"{part}_percent"), axis)
    draw_figure(figure, f"{part.capitalize()} of {noun}, by week", key)


def draw_weekly_days(
    rows: pl.DataFrame, axis: pl.DataFrame, deadlines: pl.DataFrame, key: str, behind: Behind
) -> None:
    """By week, within how many days half and 90% of the deliveries came; a week with few has a gap.

    A dotted line marks each week in which many returns are due.
    """
    rows = with_gaps(rows, "base_count", "days_half", "days_most")
    figure = go.Figure()
    for column, name in (("days_half", "Half within"), ("days_most", "90% within")):
        add_weekly_lines(figure, rows, column, hover_of(column, name), behind, name)
    set_weeks(figure, rows.drop_nulls("days_half"), axis)
    add_deadlines(figure, deadlines, axis)
    figure.update_yaxes(ticksuffix=" d", rangemode="tozero")
    draw_figure(figure, "How soon deliveries came through, by week", key, height=320)


def hover_of(column: str, name: str) -> Callable[[Row], str]:
    return lambda row: f"{name} {row[column]} days, of {count_text(row['base_count'])} deliveries"


def add_deadlines(figure: go.Figure, deadlines: pl.DataFrame, axis: pl.DataFrame) -> None:
    """A line in each week in which many returns are due; its label is above, where nothing crosses it."""
    places = dict(axis.filter(~pl.col("is_last_season")).select("week", "weeks_from_deadline").iter_rows())
    for due_date, week in deadlines.select("due_date", "due_week").iter_rows():
        if axis.is_empty() or week in places:
            at = places.get(week, str(due_date))
            figure.add_vline(x=at, line={"color": GREY, "dash": "dot", "width": 1})
            figure.add_annotation(
                x=at,
                y=1,
                yref="paper",
                yanchor="bottom",
                text=f"{short_day_text(due_date)} due",
                showarrow=False,
                font_size=11,
            )


def draw_weeks_table(
    titles: list[str], weeks: pl.DataFrame, numbers_of: Callable[[Row], list[Number]], key: str
) -> None:
    """The weeks of a chart as numbers, for who cannot see or click it; the newest first."""
    rows = weeks.sort("is_last_season", "segment", descending=[False, True])
    with st.expander(TABLE):
        lines = [
            [{"text": day_text(date.fromisoformat(row["segment"]))}, *numbers_of(row)]
            for row in rows.iter_rows(named=True)
        ]
        draw_number_table("These weeks", ["Week of", *titles], lines, key, has_caption=False)
