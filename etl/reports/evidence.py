"""The evidence of signatures as a pack for an auditor: facts, pages to print, the logged records, and checksums.

It says what the log shows, as of the build; nothing in it depends on the clock, so that a pack of the same parts is the
same, byte for byte.
"""

import json
from pathlib import Path

import polars as pl

from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.common.terminal import step
from etl.reports.evidence_page import page
from etl.reports.files import iso
from etl.reports.pack import SUMS, file_name, write_pack
from etl.warehouse.ask import Warehouse, ask, opened
from etl.warehouse.cells import as_csv, readable

KEY = ["firm_id", "return_id"]
# The files of a pack beside its pages, and the reports that they hold.
TABLES = {
    "facts": "evidence_facts",
    "signers": "signature_evidence",
    "records": "evidence_lines",
    "steps": "return_steps",
}


def evidence(
    data: DataDir,
    return_id: str | None = None,
    firm: str | None = None,
    office: str | None = None,
    year: int | None = None,
    out: Path | None = None,
    as_zip: bool = False,
) -> Path:
    """Writes the pack of one return, or of an office's returns of a tax year, and gives its path.

    It goes into `out`, or else `evidence/` of the data directory. Raises a Problem for what the warehouse does not know.
    """
    with opened(data.warehouse) as warehouse, step("Gathering the evidence"):
        if return_id is not None:
            returns = one_return(warehouse, return_id, firm)
            asked = ("return", *returns.row(0)[: len(KEY)])
        else:
            returns = office_returns(warehouse, office, year, firm)
            asked = ("office", *([firm] if firm else []), office, str(year))
        texts = texts_of(warehouse, returns, return_id)
    return write_pack(out or data.root / "evidence", file_name("evidence", *asked), texts, as_zip)


def one_return(warehouse: Warehouse, return_id: str, firm: str | None) -> pl.DataFrame:
    """The row of a return as it stands."""
    found = returns_of(warehouse, firm, for_return=return_id)
    if found.is_empty():
        place = f' of the firm "{firm}"' if firm else ""
        raise Problem(
            f'The warehouse knows no return "{return_id}"{place}. Type `returntrail report all_returns` for all of them.'
        )
    if found.height > 1:
        firms = ", ".join(found["firm_id"])
        raise Problem(f'Several firms have a return "{return_id}": {firms}. Name one with --firm.')
    return found


def office_returns(warehouse: Warehouse, office: str, year: int, firm: str | None) -> pl.DataFrame:
    """The rows of an office's returns of a tax year."""
    everything = returns_of(warehouse, firm)
    of_office = everything.filter(pl.col("office") == office)
    if of_office.is_empty():
        known = ", ".join(everything["office"].drop_nulls().unique().sort()) or "none"
        raise Problem(f'No return is of the office "{office}". There are: {known}.')
    found = of_office.filter(pl.col("tax_year") == year)
    if found.is_empty():
        known = ", ".join(map(str, of_office["tax_year"].drop_nulls().unique().sort())) or "none"
        raise Problem(f'The office "{office}" has no return of {year}. It has some of: {known}.')
    return found


def returns_of(warehouse: Warehouse, firm: str | None, **filters: object) -> pl.DataFrame:
    """The rows of return_state, the key first."""
    found = ask(warehouse, "return_state", for_firms=None if firm is None else [firm], **filters)
    return found.select(*KEY, pl.exclude(KEY))


def texts_of(warehouse: Warehouse, returns: pl.DataFrame, return_id: str | None) -> dict[str, str]:
    """The files of a pack by their paths in it."""
    zone, firms = warehouse.facts.timezone, returns["firm_id"].unique().sort().to_list()
    tables = {
        name: ask(warehouse, report, for_firms=firms, for_return=return_id).join(
            returns.select(KEY), on=KEY, how="semi", maintain_order="left"
        )
        for name, report in TABLES.items()
    }
    texts = {f"{name}.csv": as_csv(table, zone) for name, table in tables.items()}
    shown = {name: readable(table, zone).partition_by(KEY, as_dict=True) for name, table in tables.items()}
    for number, one in enumerate(readable(returns, zone).iter_rows(named=True), start=1):
        of_return = {
            name: parts[key].to_dicts() if (key := (one["firm_id"], one["return_id"])) in parts else []
            for name, parts in shown.items()
        }
        texts[f"pages/{number:04}.{file_name(one['return_id'])}.html"] = page(one, of_return, warehouse.facts)
    texts["about.json"] = json.dumps(about(warehouse, returns), indent=2, ensure_ascii=False) + "\n"
    return texts


def about(warehouse: Warehouse, returns: pl.DataFrame) -> dict:
    """What the pack is, of which state of the warehouse, and what its columns mean."""
    facts, files = warehouse.facts, {f"{name}.csv": report for name, report in TABLES.items()}
    return {
        "what": "What the log of the platform shows of the signatures of these returns. It judges no signature.",
        "firm": facts.firm_name,
        "as_of": iso(facts.as_of),
        "build": facts.input_digest,
        "version": facts.version,
        "times": f"in the zone {facts.timezone}, except in the pages and tables where they are as logged",
        "cells": "a text that a spreadsheet would run as a formula has an apostrophe before it",
        "returns": returns.select(KEY).to_dicts(),
        "files": {
            name: {
                "report": report,
                "meaning": warehouse.reports[report].meaning,
                "columns": warehouse.reports[report].meanings,
            }
            for name, report in files.items()
        }
        | {
            "pages": {"meaning": "one page a return, to print"},
            SUMS: {"meaning": "SHA-256 of every file, for sha256sum -c"},
        },
    }
