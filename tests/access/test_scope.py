"""Rights become rows: every report by every role, compared with a firm that has one office and no other.

The expected rows come from a second warehouse, built from the same logs without the returns of the other
offices, and asked without any rights at all.
"""

import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from etl.access.scope import ALLOWED, can_be_restricted, may_ask, question_within
from etl.common.files import write_json
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.config.access import DATA_OWNER, MANAGER, STAFF, VIEWER, Scope
from etl.sql.catalog import read_catalog
from etl.store.parts import Part, parts, with_checksums
from etl.warehouse.ask import (
    Warehouse,
    ask,
    count_rows,
    csv_file,
    fetch_batches,
    fetch_rows,
    open_warehouse,
    warehouse_cursor,
)
from etl.warehouse.build import build
from etl.warehouse.cells import as_csv

REPORTS = [report.name for report in read_catalog().of("report")]
OURS, OTHERS = "Austin", "Portland"
# Two firms have an office of each name.
OUR_STAFF = Scope(STAFF, ("oak/Austin",))
SPLITS = ("office", "partner", "return_type", "tax_year", "week", "month")
# What the headers of the reports must say: which name no client and no return, which name what was loaded,
# and which are of no office and shown to everybody.
COUNTS = {
    "cohorts",
    "deadlines",
    "delivery_outcomes",
    "email_health",
    "filter_choices",
    "firm_funnel",
    "headline",
}
COUNTS |= {"definitions", "internal_waits", "load_totals", "next_steps", "silent_days", "stage_funnel"}
COUNTS |= {"turnaround", "weekly_funnel", "weekly_headline", "weekly_mail"}
COUNTS |= {"changes", "deadline_strip", "partner_work", "season_weeks"}
HEALTH = {"load_quality", "quarantined_records", "unclassified_labels", "web_hooks_to_check"}
OF_NO_OFFICE = {"definitions", "load_totals", "season_weeks"}
# Those that an office only leads to the firm of: what it has and loads.
OF_FIRMS = {"filter_choices", "silent_days"}
# Columns that would identify a client, or lead to one.
NAMES = {"client_name", "client_id", "return_id", "group_name", "recipient_email", "actor"}
NAMES |= {"subject", "detail", "why", "label", "logged_label", "file_name"}

# What identifies a record.
KEY = ["file_id", "row_no"]


def with_returns(
    data: DataDir, root: Path, wanted: pl.Series, nowhere: pl.Series, elsewhere: pl.Series
) -> DataDir:
    """A data directory with only these returns, not yet built.

    Those of `nowhere` are without an office, and those of `elsewhere` are of the firm elm and not of oak.
    """
    shutil.copytree(data.store, root / "store")
    for part in parts(DataDir(root)):
        if part.kind == "webhook":
            write_rows(part, pl.read_parquet(part.data).join(signatures_of(data, wanted), on=KEY, how="semi"))
            continue
        returns = part.attributes if part.has_attributes else part.data
        rows = pl.read_parquet(returns).filter(pl.col("return_id").is_in(wanted.to_list()))
        rows = rows.with_columns(
            pl.when(~pl.col("return_id").is_in(nowhere.to_list())).then(pl.col("office")).alias("office"),
            pl.when(pl.col("return_id").is_in(elsewhere.to_list()))
            .then(pl.lit("elm"))
            .otherwise(pl.lit("oak"))
            .alias("firm_id"),
        )
        rows.write_parquet(returns)
        if part.has_attributes:
            rows = pl.read_parquet(part.data).join(rows, on="set_no", how="semi")
        write_rows(part, rows)
    return DataDir(root)


def write_rows(part: Part, rows: pl.DataFrame) -> None:
    rows.write_parquet(part.data)
    counts = {"record_count": rows.height + part.ledger["quarantined_count"], "kept_count": rows.height}
    write_json(part.folder / "ledger.json", with_checksums(part.ledger | counts, part.files))


def signatures_of(data: DataDir, wanted: pl.Series) -> pl.DataFrame:
    """The web hooks that belong to these returns; those of changed clients would give them an office."""
    with open_warehouse(data.warehouse) as warehouse, warehouse_cursor(warehouse.database) as cursor:
        query = """
            select signatures.file_id, signatures.row_no
            from model.joined_signatures as signatures join model.returns using (return_key)
            where list_contains($wanted, return_id)
        """
        return cursor.sql(query, params={"wanted": wanted.to_list()}).pl()


@pytest.fixture(scope="module")
def firms(season: DataDir, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Warehouse, Warehouse]]:
    """Two firms with three offices each and returns of none; and one office of one of them alone."""
    with open_warehouse(season.warehouse) as warehouse:
        returns = ask(warehouse, "all_returns")
        as_of = warehouse.facts.as_of
    nowhere, elsewhere = returns["return_id"].gather_every(7), returns["return_id"].gather_every(3)
    not_ours = [*nowhere, *elsewhere]
    ours = returns.filter((pl.col("office") == OURS) & ~pl.col("return_id").is_in(not_ours))["return_id"]
    made = [
        with_returns(season, tmp_path_factory.mktemp("data"), wanted, nowhere, elsewhere)
        for wanted in (returns["return_id"], ours)
    ]
    whole, one = made
    for data in (whole, one):
        # Else the limits would be learned from the returns of all offices of a firm.
        limits = "".join(f"{step} = 3\n" for step in returns["next_step"].unique() if step != "none")
        settings = season.settings.read_text(encoding="utf-8")
        (data.root / "settings.toml").write_text(f"{settings}\n[aging]\n{limits}", encoding="utf-8")
        build(data, as_of)
    with open_warehouse(whole.warehouse) as every_office, open_warehouse(one.warehouse) as one_office:
        yield every_office, one_office


def ask_within(
    warehouse: Warehouse, scope: Scope, name: str, columns: list[str] | None = None, **filters: object
) -> pl.DataFrame:
    """All rows of a report within a scope."""
    return fetch_rows(warehouse, question_within(warehouse, scope, name, columns, filters))


def questions(warehouse: Warehouse, name: str) -> list[dict[str, object]]:
    """A report asked plainly, and in each way that could widen it again."""
    params = warehouse.reports[name].params
    asked: list[dict[str, object]] = [{}]
    if name == "find_returns":
        asked = [{"search": "r0"}, {"search": "an", "max_rows": 500}]
    if "split_by" in params and name not in ("emails", "funnel_returns"):
        asked += [{"split_by": split} for split in SPLITS]
    if "for_offices" in params:
        asked += [{**asked[0], "for_offices": offices} for offices in ([OTHERS], [OURS, OTHERS])]
    return asked


@pytest.mark.parametrize("name", REPORTS)
def test_staff_get_the_rows_of_a_firm_that_has_their_office_alone(
    firms: tuple[Warehouse, Warehouse], name: str
) -> None:
    whole, one = firms
    staff = OUR_STAFF
    if name in HEALTH:
        with pytest.raises(Problem, match=f"The report {name} is not available for your role, staff."):
            ask_within(whole, staff, name)
        return
    for asked in questions(whole, name):
        expected = ask(whole if name in OF_NO_OFFICE else one, name, **asked)
        assert_frame_equal(ask_within(whole, staff, name, **asked), expected)
    some = [column for column in whole.reports[name].columns if column not in ("office", "return_id")][:2]
    assert_frame_equal(ask_within(whole, staff, name, some, **asked), expected.select(some))


@pytest.mark.parametrize("name", REPORTS)
def test_first_rows_count_and_file_are_those_of_the_whole_answer(
    firms: tuple[Warehouse, Warehouse], name: str
) -> None:
    """The order of each report is total: rows that are read in parts, or again, are the same."""
    whole, _ = firms
    for scope in (Scope(DATA_OWNER), *(() if name in HEALTH else (OUR_STAFF,))):
        for asked in questions(whole, name):
            question = question_within(whole, scope, name, None, asked)
            everything = fetch_rows(whole, question)
            assert count_rows(whole, question) == everything.height
            for limit in (1, 10, 100):
                assert_frame_equal(fetch_rows(whole, question, limit), everything.head(limit))
            assert_frame_equal(pl.concat(fetch_batches(whole, question, 64)), everything)
            text = as_csv(everything, whole.facts.timezone)
            assert b"".join(csv_file(whole, question)) == text.encode("utf-8-sig")


@pytest.mark.parametrize("name", REPORTS)
def test_a_manager_gets_every_row_of_every_office(firms: tuple[Warehouse, Warehouse], name: str) -> None:
    whole, _ = firms
    for role in (MANAGER, DATA_OWNER):
        if role == MANAGER and name in HEALTH:
            with pytest.raises(Problem, match="not available for your role, manager"):
                ask_within(whole, Scope(role), name)
            continue
        asked = questions(whole, name)[-1]
        assert_frame_equal(ask_within(whole, Scope(role), name, **asked), ask(whole, name, **asked))


@pytest.mark.parametrize("name", REPORTS)
def test_a_viewer_gets_counts_and_no_name(firms: tuple[Warehouse, Warehouse], name: str) -> None:
    whole, _ = firms
    if name in COUNTS:
        assert not NAMES & whole.reports[name].columns.keys()
        for asked in questions(whole, name):
            expected = ask(whole, name, **asked)
            if name not in OF_NO_OFFICE:
                expected = without_small_counts(expected)
            if name not in OF_NO_OFFICE | OF_FIRMS and not has_enough_returns(whole, asked):
                expected = expected.clear()
            assert_frame_equal(ask_within(whole, Scope(VIEWER), name, **asked), expected)
    else:
        with pytest.raises(Problem, match="not available for your role, viewer"):
            ask_within(whole, Scope(VIEWER), name)


def has_enough_returns(warehouse: Warehouse, asked: dict[str, object]) -> bool:
    filters = {name: value for name, value in asked.items() if name.startswith("for_")}
    return ask(warehouse, "all_returns", **filters).height >= 5


def without_small_counts(rows: pl.DataFrame) -> pl.DataFrame:
    """What a viewer may see: counts from 1 to 4 as -1, and no zero, rate or time beside them."""
    kept = []
    for row in rows.iter_rows(named=True):
        small = {name for name, value in row.items() if "_count" in name and value in (1, 2, 3, 4)}
        small |= {name for name, value in row.items() if small and "_count" in name and value == 0}
        measures = {name for name, kind in rows.schema.items() if small and kind == pl.Float64}
        kept.append(row | dict.fromkeys(small, -1) | dict.fromkeys(measures))
    return pl.DataFrame(kept, schema=rows.schema)


def test_a_viewers_file_says_of_a_small_count_that_it_is_under_5(firms: tuple[Warehouse, Warehouse]) -> None:
    whole, _ = firms
    asked = {"split_by": "week", "for_offices": [OURS]}
    rows = ask(whole, "delivery_outcomes", **asked)
    hidden = without_small_counts(rows)
    small = sum((hidden[name] == -1).sum() for name in rows.columns if name.endswith("_count"))
    assert small > 20
    question = question_within(whole, Scope(VIEWER), "delivery_outcomes", None, asked)
    text = b"".join(csv_file(whole, question)).decode()
    assert text.count('"under 5"') == small
    assert ",-1" not in text and '"-1"' not in text
    for role, scope in ((MANAGER, None), (STAFF, ("oak/Austin",))):
        question = question_within(whole, Scope(role, scope), "delivery_outcomes", None, asked)
        assert "under 5" not in b"".join(csv_file(whole, question)).decode()


def test_a_viewer_finds_no_hidden_number_by_asking_for_those_above_another(
    firms: tuple[Warehouse, Warehouse],
) -> None:
    """Whether the row is there would tell the rate, or the count, that is hidden in it."""
    whole, _ = firms
    reports = [whole.reports[name] for name in COUNTS]
    least = {(report.name, name) for report in reports for name in report.params if name.startswith("least_")}
    assert least == {("cohorts", "least_deliveries"), ("deadlines", "least_percent")}
    for report, name in least:
        with pytest.raises(Problem, match=f"{report} takes no {name} from your role, viewer"):
            ask_within(whole, Scope(VIEWER), report, **{name: 1})
        for scope in (Scope(MANAGER), OUR_STAFF):
            assert ask_within(whole, scope, report, **{name: 1}).height > 0


def test_no_choice_of_filters_shows_a_viewer_one_return(firms: tuple[Warehouse, Warehouse]) -> None:
    """A return that is alone with its office, partner, form and year has a step that nobody else can have."""
    whole, _ = firms
    facts = ["firm_id", "office", "partner", "return_type", "tax_year"]
    alone = ask(whole, "all_returns").drop_nulls(facts).filter(pl.struct(facts).is_unique())
    assert alone.height > 10
    asked = 0
    for row in alone.iter_rows(named=True):
        names = ("for_firms", "for_offices", "for_partners", "for_types", "for_years")
        filters = {name: [row[fact]] for name, fact in zip(names, facts, strict=True)}
        for report in COUNTS - OF_NO_OFFICE - OF_FIRMS:
            assert ask_within(whole, Scope(VIEWER), report, **filters).is_empty()
            asked += not ask(whole, report, **filters).is_empty()
    assert asked > 50


def test_staff_are_told_of_the_missing_days_of_their_firm_alone(firms: tuple[Warehouse, Warehouse]) -> None:
    whole, in_autumn = firms[0], date(2026, 10, 1)
    every_firm = ask(whole, "silent_days", until=in_autumn)
    assert set(every_firm["firm_id"]) == {"oak", "elm"}
    told = ask_within(whole, OUR_STAFF, "silent_days", until=in_autumn)
    assert_frame_equal(told, every_firm.filter(firm_id="oak"))


def test_a_viewer_does_not_get_the_mail_domains_of_clients(firms: tuple[Warehouse, Warehouse]) -> None:
    with pytest.raises(Problem, match="email_health is not available for your role, viewer"):
        ask_within(firms[0], Scope(VIEWER), "email_health", split_by="mail_domain")


@pytest.mark.parametrize("name", REPORTS)
def test_staff_of_no_office_or_of_an_unknown_one_and_an_unknown_role_get_nothing(
    firms: tuple[Warehouse, Warehouse], name: str
) -> None:
    whole, _ = firms
    with pytest.raises(Problem, match="not available for your role"):
        ask_within(whole, Scope("somebody"), name)
    if name in HEALTH | OF_NO_OFFICE:
        return
    asked = questions(whole, name)[0]
    nothing = ask(whole, name, **asked, for_offices=[]) if name in COUNTS else None
    # Two firms have an office of this name, and a right is never guessed.
    for offices in ((), ("Nowhere",), (OURS,)):
        rows = ask_within(whole, Scope(STAFF, offices), name, **asked)
        assert rows.is_empty() if nothing is None else rows.equals(nothing)


def test_a_right_is_a_pair_of_firm_and_office(firms: tuple[Warehouse, Warehouse]) -> None:
    """Neither the firms nor the offices of two rights are mixed, whatever filters ask for."""
    whole, _ = firms
    staff = Scope(STAFF, ("oak/Austin", "elm/Portland"))
    for asked in ({}, {"for_offices": [OURS, OTHERS]}, {"for_firms": ["oak", "elm"]}):
        rows = ask_within(whole, staff, "all_returns", **asked)
        assert set(rows.select("firm_id", "office").rows()) == {("oak", OURS), ("elm", OTHERS)}
    assert ask_within(whole, staff, "all_returns", for_offices=[f"elm\0{OURS}"]).is_empty()


def test_an_office_with_a_zero_byte_is_nobodys(firms: tuple[Warehouse, Warehouse]) -> None:
    """Its name could be the pair of another firm and office."""
    asked = """
        select office_pair(firm_id, office), of_office(rows, ['alpha' || chr(0) || 'Main', 'Main'])
        from (
            values ('alpha', 'Main'), ('delta', 'Main'), ('delta', 'alpha' || chr(0) || 'Main'),
            ('alpha' || chr(0) || 'Main', 'North'), ('alpha', 'North'), ('alpha', null)
        ) as rows (firm_id, office)
    """
    with warehouse_cursor(firms[0].database) as cursor:
        assert cursor.execute(asked).fetchall() == [
            ("alpha\0Main", True),
            ("delta\0Main", True),
            (None, None),
            (None, None),
            ("alpha\0North", False),
            (None, None),
        ]


def test_staff_without_an_office_get_nothing(firms: tuple[Warehouse, Warehouse]) -> None:
    assert ask_within(firms[0], Scope(STAFF, None), "all_returns").is_empty()
    assert ask_within(firms[0], OUR_STAFF, "all_returns", for_offices=None).height > 0
    assert ask_within(firms[0], OUR_STAFF, "all_returns", for_offices=[]).is_empty()


def test_a_return_of_another_office_is_not_there(firms: tuple[Warehouse, Warehouse]) -> None:
    whole, _ = firms
    returns = ask(whole, "all_returns")
    nowhere = returns.filter(pl.col("office").is_null())
    assert not nowhere.is_empty()
    staff = OUR_STAFF
    for return_id in (returns.filter(pl.col("office") == OTHERS)["return_id"][0], nowhere["return_id"][0]):
        for name in (
            "return_state",
            "return_steps",
            "return_timeline",
            "signature_evidence",
            "evidence_lines",
        ):
            assert not ask(whole, name, for_return=return_id).is_empty()
            assert ask_within(whole, staff, name, for_return=return_id).is_empty()
        assert ask_within(whole, staff, "find_returns", search=return_id).is_empty()
    # Nor does the address of its client find it.
    theirs = ask(whole, "work_list").filter(pl.col("office") == OTHERS).drop_nulls("taxpayer_email")
    words = theirs["taxpayer_email"][0]
    assert OTHERS in ask(whole, "find_returns", search=words)["office"].to_list()
    assert OTHERS not in ask_within(whole, staff, "find_returns", search=words)["office"].to_list()


def test_every_report_has_its_readers_on_purpose(firms: tuple[Warehouse, Warehouse]) -> None:
    """A new report is for managers and the data owner only, until its header and this test say more."""
    reports = firms[0].reports
    assert {name for name, report in reports.items() if report.access == "loading"} == HEALTH
    assert {name for name, report in reports.items() if report.access == "everyone"} == OF_NO_OFFICE
    assert {name for name, report in reports.items() if report.access == "counts"} == COUNTS - OF_NO_OFFICE
    # It lists returns, with the office of each, but it is about files.
    without_office = HEALTH - {"web_hooks_to_check"} | OF_NO_OFFICE
    assert {name for name, report in reports.items() if not can_be_restricted(report)} == without_office
    assert {name for name, report in reports.items() if may_ask(Scope(VIEWER), report)} == COUNTS


def test_s10_no_filter_shows_the_office_of_the_other_firm(
    firms: tuple[Warehouse, Warehouse],
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    """Every list of returns, whatever it is asked for; the control is a right by the name alone."""
    whole, _ = firms
    lists = [name for name, report in whole.reports.items() if {"firm_id", "office"} <= report.columns.keys()]
    lists = [name for name in lists if name not in HEALTH]
    ways: list[dict[str, object]] = [
        {},
        {"for_firms": ["elm"]},
        {"for_offices": [OURS]},
        {"for_offices": ["elm/Austin"]},
        {"for_offices": ["elm\0Austin"]},
    ]
    asked = [
        (name, questions(whole, name)[0] | way)
        for name in lists
        for way in ways
        if way.keys() <= set(whole.reports[name].params)
    ]

    def leaked() -> int:
        rows = [ask_within(whole, OUR_STAFF, name, **filters) for name, filters in asked]
        return sum(found.filter(pl.col("firm_id") != "oak").height for found in rows)

    assert len(lists) > 5
    record_property("injected", len(asked))
    assert leaked() == 0
    by_name = f"list_contains(${ALLOWED}::varchar[], office)"
    monkeypatch.setattr("etl.access.scope.office_condition", lambda report: by_name)
    monkeypatch.setattr("etl.access.scope.as_pairs", lambda offices: [office for _, office in offices])
    record_property("control", control := leaked())
    assert control > 20


def test_without_the_filter_staff_would_see_the_others(
    firms: tuple[Warehouse, Warehouse],
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    """The tests above can fail: without the filter there are rows of other offices."""
    whole, one = firms
    monkeypatch.setattr("etl.access.scope.as_pairs", lambda offices: None)
    monkeypatch.setattr("etl.access.scope.office_condition", lambda report: None)
    seen = ask_within(whole, OUR_STAFF, "all_returns").height - ask(one, "all_returns").height
    assert seen > 20
    record_property("injected", 0)
    record_property("control", seen)
