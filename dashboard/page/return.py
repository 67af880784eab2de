"""One return: where it is, whose move, what next, why, and what happened on both sides."""

import streamlit as st

from dashboard import data
from dashboard.draw import states
from dashboard.draw.timeline import draw_timeline
from dashboard.draw.words import plain
from dashboard.guard.download import csv_button
from dashboard.page import return_parts

wanted, firm = st.query_params.get("id", ""), st.query_params.get("firm")
if not wanted:
    st.title("One return")
    states.nothing(
        "No return is named in this address. Press Find a return, or Ctrl+K, and type a client's name or a number."
    )
    st.stop()

of_return = {"for_return": wanted} | ({"for_firms": [firm]} if firm else {})
found = data.ask("return_state", **of_return)
if found.is_empty():
    st.title("No such return")
    states.nothing(
        f"No return has the id “{plain(wanted)}”. Press Find a return, or Ctrl+K, and type a client's name or a number."
    )
    st.stop()
if found.height > 1:
    st.title("Several returns")
    return_parts.choose_firm(found)
    st.stop()

state = found.row(0, named=True)
steps = data.ask("return_steps", **of_return)
return_parts.heading(state)
cycle_no = return_parts.pick_delivery(steps, state)
return_parts.standing(state)
return_parts.progress(steps, cycle_no)
return_parts.signers(data.ask("signature_evidence", **of_return), cycle_no)

left, right = st.columns([5, 1], vertical_alignment="bottom")
shape = left.segmented_control(
    "Show",
    ["One time line", "Two lists"],
    default="One time line",
    required=True,
    key="shape",
    bind="query-params",
    label_visibility="collapsed",
)
every = left.toggle("Every event, as logged", key="every", bind="query-params")
with right:
    csv_button("return_timeline", key="timeline csv", **of_return)
draw_timeline(data.ask("return_timeline", **of_return), two_lists=shape == "Two lists", every=every)
with st.expander("Evidence of the signatures, to hand over"):
    csv_button("evidence_facts", key="evidence csv", **of_return)
    return_parts.evidence_command(state)
