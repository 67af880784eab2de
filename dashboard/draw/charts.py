"""The charts: the theme's colors, labels on the marks, no toolbar, and nothing that moves under a finger."""

from collections.abc import Sequence

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from dashboard.draw.text import count_text, percent_text

STATIC = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False}
# A week with fewer is left out: one client more or less would change its rate by several points.
MIN_PER_WEEK = 30
AMBER, GREY = "#d0882c", "#7c7c7c"
MARGIN = {"l": 8, "r": 8, "t": 28, "b": 8}


def draw_figure(figure: go.Figure, key: str, height: int = 260) -> None:
    """A figure as wide as the page."""
    figure.update_layout(
        height=height,
        margin=MARGIN,
        dragmode=False,
        hovermode="x unified",
        legend={"orientation": "h", "y": 1.12, "x": 0},
        xaxis_fixedrange=True,
        yaxis_fixedrange=True,
    )
    st.plotly_chart(figure, key=key, config=STATIC, theme="streamlit")


def add_weekly_line(
    figure: go.Figure, rows: pl.DataFrame, column: str, hover: Sequence[str], name: str | None = None
) -> None:
    """A line over the weeks of the rows, in the next color of the theme."""
    figure.add_scatter(
        x=rows["segment"].to_list(),
        y=rows[column].to_list(),
        name=name,
        mode="lines+markers",
        line={"width": 2},
        hovertext=hover,
        hoverinfo="text",
        showlegend=name is not None,
    )
    figure.update_xaxes(hoverformat="Week of %b %-d, %Y")


def with_gaps(rows: pl.DataFrame, base: str, *values: str) -> pl.DataFrame:
    """The rows with values only where there are enough to judge."""
    return rows.with_columns(
        pl.when(pl.col(base) >= MIN_PER_WEEK).then(pl.col(value)).alias(value) for value in values
    )


def draw_weekly_rate(
    rows: pl.DataFrame, part: str, base: str, noun: str, key: str, line_at: float | None = None
) -> None:
    """A rate by week, as `part` of `base`, with both counts in the hover text; a week with few has a gap."""
    rows = with_gaps(rows, f"{base}_count", f"{part}_percent")
    counts = [
        f"{percent_text(row[f'{part}_percent'])}: {count_text(row[f'{part}_count'])} of "
        f"{count_text(row[f'{base}_count'])} {noun}"
        for row in rows.iter_rows(named=True)
    ]
    figure = go.Figure()
    add_weekly_line(figure, rows, f"{part}_percent", counts)
    if line_at is not None:
        figure.add_hline(
            y=line_at,
            line={"color": AMBER, "dash": "dash"},
            annotation_text=f"{line_at:g}%",
            annotation_position="top left",
        )
    figure.update_yaxes(ticksuffix="%", rangemode="tozero")
    draw_figure(figure, key)


def draw_weekly_days(rows: pl.DataFrame, deadlines: pl.DataFrame, key: str) -> None:
    """By week, within how many days half and 90% of the deliveries came; a week with few has a gap.

    A dotted line marks each day on which many returns are due.
    """
    rows = with_gaps(rows, "base_count", "days_half", "days_most")
    figure = go.Figure()
    for column, name in (("days_half", "Half within"), ("days_most", "90% within")):
        hover = [
            f"{name} {row[column]} days, of {count_text(row['base_count'])} deliveries"
            for row in rows.iter_rows(named=True)
        ]
        add_weekly_line(figure, rows, column, hover, name)
    for due_date, forms in deadlines.select("due_date", "return_types").iter_rows():
        figure.add_vline(x=str(due_date), line={"color": GREY, "dash": "dot", "width": 1})
        figure.add_annotation(
            x=str(due_date),
            y=1,
            yref="paper",
            yanchor="top",
            xanchor="right",
            xshift=-2,
            text=f"{due_date:%b %-d}: {forms} due",
            textangle=-90,
            showarrow=False,
            font_size=11,
        )
    figure.update_yaxes(ticksuffix=" d", rangemode="tozero")
    draw_figure(figure, key)
