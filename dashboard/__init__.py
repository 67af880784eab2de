"""The dashboard: the frame, its pages, and how the rows of reports reach them; no SQL and no arithmetic.

Of etl it may import `etl.warehouse.ask` (rows), `etl.access` (who may see what), `etl.status` (what pages
say of the data directory) and `etl.adding` (exports that come by browser). Entry points: Streamlit runs the
script `frame.py`; pages ask through `data.ask`.
"""
