"""One return's evidence as a page to print: no script, no link, nothing fetched, and every text from the log escaped."""

from collections.abc import Iterable
from html import escape
from itertools import groupby

from etl.reports.files import iso
from etl.warehouse.ask import Facts

STYLE = """
body { font: 10pt/1.4 system-ui, sans-serif; margin: 2em auto; max-width: 88em; color: #1a1a1a }
h1 { font-size: 16pt } h2 { font-size: 13pt; margin-top: 2em } h3 { font-size: 11pt }
table { border-collapse: collapse; width: 100%; margin: .5em 0 1.5em }
caption { text-align: left; font-weight: 600; padding: .3em 0 }
th, td { border: 1px solid #bbb; padding: .2em .5em; text-align: left; vertical-align: top; overflow-wrap: break-word }
thead th { background: #f0f0f0; overflow-wrap: normal } thead { display: table-header-group } tr { break-inside: avoid }
.absent { color: #666; font-style: italic }
@page { size: landscape; margin: 12mm }
"""


POLICY = "default-src 'none'; style-src 'unsafe-inline'"
ABSENT = "not in source"
HEAD = {
    "firm_id": "Firm account", "return_id": "Return", "client_name": "Client", "client_id": "Client number",
    "return_type": "Form", "tax_year": "Tax year", "is_joint": "Two sign", "office": "Office", "partner": "Partner",
    "preparer": "Preparer", "ero_signer": "ERO/signer", "due_date": "Due date", "handling_state": "Handling",
    "access_state": "Access", "signature_state": "Signature state",
}  # fmt: skip
STEPS = {"title": "Step", "step_state": "How it is known", "reached_at": "When", "meaning": "What it takes"}
FACTS = {
    "title": "Fact", "fact_value": "What the log shows", "basis": "How it is known", "event_at": "When",
    "event_no": "Event", "file_name": "File", "row_no": "Record", "source": "Asked for by",
}  # fmt: skip
EVENTS = {
    "event_no": "Event", "event_at": "When", "cycle_no": "Delivery", "title": "Event read as", "logged_label": "As logged",
    "logged_status": "Status", "logged_time": "Time as logged", "actor": "Who", "recipient_email": "Address",
    "ip_address": "IP address", "file_name": "File", "row_no": "Record",
}  # fmt: skip
TABS = {
    "Client": "What the client did (Client Tracking)",
    "Internal": "What the firm did (Internal Tracking)",
}


def page(one: dict[str, str], tables: dict[str, list[dict[str, str]]], facts: Facts) -> str:
    """The page of a return; all cells are texts, times in the firm's zone."""
    title = f"Evidence of return {one['return_id']}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        paragraph(
            f"{facts.firm_name or 'The firm'}. What the log of the platform shows as of {iso(facts.as_of)}; times are in the "
            f"zone {facts.timezone} unless they stand as logged. The page judges no signature and is no legal advice. What "
            "is implied is no record of the act itself."
        ),
        table(
            "The return", {"name": "", "value": ""}, [{"name": HEAD[key], "value": one[key]} for key in HEAD]
        ),
        *deliveries(tables["facts"], tables["steps"]),
        *absent(tables["facts"]),
        "<h2>Both time lines</h2>",
        *(
            table(words, EVENTS, [row for row in tables["records"] if row["tab"] == tab])
            for tab, words in TABS.items()
        ),
        paragraph(f"Build {facts.input_digest} of returntrail {facts.version}."),
    ]
    return document(title, "\n".join(parts))


def deliveries(facts: list[dict[str, str]], steps: list[dict[str, str]]) -> Iterable[str]:
    """Each delivery with its steps, then each signer's facts."""
    if not facts:
        yield paragraph("The return was not delivered to its client, so that there is no signature to show.")
    for cycle_no, of_cycle in groupby(
        sorted(facts, key=lambda row: int(row["cycle_no"])), lambda row: row["cycle_no"]
    ):
        yield f"<h2>Delivery {escape(cycle_no)}</h2>"
        yield table("How far it got", STEPS, [row for row in steps if row["cycle_no"] == cycle_no])
        for signer, of_signer in groupby(of_cycle, lambda row: row["signer"]):
            yield table(f"Signer: {signer}", FACTS, of_signer)


def absent(facts: list[dict[str, str]]) -> Iterable[str]:
    """What the log shows of no signer, and why."""
    shown = {row["fact"] for row in facts if row["basis"] != ABSENT}
    missing = {row["title"]: row["meaning"] for row in facts if row["fact"] not in shown}
    if missing:
        rows = [{"title": title, "meaning": meaning} for title, meaning in missing.items()]
        yield "<h2>What the log cannot show</h2>"
        yield table(
            "In no delivery of this return", {"title": "Fact", "meaning": "What there is to know"}, rows
        )


def table(caption: str, columns: dict[str, str], rows: Iterable[dict[str, str]]) -> str:
    """A table of texts under a caption; without headings where no column has one."""
    heads = "".join(f'<th scope="col">{escape(words)}</th>' for words in columns.values())
    head = f"<thead><tr>{heads}</tr></thead>\n" if any(columns.values()) else ""
    body = "\n".join(f"<tr>{''.join(cell(row[name]) for name in columns)}</tr>" for row in rows)
    return f"<table><caption>{escape(caption)}</caption>\n{head}<tbody>\n{body}\n</tbody></table>"


def cell(text: str) -> str:
    """A text of the log stands in an element of its own direction, so that it turns nothing around it."""
    return (
        '<td class="absent">not in source</td>' if text == ABSENT else f"<td><bdi>{escape(text)}</bdi></td>"
    )


def paragraph(words: str) -> str:
    return f"<p>{escape(words)}</p>"


def document(title: str, body: str) -> str:
    """A whole page that loads and runs nothing, whoever opens it."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )
