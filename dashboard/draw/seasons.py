"""The weeks of a season on an axis that has last season behind: how far each is from its deadline."""

from datetime import date, timedelta
from typing import Any

import polars as pl
import streamlit as st

from dashboard import data
from dashboard.draw.behind import behind_address
from dashboard.draw.text import day_text


def weeks_of(report: str, asked: dict[str, Any]) -> pl.DataFrame:
    """The weeks of a report, then those of last season; `at` is the place of each on the axis of its season.

    A week that is years away has no place. Of several seasons there is no such axis: the place of a week is
    its date, and nothing is added.
    """
    axis = axis_of(asked)
    if axis.is_empty():
        weeks = data.ask(report, split_by="week", **asked)
        return weeks.with_columns(
            season=pl.lit(None, pl.Int64), is_last_season=pl.lit(False), at=pl.col("segment").str.to_date()
        )
    places = axis.select("week", "is_last_season", season="tax_year", at="weeks_from_deadline")
    return pl.concat(
        data.ask(report, split_by="week", **asked | {"for_years": [str(season)]}).join(
            of_season, left_on="segment", right_on="week", maintain_order="left"
        )
        for (season,), of_season in places.partition_by(
            "season", include_key=True, as_dict=True, maintain_order=True
        ).items()
    )


def axis_of(asked: dict[str, Any]) -> pl.DataFrame:
    """The weeks of the season that is chosen and of the one before; no row unless exactly one is chosen."""
    years = asked.get("for_years", [])
    axis = data.ask("season_weeks", season=int(years[0]) if years else None)
    return axis if len(years) == 1 else axis.clear()


def week_address(name: str, row: dict[str, Any], **values: object) -> str | None:
    """The list behind a number of a week, of last season too; see `behind_address`."""
    of_season = {} if row["season"] is None else {"year": row["season"]}
    monday = date.fromisoformat(row["segment"])
    return behind_address(name, since=monday, until=monday + timedelta(days=6), **of_season, **values)


def draw_axis(weeks: pl.DataFrame, axis: pl.DataFrame) -> None:
    """What the axis counts to, and what the grey line is."""
    if axis.is_empty():
        return
    deadlines: dict[bool, date] = dict(axis.select("is_last_season", "deadline").iter_rows())
    words = f"Weeks are counted to that of {day_text(deadlines[False])}, when individual returns are due."
    if weeks["is_last_season"].any():
        words += f" In grey is last season, as many weeks from {day_text(deadlines[True])}."
    st.caption(words)
