"""The frame around every page: sign-in, navigation, search, filters, warnings, and the date of the data."""

from pathlib import Path

import streamlit as st

from dashboard import data
from dashboard.draw import filters, notices
from dashboard.draw.return_link import open_requested_return
from dashboard.draw.search import draw_search_button
from dashboard.draw.text import moment_text
from dashboard.guard import signin
from dashboard.guard.navigation import navigation, sign_in_everywhere
from etl.status import Problem

HERE = Path(__file__).parent

st.set_page_config(page_title="returntrail", page_icon=str(HERE / "icon.png"), layout="wide")
st.logo(str(HERE / "logo.svg"), icon_image=str(HERE / "icon.png"), size="large")
st.html(HERE / "style.css")

try:
    reason = signin.refusal_reason()
    page = sign_in_everywhere(reason) if reason else navigation(signin.reader())
except Problem as problem:
    sign_in_everywhere(str(problem)).run()
    st.stop()
if reason:
    page.run()
    st.stop()
open_requested_return()

try:
    facts = data.facts()
except Problem as problem:
    notices.draw_no_data(problem)
    st.stop()
if facts.as_of is None:
    notices.draw_no_events()
    st.stop()

with st.sidebar:
    if signin.reader().sees_clients:
        draw_search_button()
    filters.draw()
    st.caption(
        f"Data until {moment_text(facts.as_of, facts.timezone)} ({facts.timezone}), "
        f"built {moment_text(facts.built_at, facts.timezone)}"
    )
    signin.draw_account()
notices.warn_if_damaged()
notices.warn_if_old(facts)
notices.warn_if_quarantined()
try:
    page.run()
except Problem as problem:
    st.text(str(problem))
