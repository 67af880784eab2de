"""The frame around every page: sign-in, navigation, search, filters, warnings, and the date of the data."""

from pathlib import Path

import streamlit as st

from dashboard import data
from dashboard.draw import filters, notices
from dashboard.draw.search import draw_search_button
from dashboard.draw.text import moment_text
from dashboard.guard import adding, signin
from dashboard.guard.navigation import (
    PAGES_OF_COUNTS,
    PAGES_WITHOUT_DATA,
    PAGES_WITHOUT_FILTERS,
    navigation,
    sign_in_everywhere,
)
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

if page.url_path != "add":
    adding.leave()

st.set_page_config(page_title=f"{page.title} · returntrail")
facts, fault, unknown = None, None, []
try:
    facts = data.facts()
except Problem as problem:
    fault = problem
if facts is not None and facts.as_of is not None:
    with st.sidebar:
        if signin.reader().sees_clients:
            draw_search_button()
        if page.url_path not in PAGES_WITHOUT_FILTERS:
            unknown = filters.draw()
        st.caption(
            f"Data until {moment_text(facts.as_of, facts.timezone)} ({facts.timezone}), "
            f"built {moment_text(facts.built_at, facts.timezone)}"
        )
        signin.draw_account()
    notices.warn_if_damaged()
    if notices.is_demo():
        notices.draw_demo(facts.as_of, facts.timezone)
    else:
        notices.warn_if_old(facts.as_of, facts.built_at, facts.timezone)
    notices.warn_if_quarantined()
elif page.url_path not in PAGES_WITHOUT_DATA:
    notices.draw_no_data(fault) if fault else notices.draw_no_events()
    st.stop()
try:
    if unknown:
        notices.draw_unknown(page.title, unknown)
        st.stop()
    if facts and page.url_path in PAGES_OF_COUNTS and notices.are_too_few():
        notices.draw_too_few(page.title)
    else:
        page.run()
except Problem as problem:
    st.text(str(problem))
