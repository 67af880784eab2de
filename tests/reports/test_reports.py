"""What is true of the reports for any log: counts add up, lists are as long as their bars, filters agree."""

import itertools
import re
from collections.abc import Iterator
from datetime import UTC, date
from pathlib import Path

import duckdb
import pytest

from etl.common.duck import literal
from etl.common.paths import DataDir
from etl.config.settings import read_settings
from etl.sql.catalog import read_catalog
from etl.store.load import load
from etl.warehouse.build import build, source_of
from etl.warehouse.models import check_table
from support.invented_log import write_invented_log
from support.warehouses import AA, BB, CC, refuse_file, write_part

REPORTS = {file.name: file for file in read_catalog().of("report")}
SPLITS = ("office", "partner", "return_type", "tax_year", "week", "month")
FILTERS = ("for_firms", "for_offices", "for_partners", "for_types", "for_years")
# Ways to narrow a funnel, each with a split.
FUNNELS = [
    ("", None),
    ("", "office"),
    ("with_recalled := true", "return_type"),
    ("min_age_days := 20", "tax_year"),
    ("within_days := 3, with_recalled := true", "partner"),
    (
        "within_days := 0.5, for_offices := ['Austin', 'Boston'], "
        "since := '2026-02-01', until := '2026-03-15'",
        "month",
    ),
    ("known_by := '2026-03-01 12:00:00', within_days := 20", "office"),
]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse of an invented log of 300 returns, read-only."""
    data = DataDir(tmp_path_factory.mktemp("reports") / "data")
    data.root.mkdir()
    write_invented_log(data.root / "log.csv", returns=300, seed=7)
    load(data, read_settings(data.settings), [data.root / "log.csv"])
    build(data)
    with duckdb.connect(str(data.warehouse), read_only=True) as opened:
        yield opened


def rows(database: duckdb.DuckDBPyConnection, report: str, *arguments: str, columns: str = "*") -> list[dict]:
    """The rows of a report, asked as an analyst types it."""
    given = ", ".join(argument for argument in arguments if argument)
    found = database.execute(f"select {columns} from report.{report}({given})")
    return [
        dict(zip([column[0] for column in found.description], row, strict=True)) for row in found.fetchall()
    ]


def splitting(split: str | None) -> str:
    return f"split_by := {literal(split)}" if split else ""


def test_the_invented_log_has_what_the_reports_tell_apart(database: duckdb.DuckDBPyConnection) -> None:
    outcomes = rows(database, "delivery_outcomes")[0]
    # Signatures of this log are implied by pickups alone.
    by_basis = ("esigned_count", "uploaded_count")
    counts = {name: count for name, count in outcomes.items() if name.endswith("_count")}
    assert min(count for name, count in counts.items() if name not in by_basis) >= 3
    assert {row["stopped_count"] > 0 for row in rows(database, "firm_funnel")} == {True}
    assert {row["next_step"] for row in rows(database, "work_list")} >= {
        "unlock",
        "fix_email",
        "pick_up",
        "remind_to_open",
    }


@pytest.mark.parametrize("split", [None, *SPLITS])
def test_outcomes_add_up_exactly(database: duckdb.DuckDBPyConnection, split: str | None) -> None:
    segments = rows(database, "delivery_outcomes", splitting(split))
    for row in segments:
        parts = ("signed", "probably_signed", "partly_signed", "paper", "recalled", "open")
        assert sum(row[f"{part}_count"] for part in parts) == row["delivery_count"]
        assert all(
            row[f"{part}_percent"] == percent(row[f"{part}_count"], row["delivery_count"]) for part in parts
        )
    total = database.execute("select count(*) from mart.deliveries").fetchall()[0][0]
    assert sum(row["delivery_count"] for row in segments) == total


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize(
    "report", ["firm_funnel", "email_health", "stage_funnel", "internal_waits", "turnaround"]
)
def test_segments_sum_to_the_total(database: duckdb.DuckDBPyConnection, report: str, split: str) -> None:
    counts = [name for name in (column.name for column in REPORTS[report].columns) if name.endswith("_count")]
    kind = next(
        name
        for name in ("step", "kind", "stage", "span")
        if name in {column.name for column in REPORTS[report].columns}
    )
    summed: dict[str, dict[str, int]] = {}
    for row in rows(database, report, splitting(split)):
        of = summed.setdefault(row[kind], dict.fromkeys(counts, 0))
        for name in counts:
            of[name] += row[name] or 0
    assert summed == {row[kind]: {name: row[name] or 0 for name in counts} for row in rows(database, report)}


@pytest.mark.parametrize(("narrowed", "split"), FUNNELS)
def test_no_step_exceeds_an_earlier_one_that_applies(
    database: duckdb.DuckDBPyConnection, narrowed: str, split: str | None
) -> None:
    steps = rows(database, "firm_funnel", narrowed, splitting(split))
    assert steps
    for _, segment in itertools.groupby(steps, key=lambda row: row["segment"]):
        bars = list(segment)
        assert [bar["step_no"] for bar in bars] == list(range(1, 9))
        assert (
            sum(bar["stopped_count"] for bar in bars) == bars[0]["eligible_count"] == bars[0]["reached_count"]
        )
        for bar in bars:
            assert bar["logged_count"] <= bar["reached_count"] <= bar["eligible_count"]
            assert bar["reached_percent"] == percent(bar["reached_count"], bar["eligible_count"])
            if bar["previous_count"] is not None:
                assert bar["reached_count"] <= bar["previous_count"]
                assert bar["previous_percent"] == percent(bar["reached_count"], bar["previous_count"])


@pytest.mark.parametrize(("narrowed", "split"), FUNNELS)
def test_the_list_behind_a_bar_is_as_long_as_the_bar(
    database: duckdb.DuckDBPyConnection, narrowed: str, split: str | None
) -> None:
    for bar in rows(database, "firm_funnel", narrowed, splitting(split)):
        pressed = f"for_segment := {literal(bar['segment'])}" if bar["segment"] is not None else ""
        asked = (narrowed, splitting(split), pressed, f"for_step := {literal(bar['step'])}")
        reached = rows(database, "funnel_returns", *asked)
        stopped = rows(database, "funnel_returns", *asked, "stopped := true")
        assert (len(reached), len(stopped)) == (bar["reached_count"], bar["stopped_count"]), bar
        assert {row["step"] for row in stopped} <= {bar["step"]}


SPANS = ("upload to delivery", "delivery to access", "access to signature", "delivery to signature")


@pytest.mark.parametrize(
    "narrowed", ["", "min_age_days := 21", "since := '2026-02-16', until := '2026-02-22'"]
)
def test_the_list_behind_a_span_is_as_long_as_its_base(
    database: duckdb.DuckDBPyConnection, narrowed: str
) -> None:
    counts = {row["span"]: row["base_count"] for row in rows(database, "turnaround", narrowed)}
    found = {
        span: rows(database, "turnaround_returns", narrowed, f"for_span := {literal(span)}") for span in SPANS
    }
    assert counts == {span: len(deliveries) for span, deliveries in found.items()}
    for span, deliveries in found.items():
        days = sorted(row["span_days"] for row in deliveries if row["span_days"] is not None)
        ended = {row["span"]: row["delivery_count"] for row in rows(database, "turnaround", narrowed)}
        # A delivery that was signed before anybody accessed it has no span from access to signature.
        assert len(days) == ended[span] and min(days) >= 0


@pytest.mark.parametrize("split", [None, "office", "mail_domain", "week"])
def test_the_list_behind_a_count_of_emails_is_as_long(
    database: duckdb.DuckDBPyConnection, split: str | None
) -> None:
    states = {
        "processed": None,
        "delivered": ["delivered", "opened"],
        "opened": ["opened"],
        "bounced": ["bounced"],
        "unconfirmed": ["unconfirmed"],
    }
    for row in rows(database, "email_health", splitting(split)):
        segment = f"for_segment := {literal(row['segment'])}" if row["segment"] is not None else ""
        for name, wanted in states.items():
            of_states = f"for_states := {wanted}" if wanted else ""
            kind = f"for_kinds := [{literal(row['kind'])}]"
            found = rows(database, "emails", splitting(split), segment, kind, of_states)
            assert len(found) == row[f"{name}_count"], (row, name)


def test_the_list_behind_an_outcome_or_a_stay_is_as_long_as_its_count(
    database: duckdb.DuckDBPyConnection,
) -> None:
    [counts] = rows(database, "delivery_outcomes")
    for name in ("signed", "probably signed", "partly signed", "paper", "recalled", "not signed"):
        column = "open_count" if name == "not signed" else f"{name.replace(' ', '_')}_count"
        found = rows(database, "funnel_returns", f"for_outcome := {literal(name)}", "with_recalled := true")
        assert len(found) == counts[column], name
    for stage in rows(database, "internal_waits"):
        of_stage = f"for_stage := {literal(stage['stage'])}"
        assert len(rows(database, "stage_stays", of_stage)) == stage["stay_count"]
        assert len(rows(database, "stage_stays", of_stage, "open_only := true")) == stage["open_count"]


def test_the_weeks_of_two_seasons_are_counted_to_their_deadlines(database: duckdb.DuckDBPyConnection) -> None:
    columns = "tax_year, week, weeks_from_deadline, deadline, is_last_season"
    weeks = {
        (row["tax_year"], row["week"]): row
        for row in rows(database, "season_weeks", "season := 2022", columns=columns)
    }
    # April 15 was a Saturday in 2023, before a holiday, and a holiday in 2022, before a weekend.
    for year, week, away, deadline in (
        (2022, "2023-04-17", 0, date(2023, 4, 18)),
        (2022, "2023-02-06", -10, date(2023, 4, 18)),
        (2022, "2023-04-24", 1, date(2023, 4, 18)),
        (2021, "2022-04-18", 0, date(2022, 4, 18)),
        (2021, "2022-02-07", -10, date(2022, 4, 18)),
    ):
        row = weeks[year, week]
        assert (row["weeks_from_deadline"], row["deadline"]) == (away, deadline)
        assert row["is_last_season"] == (year == 2021)
    assert len(weeks) == 2 * 157


def test_known_by_a_moment_a_report_is_that_of_the_build_of_that_moment(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    data.root.mkdir()
    write_invented_log(data.root / "all.csv", returns=150, seed=7)
    # What these two say changes what went before them, also in a funnel that looks back.
    lines = (data.root / "all.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not re.search(r",(null|Return sent with KBA disabled \(1040\)),", line)]
    (data.root / "log.csv").write_text("".join(kept), encoding="utf-8")
    load(data, read_settings(data.settings), [data.root / "log.csv"])
    build(data)
    counts = "columns('segment|step|kind|_count$|_percent$')"
    asked = [("firm_funnel", "split_by := 'office'"), ("email_health", "split_by := 'month'")]
    with duckdb.connect(str(data.warehouse), read_only=True) as database:
        (moment,) = database.execute("select as_of - interval '30' day from raw.build").fetchall()[0]
        looked_back = [
            rows(database, *one, f"known_by := {literal(moment)}", columns=counts) for one in asked
        ]
        now = [rows(database, *one, columns=counts) for one in asked]
    build(data, as_of=moment.replace(tzinfo=UTC))
    with duckdb.connect(str(data.warehouse), read_only=True) as database:
        then = [rows(database, *one, columns=counts) for one in asked]
    assert looked_back == then != now


@pytest.mark.parametrize("split", [None, *SPLITS, "mail_domain"])
def test_every_processed_email_is_counted_once(
    database: duckdb.DuckDBPyConnection, split: str | None
) -> None:
    health = rows(database, "email_health", splitting(split))
    for row in health:
        parts = ("delivered", "bounced", "unconfirmed", "pending")
        assert sum(row[f"{part}_count"] for part in parts) == row["processed_count"]
        assert row["opened_count"] <= row["delivered_count"]
    total = database.execute("select count(*) from mart.messages where processed_at is not null").fetchall()[
        0
    ][0]
    assert sum(row["processed_count"] for row in health) == total


def test_the_chapters_are_parts_of_the_work_list(database: duckdb.DuckDBPyConnection) -> None:
    chapters = {
        "bounced_emails": {"fix_email"},
        "locked_returns": {"unlock"},
        "one_spouse_signed": {"remind_second_signer"},
        "not_picked_up": {"pick_up"},
        "in_process": {"reprocess", "review", "ero_sign", "approve", "finish"},
    }
    work = rows(database, "work_list")
    assert (
        len(work)
        == database.execute("select count(*) from mart.returns where next_step <> 'none'").fetchall()[0][0]
    )
    for chapter, steps in chapters.items():
        listed = {row["return_id"] for row in rows(database, chapter)}
        assert listed == {row["return_id"] for row in work if row["next_step"] in steps}, chapter
    # Whom to ask to sign again is listed by whether they have accessed the new version.
    listed = [row["return_id"] for name in ("not_accessed", "not_signed") for row in rows(database, name)]
    reminded = {"remind_to_open", "remind_to_sign", "sign_again"}
    assert sorted(listed) == sorted(row["return_id"] for row in work if row["next_step"] in reminded)


@pytest.mark.parametrize(
    "report", [name for name, file in REPORTS.items() if "for_offices" in {p.name for p in file.params}]
)
def test_an_empty_list_asks_for_nothing_and_null_for_all(
    database: duckdb.DuckDBPyConnection, report: str
) -> None:
    given = "search := '00'" if report == "find_returns" else ""
    everything = rows(database, report, given)
    known = [param.name for param in REPORTS[report].params if param.name in FILTERS]
    assert everything == rows(database, report, given, *(f"{name} := null" for name in known))
    for name in known:
        nothing = rows(database, report, given, f"{name} := []")
        if report == "headline":
            assert {row["base_count"] for row in nothing} == {0}
        else:
            assert nothing == []


@pytest.mark.parametrize(
    "report", [name for name, file in REPORTS.items() if "split_by" in {p.name for p in file.params}]
)
def test_an_unknown_split_names_the_known_ones(database: duckdb.DuckDBPyConnection, report: str) -> None:
    with pytest.raises(
        duckdb.Error,
        match=r"'weekly' is unknown\. Known: office, partner, return_type, tax_year, week, month;",
    ):
        rows(database, report, "split_by := 'weekly'")


def test_an_unknown_step_names_the_known_ones(database: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(
        duckdb.Error, match=r"acessed: .* Known: delivered, email delivered, email opened, link selected, "
    ):
        rows(database, "funnel_returns", "for_step := 'acessed'")
    with pytest.raises(duckdb.Error, match=r"unlok, unlock: .* Known: unlock, fix_email, "):
        rows(database, "work_list", "for_steps := ['unlok', 'unlock']")


def test_the_steps_of_the_reference_are_the_steps_of_the_funnel(database: duckdb.DuckDBPyConnection) -> None:
    """The macro furthest_step gives names of ref.steps, which it cannot read, and the same steps as mart."""
    compared = database.execute("""
        select distinct steps.step_no, steps.step, furthest_step(delivered)
        from (
            select
                furthest_step_no, email_delivered_at as email_delivered, email_opened_at as email_opened,
                link_selected_at as link_selected, accessed_at as accessed, signed_at as signed,
                case when kba_expected then kba_passed_at end as kba_passed, picked_up_at as picked_up
            from mart.deliveries
        ) as delivered
        join ref.steps as steps on steps.step_no = delivered.furthest_step_no
        order by all
    """).fetchall()
    assert [number for number, _, _ in compared] == list(range(1, 9))
    assert [within for _, _, within in compared] == [ever for _, ever, _ in compared]
    steps = database.execute("select step from ref.steps order by step_no").fetchall()
    assert [step for (step,) in steps] == [
        "delivered",
        "email delivered",
        "email opened",
        "link selected",
        "accessed",
        "KBA passed",
        "signed",
        "picked up",
    ]


@pytest.mark.parametrize("report", REPORTS)
def test_a_report_keeps_to_the_forms(database: duckdb.DuckDBPyConnection, report: str) -> None:
    """Lists start alike, rates are beside their counts, and the order is explicit and complete.

    Key and checks are true for the rows of all returns; a build checks those of one return.
    """
    file = REPORTS[report]
    check_table(database, file, source_of(file))
    columns = [column.name for column in file.columns]
    if "client_name" in columns:
        assert columns[:7] == [
            "return_id",
            "client_name",
            "return_type",
            "office",
            "partner",
            "due_date",
            "firm_id",
        ]
    for column in file.columns:
        if column.name.endswith("_percent"):
            assert set(column.meaning.rstrip(".").split(": ")[-1].split(" of ")) <= set(columns), column.name
    assert "\norder by" in file.text
    database.execute("set threads = 1")
    alone = rows(database, report)
    database.execute("set threads = 4")
    assert rows(database, report) == alone


def percent(part: int, whole: int) -> float | None:
    """As the reports round: half away from zero."""
    return database_round(100 * part / whole) if whole else None


def database_round(value: float) -> float:
    return duckdb.execute("select round(cast(? as double), 2)", [value]).fetchall()[0][0]


def test_load_quality_lists_files_registers_forms_and_what_is_missing(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    known = {
        "client_name": "Ann",
        "office": "Austin",
        "partner": "E. T.",
        "tax_year": 2025,
        "return_type": "1040",
    }
    first = known | {"return_id": "r1", "event_at": "2026-03-01 10:00:00"}
    other = known | {"return_id": "r2", "return_type": "Form of old", "office": None}
    second = other | {"event_at": "2026-03-02 10:00:00"}
    third = other | {"event_at": "2026-03-02 11:00:00", "time_note": "ambiguous"}
    write_part(data, AA, [first, second, third])
    listed = [{"return_id": return_id} for return_id in ("r1", "r8", "r9")]
    write_part(data, BB, listed, kind="returns", loaded_at="2026-04-02T00:00:00")
    refuse_file(data, CC, "It is HTML; export it as CSV.")
    build(data)
    with duckdb.connect(str(data.warehouse), read_only=True) as database:
        columns = (
            "finding, subject, state, record_count, kept_count, quarantined_count, distinct_count, reason"
        )
        found = [tuple(row.values()) for row in rows(database, "load_quality", columns=columns)]
    assert [finding[:7] for finding in found] == [
        ("file", f"{BB}.csv", "loaded", 3, 3, 0, None),
        ("file", f"{AA}.csv", "loaded", 3, 3, 0, 3),
        ("file", f"{CC}.csv", "refused", None, None, None, None),
        ("register without events", "oak", None, 2, None, None, None),
        ("unknown form", "Form of old", None, 1, None, None, None),
        ("missing attribute", "office", None, 1, None, None, None),
        ("unclear hour", "ambiguous", None, 1, None, None, None),
    ]
    assert found[2][7] == "It is HTML; export it as CSV."
    assert all(reason for *_, reason in found[3:])


def test_an_empty_warehouse_answers_every_report(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    build(data)
    with duckdb.connect(str(data.warehouse), read_only=True) as database:
        full = {name for name in REPORTS if rows(database, name)}
    assert full == {"definitions", "headline", "load_totals"}
