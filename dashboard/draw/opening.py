"""How a press on a client in a list opens the return: noted in the callback, followed at the start of the next run."""

import streamlit as st

RETURN_PAGE = "page/return.py"
WANTED = "wanted return"


def want(firm_id: str, return_id: str) -> None:
    """Notes which return somebody wants to see; a callback cannot switch pages itself."""
    st.session_state[WANTED] = (firm_id, return_id)


def follow() -> None:
    """Opens the return that was pressed, if one was."""
    wanted = st.session_state.pop(WANTED, None)
    if wanted:
        st.switch_page(RETURN_PAGE, query_params=address(*wanted))


def address(firm_id: str, return_id: str) -> dict[str, str]:
    """The return in the address; its firm too, since a group may run several."""
    return {"id": return_id, "firm": firm_id}
