"""email."""

import streamlit as st

st.title("email")
