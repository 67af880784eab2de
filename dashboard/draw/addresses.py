"""The email addresses of the signers of a return, to copy; one that bounced is struck through.

Texts reach the page as text nodes, never as markup.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.draw.text import day_text, printable

HERE = Path(__file__)
component = st.components.v2.component(
    "addresses",
    html='<div class="root"></div>',
    css=HERE.with_suffix(".css").read_text(encoding="utf-8"),
    js=HERE.with_suffix(".js").read_text(encoding="utf-8"),
)


def draw_addresses(state: Mapping[str, Any]) -> None:
    """The addresses, the taxpayer's first; nothing where the log has none."""
    addresses = [one for signer in ("taxpayer", "spouse") for one in addresses_of(state, signer)]
    if addresses:
        component(key="addresses", data={"label": "Email addresses", "addresses": addresses})


def addresses_of(state: Mapping[str, Any], signer: str) -> list[dict[str, Any]]:
    """The address of a signer, before it another one that bounced."""
    last, bounced = state[f"{signer}_email"], state[f"{signer}_bounced_email"]
    return [
        {
            "who": signer.capitalize(),
            "address": printable(address),
            "bounced": f"bounced {day_text(state[f'{signer}_bounced_at'])}" if address == bounced else "",
        }
        for address in dict.fromkeys((bounced, last))
        if address
    ]
