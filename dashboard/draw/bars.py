"""A list of bars that are buttons: a click shows the returns behind; keyboards and screen readers work too.

Texts reach the page as text nodes, never as markup.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import streamlit as st

HERE = Path(__file__)
component = st.components.v2.component(
    "bars",
    html='<div class="root"></div>',
    css=HERE.with_suffix(".css").read_text(encoding="utf-8"),
    js=HERE.with_suffix(".js").read_text(encoding="utf-8"),
)


def draw_bars(label: str, bars: Sequence[dict[str, Any]], key: str) -> str | None:
    """Draws the bars; returns the id of the one that was just clicked.

    A bar has an `id`, a `name`, `figures` with a `note` in small print, a `help`, a `width` in percent, and
    whether it is `selected`.
    """
    data = {"label": label, "rows": bars}
    return cast(str | None, component(data=data, key=key, on_clicked_change=lambda: None).clicked)
