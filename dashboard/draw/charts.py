"""The charts: the theme's colors, labels on the marks, no toolbar, and nothing that moves under a finger."""

from collections.abc import Sequence
from datetime import date

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from dashboard.draw.text import count_text, percent_text, week_text

STATIC = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False}
# A week with fewer is left out: one client more or less would change its rate by several points.
MIN_PER_WEEK = 30
BLUE, AMBER, GREY = "#1d5c85", "#d0882c", "#7c7c7c"
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
    figure: go.Figure,
    rows: pl.DataFrame,
    column: str,
    hover: Sequence[str],
    color: str,
    name: str | None = None,
) -> None:
    """A line over the weeks of the rows."""
    figure.add_scatter(
        x=rows["segment"].to_list(),
        y=rows[column].to_list(),
        name=name,
        mode="lines+markers",
        line={"color": color, "width": 2},
        hovertext=hover,
        hoverinfo="text",
        showlegend=name is not None,
    )
    figure.update_xaxes(hoverformat="Week of %b %-d")


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
    add_weekly_line(figure, rows, f"{part}_percent", counts, BLUE)
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
    """By week, the median of days and those within which 90% came; a week with few deliveries has a gap.

    A dotted line marks each day on which many returns are due.
    """
    rows = with_gaps(rows, "delivery_count", "days_median", "days_p90")
    figure = go.Figure()
    for column, name, color in (("days_median", "Median", BLUE), ("days_p90", "90% within", AMBER)):
        hover = [
            f"{name}: {row[column]} days, {count_text(row['delivery_count'])} deliveries"
            for row in rows.iter_rows(named=True)
        ]
        add_weekly_line(figure, rows, column, hover, color, name)
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


def draw_weekly_grid(weeks: list[str], ages: list[int], percents: list[list[float | None]], key: str) -> None:
    """Weeks down, days after delivery across; a cell that cannot be judged yet is empty.

    One color on a scale that ends at a middle tone, so that the text stays readable.
    """
    figure = go.Figure(
        go.Heatmap(
            x=[f"{age} d" for age in ages],
            y=[week_text(date.fromisoformat(week)) for week in weeks],
            z=percents,
            zmin=0,
            zmax=100,
            text=[["" if percent is None else percent_text(percent) for percent in row] for row in percents],
            texttemplate="%{text}",
            hoverinfo="skip",
            colorscale=[[0, "rgba(29,92,133,0.04)"], [1, "rgba(29,92,133,0.42)"]],
            showscale=False,
            xgap=2,
            ygap=2,
        )
    )
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_xaxes(type="category", side="top")
    draw_figure(figure, key, height=60 + 30 * len(weeks))
