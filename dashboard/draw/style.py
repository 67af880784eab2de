"""The CSS that the theme cannot express: aligned figures, plain cards, print, and narrow screens."""

import streamlit as st

STYLE = """
<style>
:root { font-variant-numeric: tabular-nums; }
.stMainBlockContainer { padding-top: 2.4rem; padding-bottom: 3rem; max-width: 1400px; }
h1, h2, h3, p, li, bdi { overflow-wrap: anywhere; }
[data-testid="stMetric"] { box-shadow: none; }
[data-testid="stMetricLabel"] { opacity: .9; }
[data-testid="stCaptionContainer"], [data-testid="stCaptionContainer"] * {
  color: light-dark(#56636d, #a9b5bd); opacity: 1; }
.rt-quiet { color: light-dark(#56636d, #a9b5bd); }
.rt-bad { font-weight: 600; color: light-dark(#b3372f, #f08a80); }
.rt-key { font-weight: 600; }
.rt-status { border: 1px solid color-mix(in srgb, currentColor 18%, transparent); border-radius: 8px;
  padding: .9rem 1.1rem; }
.rt-status p { margin: 0 0 .35rem; }
.rt-next { font-size: 1.15rem; font-weight: 600; }
.rt-states, .rt-steps, .rt-day { padding: 0 !important; margin: 0 !important; }
.rt-states > *, .rt-steps > *, .rt-day > * { margin: 0 !important; }
.rt-states { display: flex; flex-wrap: wrap; gap: .4rem 2rem; }
.rt-states dt { font-size: .85rem; opacity: .72; }
.rt-states dd { margin: 0; }
.rt-steps { list-style: none; display: grid; gap: .5rem;
  grid-template-columns: repeat(auto-fill, minmax(140px, 1fr)); }
.rt-step { margin: 0; padding: .5rem 0 0; border-top: 3px solid light-dark(#1d5c85, #5aa3d0);
  font-size: .92rem; }
.rt-step-implied { border-top-style: dashed; }
.rt-step-not-reached, .rt-step-does-not-apply {
  border-top-color: color-mix(in srgb, currentColor 25%, transparent); }
.rt-button { display: inline-block; padding: .35rem .75rem; border-radius: 8px; color: inherit !important;
  text-decoration: none !important; border: 1px solid color-mix(in srgb, currentColor 25%, transparent); }
.rt-table { border-collapse: collapse; width: 100%; max-width: 900px; }
.rt-table caption { text-align: left; font-weight: 600; padding-bottom: .3rem; }
.rt-table th, .rt-table td { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0;
  font-weight: 400;  border-top: 1px solid color-mix(in srgb, currentColor 15%, transparent); }
.rt-table thead th { font-size: .85rem; opacity: .72; }
.rt-heads { display: grid; grid-template-columns: 1fr 1fr; column-gap: 2rem; }
.rt-heads h2 { padding: .3rem 0; }
.rt-line h3 { font-size: .9rem; font-weight: 600; margin: 0; padding: .8rem 0 .2rem; opacity: .8;
  border-top: 1px solid color-mix(in srgb, currentColor 15%, transparent); }
.rt-day { list-style: none; }
.rt-day li { padding: .1rem 0; width: calc(50% - 1rem); }
.rt-day .rt-internal { margin-left: calc(50% + 1rem) !important; }
.rt-day.rt-one-side li { width: auto; margin-left: 0 !important; }
.rt-day summary { cursor: pointer; }
.rt-day time { display: inline-block; min-width: 4.6rem; opacity: .72; }
.rt-logged { margin: .2rem 0 .4rem 1.2rem; padding-left: .8rem; font-size: .88rem;
  border-left: 2px solid color-mix(in srgb, currentColor 25%, transparent); }
:focus-visible { outline: 2px solid light-dark(#1d5c85, #5aa3d0); outline-offset: 2px; }
@media (max-width: 640px) {
  .stMainBlockContainer { padding-left: 1rem; padding-right: 1rem; }
  .rt-heads { column-gap: 1rem; }
  .rt-day time { min-width: 0; }
  .rt-day li { width: calc(50% - .5rem); }
  .rt-day .rt-internal { margin-left: calc(50% + .5rem) !important; }
}
@media print {
  [data-testid="stSidebar"], [data-testid="stHeader"], [data-testid="stToolbar"],
  .stButton, .stDownloadButton, .rt-button, [data-testid="stElementToolbar"] { display: none !important; }
  .stMainBlockContainer { padding: 0; max-width: none; }
  .stApp, .stMain { position: static !important; overflow: visible !important; height: auto !important; }
}
</style>
"""


def add_style() -> None:
    """Adds the CSS to the page."""
    st.html(STYLE)
