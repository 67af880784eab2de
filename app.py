"""How the dashboard is served: warmed up, compressed, with headers that protect, on this machine or behind a sign-in.

`returntrail app` runs `python app.py ADDRESS PORT`; `streamlit run app.py` serves the same.
"""

import gc
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.resources import files
from pathlib import Path

import plotly.graph_objects as go
import streamlit as st
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from dashboard.guard import download
from dashboard.guard.protection import Headers, Origins, failed, hosts, protect, settings

FRAME = Path(str(files("dashboard"))) / "frame.py"


@asynccontextmanager
async def warmed(app: st.App) -> AsyncIterator[None]:
    """Imports and draws once, then takes it all out of the collector's rounds.

    Streamlit collects garbage after every rerun; without this that takes most of a rerun's time.
    """
    # Plotly looks for pandas at each figure, and would trip over one that another visitor's thread is just importing.
    import_module("pandas")
    go.Figure(go.Bar(x=[1])).to_json()
    gc.collect()
    gc.freeze()
    yield


app = st.App(
    FRAME,
    lifespan=warmed,
    on_script_error=failed,
    routes=download.routes(),
    middleware=[
        # A page elsewhere that points its own name at this machine must not reach the data.
        Middleware(TrustedHostMiddleware, allowed_hosts=hosts()),
        Middleware(Origins, allowed=hosts()),
        Middleware(Headers),
        Middleware(GZipMiddleware, minimum_size=1024, compresslevel=5),
    ],
)

if __name__ == "__main__":
    app.run(config=settings(*sys.argv[1:3]))
else:
    protect()
