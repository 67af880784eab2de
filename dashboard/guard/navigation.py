"""Who has which pages. A page has the same address for everybody, so a link can say why it opens nothing."""

from collections.abc import Callable

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from dashboard.guard import adding, signin
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
    "add": ("page/add.py", "Add exports"),
    "data": ("page/data.py", "Data health"),
}
# Pages that name no client. What a page shows is restricted to its reader as well.
PAGES_OF_COUNTS = ("", "pipeline", "turnaround", "email", "reports")
PAGES_OF_THE_DATA_OWNER = ("add", "data")
PAGES_WITHOUT_DATA = ("add",)
PAGES_WITHOUT_FILTERS = ("return", "add", "data")
# Reached from a list only.
UNLISTED_PAGES = ("return",)


def navigation(scope: Scope) -> StreamlitPage:
    """The pages of a role; the others say that they are not for it."""
    return st.navigation([page_at(address, message_in_place(address, scope)) for address in PAGES])


def message_in_place(address: str, scope: Scope) -> Callable[[], None] | None:
    """Why a page is not shown; None for a page that is."""
    if not is_open(address, scope):
        return draw_not_for_you
    return draw_switched_off if address == "add" and adding.is_switched_off() else None


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


def draw_switched_off() -> None:
    """What the data owner sees where [access] says `add = false`."""
    st.title("Add exports")
    st.text("The settings switch this page off: [access] of settings.toml says add = false.")
    st.text("Put exports into the inbox folder of the data directory, or load them with the command.")


def sign_in_everywhere(reason: str) -> StreamlitPage:
    """Every address shows the sign-in, and why."""

    def draw_sign_in() -> None:
        signin.draw_sign_in(reason)

    return st.navigation([page_at(address, draw_sign_in) for address in PAGES], position="hidden")
