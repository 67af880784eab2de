"""JSON in every form that exports have: the staged table is the records, wherever they are in it."""

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.config.source import Limits, Source
from etl.read.stage import stage
from support.staged_files import LIMITS, LOG, Result, as_csv, only_content, refusal, staged

FIRST = {"returnId": "r1", "tab": "Client", "event": "Upload", "time": "2026-03-26T15:15:10Z"}
SECOND = {**FIRST, "returnId": "r2", "event": "Access Link selected"}
HEADINGS = list(FIRST)
BOTH = [tuple(FIRST.values()), tuple(SECOND.values())]
WHERE = 'under the [[source]] "user tracking" in settings.toml'


def at(records: str) -> Source:
    return replace(LOG, records=records)


def in_memory(name: str, content: str, source: Source = LOG) -> tuple[object, ...]:
    """What staging without a database gives, as `staged` gives it."""
    with TemporaryDirectory() as folder:
        Path(folder, name).write_text(content, encoding="utf-8")
        result = stage(
            None, only_content(Path(folder, name), Path(folder), LIMITS), source, LIMITS, Path(folder)
        )
        assert result.records
        wide = [[*row, *[None] * (len(result.headings) - len(row))] for row in result.records.rows]
        texts = [tuple(text or None for text in row) for row in wide]
        return result.headings, texts, result.records.malformed, result.record_count, result.remark


def both_ways(name: str, content: str, source: Source = LOG) -> Result:
    """The result of staging, which is the same without a database."""
    result = staged(name, content, source=source)
    alone = (result.headings, result.texts, result.malformed, result.count, result.remark)
    assert in_memory(name, content, source) == alone
    return result


@pytest.mark.parametrize("indent", [None, 2])
def test_records_in_an_envelope_are_found_and_what_is_beside_them_is_named(indent: int | None) -> None:
    forms: dict[str, tuple[Any, str]] = {
        "data": ({"data": [FIRST, SECOND], "page": 1, "total": 2}, "page, total"),
        "response.records": ({"response": {"records": [FIRST, SECOND]}}, ""),
        "data.items": ({"data": [{"items": [FIRST]}, {"items": [SECOND], "page": 2}, {"items": []}]}, "page"),
        "body": ([{"received_at": "x", "body": FIRST}, {"body": SECOND}], "received_at"),
    }
    for records, (document, others) in forms.items():
        beside = f"; also in the document, and not loaded: {others}" if others else ""
        for source in (LOG, at(records)):
            result = both_ways("a.json", json.dumps(document, indent=indent) + "\n", source)
            assert (result.headings, result.texts, result.malformed) == (HEADINGS, BOTH, [])
            assert result.remark == f'the records are in "{records}"{beside}'


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(FIRST, indent=2) + json.dumps(SECOND, indent=2),
        json.dumps(FIRST) + json.dumps(SECOND),
        json.dumps(FIRST, indent=0) + "\n\n" + json.dumps(SECOND) + "\n",
        json.dumps([FIRST, SECOND], indent=2),
        "\ufeff" + json.dumps(FIRST) + "\r\n" + json.dumps(SECOND) + "\r\n",
        "\ufeff" + json.dumps(FIRST) + "\r" + json.dumps(SECOND),
    ],
)
def test_objects_one_after_the_other(content: str) -> None:
    result = both_ways("a.json", content)
    assert (result.headings, result.texts, result.malformed, result.remark) == (HEADINGS, BOTH, [], None)


def test_one_page_a_line() -> None:
    pages = [{"data": [FIRST]}, {"data": []}, {"data": [SECOND], "page": 3}, {"data": None}]
    content = "".join(json.dumps(page) + "\n" for page in pages)
    result = both_ways("a.ndjson", content)
    assert (result.texts, result.remark) == (
        BOTH,
        'the records are in "data"; also in the document, and not loaded: page',
    )
    assert refusal("a.ndjson", content + '{"page": 4, "rows": []}\n') == (
        'line 5: the records are in "data", which is not there (it has page, rows). '
        "Export the file again, or load documents of another form as a file of their own."
    )
    assert refusal("a.ndjson", '{"data": [], "data": [1]}\n', source=at("data")).startswith(
        'line 1: the records are in "data", which is there twice'
    )
    broken = both_ways("a.ndjson", content + '{"data": [\n[1]\n')
    assert (broken.texts, broken.malformed) == (
        BOTH,
        [(3, "broken_json", '{"data": ['), (4, "not_an_object", "[1]")],
    )


def test_a_fault_in_one_record_of_an_envelope_leaves_the_others() -> None:
    faults = {
        '{"tab": 1, "tab": 2}': "doubled_key",
        '{"tab": NaN}': "not_a_json_number",
        '{"tab": "\\ud800"}': "half_a_character",
        '{"tab": "\\u0000"}': "zero_byte",
        '{"tab": {"x": "Client"}}': "not_a_text",
        '{"returnId": ["r1"]}': "not_a_text",
        '{"a.b": 1, "tab": 1, "event": {"name": 1}, "event.name": 2}': "doubled_key",
        "[1]": "not_an_object",
        "null": "not_an_object",
    }
    first, second = json.dumps(FIRST), json.dumps(SECOND)
    result = both_ways("a.json", f'{{"data": [{first}, {", ".join(faults)}, {second}]}}')
    assert result.texts == BOTH
    numbered = enumerate(faults.items(), start=2)
    assert result.malformed == [(number, reason, text) for number, (text, reason) in numbered]


def test_a_choice_is_refused_and_the_source_makes_it() -> None:
    content = json.dumps({"sent": [FIRST], "received": [SECOND]})
    assert refusal("a.json", content) == (
        f'its records may be in 2 places. Write records = "sent" or records = "received" {WHERE}.'
    )
    assert both_ways("a.json", content, at("received")).texts == BOTH[1:]
    nested = json.dumps({**FIRST, "before": [SECOND]})
    assert refusal("a.json", nested).startswith(
        'its records may be in 2 places. Write records = "." or records = "before"'
    )
    [row] = both_ways("a.json", nested, at(".")).texts
    assert row == (*BOTH[0], json.dumps([SECOND]))


@pytest.mark.parametrize("more", [[SECOND], {"items": [SECOND]}])
def test_a_second_list_of_records_in_a_later_document_is_refused(more: Any) -> None:
    pages = [{"data": [FIRST], "more": []}, {"data": [], "more": []}, {"data": [FIRST], "more": more}]
    place = "more" if isinstance(more, list) else "more.items"
    for content in ("".join(json.dumps(page) + "\n" for page in pages), json.dumps(pages)):
        assert refusal("a.json", content) == (
            f'its records may be in 2 places. Write records = "data" or records = "{place}" {WHERE}.'
        )
        assert both_ways("a.json", content, at("data")).texts == [BOTH[0]] * 2


def test_a_record_with_a_list_of_records_is_one_record() -> None:
    records = [{**FIRST, "history": [SECOND]}, SECOND, {**FIRST, "history": [FIRST, SECOND]}]
    rows = [(*BOTH[0], json.dumps([SECOND])), (*BOTH[1], None), (*BOTH[0], json.dumps([FIRST, SECOND]))]
    inner = 'what may be records inside of others, in "history", is text: 3'
    for content, where in (
        (json.dumps(records), ""),
        ("".join(json.dumps(record) + "\n" for record in records), ""),
        (json.dumps({"data": records}, indent=1), 'the records are in "data"; '),
    ):
        result = both_ways("a.json", content)
        assert (result.headings, result.texts) == ([*HEADINGS, "history"], rows)
        assert result.remark == where + inner


def test_a_document_without_records_is_refused_by_its_keys() -> None:
    unknown = [{"Nummer": "234-56-7890", "Reiter": "a"}, {"Nummer": "r2"}]
    message = refusal("a.json", json.dumps({"page": 1, "data 234-56-7890": unknown}))
    assert message == (
        f"no list or object in it has all of {', '.join(LOG.needed)}. "
        f'It has data [TIN]: Nummer, Reiter. Write records = "..." {WHERE}, '
        "and its headings in [source.columns]."
    )
    part = {"returnId": "r1", "tab": "Client"}
    assert refusal("a.json", json.dumps({"status": "ok", "data": [part]})).startswith("no list or object")
    # Records that lack a heading are staged, and the headings are compared afterwards.
    assert staged("a.json", json.dumps([{**part, "more": [{"x": 1}, {"x": 2}]}])).texts == [
        ("r1", "Client", '[{"x": 1}, {"x": 2}]')
    ]


@pytest.mark.parametrize("indent", [None, 2])
def test_a_number_of_any_length_is_a_text(indent: int | None) -> None:
    long = {**FIRST, "no": "#"}
    for document in (long, [long], {"data": [long]}):
        content = json.dumps(document, indent=indent).replace('"#"', "7" * 5000)
        assert both_ways("a.json", content).texts == [(*BOTH[0], "7" * 5000)]


def test_an_object_over_many_lines_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl.read.json_documents.MOST_HELD", 200)
    assert refusal("a.json", json.dumps({"data": [FIRST, SECOND]}, indent=1)) == (
        "a JSON object over many lines can have at most 200 bytes. "
        "Write one object a line, or one array of objects."
    )
    lines = ['{"returnId": "r0"', *map(json.dumps, (FIRST, SECOND))]
    assert both_ways("a.ndjson", "\n".join(lines)).texts == BOTH
    limits = replace(Limits(), line_bytes=150)
    long = {**FIRST, "event": "x" * 100}
    assert refusal("a.ndjson", json.dumps(FIRST) + "\n" + json.dumps(long), limits).startswith(
        "line 2: the line is over 150, and the limit is 150 (line_bytes"
    )
    monkeypatch.undo()
    assert refusal("a.json", json.dumps({"data": [FIRST, long]}, indent=1), limits).startswith(
        "document 1, record 2: the record is over 150"
    )


def test_nested_objects_become_dotted_headings_if_one_is_known() -> None:
    records = [
        {"user": None, "event": {"status": "Sent", "kind": {"no": 1}}, "more": {"a": [1.10]}},
        {"user": {"id": 7}, "return": {"id": "r1", "form": "1040"}, "event": {"name": "Upload"}},
        {"user": {"name": "Pat"}, "return": None, "event": {}},
    ]
    expected = [
        {"event.status": "Sent", "event.kind": '{"no": 1}', "more": '{"a": [1.1]}'},
        {"user.id": "7", "return.id": "r1", "return.form": "1040", "event.name": "Upload"},
        {"user.name": "Pat"},
    ]
    for step in (1, -1):
        lines = (json.dumps({"tab": "Client"} | record) for record in records[::step])
        result = both_ways("a.ndjson", "".join(f"{line}\n" for line in lines))
        rows = [dict(zip(result.headings, row, strict=True)) for row in result.texts]
        assert {row.pop("tab") for row in rows} == {"Client"}
        filled = [{heading: text for heading, text in row.items() if text} for row in rows]
        assert (filled, result.malformed) == (expected[::step], [])


def test_a_heading_of_the_settings_may_be_deep() -> None:
    columns = {**LOG.columns, "return_id": ("audit.object.key",)}
    source = replace(LOG, columns=columns)
    record = {"audit": {"object": {"key": "r1", "x": 1}, "more": {"y": 2}}, "Tab": "Client"}
    result = both_ways("a.json", json.dumps(record), source)
    assert dict(zip(result.headings, *result.texts, strict=True)) == {
        "audit.object.key": "r1",
        "audit.object.x": "1",
        "audit.more": '{"y": 2}',
        "Tab": "Client",
    }


AUDIT = {"return_id": ("AuditData.ObjectId",), "tab": ("AuditData.Where.Tab",), "label": ("Operations",)}


def audited(data: list[str]) -> list[tuple[str | None, ...]]:
    """The texts that are found inside of a column of JSON texts, in a CSV file and in JSON lines."""
    source = replace(LOG, columns=LOG.columns | AUDIT)
    rows = [("Operations", "AuditData"), *(("Upload", text) for text in data)]
    lines = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    by_csv = both_ways("a.csv", as_csv(rows, quoting=csv.QUOTE_ALL, lineterminator="\n"), source)
    by_json = both_ways("a.ndjson", "".join(json.dumps(line) + "\n" for line in lines), source)
    assert by_csv.headings == ["Operations", "AuditData", "AuditData.ObjectId", "AuditData.Where.Tab"]
    assert (by_json.headings, by_json.texts) == (by_csv.headings, by_csv.texts)
    return [row[2:] for row in by_csv.texts]


def test_values_inside_of_json_texts_in_cells() -> None:
    assert audited(
        [
            '{"ObjectId": "r1", "Where": {"Tab": "Client"}, "Id": 1}',
            ' {"ObjectId": 123456789012345678901, "Where": {"Tab": null}}',
            '{"ObjectId": 1.10, "Where": "Client"}',
            '{"ObjectId": {"id": "r1"}, "Where": {"Tab": ""}}',
            '{"ObjectId": "r1", "ObjectId": "r2", "Where": {"Tab": "Client"}}',
            '{"ObjectId": NaN}',
            '{"ObjectId": "\\ud800"}',
            '{"ObjectId": "r1"',
            '["ObjectId"]',
            "none",
        ]
    ) == [
        ("r1", "Client"),
        ("123456789012345678901", None),
        ("1.10", None),
        ('{"id": "r1"}', None),
        *[(None, None)] * 6,
    ]
    own = "Return ID,Operations,AuditData\nr7,Upload,{}\n"
    columns = LOG.columns | {"return_id": ("Return ID", "AuditData.ObjectId")}
    assert both_ways("a.csv", own, replace(LOG, columns=columns)).headings[-1] == "AuditData"


CELL = st.dictionaries(st.sampled_from(["ObjectId", "Where", "x"]), st.text('a1é"\\', max_size=4))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=30)
@given(cells=st.lists(CELL, min_size=1, max_size=6), rows=st.integers(1, 7))
def test_cells_of_any_json(cells: list[dict[str, str]], rows: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("etl.read.added.ROWS", rows)
        found = audited([json.dumps(cell) for cell in cells])
    assert found == [(cell.get("ObjectId") or None, None) for cell in cells]


TEXT = st.text(st.sampled_from('ab1 {}[]",:\\\n\u00e9'), max_size=6)
RECORD = st.fixed_dictionaries(
    {"Return ID": TEXT, "Tab": TEXT, "user": st.fixed_dictionaries({"name": TEXT, "no": TEXT})},
    optional={"late": TEXT | st.none(), "note": st.lists(TEXT, max_size=2) | st.integers()},
).map(lambda record: {"Event": "Upload", "Time": "2026-03-26", **record})
KEY = st.sampled_from(["data", "rows", "a b", 'quo"te', "Reiter"])
OTHER = st.dictionaries(st.sampled_from(["page", "meta"]), st.none() | st.lists(TEXT, max_size=2) | TEXT)
LOOK = st.sampled_from([{}, {"indent": 1}, {"ensure_ascii": False, "separators": (",", ":")}])


def flat(record: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The fields of a record that are not empty, under dotted headings."""
    for key, item in record.items():
        if isinstance(item, dict):
            yield from ((f"{key}.{inner}", text) for inner, text in flat(item))
        elif item not in (None, ""):
            yield key, item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)


@st.composite
def wrapped(draw: st.DrawFn) -> tuple[str, list[dict[str, Any]]]:
    """A file of records: in envelopes at one path, as pages, lines, an array or one after the other."""
    pages = draw(st.lists(st.lists(RECORD, min_size=1, max_size=3), min_size=1, max_size=3))
    path = draw(st.lists(KEY, max_size=3, unique=True))
    documents: list[Any] = [record for page in pages for record in page]
    if path:
        documents = pages
        for number, key in enumerate(reversed(path)):
            is_list = number > 0 and draw(st.booleans())
            documents = [{key: [one] if is_list else one, **draw(OTHER)} for one in documents]
    form = draw(st.sampled_from(["array", "lines", "objects"]))
    look = draw(LOOK)
    if form == "lines":
        content = "".join(json.dumps(one) + "\n" for one in documents)
    elif form == "array":
        content = json.dumps(documents, **look)
    else:
        content = draw(st.sampled_from(["", "\n", " \r\n"])).join(
            json.dumps(one, **look) for one in documents
        )
    return content, [record for page in pages for record in page]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=100)
@given(wrapped())
def test_the_staged_table_is_the_records_however_they_are_wrapped(
    drawn: tuple[str, list[dict[str, Any]]],
) -> None:
    content, records = drawn
    result = both_ways("a.json", content)
    rows = [dict(zip(result.headings, row, strict=True)) for row in result.texts]
    read = [{heading: text for heading, text in row.items() if text is not None} for row in rows]
    assert (read, result.malformed) == ([dict(flat(record)) for record in records], [])
