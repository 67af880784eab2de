"""Pipeline: how far deliveries get with their clients, where they stop, and how returns move through the firm."""

import streamlit as st

from dashboard import data
from dashboard.draw import filters, states
from dashboard.draw.lists import returns_list
from dashboard.page import pipeline_parts

st.title("Pipeline")
judged = pipeline_parts.choices()
asked = filters.chosen() | judged
funnel = data.ask("firm_funnel", **asked)
if funnel.is_empty():
    states.no_match(
        "No delivery matches these filters." if filters.in_address() else "Nothing is delivered yet."
    )
    st.stop()

st.caption(data.meaning_of("firm_funnel"))
step = pipeline_parts.funnel(funnel)
pipeline_parts.outcomes(data.ask("delivery_outcomes", **asked))

if step:
    st.header(f"Behind {pipeline_parts.title_of(step)}")
    stopped = pipeline_parts.stopped_or_reached(funnel, step)
    columns = [
        "client_name",
        "return_type",
        "tax_year",
        "step",
        "signature_state",
        "delivered_at",
        "due_date",
        "partner",
        "office",
        "return_id",
    ]
    words = "deliveries that stopped here" if stopped else "deliveries that came this far"
    if not returns_list(
        "funnel_returns", columns, words, key="behind", for_step=step, stopped=stopped, **asked
    ):
        states.nothing("No delivery stopped here.")

st.header("Compare")
pipeline_parts.compare(asked)

st.header("Inside the firm")
st.caption(data.meaning_of("stage_funnel"))
stage = pipeline_parts.stages(data.ask("stage_funnel", **filters.chosen()))
if stage:
    st.header(f"Now in {pipeline_parts.title_of(stage, 'stage')}")
    columns = [
        "client_name",
        "return_type",
        "stay_days",
        "entered_by",
        "preparer",
        "due_date",
        "partner",
        "office",
        "return_id",
    ]
    if not returns_list(
        "stage_returns", columns, "returns", key="in stage", for_stage=stage, **filters.chosen()
    ):
        states.nothing("No return is in this stage.")
