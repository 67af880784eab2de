"""The few rules of style that the theme cannot say: figures in columns, calm cards, print, and narrow screens."""

import streamlit as st

STYLE = """
<style>
:root { font-variant-numeric: tabular-nums; }
.stMainBlockContainer { padding-top: 2.4rem; padding-bottom: 3rem; max-width: 1400px; }
h1, h2, h3, p, li, bdi { overflow-wrap: anywhere; }
[data-testid="stMetric"] { box-shadow: none; }
[data-testid="stMetricLabel"] { opacity: .85; }
.rt-quiet { opacity: .72; }
.rt-bad { font-weight: 600; color: light-dark(#b3372f, #f08a80); }
.rt-key { font-weight: 600; }
:focus-visible { outline: 2px solid light-dark(#1d5c85, #5aa3d0); outline-offset: 2px; }
@media (max-width: 640px) {
  .stMainBlockContainer { padding-left: 1rem; padding-right: 1rem; }
}
@media print {
  [data-testid="stSidebar"], [data-testid="stHeader"], [data-testid="stToolbar"],
  .stButton, .stDownloadButton, [data-testid="stElementToolbar"] { display: none !important; }
  .stMainBlockContainer { padding: 0; max-width: none; }
  .stApp, .stMain { position: static !important; overflow: visible !important; height: auto !important; }
}
</style>
"""


def style() -> None:
    """Adds the rules to the page."""
    st.html(STYLE)
