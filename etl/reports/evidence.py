"""The evidence of signatures as a pack for an auditor: facts, pages to print, logged records, checksums.

It shows what the log contains as of the build. Nothing depends on the clock or the machine, so the same parts
give the same bytes. A page has no script and no link, loads nothing, and escapes every text of the log.
"""

import hashlib
import json
import re
import tomllib
import zipfile
from collections.abc import Iterable
from html import escape
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from string import Template
from typing import Any

import polars as pl

from etl.common.files import put_in_place, work_folder
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.common.terminal import step
from etl.reports.files import iso, refuse_shared_offices
from etl.warehouse.ask import Facts, Warehouse, ask, fetch_batches, open_warehouse, question_of
from etl.warehouse.cells import as_csv, printable_frame

Row = dict[str, str]
KEY = ["firm_id", "return_id"]
PACK = tomllib.loads(Path(__file__).with_name("evidence.toml").read_text(encoding="utf-8"))
NOT_LOGGED = "not in source"
SUMS = "SHA256SUMS"
LONGEST_NAME = 60
# The earliest time that a zip can have; the real time would change the bytes.
NO_TIME = (1980, 1, 1, 0, 0, 0)
UNIX = 3


def evidence(
    data: DataDir,
    return_id: str | None = None,
    firm: str | None = None,
    office: str | None = None,
    year: int | None = None,
    out: Path | None = None,
    as_zip: bool = False,
) -> Path:
    """Writes the pack of one return, or of an office's returns of a tax year, and returns its path.

    It goes into `out`, or else `evidence/` of the data directory. Raises a Problem for unknown values.
    """
    firms = None if firm is None else [firm]
    with open_warehouse(data.warehouse) as warehouse, step("Gathering the evidence"):
        if office is not None and year is not None:
            refuse_shared_offices(warehouse, [office], firms)
            returns = office_returns(ask(warehouse, "return_state", for_firms=firms), office, year)
            known = [(of_firm, one) if firm else (one,) for of_firm, one in warehouse.offices]
            name = pack_name("office", (*(firms or ()), office), known, str(year))
        else:
            found = ask(warehouse, "return_state", for_firms=firms, for_return=return_id or "")
            returns = one_return(found, return_id or "", firm)
            known = ask(warehouse, "return_state", KEY).rows()
            name = pack_name("return", returns.select(KEY).row(0), known)
        wanted: dict[str, Any] = {"for_return": return_id, "for_offices": office, "for_years": year}
        texts = pack_texts(warehouse, returns, wanted)
    return write_pack(out or data.root / "evidence", name, texts, as_zip)


def one_return(found: pl.DataFrame, return_id: str, firm: str | None) -> pl.DataFrame:
    if found.is_empty():
        of_firm = f' of the firm "{firm}"' if firm else ""
        advice = "Type `returntrail report all_returns` for a list of all returns."
        raise Problem(f'The warehouse has no return "{return_id}"{of_firm}. {advice}')
    if found.height > 1:
        firms = ", ".join(found["firm_id"])
        raise Problem(f'Several firms have a return "{return_id}": {firms}. Name one with --firm.')
    return found


def office_returns(everything: pl.DataFrame, office: str, year: int) -> pl.DataFrame:
    of_office = everything.filter(office=office)
    if of_office.is_empty():
        known = ", ".join(everything["office"].drop_nulls().unique().sort()) or "none"
        raise Problem(f'No return has the office "{office}". There are: {known}.')
    found = of_office.filter(tax_year=year)
    if found.is_empty():
        known = ", ".join(map(str, of_office["tax_year"].drop_nulls().unique().sort())) or "none"
        raise Problem(f'The office "{office}" has no return of {year}. It has returns of: {known}.')
    return found


def pack_name(kind: str, own: tuple[str, ...], known: Iterable[tuple[str, ...]], *more: str) -> str:
    """The name of a pack of what is called `own`, among all that is known.

    Some disks take R-1a and R-1A for one name: then each has a hash, so that neither replaces the other.
    """
    alike = {one for one in known if [part.casefold() for part in one] == [part.casefold() for part in own]}
    return file_name("evidence", kind, *own, *more, is_plain=alike <= {own})


def file_name(*parts: str, is_plain: bool = True) -> str:
    """A file name of parts joined by dots; anything but letters, digits, `_` and `-` becomes `-`.

    A changed or long name, or one that may not be plain, ends with a hash of the original, so that different
    parts never share a name.
    """
    plain = ".".join(re.sub(r"[^A-Za-z0-9_-]+", "-", part).strip("-") or "x" for part in parts)
    if is_plain and plain == ".".join(parts) and len(plain) <= LONGEST_NAME:
        return plain
    return f"{plain[:LONGEST_NAME]}.{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:8]}"


def pack_texts(warehouse: Warehouse, returns: pl.DataFrame, wanted: dict[str, Any]) -> dict[str, str]:
    """The texts of the pack by their paths: the tables, a page for each return, and what they are.

    Reports that have the filters in `wanted` make no rows of other returns; of the others these are left out.
    """
    facts, firms = warehouse.facts, returns["firm_id"].unique().sort().to_list()
    texts, rows_of, files = dict[str, str](), dict[str, dict[Any, list[Row]]](), dict[str, Any]()
    for name, report in ((name, warehouse.reports[report]) for name, report in PACK["reports"].items()):
        known = {name: value for name, value in wanted.items() if name in report.params}
        question = question_of(warehouse, report.name, None, {"for_firms": firms, **known})
        of_pack = returns.select(KEY)
        batches = fetch_batches(warehouse, question)
        rows = pl.concat(each.join(of_pack, on=KEY, how="semi", maintain_order="left") for each in batches)
        texts[f"{name}.csv"] = as_csv(rows, facts.timezone)
        files[f"{name}.csv"] = {"report": report.name, "meaning": report.meaning, "columns": report.meanings}
        rows_of[name] = printable_frame(rows, facts.timezone).rows_by_key(KEY, named=True, include_key=True)
    for number, state in enumerate(printable_frame(returns, facts.timezone).iter_rows(named=True), start=1):
        key = (state["firm_id"], state["return_id"])
        tables = {name: rows.get(key, []) for name, rows in rows_of.items()}
        texts[f"pages/{number:04}.{file_name(state['return_id'])}.html"] = page(state, tables, facts)
    about = {
        "what": "What the platform's log shows of the signatures of these returns. It judges no signature.",
        "firm": facts.firm_name,
        "as_of": iso(facts.as_of),
        "build": facts.input_digest,
        "version": facts.version,
        "times": f"in the zone {facts.timezone}, except in the pages and tables where they are as logged",
        "cells": "a text that a spreadsheet would run as a formula has an apostrophe before it",
        "returns": returns.select(KEY).to_dicts(),
        "files": files
        | {"pages": {"meaning": "one page per return, to print"}}
        | {SUMS: {"meaning": "SHA-256 of every file, for sha256sum -c"}},
    }
    return texts | {"about.json": json.dumps(about, indent=2, ensure_ascii=False) + "\n"}


def write_pack(folder: Path, name: str, texts: dict[str, str], as_zip: bool) -> Path:
    """Writes the files of a pack and their checksums, all or none. It replaces nothing but an older pack.

    A zip is not compressed, because two machines may compress differently.
    """
    contents = {path: texts[path].encode() for path in sorted(texts)}
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {path}\n" for path, content in contents.items())
    contents[SUMS] = sums.encode()
    target = folder / (f"{name}.zip" if as_zip else name)
    is_pack = target.is_file() if as_zip else (target / SUMS).is_file()
    if target.exists() and not is_pack:
        raise Problem(f"{target}: something other than a pack has this name. Move it, or name another --out.")
    place = folder
    try:
        with work_folder(folder) as work:
            place, made = target, work / target.name
            if as_zip:
                with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
                    for path, content in contents.items():
                        entry = zipfile.ZipInfo(f"{name}/{path}", date_time=NO_TIME)
                        entry.create_system, entry.external_attr = UNIX, 0o600 << 16
                        archive.writestr(entry, content)
            else:
                (made / "pages").mkdir(parents=True)
                for path, content in contents.items():
                    (made / path).write_bytes(content)
            put_in_place(made, target)
    except OSError as error:
        instead = "Make room there, or name another --out."
        raise Problem(f"{place}: it cannot be written ({error.strerror}). {instead}") from error
    return target


def page(state: Row, tables: dict[str, list[Row]], facts: Facts) -> str:
    """The page of a return. All cells are texts, times in the firm's zone."""
    head = [{"name": heading, "value": state[column]} for column, heading in PACK["head"].items()]
    parts = [table("The return", {"name": "", "value": ""}, head)]
    shown = sorted(tables["facts"], key=lambda row: int(row["cycle_no"]))
    if not shown:
        nothing = "The return was not delivered to its client, so there is no signature to show."
        parts.append(f"<p>{nothing}</p>")
    for number, of_delivery in groupby(shown, itemgetter("cycle_no")):
        parts.append(f"<h2>Delivery {number}</h2>")
        reached = [row for row in tables["steps"] if row["cycle_no"] == number]
        parts.append(table("How far it got", PACK["steps"], reached))
        for signer, of_signer in groupby(of_delivery, itemgetter("signer")):
            parts.append(table(f"Signer: {signer}", PACK["facts"], of_signer))
    # The facts that the log shows for no signer.
    logged = {row["fact"] for row in shown if row["basis"] != NOT_LOGGED}
    missing = {row["title"]: row for row in shown if row["fact"] not in logged}
    if missing:
        parts.append("<h2>What the log cannot show</h2>")
        parts.append(table("In no delivery of this return", PACK["missing"], missing.values()))
    parts.append("<h2>Both timelines</h2>")
    for tab, caption in PACK["tabs"].items():
        of_tab = [row for row in tables["records"] if row["tab"] == tab]
        parts.append(table(caption, PACK["events"], of_tab))
    texts = {
        "title": f"Evidence of return {state['return_id']}",
        "firm": facts.firm_name or "The firm",
        "as_of": str(iso(facts.as_of)),
        "zone": facts.timezone,
        "build": facts.input_digest,
        "version": facts.version,
    }
    template = Template(Path(__file__).with_name("evidence_page.html").read_text(encoding="utf-8"))
    escaped = {name: escape(text) for name, text in texts.items()}
    return template.substitute(escaped, body="\n".join(parts))


def table(caption: str, columns: Row, rows: Iterable[Row]) -> str:
    """A table of texts under a caption; without headings if no column has one."""
    heads = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in columns.values())
    head = f"<thead><tr>{heads}</tr></thead>\n" if any(columns.values()) else ""
    body = "\n".join(f"<tr>{''.join(cell(row[name]) for name in columns)}</tr>" for row in rows)
    return f"<table><caption>{escape(caption)}</caption>\n{head}<tbody>\n{body}\n</tbody></table>"


def cell(text: str) -> str:
    """A table cell. `bdi` keeps a logged text from reversing the direction of the text around it."""
    if text == NOT_LOGGED:
        return f'<td class="absent">{NOT_LOGGED}</td>'
    return f"<td><bdi>{escape(text)}</bdi></td>"
