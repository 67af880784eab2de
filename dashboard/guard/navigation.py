"""Who has which pages. A page has the same address for everybody, so a link can say why it opens nothing."""

from collections.abc import Callable

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from dashboard.guard import signin
from etl.access import Scope

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
# Pages that name no client. What a page shows is restricted to its reader as well.
PAGES_OF_COUNTS = ("", "pipeline", "turnaround", "email", "reports")
PAGES_OF_THE_DATA_OWNER = ("data",)
# Reached from a list only.
UNLISTED_PAGES = ("return",)


def navigation(scope: Scope) -> StreamlitPage:
    """The pages of a role; the others say that they are not for it."""
    return st.navigation(
        [page_at(address, None if is_open(address, scope) else draw_not_for_you) for address in PAGES]
    )


def is_open(address: str, scope: Scope) -> bool:
    """Whether a page is one for this role."""
    if address in PAGES_OF_THE_DATA_OWNER:
        return scope.sees_data_health
    return scope.sees_clients or address in PAGES_OF_COUNTS


def page_at(address: str, draw_message: Callable[[], None] | None) -> StreamlitPage:
    """The page at an address, or a message in its place."""
    file, title = PAGES[address]
    is_hidden = draw_message is not None or address in UNLISTED_PAGES
    return st.Page(
        draw_message or file,
        title=title,
        url_path=address,
        default=not address,
        visibility="hidden" if is_hidden else "visible",
    )


def draw_not_for_you() -> None:
    """What people see whose role does not have this page."""
    st.title("Not available for your role")
    st.text("Whoever runs the dashboard can say who may see this page.")


def sign_in_everywhere(reason: str) -> StreamlitPage:
    """Every address shows the sign-in, and why."""

    def draw_sign_in() -> None:
        signin.draw_sign_in(reason)

    return st.navigation([page_at(address, draw_sign_in) for address in PAGES], position="hidden")
