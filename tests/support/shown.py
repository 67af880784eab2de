"""What a page run without a browser shows: its texts, its tables, and its lists of returns."""

import json
import re
from xml.etree import ElementTree

from streamlit.testing.v1 import AppTest


def texts(app: AppTest) -> str:
    """All the text of a page, its lists included."""
    parts = [*app.title, *app.header, *app.text, *app.caption, *app.markdown, *app.code]
    words = [str(part.value) for part in parts]
    return "\n".join([*words, *bodies(app), *(one["counted"] for one in lists(app))])


def bodies(app: AppTest) -> list[str]:
    """The HTML of a page, without the style of every page."""
    found = [part.proto.body for part in app.get("html")]
    return [body for body in found if not body.startswith("<style>")]


def lists(app: AppTest) -> list[dict]:
    """What each list of returns of a page is drawn from."""
    return drawn_by(app, "list")


def bars(app: AppTest) -> dict[str, list[dict]]:
    """The bars of a page that are buttons, by the label of their list."""
    return {one["label"]: one["rows"] for one in drawn_by(app, "bars")}


def drawn_by(app: AppTest, name: str) -> list[dict]:
    """What each component of this name is drawn from."""
    components = [one.proto for one in app.get("bidi_component")]
    return [json.loads(one.json) for one in components if one.component_name == name]


def tables(app: AppTest) -> dict[str, list[dict[str, str]]]:
    """The rows of each table of a page by its name, each with its cells by their headings."""
    found = [body for body in bodies(app) if body.startswith('<div class="rt-scroll"')]
    # Two characters that names may have and XML has not.
    regions = [ElementTree.fromstring(re.sub("[\ufffe\uffff]", "", body)) for body in found]
    shown = {region.attrib["aria-label"]: rows_of(region) for region in regions}
    return shown | number_tables(app)


def number_tables(app: AppTest) -> dict[str, list[dict[str, str]]]:
    """The tables whose numbers are links."""
    drawn = [one for one in drawn_by(app, "numbers") if "table" in one]
    return {
        one["label"]: [
            {title: cell["text"] for title, cell in zip(one["table"]["titles"], row, strict=True)}
            for row in one["table"]["rows"]
        ]
        for one in drawn
    }


def rows_of(region: ElementTree.Element) -> list[dict[str, str]]:
    head, *rows = [["".join(cell.itertext()) for cell in row] for row in region.iter("tr")]
    return [dict(zip(head, row, strict=True)) for row in rows]
