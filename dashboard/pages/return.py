"""return."""

import streamlit as st

st.title("return")
