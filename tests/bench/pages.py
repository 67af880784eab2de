"""What the pages ask: each is run once without a browser, and its questions are written down."""

import os
from pathlib import Path

import etl.warehouse.ask
from etl.common.paths import CHECKOUT
from etl.warehouse.ask import Warehouse, ask, open_warehouse

PAGES = ("attention", "returns", "return", "pipeline", "turnaround", "email", "reports", "data")
# What a page asks once somebody presses something; funnel and list columns as the page names them.
LISTED = ["firm_id", "return_id", "client_name", "return_type", "tax_year", "office", "partner"]
PRESSED = (
    ("pipeline, a bar pressed", "funnel_returns", LISTED, {"for_step": "accessed", "stopped": True}),
    ("pipeline, by office", "firm_funnel", None, {"split_by": "office"}),
    ("pipeline, by week", "firm_funnel", None, {"split_by": "week"}),
    ("email, by office", "email_health", None, {"split_by": "office"}),
    ("email, by domain", "email_health", None, {"split_by": "mail_domain"}),
    ("search, at each key", "find_returns", LISTED[:6], {"search": "varied"}),
)


def asked(data: Path) -> list[dict]:
    """Every question of every page: page, report, columns, and the filters that the page itself sets.

    It changes this process for good, so it wants one of its own.
    """
    os.environ |= {"RETURNTRAIL_DATA": str(data), "STREAMLIT_LOGGER_LEVEL": "error"}
    heard: dict[str, dict] = {}
    now = [""]
    with open_warehouse(data / "warehouse.duckdb") as warehouse:
        return_id = ask(warehouse, "all_returns", ["return_id"]).item(0, 0)

    def noted(
        warehouse: Warehouse, report: str, columns: list[str] | None = None, **filters: object
    ) -> object:
        own = {name: value for name, value in filters.items() if name not in PARAMETERS.values()}
        heard.setdefault(f"{report} {columns} {own}", question(now[0], report, columns, own))
        return ask(warehouse, report, columns, **filters)

    # Before the dashboard is there, so that whatever takes the function by its name takes this one.
    etl.warehouse.ask.ask = noted
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
    assert heard, "no page asked etl.warehouse.ask.ask"
    return [*heard.values(), *(question(*one) for one in PRESSED)]


def question(page: str, report: str, columns: list[str] | None, filters: dict[str, object]) -> dict:
    return {"page": page, "report": report, "columns": columns, "filters": filters}
