"""The charts: drawn with the theme, labels on the marks, no mode bar, nothing that moves under a finger."""

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from dashboard.draw.words import percent_words

CALM = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False}
# A week with fewer is left out: one client more or less would move its rate by several points.
FEWEST_A_WEEK = 30
BLUE, AMBER, GREY = "#1d5c85", "#d0882c", "#7c7c7c"
MARGIN = {"l": 8, "r": 8, "t": 28, "b": 8}


def draw(figure: go.Figure, key: str, height: int = 260) -> None:
    """A figure in the page's width."""
    figure.update_layout(
        height=height,
        margin=MARGIN,
        dragmode=False,
        hovermode="x unified",
        legend={"orientation": "h", "y": 1.12, "x": 0},
        xaxis_fixedrange=True,
        yaxis_fixedrange=True,
    )
    st.plotly_chart(figure, key=key, config=CALM, theme="streamlit")


def judged(rows: pl.DataFrame, base: str, *values: str) -> pl.DataFrame:
    """The rows with values only where there are enough to judge."""
    return rows.with_columns(
        pl.when(pl.col(base) >= FEWEST_A_WEEK).then(pl.col(value)).alias(value) for value in values
    )


def weekly_rate(
    rows: pl.DataFrame, percent: str, part: str, base: str, words: str, line_at: float | None, key: str
) -> None:
    """A rate by week with both counts in the hover text; a week with few of its base has a gap."""
    rows = judged(rows, base, percent)
    counts = [
        f"{percent_words(row[percent])}: {row[part]:,} of {row[base]:,} {words}"
        for row in rows.iter_rows(named=True)
    ]
    figure = go.Figure(
        go.Scatter(
            x=rows["segment"].to_list(),
            y=rows[percent].to_list(),
            mode="lines+markers",
            line={"color": BLUE, "width": 2},
            hovertext=counts,
            hoverinfo="text",
            showlegend=False,
        )
    )
    if line_at is not None:
        figure.add_hline(
            y=line_at,
            line={"color": AMBER, "dash": "dash"},
            annotation_text=f"{line_at:g}%",
            annotation_position="top left",
        )
    figure.update_yaxes(ticksuffix="%", rangemode="tozero")
    draw(figure, key)


def weekly_days(rows: pl.DataFrame, deadlines: pl.DataFrame, key: str) -> None:
    """Median days, and those within which nine of ten came, by week; a week with few deliveries has a gap.

    A dotted line stands at each day on which many returns are due.
    """
    rows = judged(rows, "delivery_count", "days_median", "days_p90")
    figure = go.Figure()
    for column, name, colour in (("days_median", "Median", BLUE), ("days_p90", "Nine of ten within", AMBER)):
        figure.add_scatter(
            x=rows["segment"].to_list(),
            y=rows[column].to_list(),
            name=name,
            mode="lines+markers",
            line={"color": colour, "width": 2},
            hovertext=[
                f"{name}: {row[column]} days, {row['delivery_count']:,} deliveries"
                for row in rows.iter_rows(named=True)
            ],
            hoverinfo="text",
        )
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
    draw(figure, key)


def grid(
    weeks: list[str], ages: list[str], shares: list[list[float | None]], words: list[list[str]], key: str
) -> None:
    """Weeks down, days after delivery across; a cell that cannot be judged yet is empty.

    One ink on a scale that ends mid-tone.
    """
    figure = go.Figure(
        go.Heatmap(
            x=ages,
            y=weeks,
            z=shares,
            zmin=0,
            zmax=100,
            text=words,
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
    draw(figure, key, height=60 + 30 * len(weeks))
