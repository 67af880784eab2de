"""S6: no SSN or ITIN, however written, is left in any file. S9: no client name is in a message."""

import base64
import gzip
import json
import re
import shutil
import unicodedata
from html import unescape
from pathlib import Path
from random import Random
from urllib.parse import unquote

import duckdb
import polars as pl
import xlsxwriter

from etl.common.paths import DataDir
from etl.store.parts import parts
from faults.checks import Tally, content_of, times
from faults.exports import queries, with_inbox
from faults.reading import Reader
from faults.runner import Runner
from support.hooks import ESIGN, STATUSES
from support.loaded_files import events, shipped_settings
from support.workbooks import excel
from tests.read.test_redact import FORMS, LOOK_ALIKES
from tests.store.test_load_redaction import searched

INVISIBLE = re.compile("[\u00ad\u0300-\u036f\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
NUMBER = re.compile(r"123[^0-9]{0,12}45[^0-9]{0,12}6789")
MARK = "Zebulon Quartermain"


def plain(text: str) -> str:
    """A text as a person reads it: escapes decoded, forms folded, invisible characters removed."""
    for _ in range(2):
        text = unescape(unquote(text, errors="replace"))
    return INVISIBLE.sub("", unicodedata.normalize("NFKC", text))


FORMS_OF_ONE = [form for form in FORMS if NUMBER.search(plain(form))]


def event(number: int, text: str, **more: str) -> dict[str, str]:
    fields = {"return_id": f"r{number}", "tab": "Client", "label": text, "event_time": "2026-03-04 10:00"}
    return fields | more


def written(folder: Path, forms: list[str]) -> Path:
    """A log with each form as label, detail and in other columns, as quarantined record and in a heading."""
    folder.mkdir()
    more = ("detail", "actor", "client_name", "status", "recipient_email", "Shoe")
    lines = [
        event(number, f"Document “{form}”", **dict.fromkeys(more, form)) for number, form in enumerate(forms)
    ]
    lines += [event(number, form, tab="Nowhere") for number, form in enumerate(forms)]
    file = folder / "log 123-45-6789.ndjson"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return folder


def everything(data: DataDir, printed: list[str]) -> str:
    """Every unpacked file of store, reports and runs, every row of the warehouse, and the printed text."""
    texts = [*printed, *(searched(folder) for folder in (data.store, data.reports) if folder.exists())]
    for file in data.runs.rglob("*") if data.runs.exists() else ():
        texts += [content_of(file)[1].decode(errors="replace")] if file.is_file() else []
    with duckdb.connect(str(data.warehouse), read_only=True) as database:
        for (name,) in database.execute(
            "select table_schema || '.' || table_name from information_schema.tables"
        ).fetchall():
            texts += [str(row) for row in database.execute(f"from {name}").fetchall()]
    return "\n".join(texts)


def leaks(data: DataDir, runner: Runner, **order: object) -> int:
    """How many times the number is found after load, build and reports."""
    printed = []
    for verb in ("load", "build", "report"):
        ended = runner.run("--data", data.root, verb, **order)
        # Half of the records are quarantined, which a load reports as a problem.
        assert ended.code == (verb == "load"), ended.err
        printed += [ended.out, ended.err]
    # The export itself is in the inbox; the command shows its redacted name.
    return len(NUMBER.findall(plain(everything(data, printed))))


def test_s6_no_taxpayer_number_is_left(tally: Tally, control: Tally, runner: Runner, tmp_path: Path) -> None:
    forms = FORMS_OF_ONE if times(40) == 40 else Random(6).sample(FORMS_OF_ONE, 8)
    data = with_inbox(written(tmp_path / "exports", forms), tmp_path / "data")
    tally.injected += 8 * len(forms)
    built_by = queries(tmp_path / "queries")
    tally.leaked += leaks(data, runner, queries=built_by)
    tally.details += ["a number was found"] if tally.leaked else []
    control.leaked += leaks(
        with_inbox(tmp_path / "exports", tmp_path / "off"), runner, off=["redaction"], queries=built_by
    )


ANNOUNCED = [
    "ssn1",
    "SSN_T",
    "Taxpayer ID",
    "Tax ID",
    "TIN/EIN",
    "Social",
    "taxIdentificationNo",
    "spouseTin",
]
CELLS = ["078051121", "78051121", "8051121", "12-345-6789", "123 456 789", "1.23456789E8", "1 2 3 4 5 6 7"]
LEFT = re.compile(
    r"0?78051121|8051121|12-345-6789|123 456 789|1\.23456789|1 2 3 4 5|078-?05-?1121|65[ -]?43[ -]?2107"
)
IDS = ["065432107", "2025-065432107", "078-05-1121"]


def files_with_numbers(folder: Path) -> Path:
    """Each form under each heading in every format, in ids, parts, formats of cells, names and web hooks."""
    folder.mkdir()
    heads, own = ["return_id", "tab", "label", "event_time"], ["Client", "Up", "2026-03-04 10:00"]
    for place, heading in enumerate(ANNOUNCED):
        rows = [[f"r{number}", *own, cell] for number, cell in enumerate(CELLS)]
        table = [[*heads, heading], *rows, ["", *own, "78051121"]]
        text = "".join(",".join(row) + "\n" for row in [*table, ["r9", "Client", "78051121"]])
        (folder / f"{place}.csv").write_text(text)
        records = [dict(zip(table[0], row, strict=True)) for row in rows]
        records += [dict(zip(heads, row[:4], strict=True)) | {"person": {heading: row[4]}} for row in rows]
        lines = [*map(json.dumps, records), f'{{"{heading}": "78051121", broken']
        (folder / f"{place}.ndjson").write_text("\n".join(lines) + "\n")
        columns = {name: [row[at] for row in table[1:]] for at, name in enumerate(table[0])}
        pl.DataFrame(columns).write_parquet(folder / f"{place}.parquet")
        (folder / f"{place}.xlsx").write_bytes(excel({"Client": table}))
    parts = "".join(f"{one},{','.join(own)},065,43,2107,{one}\n" for one in IDS)
    (folder / "ids.csv").write_text(f"{','.join(heads)},SSN 1,SSN 2,SSN 3,Client ID\n{parts}")
    with xlsxwriter.Workbook(folder / "065432107 log.xlsx") as book:
        sheet, taxpayers = book.add_worksheet("078051121"), book.add_format({"num_format": "000-00-0000"})
        sheet.write_row(0, 0, [*heads, "Note"])
        for number, digits in enumerate((78051121, 65432107), start=1):
            sheet.write_row(number, 0, [f"r{number}", *own])
            sheet.write(number, 4, digits, taxpayers)
    hidden = base64.b64encode(json.dumps({"ssn": "078-05-1121", "taxId": "78051121"}).encode()).decode()
    first = STATUSES[0] | {"ssn": "78051121", "clientId": "065432107"}
    bodies = [first, ESIGN | {"taxId": "12-345-6789"}, {"body": hidden}]
    (folder / "hooks.ndjson").write_text("".join(f"{json.dumps(body)}\n" for body in bodies))
    return folder


def test_s6_no_number_is_left_that_a_heading_announces(
    tally: Tally, control: Tally, runner: Runner, tmp_path: Path
) -> None:
    """Nor in ids or in what `--check` prints; for that, no return is lost or joined with another."""
    exports = files_with_numbers(tmp_path / "exports")
    data = with_inbox(exports, tmp_path / "data")
    tally.injected += len(ANNOUNCED) * 5 * len(CELLS)
    printed = [runner.run("--data", data.root, "load", "--check", *sorted(exports.iterdir())).out]
    ended = [runner.run("--data", data.root, verb) for verb in ("load", "build", "verify")]
    printed += [text for one in ended for text in (one.out, one.err)]
    lines = [line for line in everything(data, printed).splitlines() if LEFT.search(line)]
    tally.leaked += len(lines)
    tally.details += lines
    [ids] = [part for part in parts(data) if part.ledger["file_name"] == "ids.csv"]
    tally.lost += len(IDS) - len(set(events(ids, "return_id")))
    bare = with_inbox(exports, tmp_path / "off")
    runner.run("--data", bare.root, "load", off=["redaction"])
    control.leaked += len(LEFT.findall(searched(bare.store)))


def test_s6_a_purged_return_stays_away_in_both_forms_of_its_id(
    tally: Tally, control: Tally, runner: Runner, tmp_path: Path
) -> None:
    """Purged under its digits or under its hash, and loaded again after a change of the setting."""
    head, row = "return_id,tab,label,event_time\n", "Client,Up,2026-03-04 10:00\n"
    hashed = shipped_settings()
    own = hashed.replace("[firm]\n", "[firm]\nnine_digit_ids = true\n")
    for number, (before, after) in enumerate([(own, hashed), (hashed, own)]):
        data, bare = DataDir(tmp_path / f"{number}"), DataDir(tmp_path / f"off {number}")
        data.root.mkdir(mode=0o700)
        (data.root / "settings.toml").write_text(before)
        first, second = tmp_path / "first.csv", tmp_path / "second.csv"
        first.write_text(f"{head}065432107,{row}")
        second.write_text(head + "".join(f"{one},{row}" for one in ("r1", "065432107", " 065432107", "r2")))
        runner.run("--data", data.root, "load", first)
        assert runner.run("--data", data.root, "purge", "--return", "065432107", "--yes").code == 0
        (data.root / "settings.toml").write_text(after)
        shutil.copytree(data.root, bare.root)
        for each, count, off in ((data, tally, []), (bare, control, ["id forms"])):
            assert runner.run("--data", each.root, "load", second, off=off).code == 0
            found = [one for part in parts(each) for (one,) in events(part, "return_id")]
            count.leaked += len(found) - len({"r1", "r2"} & set(found))
        tally.injected += 2


def test_s6_look_alikes_are_not_replaced(
    tally: Tally, control: Tally, runner: Runner, tmp_path: Path
) -> None:
    texts = [text for text in LOOK_ALIKES if text.strip()]
    (tmp_path / "exports").mkdir()
    lines = (json.dumps(event(number, text)) + "\n" for number, text in enumerate(texts))
    (tmp_path / "exports" / "log.ndjson").write_text("".join(lines), encoding="utf-8")
    data = with_inbox(tmp_path / "exports", tmp_path / "data")
    assert runner.run("--data", data.root, "load").code == 0
    [part] = parts(data)
    labels = [label for (label,) in events(part, "label")]
    tally.injected += len(texts)
    tally.lost += sum(one != other for one, other in zip(texts, labels, strict=True))
    tally.details += [f"{one}: {other}" for one, other in zip(texts, labels, strict=True) if one != other]
    # Nine digits with two dashes anywhere would be too simple a rule.
    control.lost += sum(re.search(r"\d{3}-\d\d-\d{4}", text) is not None for text in texts)


def damaged(dice: Random) -> dict[str, bytes]:
    """Files of F4 to F6 in which every record names the client."""
    body = "return_id,tab,label,event_time,client_name\n" + "".join(
        f"r{number},Client,Up,2026-03-04,{MARK} {number}\n" for number in range(200)
    )
    packed = bytearray(gzip.compress(body.encode()))
    packed[dice.randrange(20, len(packed))] ^= 1
    return {
        "flipped.csv.gz": bytes(packed),
        "cut.csv": body.encode()[: dice.randrange(100, len(body))],
        "quotes.csv": body.replace("Up", '"Up', 1).replace(",Up,", ',"Up"x,', 3).encode(),
        "long.csv": body.replace(f"{MARK} 7", MARK * 9_000, 1).encode(),
        "times.csv": body.replace("2026-03-04", f"4 March {MARK}").encode(),
        "no headings.csv": body.split("\n", 1)[1].encode(),
        "zero.csv": body.replace("Up", "U\0p", 2).encode(),
        "broken.ndjson": b'{"return_id": "%s", \n{"return_id" "%s"}\n' % (MARK.encode(), MARK.encode()),
    }


def test_s9_no_name_in_a_message(tally: Tally, control: Tally, runner: Runner, tmp_path: Path) -> None:
    dice = Random(9)
    built_by = queries(tmp_path / "queries")
    for number in range(times(10)):
        data = DataDir(tmp_path / f"{number}")
        folder = tmp_path / f"exports {number}"
        folder.mkdir()
        for name, content in damaged(dice).items():
            (folder / name).write_bytes(content)
            tally.injected += 1
        for arguments in (
            ["load", folder],
            ["build"],
            ["report"],
            ["load", "--check", folder / "quotes.csv"],
        ):
            ended = runner.run("--data", data.root, *arguments, queries=built_by)
            tally.check_message(ended.err, about=arguments)
            tally.leaked += ended.err.count(MARK)
            tally.details += [f"{arguments}: {line}" for line in ended.err.splitlines() if MARK in line]
        if number:
            continue
        with Reader() as reader:
            for name in ("times.csv", "quotes.csv"):
                try:
                    reader.database.execute(
                        f"from read_csv('{folder / name}', types = {{'event_time': 'timestamp'}})"
                    ).fetchall()
                except duckdb.Error as error:
                    control.leaked += str(error).count(MARK)
