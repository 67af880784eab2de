"""A list of bars that are buttons: a click shows the returns behind; keyboards and screen readers work too.

Texts reach the page as text nodes, never as markup.
"""

from collections.abc import Sequence
from typing import Any, cast

import streamlit as st

CSS = """
ol { list-style: none; margin: 0; padding: 0;
  font-family: var(--st-font); font-variant-numeric: tabular-nums; }
li { margin: 0 0 .3rem; }
button { all: unset; box-sizing: border-box; width: 100%; cursor: pointer; padding: .45rem .7rem;
  border-radius: 8px; display: grid; grid-template-columns: 11rem 1fr 27rem; gap: .2rem 1rem;
  align-items: center;  color: var(--st-text-color); border: 1px solid transparent; }
button:hover { background: var(--st-secondary-background-color); }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 1px; }
button[aria-pressed="true"] {
  border-color: var(--st-primary-color); background: var(--st-secondary-background-color);
}
.name { font-weight: 600; }
.track {
    height: 14px; border-radius: 4px; overflow: hidden;
    background: color-mix(in srgb, var(--st-text-color) 9%, transparent);
}
.bar { display: block; height: 100%; background: var(--st-primary-color); }
.figures { text-align: right; }
.note { opacity: .75; font-size: .88em; }
@media (max-width: 900px) {
  button { grid-template-columns: auto 1fr; }
  .track { grid-column: 1 / -1; grid-row: 2; }
  .figures { grid-column: 2; grid-row: 1; }
  .note { display: block; }
}
"""


JS = """
export default function ({ data, parentElement, setTriggerValue }) {
  const part = (tag, name, text) => {
    const element = document.createElement(tag)
    element.className = name
    element.textContent = text
    return element
  }
  const list = document.createElement("ol")
  list.setAttribute("aria-label", data.label)
  for (const row of data.rows) {
    const button = document.createElement("button")
    button.type = "button"
    button.title = row.help
    button.setAttribute("aria-pressed", String(row.selected))
    const track = part("span", "track", "")
    const bar = part("span", "bar", "")
    bar.style.width = `${row.width}%`
    track.setAttribute("aria-hidden", "true")
    track.append(bar)
    const figures = part("span", "figures", row.figures + " ")
    figures.append(part("span", "note", row.note))
    button.append(part("span", "name", row.name + " "), track, figures)
    button.onclick = () => setTriggerValue("clicked", row.id)
    const item = document.createElement("li")
    item.append(button)
    list.append(item)
  }
  const root = parentElement.querySelector("div.root")
  const at = [...root.querySelectorAll("button")].indexOf(parentElement.activeElement)
  root.replaceChildren(list)
  if (at >= 0) root.querySelectorAll("button")[at]?.focus()
}
"""
component = st.components.v2.component("bars", html='<div class="root"></div>', css=CSS, js=JS)


def draw_bars(label: str, bars: Sequence[dict[str, Any]], key: str) -> str | None:
    """Draws the bars; returns the id of the one that was just clicked.

    A bar has an `id`, a `name`, `figures` with a `note` in small print, a `help`, a `width` in percent, and
    whether it is `selected`.
    """
    data = {"label": label, "rows": bars}
    return cast(str | None, component(data=data, key=key, on_clicked_change=lambda: None).clicked)
