"""Lists of returns: rows that are links, searched, sorted and paged in SQL; the address has their state."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import polars as pl
import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from dashboard import data
from dashboard.draw.return_link import return_address
from dashboard.draw.text import cell_text, counted, printable
from dashboard.guard.download import HELP as CSV_HELP
from dashboard.guard.download import csv_address

PAGE_ROWS = 100
# What a browser still draws and prints in a few seconds.
MOST_ROWS = 5_000
# In the address, instead of the number of a page.
ALL = "all"
MOST_PAGES = 1_000_000
MOST_LETTERS = 100
LAST = "page and filters of each list"
SHOWN = "view and filters of each list"
PLACE = re.compile(r"(.*)\{(\w+)\}(.*)")
NOT_FOR_YOU = "This list names clients and is not available for your role."
LAYOUT = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
ROWS = Path(__file__).with_name("rows")


def with_rows(name: str, module: Path) -> ComponentRenderer:
    """A component of the module's script and style, which follow those of rows that are links."""
    css, js = (
        "\n".join(file.with_suffix(suffix).read_text(encoding="utf-8") for file in (ROWS, module))
        for suffix in (".css", ".js")
    )
    return st.components.v2.component(name, html='<div class="root"></div>', css=css, js=js)


component = with_rows("list", Path(__file__))


@dataclass(frozen=True)
class View:
    """What the address says of a list: words to search for, the sort, and the page, which counts from 1.

    With `is_all` the page has all rows, to be printed.
    """

    search: str
    sort: str
    rows: int
    page: int = 1
    is_all: bool = False

    @property
    def first(self) -> int:
        """The number of the first row, from 0."""
        return (self.page - 1) * self.rows

    @property
    def most(self) -> int:
        return MOST_ROWS if self.is_all else self.rows


def view_of(layout: Mapping[str, Any]) -> View:
    """The view in the address of the page; a sort or a page that does not exist is the first one."""
    prefix = layout.get("address", "")
    given = {name: st.query_params.get(f"{prefix}{name}", "") for name in ("search", "sort", "page")}
    sort = given["sort"] if given["sort"] in dict(layout["sorts"]) else ""
    page = int(given["page"]) if given["page"].isascii() and given["page"].isdecimal() else 1
    search, page = given["search"].strip()[:MOST_LETTERS], min(max(page, 1), MOST_PAGES)
    return View(search, sort, layout.get("rows", PAGE_ROWS), page, given["page"] == ALL)


def is_left_page(key: str, page: str, filters: Mapping[str, Any]) -> bool:
    """Whether the page in the address is left from this list under other filters.

    It is not if Back or an address brings it: then the page has changed too, or there was no list before.
    """
    last = st.session_state.get(LAST, {}).get(key)
    return bool(page) and last is not None and last[0] == page and last[1] != filters


def returns_list(key: str, filters: Mapping[str, Any]) -> bool:
    """A list of returns as links, searched, sorted and shown a page at a time.

    False for a list without rows, which draws its own sentence or nothing, so that the page can say one.
    """
    layout = LAYOUT[key]
    report, view = layout["report"], view_of(layout)
    page = st.query_params.get(f"{layout.get('address', '')}page", "")
    if not data.may_see(report):
        st.text(NOT_FOR_YOU)
        return True
    is_left = is_left_page(key, page, filters)
    if is_left:
        view = replace(view, page=1, is_all=False)
    rows, count = data.ask_page(report, view.most, view.first, view.search, view.sort, **filters)
    st.session_state.setdefault(LAST, {})[key] = (page, dict(filters))
    if count and rows.is_empty():
        # The address is of a page that the list no longer has.
        view = replace(view, page=1)
        rows, count = data.ask_page(report, view.most, 0, view.search, view.sort, **filters)
    if not count and not view.search:
        if "nothing" in layout:
            st.text(layout["nothing"])
        return False
    st.session_state.setdefault(SHOWN, {})[key] = (view, dict(filters))
    csv = csv_address(report, filters, view.search, view.sort)
    draw_list(key, layout, view, count, rows, csv, is_left)
    return True


def rows_of_page(key: str, page: int) -> dict[str, Any] | None:
    """The addresses on another page of a list as this session has shown it last; None if it has not."""
    shown: dict[str, tuple[View, dict[str, Any]]] = st.session_state.get(SHOWN, {})
    if key not in shown or not 1 <= page <= MOST_PAGES:
        return None
    layout, (view, filters) = LAYOUT[key], shown[key]
    view = replace(view, page=page, is_all=False)
    rows, count = data.ask_page(layout["report"], view.rows, view.first, view.search, view.sort, **filters)
    addresses = [address_of(row) for row in rows.iter_rows(named=True)]
    return {"rows": addresses, "hasMore": view.first + rows.height < count}


def draw_list(
    key: str,
    layout: Mapping[str, Any],
    view: View,
    count: int,
    rows: pl.DataFrame,
    csv: str,
    is_left_page: bool,
) -> None:
    """The rows of one page, as the browser draws them."""
    last = view.first + rows.height
    counted_rows = counted(count, *layout["noun"])
    found = f"{counted_rows} with “{printable(view.search)}”" if view.search else counted_rows
    component(
        key=key,
        data={
            "label": layout["noun"][1],
            "list": key,
            "prefix": layout.get("address", ""),
            "counted": found,
            "search": view.search,
            "searchLabel": "Search this list",
            "sort": view.sort,
            "sorts": layout["sorts"],
            "csv": csv,
            "csvHelp": CSV_HELP,
            "page": view.page,
            "hasMore": last < count and not view.is_all,
            "isAll": view.is_all,
            "isLeftPage": is_left_page,
            "all": ALL,
            "shown": f"{view.first + 1:,} to {last:,} of {count:,}",
            "rows": [list_row(layout, row) for row in rows.iter_rows(named=True)],
        },
    )


def list_row(layout: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as its lines of words."""
    days, is_left = row[layout["days"]] if "days" in layout else None, layout.get("days") == "days_left"
    return {
        "address": address_of(row),
        "pill": None if days is None else left_text(days) if is_left else waited_text(days, row),
        "isLate": bool(row.get("is_overdue")) or (is_left and days is not None and days < 0),
        **{line: words_of(layout.get(line, []), row) for line in ("first", "second", "right")},
    }


def address_of(row: Mapping[str, Any]) -> str:
    """The address of the page of a row's return."""
    return f"/return?{urlencode(return_address(row['firm_id'], row['return_id']))}"


def words_of(templates: Iterable[str], row: Mapping[str, Any]) -> list[str]:
    """The words of a line; those around a column without a value are left out."""
    words = []
    for template in templates:
        before, name, after = PLACE.fullmatch(template).groups()  # type: ignore[union-attr]
        text = value_text(name, row[name])
        if text is not None:
            words.append(f"{before}{text}{after}")
    return words


def value_text(name: str, value: object) -> str | None:
    """A value as a list writes it; None for one that is missing."""
    if value is None:
        return None
    if name.endswith("_days") and isinstance(value, float):
        return days_text(value)
    return cell_text(name, value, data.facts().timezone)


def days_text(days: float) -> str:
    """12.3 days, 1 day."""
    amount = f"{days:,.1f}".removesuffix(".0")
    return f"{amount} day{'' if amount == '1' else 's'}"


def waited_text(days: float, row: Mapping[str, Any]) -> str:
    """12.3 days; with the limit of a wait that is longer."""
    limit = f", limit {days_text(row['limit_days'])}" if row.get("is_overdue") else ""
    return days_text(days) + limit


def left_text(days: int) -> str:
    """13 days left, due today, 17 days overdue."""
    return "due today" if not days else f"{days_text(abs(days))} {'left' if days > 0 else 'overdue'}"
