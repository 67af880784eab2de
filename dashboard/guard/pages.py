"""Which pages there are for whom, each at its address whoever asks: a link says why it opens nothing."""

from collections.abc import Callable

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from dashboard.guard import signin
from etl.config.access import Scope

# Address -> file and title, in the order of the navigation; the first is the page without an address.
PAGES = {
    "": ("page/attention.py", "Needs attention"),
    "returns": ("page/returns.py", "Returns"),
    "return": ("page/return.py", "One return"),
    "pipeline": ("page/pipeline.py", "Pipeline"),
    "turnaround": ("page/turnaround.py", "Turnaround"),
    "email": ("page/email.py", "Email health"),
    "reports": ("page/reports.py", "Reports"),
    "data": ("page/data.py", "Data health"),
}
# Pages that name no client; what a page shows is held to its reader besides.
OF_COUNTS = ("", "pipeline", "turnaround", "email", "reports")
OF_THE_DATA_OWNER = ("data",)
# Reached from a list alone.
NOT_LISTED = ("return",)


def navigation(scope: Scope) -> StreamlitPage:
    """The pages of a role; the others say that they are not for it."""
    return st.navigation([page(address, is_open(address, scope)) for address in PAGES])


def is_open(address: str, scope: Scope) -> bool:
    """Whether a page is one for this role."""
    if address in OF_THE_DATA_OWNER:
        return scope.keeps_the_data
    return scope.sees_clients or address in OF_COUNTS


def page(address: str, is_open: bool) -> StreamlitPage:
    """A page, or what stands in its place."""
    file, title = PAGES[address]
    if not is_open:
        return closed(address, title, not_for_you)
    where = {"url_path": address} if address else {"default": True}
    return st.Page(file, title=title, visibility="hidden" if address in NOT_LISTED else "visible", **where)


def closed(address: str, title: str, draw: Callable[[], None]) -> StreamlitPage:
    """A sentence at the address of a page."""
    where = {"url_path": address} if address else {"default": True}
    return st.Page(draw, title=title, visibility="hidden", **where)


def not_for_you() -> None:
    """What somebody sees whose role has not this page."""
    st.title("Not available for your role")
    st.text("Whoever runs the dashboard can say who may see this page.")


def shut(reason: str) -> StreamlitPage:
    """Every address leads to the door."""

    def door() -> None:
        signin.draw_door(reason)

    pages = [closed(address, title, door) for address, (_, title) in PAGES.items()]
    return st.navigation(pages, position="hidden")
