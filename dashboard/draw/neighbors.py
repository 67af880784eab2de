"""Links from a return to its neighbors in the list that it was opened from, and the keys J and K.

The browser knows that list: its script keeps the addresses of its rows for the tab when a row is clicked.
"""

from pathlib import Path

from dashboard.draw.lists import with_rows

component = with_rows("neighbors", Path(__file__))


def draw_neighbors(firm_id: str, return_id: str) -> None:
    """Draws the links; nothing where this return was opened from no list."""
    component(key="neighbors", data={"label": "Neighbors in the list", "firm": firm_id, "id": return_id})
