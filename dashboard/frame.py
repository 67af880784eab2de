"""The frame around every page: navigation, search, filters, and as of when everything is said."""

from pathlib import Path

import streamlit as st

from dashboard import data
from dashboard.draw import filters, find, states
from dashboard.draw.opening import follow
from dashboard.draw.style import style
from dashboard.draw.words import moment_words
from dashboard.guard import pages as rooms
from dashboard.guard import signin
from etl.common.problem import Problem

HERE = Path(__file__).parent

st.set_page_config(page_title="returntrail", page_icon=str(HERE / "icon.png"), layout="wide")
st.logo(str(HERE / "logo.svg"), icon_image=str(HERE / "icon.png"), size="large")
style()

try:
    reason = signin.door()
    page = rooms.shut(reason) if reason else rooms.navigation(signin.reader())
except Problem as problem:
    rooms.shut(str(problem)).run()
    st.stop()
if reason:
    page.run()
    st.stop()
follow()

try:
    facts = data.facts()
except Problem as problem:
    states.no_data(problem)
    st.stop()
if facts.as_of is None:
    states.empty()
    st.stop()

with st.sidebar:
    if signin.reader().sees_clients:
        find.draw()
    filters.draw()
    st.caption(
        f"Data until {moment_words(facts.as_of, facts.timezone)} ({facts.timezone}), "
        f"built {moment_words(facts.built_at, facts.timezone)}"
    )
    signin.draw_person()
states.warn_if_damaged()
states.warn_if_old(facts)
states.warn_if_partly_loaded()
try:
    page.run()
except Problem as problem:
    states.refused(problem)
