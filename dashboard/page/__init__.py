"""The pages: each file is a script that Streamlit runs, its functions first and the page itself at the end.

They may import `dashboard.data`, `dashboard.draw` and `dashboard.guard`. `guard/navigation.py` lists them.
"""
