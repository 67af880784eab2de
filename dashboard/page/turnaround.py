"""turnaround."""

import streamlit as st

st.title("turnaround")
