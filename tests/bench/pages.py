"""The questions of the pages: each page is run once without a browser, and its questions are recorded."""

import os
from datetime import date
from pathlib import Path

import polars as pl

import etl.warehouse.ask
from etl.common.paths import CHECKOUT
from etl.warehouse.ask import Question, Warehouse, ask, fetch_rows, open_warehouse

PAGES = ("attention", "returns", "return", "pipeline", "turnaround", "email", "reports", "data")
# Questions that a page asks only after a click, with the columns and the number of rows that the page uses.
FOUND = ["firm_id", "return_id", "client_name", "return_type", "tax_year", "office"]
COMPARED = ["segment", "step_no", "step", "reached_count", "reached_percent"]
CLICKED = (
    ("pipeline, a bar clicked", "funnel_returns", None, {"for_step": "accessed", "stopped": True}, 100),
    ("pipeline, by office", "firm_funnel", COMPARED, {"split_by": "office"}),
    ("pipeline, by week", "firm_funnel", COMPARED, {"split_by": "week"}),
    ("email, by office", "email_health", None, {"split_by": "office"}),
    ("email, by domain", "email_health", None, {"split_by": "mail_domain"}),
    ("search, at each key", "find_returns", FOUND, {"search": "varied"}),
)


def asked(data: Path) -> list[dict]:
    """Every question of every page: report, columns, the filters that the page sets, how many rows it shows.

    It replaces a function of this process permanently, so run it in a separate process.
    """
    os.environ |= {"RETURNTRAIL_DATA": str(data), "STREAMLIT_LOGGER_LEVEL": "error"}
    recorded: dict[str, dict] = {}
    now = [""]
    with open_warehouse(data / "warehouse.duckdb") as warehouse:
        return_id = ask(warehouse, "all_returns", ["return_id"]).item(0, 0)

    def record(
        warehouse: Warehouse, asked: Question, limit: int | None = None, offset: int = 0
    ) -> pl.DataFrame:
        own = {name: asked.values[name] for name in asked.params if name not in PARAMETERS.values()}
        # The results are stored as JSON, which has no dates.
        own = {name: str(value) if isinstance(value, date) else value for name, value in own.items()}
        one = question(now[0], asked.report, asked.columns, own, limit)
        recorded.setdefault(f"{asked.report} {asked.columns} {own} {limit}", one)
        return fetch_rows(warehouse, asked, limit, offset)

    # Before the dashboard is imported, so that its modules import the replacement.
    etl.warehouse.ask.fetch_rows = record
    from streamlit.testing.v1 import AppTest

    from dashboard.draw.filters import PARAMETERS

    for page in PAGES:
        now[0] = page
        app = AppTest.from_file(str(CHECKOUT / "dashboard" / "frame.py"), default_timeout=600)
        app.switch_page(f"page/{page}.py")
        if page == "return":
            app.query_params["id"] = return_id
        app.run()
        assert not app.exception, app.exception
    assert recorded, "no page asked etl.warehouse.ask.fetch_rows"
    return [*recorded.values(), *(question(*one) for one in CLICKED)]


def question(
    page: str, report: str, columns: list[str] | None, filters: dict[str, object], limit: int | None = None
) -> dict:
    return {"page": page, "report": report, "columns": columns, "filters": filters, "limit": limit}
