"""What stands beside the records of a JSON file is never lost, and never contradicts what is given for it."""

import json
from pathlib import Path
from typing import Any

import pytest

from etl.config.settings import read_settings
from etl.store.checked import Outcome
from etl.store.load import load
from support.loaded_files import Firm, events, quarantined

FIRST = {"tab": "Client", "event": "Upload", "eventTime": "2026-03-26T15:15:10Z"}
SECOND = {"tab": "Client", "event": "Download", "eventTime": "2026-03-27T15:15:10Z"}
NO_TAB = [{name: one[name] for name in ("event", "eventTime")} for one in (FIRST, SECOND)]
CORRECT = "Correct one, or load each as a file of its own."


def load_given(firm: Firm, document: object, **given: str) -> Outcome:
    """What becomes of a document as a file, for which a person gave values."""
    file = firm.file("log.json", json.dumps(document))
    [outcome] = load(firm.data, read_settings(firm.data.settings), [file], given=given)
    return outcome


@pytest.mark.parametrize("name", ["id", "number", "name"])
def test_several_lists_do_not_become_the_one_return_that_is_given(tmp_path: Path, name: str) -> None:
    document = {"returns": [{name: "R1", "events": [FIRST]}, {name: "R2", "events": [SECOND]}]}
    outcome = load_given(Firm(tmp_path), document, return_id="R9")
    assert (outcome.state, outcome.reason) == (
        "refused",
        'it has 2 lists of records, and its name or the settings give one return_id, "R9", for all of them. '
        "Load each as a file of its own.",
    )


@pytest.mark.parametrize(
    "document",
    [
        {"returns": [{"id": "R1", "events": [FIRST, SECOND]}, {"id": "R2", "events": []}]},
        {"meta": {"x": {"returnId": "r9"}}, "events": [FIRST, SECOND]},
        [FIRST, SECOND],
        [{"at": 1, "body": FIRST}, {"at": 2, "body": SECOND}],
    ],
)
def test_one_list_becomes_the_return_that_is_given(tmp_path: Path, document: object) -> None:
    part = load_given(Firm(tmp_path), document, return_id="R9").part
    assert part and events(part, "return_id", "label") == [("R9", "Upload"), ("R9", "Download")]


@pytest.mark.parametrize(
    "beside",
    [
        {"meta": {"x": {"returnId": "R2"}}},
        {"meta": [{"return": {"id": "R2"}}]},
        {"returnId": ["R2"]},
        {"name": "Return ID: R2"},
        {"meta": {"returnId": "R2", "more": "x" * 2000}},
    ],
)
def test_another_return_beside_the_records_is_noticed_at_any_depth(tmp_path: Path, beside: Any) -> None:
    outcome = load_given(Firm(tmp_path), beside | {"events": [FIRST]}, return_id="R9")
    said = 'it names the return_id "R2", and its name or the settings give "R9". '
    assert (outcome.state, outcome.reason) == ("refused", said + CORRECT)


@pytest.mark.parametrize("beside", [{"name": "Internal Tracking"}, {"meta": {"title": "internal tracking"}}])
def test_a_title_beside_the_records_names_their_tab(tmp_path: Path, beside: Any) -> None:
    firm = Firm(tmp_path)
    document = beside | {"events": NO_TAB}
    refused = load_given(firm, document, return_id="R9", tab="Client")
    assert refused.reason and refused.reason.startswith('it names the tab "')
    part = load_given(firm, document, return_id="R9", tab="Internal").part
    assert part and events(part, "tab") == [("Internal",)] * 2


BARE = FIRST | {"eventTime": "2026-03-26 15:15:10"}


@pytest.mark.parametrize("is_alone", [False, True])
@pytest.mark.parametrize(
    ("event", "beside", "at"),
    [
        (BARE, {"timeZone": "UTC"}, "15:15:10"),
        (BARE, {"timeZone": "PT"}, "22:15:10"),
        (BARE, {"meta": {"x": {"timeZone": "PT"}}}, "22:15:10"),
        (BARE, {"timeZone": {"name": "PT", "isFixed": False}}, "22:15:10"),
        (BARE | {"timeZone": "CT"}, {"timeZone": "PT"}, "20:15:10"),
        (FIRST, {"timeZone": "PT"}, "15:15:10"),
    ],
)
def test_a_zone_beside_the_records_is_that_of_their_times(
    tmp_path: Path, event: Any, beside: Any, at: str, is_alone: bool
) -> None:
    """In silence, the times were read on the clocks of the firm."""
    firm = Firm(tmp_path)
    document = {"returnId": "R9", "events": [event | {"returnId": "R9"}]} | beside
    # Small files are read without a database if there are several.
    names = ["a.json"] if is_alone else ["a.json", "b.json"]
    files = [firm.file(name, json.dumps(document | {"file": name})) for name in names]
    for outcome in firm.load(*files):
        assert outcome.part, outcome.reason
        assert events(outcome.part, "event_at::varchar") == [(f"2026-03-26 {at}",)]


@pytest.mark.parametrize(
    "zone", [{"zone": "UTC"}, {"meta": {"zone": "PT"}}, {"zone": ["UTC", "ET"]}, {"timeZone": ["ET", "PT"]}]
)
def test_a_zone_beside_the_records_that_is_not_read_refuses_the_file(tmp_path: Path, zone: Any) -> None:
    refused = load_given(Firm(tmp_path), zone | {"events": [BARE]}, return_id="R9")
    assert refused.reason
    reason = 'the time of record 1 has its time zone in another column, "zone", which is not read.'
    assert refused.reason.startswith(reason if "timeZone" not in zone else "no record could be read.")


def test_each_list_has_the_zone_beside_it(tmp_path: Path) -> None:
    event = BARE | {"returnId": "R9"}
    lists = [
        {"timeZone": "PT", "events": [event]},
        {"timeZone": "UTC", "events": [event | {"event": "Sent"}]},
    ]
    firm = Firm(tmp_path)
    part = firm.load_text(json.dumps({"returns": lists}), "a.json")
    assert events(part, "label", "event_at::varchar") == [
        ("Upload", "2026-03-26 22:15:10"),
        ("Sent", "2026-03-26 15:15:10"),
    ]
    without = {"events": [event | {"event": "Seen", "timeZone": None}]}
    reason = 'record 3 has no time zone in "timeZone", and others have.'
    assert reason in firm.refusal(json.dumps({"returns": [*lists, without]}), "b.json")


GRAPH = BARE | {"returnId": "R9"}
MAPPED = """
[firm]
timezone = "America/New_York"
[[source]]
name = "log"
files = ["*"]
firm_id = "oak"
[source.columns]
return_id = ["returnId"]
label = ["event"]
event_time = [
    "eventTime", ["eventTime", "meta.timeZone"],
    "eventTime.dateTime", ["eventTime.dateTime", "eventTime.zone"],
]
"""


@pytest.mark.parametrize(
    ("own", "shown"),
    [
        ({"meta": {"timeZone": "PT"}}, "meta.timeZone"),
        ({"meta": {"a": 1, "own": {"tz": "PT", "b": []}}}, "meta.own.tz"),
        ({"meta": [{"timeZone": "PT"}]}, "meta"),
        ({"meta": json.dumps({"a": 1, "timeZone": "PT", "b": 2})}, "meta"),
    ],
)
def test_a_zone_inside_of_a_value_beside_the_time_is_not_passed_over(
    tmp_path: Path, own: Any, shown: str
) -> None:
    """In silence, the times were read on the clocks of the firm."""
    firm = Firm(tmp_path)
    text = json.dumps([GRAPH | own, GRAPH | own | {"event": "Sent"}])
    assert firm.refusal(text, "a.json").startswith(
        f'a.json: the time of record 1 has its time zone in another column, "{shown}", which is not read. '
        f'Add ["eventTime", "{shown}"] to event_time under [source.columns] of "user tracking"'
    )
    with_offset = json.dumps([GRAPH | own | {"eventTime": "2026-03-26T15:15:10Z"}])
    part = firm.load_text(with_offset, "b.json")
    assert events(part, "event_at::varchar") == [("2026-03-26 15:15:10",)]
    assert "PT" in events(part, "extra")[0][0]


def test_a_zone_inside_of_an_object_is_read_where_the_settings_name_it(tmp_path: Path) -> None:
    inner = {"dateTime": "2026-03-26T15:15:10.0000000", "zone": "PT"}
    firm = Firm(tmp_path, MAPPED)
    for own in ({"meta": {"timeZone": "PT", "a": 1}}, {"eventTime": inner}):
        part = firm.load_text(json.dumps(GRAPH | own), "a.json")
        assert events(part, "event_at::varchar") == [("2026-03-26 22:15:10",)]
    refused = firm.refusal(
        json.dumps(GRAPH | {"eventTime": inner | {"zone": "Pacific Standard Time"}}), "a.json"
    )
    assert refused == (
        "a.json: the times say Pacific Standard Time, which is not PT at the time of record 1. Write PT in "
        "them if these are the clocks of people there, or UTC-08:00 if the times are always so far from UTC; "
        "then load the file again."
    )


def test_an_object_with_a_zone_is_still_no_text(tmp_path: Path) -> None:
    label = {"word": "Up", "timeZone": "PT"}
    bodies = [GRAPH | {"timeZone": "PT"}, GRAPH | {"timeZone": "PT", "event": label}]
    part = Firm(tmp_path).load_text(json.dumps(bodies), "a.json")
    assert [row[:2] for row in quarantined(part)] == [(2, "not_a_text")]
