"""The frame around every page: navigation, search, filters, and as of when everything is said."""

from pathlib import Path

import streamlit as st

from dashboard import data, filters, find, states
from dashboard.look import style
from dashboard.opening import follow
from dashboard.words import moment_words
from etl.problem import Problem

HERE = Path(__file__).parent

st.set_page_config(page_title="returntrail", page_icon=str(HERE / "icon.png"), layout="wide")
st.logo(str(HERE / "logo.svg"), icon_image=str(HERE / "icon.png"), size="large")
style()

page = st.navigation(
    [
        st.Page("page/attention.py", title="Needs attention", default=True),
        st.Page("page/returns.py", title="Returns", url_path="returns"),
        st.Page("page/return.py", title="One return", url_path="return", visibility="hidden"),
        st.Page("page/pipeline.py", title="Pipeline", url_path="pipeline"),
        st.Page("page/turnaround.py", title="Turnaround", url_path="turnaround"),
        st.Page("page/email.py", title="Email health", url_path="email"),
        st.Page("page/reports.py", title="Reports", url_path="reports"),
        st.Page("page/data.py", title="Data health", url_path="data"),
    ]
)
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
    find.draw()
    filters.draw()
    st.caption(
        f"Data until {moment_words(facts.as_of, facts.timezone)} ({facts.timezone}), "
        f"built {moment_words(facts.built_at, facts.timezone)}"
    )
states.warn_if_old(facts)
states.warn_if_partly_loaded()
page.run()
