"""The parts of the pipeline's page: the funnel and what became of deliveries, seasons compared, the firm's own stages."""

import polars as pl
import streamlit as st

from dashboard import data
from dashboard.draw.bars import bars
from dashboard.draw.words import NONE, count_words, percent_words, plain_column, span_words

YOUNG_DAYS = 14
SPLITS = {"None": None, "Office": "office", "Partner": "partner", "Form": "return_type", "Week": "week"}
OUTCOMES = ("signed", "probably_signed", "partly_signed", "paper", "recalled", "open")


def choices() -> dict[str, object]:
    """Whether deliveries too young to judge are left out; they would look like failure."""
    old = st.toggle(
        f"Only deliveries {YOUNG_DAYS} days old or older",
        value=True,
        key="old",
        bind="query-params",
        help="Clients take days to open and sign. Younger deliveries have not failed yet, so they are left out.",
    )
    if not old:
        st.caption(
            "Deliveries too young to judge are counted too, so the last steps look worse than they are."
        )
    return {"min_age_days": YOUNG_DAYS} if old else {}


def funnel(rows: pl.DataFrame) -> str | None:
    """The steps as bars; the step whose returns are wanted, which the address holds."""
    wanted = st.query_params.get("step")
    defined = definitions()
    drawn = [
        {
            "id": row["step"],
            "name": defined[row["step"]]["title"],
            "figures": f"{count_words(row['reached_count'])} · {percent_words(row['reached_percent'])}",
            "note": note(row),
            "help": f"{defined[row['step']]['meaning']} Logged: {count_words(row['logged_count'])}. Stopped here: "
            f"{count_words(row['stopped_count'])}.",
            "width": row["reached_percent"] or 0,
            "pressed": row["step"] == wanted,
        }
        for row in rows.iter_rows(named=True)
    ]
    pressed = bars("Steps of the funnel", drawn, key="funnel")
    if pressed:
        toggle("step", pressed)
    st.caption(
        "Share of the deliveries that the step applies to, and of those that reached the step before. A step counts as "
        "reached if it or a later one is logged. Press a step to see the returns behind it."
    )
    return wanted if wanted in rows["step"].to_list() else None


def note(row: dict) -> str:
    """What stands small beside a step: its share of the step before, and how soon it came."""
    parts = (
        [f"{percent_words(row['previous_percent'])} of the step before"]
        if row["previous_percent"] is not None
        else []
    )
    if row["seconds_median"]:
        parts.append(f"median {span_words(row['seconds_median'])}")
    return " · ".join(parts) or "all deliveries"


def definitions(kind: str = "step") -> dict[str, dict]:
    """The steps, or the stages, by the word that reports use, with title and meaning."""
    rows = data.ask("definitions").filter(pl.col("kind") == kind)
    return {row["name"]: row for row in rows.iter_rows(named=True)}


def title_of(name: str, kind: str = "step") -> str:
    """The title of a step or stage."""
    return definitions(kind)[name]["title"]


def stopped_or_reached(rows: pl.DataFrame, step: str) -> bool:
    """Which of a step's deliveries are wanted: those that stopped there, or all that reached it."""
    row = rows.row(by_predicate=pl.col("step") == step, named=True)
    offered = {
        "stopped": f"Stopped here {count_words(row['stopped_count'])}",
        "reached": f"Reached {count_words(row['reached_count'])}",
    }
    return (
        st.segmented_control(
            "Which deliveries",
            list(offered),
            format_func=offered.get,
            default="stopped",
            required=True,
            key="which",
            label_visibility="collapsed",
        )
        == "stopped"
    )


def outcomes(rows: pl.DataFrame) -> None:
    """What became of all deliveries, recalled ones too; the parts add up to the whole."""
    row = rows.row(0, named=True)
    with st.container(border=True):
        st.caption(
            f"What became of all {count_words(row['delivery_count'])} deliveries, recalled ones included"
        )
        with st.grid(6, min_column_width=110):
            for name in OUTCOMES:
                with st.container(gap=None):
                    st.metric(name.replace("_", " ").capitalize(), count_words(row[f"{name}_count"]))
                    st.caption(percent_words(row[f"{name}_percent"]))


def compare(asked: dict[str, object]) -> None:
    """Seasons at the same age, or a split of the funnel."""
    chosen = st.segmented_control(
        "Compare by",
        ["Season", *list(SPLITS)[1:]],
        default="Season",
        required=True,
        key="by",
        bind="query-params",
    )
    if chosen == "Season":
        st.caption(
            f"What happened within {YOUNG_DAYS} days of delivery, of deliveries at least that old: seasons at the same age."
        )
        same_age = {"min_age_days": YOUNG_DAYS, "within_days": YOUNG_DAYS, "split_by": "tax_year"}
        rows = data.ask(
            "firm_funnel", **{name: value for name, value in asked.items() if name != "for_years"} | same_age
        )
    else:
        rows = data.ask("firm_funnel", **asked, split_by=SPLITS[chosen])
    table(rows, "Tax year" if chosen == "Season" else chosen)


def table(rows: pl.DataFrame, head: str) -> None:
    """A row for each segment, a column for each step: the share that reached it."""
    if rows.is_empty():
        st.text("No delivery is old enough to compare.")
        return
    titles = {name: row["title"] for name, row in definitions().items()}
    rows = rows.with_columns(pl.col("step").replace_strict(titles).alias("title"))
    steps = rows.select("step_no", "title").unique().sort("step_no")["title"].to_list()
    named = rows.with_columns(plain_column("segment"))
    counts = named.filter(pl.col("step_no") == 1).select(
        "segment", pl.col("reached_count").alias("Deliveries")
    )
    shares = named.filter(pl.col("step_no") > 1).pivot("title", index="segment", values="reached_percent")
    shown = counts.join(shares, on="segment", how="left", maintain_order="left").rename({"segment": head})
    config = {title: st.column_config.NumberColumn(title, format="%.1f%%") for title in steps[1:]}
    st.dataframe(shown, column_config=config, hide_index=True, placeholder=NONE, key=f"compare {head}")


def stages(rows: pl.DataFrame) -> str | None:
    """The firm's stages as bars of the returns in them now; the stage whose returns are wanted."""
    wanted = st.query_params.get("stage")
    defined = definitions("stage")
    drawn = [
        {
            "id": row["stage"],
            "name": defined[row["stage"]]["title"],
            "figures": f"{count_words(row['in_count'])} in it now",
            "note": stage_note(row),
            "help": defined[row["stage"]]["meaning"],
            "width": row["entered_percent"] or 0,
            "pressed": row["stage"] == wanted,
        }
        for row in rows.iter_rows(named=True)
    ]
    pressed = bars("Stages inside the firm", drawn, key="stages")
    if pressed:
        toggle("stage", pressed)
    st.caption(
        "A bar is the share of returns that ever entered the stage. Press a stage to see the returns in it now."
    )
    return wanted if wanted in rows["stage"].to_list() else None


def stage_note(row: dict) -> str:
    """What stands small beside a stage: who entered and skipped it, and how long a stay takes."""
    parts = [f"{count_words(row['entered_count'])} entered", f"{count_words(row['skipped_count'])} skipped"]
    if row["seconds_median"]:
        parts.append(f"median {span_words(row['seconds_median'])}")
    return " · ".join(parts)


def toggle(name: str, value: str) -> None:
    """Notes a press in the address; a second press takes it back."""
    if st.query_params.get(name) == value:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = value
    st.rerun()
