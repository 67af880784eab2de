"""The season and the filters of a page as chips; a filter that is picked has a × that removes it."""

from pathlib import Path

from dashboard.draw import filters
from dashboard.draw.lists import with_rows
from dashboard.draw.text import printable

Chip = dict[str, str]

component = with_rows("chips", Path(__file__))


def draw_chips() -> None:
    """What the page is about: its tax year and its offices, and whatever else is picked."""
    chips = [chip for name in filters.LABELS for chip in chips_of(name)]
    component(data={"label": "What is shown", "chips": chips}, key="chips")


def chips_of(name: str) -> list[Chip]:
    """A chip for each pick of a filter; tax year and office say so if they leave nothing out."""
    label = filters.LABELS[name]
    # Without a year in its address a page opens on the current season, so all years need a word there.
    instead = filters.EVERY_YEAR if name == "year" else ""
    picked = [
        {"text": f"{label} {printable(value)}", "name": name, "value": value, "instead": instead}
        for value in filters.picked_of(name)
    ]
    return picked or ([{"text": f"All {label.lower()}s"}] if name in ("year", "office") else [])
