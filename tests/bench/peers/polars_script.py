"""The three tables as a user of Polars makes them: lazy frames, one Parquet file a table."""

from pathlib import Path

import polars as pl

from tests.bench.peers.words import FACTS, FIRM_ZONE, HEADINGS, OF_EVENTS, TIME_FORMAT, catalogue

AT, CODE = pl.col("event_at"), pl.col("code")
DELIVERED, RECALLED = CODE.str.starts_with("delivered"), CODE == "return_recalled"


def make(files: list[Path], folder: Path) -> None:
    """The tables, as Parquet files."""
    log = read(files)
    returns = log.group_by("return_id").agg(pl.first(*FACTS))
    events = make_events(log.select(*OF_EVENTS).unique())
    made = {
        "events": events,
        "messages": make_messages(events, returns),
        "deliveries": make_deliveries(events, returns),
    }
    for name, table in made.items():
        table.write_parquet(folder / f"{name}.parquet")


def read(files: list[Path]) -> pl.DataFrame:
    """The log with our names and times in UTC."""
    time = AT.str.to_datetime(TIME_FORMAT).dt.replace_time_zone(FIRM_ZONE)
    return (
        pl.scan_csv(files, infer_schema=False)
        .select(pl.col(heading).replace("", None).alias(name) for name, heading in HEADINGS.items())
        .with_columns(
            pl.col("tab").str.split(" ").list.first(),
            pl.col("tax_year").cast(pl.Int32),
            event_at=time.dt.convert_time_zone("UTC").dt.replace_time_zone(None),
        )
        .collect()
    )


def make_events(once: pl.DataFrame) -> pl.DataFrame:
    """Each event with its code and delivery, in the order of time."""
    names = ["tab", "words", "logged_status", "code", "recipient"]
    labels = pl.DataFrame(catalogue(), schema=dict.fromkeys(names, pl.String), orient="row")
    words = pl.col("label").str.replace_all("\N{NO-BREAK SPACE}", " ").str.replace_all("“", '"')
    events = (
        once.with_columns(
            words=words.str.split('"').list.first().str.strip_chars().str.to_lowercase(),
            logged_status=pl.col("status").fill_null(""),
        )
        .join(labels, on=["tab", "words", "logged_status"], how="left")
        .with_columns(CODE.fill_null("unclassified"))
        .drop("words", "logged_status")
        .sort("return_id", "event_at")
    )
    turns = events.filter(DELIVERED | CODE.is_in(["return_recalled", "return_reprocessed"]))
    turns = turns.with_columns(deliveries=DELIVERED.cast(pl.Int32).cum_sum().over("return_id")).filter(
        ~DELIVERED
    )
    same = ["return_id", "code"]
    is_soon = AT.shift().over(same) + pl.duration(minutes=10) >= AT
    is_repeat = is_soon & (pl.col("deliveries") == pl.col("deliveries").shift().over(same))
    turns = turns.select(*same, "event_at", is_repeat=is_repeat.fill_null(False))
    recalls = turns.filter(RECALLED & ~pl.col("is_repeat")).select(
        "return_id", "event_at", recall_no=AT.cum_count().over("return_id")
    )
    return (
        events.join(turns, on=["return_id", "event_at", "code"], how="left")
        .with_columns(pl.col("is_repeat").fill_null(False))
        .sort("event_at")
        .join_asof(
            recalls.sort("event_at"),
            on="event_at",
            by="return_id",
            allow_exact_matches=False,
            check_sortedness=False,
        )
        .with_columns(
            cycle_no=pl.col("recall_no").fill_null(0).cast(pl.Int32)
            + 1
            - (pl.col("is_repeat") & RECALLED).cast(pl.Int32)
        )
        .drop("recall_no")
        .sort("return_id", "event_at")
    )


def make_messages(events: pl.DataFrame, returns: pl.DataFrame) -> pl.DataFrame:
    """Each email with the first time of every status, and the status it was left in."""
    parts = CODE.str.split("_email_")
    status = pl.col("mail_status")
    sender = ["return_id", "kind", "recipient"]

    def first(word: str) -> pl.Expr:
        return AT.filter(status == word).min()

    arrived = AT.filter(status.is_in(["delivered", "opened"])).max()
    bounced = AT.filter(status == "bounced").max()
    is_late = pl.col("processed_at") < events["event_at"].max() - pl.duration(hours=24)
    state = (
        pl.when("is_bounced")
        .then(pl.lit("bounced"))
        .when(pl.col("opened_at").is_not_null())
        .then(pl.lit("opened"))
        .when(pl.col("delivered_at").is_not_null())
        .then(pl.lit("delivered"))
        .when(is_late)
        .then(pl.lit("unconfirmed"))
        .otherwise(pl.lit("processed"))
    )
    return (
        events.lazy()
        .filter(CODE.str.contains("_email_", literal=True))
        .with_columns(kind=parts.list.first().replace("code", "access_code"), mail_status=parts.list.last())
        .with_columns(message=(status == "processed").cast(pl.Int32).cum_sum().over(sender))
        .group_by(*sender, "message")
        .agg(
            pl.col("cycle_no").min(),
            pl.col("recipient_email").first(),
            first_at=AT.min(),
            processed_at=first("processed"),
            delivered_at=first("delivered"),
            opened_at=first("opened"),
            bounced_at=first("bounced"),
            is_bounced=bounced.is_not_null() & (bounced > arrived).fill_null(True),
        )
        .with_columns(message_no=pl.col("first_at").rank("ordinal").over("return_id"), state=state)
        .drop("first_at", "is_bounced", "message")
        .join(returns.lazy(), on="return_id")
        .collect()
    )


def make_deliveries(events: pl.DataFrame, returns: pl.DataFrame) -> pl.DataFrame:
    """Each delivery with the times of what happened in it, and how far it has got."""

    def times(code: str) -> pl.Expr:
        return AT.filter(code == CODE)

    uploaded, deleted = times("files_uploaded").max(), times("uploads_deleted").max()
    is_known = {
        8: pl.col("picked_up_at").is_not_null(),
        7: pl.col("uploaded_at").is_not_null(),
        6: pl.col("kba_passed_at").is_not_null() & pl.col("return_type").str.starts_with("1040"),
        5: pl.col("accessed_at").is_not_null(),
        4: pl.col("link_selected_at").is_not_null(),
        3: pl.col("email_opened_at").is_not_null(),
        2: pl.col("email_delivered_at").is_not_null(),
    }
    reached = [known.cast(pl.Int32) * step_no for step_no, known in is_known.items()]
    basis = pl.when(is_known[8]).then(pl.lit("picked_up")).when(is_known[7]).then(pl.lit("uploaded"))
    return (
        events.lazy()
        .group_by("return_id", "cycle_no")
        .agg(
            delivered_at=AT.filter(DELIVERED).min(),
            delivered_by=pl.col("actor").filter(DELIVERED).first(),
            email_processed_at=times("initial_email_processed").min(),
            email_delivered_at=times("initial_email_delivered").min(),
            email_opened_at=times("initial_email_opened").min(),
            email_bounced_at=times("initial_email_bounced").min(),
            link_selected_at=times("link_selected").min(),
            accessed_at=times("return_accessed").min(),
            last_accessed_at=times("return_accessed").max(),
            authentication_failures=(CODE == "authentication_failed").sum(),
            locked_at=times("access_locked").min(),
            kba_passed_at=times("kba_passed").min(),
            uploaded_at=pl.when((deleted < uploaded).fill_null(True)).then(uploaded),
            picked_up_at=times("efile_forms_downloaded_by_firm").min(),
            last_picked_up_at=times("efile_forms_downloaded_by_firm").max(),
            recalled_at=AT.filter(RECALLED & ~pl.col("is_repeat")).min(),
        )
        .filter(pl.col("delivered_at").is_not_null())
        .join(returns.lazy(), on="return_id")
        .with_columns(signed_basis=basis, furthest_step_no=pl.max_horizontal(1, *reached))
        .collect()
    )
