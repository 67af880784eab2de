"""pipeline."""

import streamlit as st

st.title("pipeline")
