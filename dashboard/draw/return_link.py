"""How a click on a client opens the return: the callback requests it, the next run of the script opens it."""

import streamlit as st

RETURN_PAGE = "page/return.py"
REQUESTED = "requested return"


def request_return(firm_id: str, return_id: str) -> None:
    """Stores which return somebody clicked; a callback cannot switch pages itself."""
    st.session_state[REQUESTED] = (firm_id, return_id)


def open_requested_return() -> None:
    """Opens the return that was clicked, if there is one."""
    requested = st.session_state.pop(REQUESTED, None)
    if requested:
        st.switch_page(RETURN_PAGE, query_params=return_address(*requested))


def return_address(firm_id: str, return_id: str) -> dict[str, str]:
    """A return as the query of an address, with its firm, because a group may have several."""
    return {"id": return_id, "firm": firm_id}
