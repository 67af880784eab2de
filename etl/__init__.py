"""The command and the pipeline: logs in, parts, warehouse, reports out. Knows nothing of Streamlit."""
