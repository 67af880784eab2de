"""How the dashboard is served: warmed up, compressed, with protective headers, locally or behind a sign-in.

`returntrail app` runs `python app.py ADDRESS PORT [--open]`; `streamlit run app.py` serves the same.
"""

import gc
import signal
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
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.guard.adding import Uploads
from dashboard.guard.door import Door, announced
from dashboard.guard.protection import Closed, Headers, Origins, hosts, protect, settings, show_error_number
from etl.adding import remove_left_uploads
from etl.status import leave_out_words, served_directory

FRAME = Path(str(files("dashboard"))) / "frame.py"


def download(request: Request) -> Response:
    """A report as a CSV file.

    Imported here and not above: Streamlit's caches, which the import declares, need its running server.
    """
    from dashboard.guard.download import answer

    return answer(request)


@asynccontextmanager
async def warm_up(app: st.App) -> AsyncIterator[None]:
    """Imports and draws once, then excludes all of it from garbage collection.

    Streamlit collects garbage after every rerun; without this that takes most of a rerun's time.
    """
    import_module("dashboard.guard.download")
    remove_left_uploads(served_directory())
    # Plotly looks for pandas at each figure, and would fail while another visitor's thread is importing it.
    import_module("pandas")
    go.Figure(go.Bar(x=[1])).to_json()
    gc.collect()
    gc.freeze()
    with announced():
        yield


leave_out_words()
app = st.App(
    FRAME,
    lifespan=warm_up,
    on_script_error=show_error_number,
    routes=[Route("/csv/{report}", download, methods=["GET"])],
    middleware=[
        Middleware(Headers),
        # A page elsewhere that points its own name at this machine must not reach the data.
        Middleware(TrustedHostMiddleware, allowed_hosts=hosts()),
        Middleware(Closed),
        Middleware(Origins),
        Middleware(Door),
        Middleware(Uploads),
        Middleware(GZipMiddleware, minimum_size=1024, compresslevel=5),
    ],
)

if __name__ == "__main__":
    try:
        app.run(config=settings(*sys.argv[1:3]))
    except KeyboardInterrupt:
        # By the signal itself: Python would print a traceback, and libraries what they have not freed.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.raise_signal(signal.SIGINT)
else:
    protect()
