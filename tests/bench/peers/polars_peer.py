"""The two answers as users of Polars make them: lazy frames, expressions, one collect."""

from pathlib import Path

import polars as pl

from tests.bench.peers.words import CODES, COLUMNS, STEPS, TIME_FORMAT, Funnel, Weeks


def read(files: list[Path], _folder: Path) -> pl.DataFrame:
    """The exports as one frame with real times."""
    log = pl.scan_csv(files, infer_schema=False).select(pl.col(COLUMNS).fill_null(""))
    return log.with_columns(at=pl.col("Date/Time").str.to_datetime(TIME_FORMAT)).drop("Date/Time").collect()


def prepare(log: pl.DataFrame) -> pl.DataFrame:
    """Each event once, under its code, in the order of time; only what the answers need."""
    words = (
        pl.col("Event")
        .str.replace_all("\N{NO-BREAK SPACE}", " ")
        .str.replace_all("\N{LEFT DOUBLE QUOTATION MARK}", '"')
    )
    codes = pl.LazyFrame(
        [(*key, code) for key, code in CODES.items()], schema=["Tab", "words", "Status", "code"], orient="row"
    )
    return (
        log.lazy()
        .with_columns(words=words.str.split('"').list.first().str.strip_chars().str.to_lowercase())
        .join(codes, on=["Tab", "words", "Status"])
        .unique()
        .select("Return ID", "Return Type", pl.col("code").cast(pl.Categorical), "at")
        .sort("Return ID", "at")
        .collect()
    )


def funnel(events: pl.DataFrame) -> Funnel:
    """The first time of each code in each delivery, then the furthest step."""
    code, at = pl.col("code"), pl.col("at")
    recalled = code == "recalled"

    def logged(*codes: str) -> pl.Expr:
        return code.is_in(codes).any()

    steps = {
        "delivered": logged("delivered"),
        "email delivered": logged("taxpayer email delivered", "spouse email delivered"),
        "email opened": logged("taxpayer email opened", "spouse email opened"),
        "link selected": logged("link selected"),
        "accessed": logged("accessed"),
        "KBA passed": logged("KBA passed") & pl.col("Return Type").first().str.starts_with("1040"),
        "picked up": logged("picked up"),
    }
    uploaded, deleted = (at.filter(code == one).max() for one in ("uploaded", "upload deleted"))
    deliveries = (
        events.lazy()
        .with_columns(cycle=recalled.cast(pl.Int32).cum_sum().over("Return ID") - recalled.cast(pl.Int32))
        .group_by("Return ID", "cycle")
        .agg(
            is_eligible=pl.col("Return Type").first().str.starts_with("1040"),
            is_recalled=recalled.any(),
            is_uploaded=uploaded.is_not_null() & ~(deleted > uploaded).fill_null(False),
            **steps,
        )
        .filter(pl.col("delivered") & ~pl.col("is_recalled"))
        .with_columns(signed=pl.col("picked up") | pl.col("is_uploaded"))
        .with_columns(
            furthest=pl.max_horizontal(pl.col(step).cast(pl.Int32) * no for no, step in enumerate(STEPS, 1))
        )
    )
    counts = []
    for place, step in enumerate(STEPS, 1):
        applies = pl.col("is_eligible") if step == "KBA passed" else pl.lit(True)
        reached = applies & (pl.col("furthest") >= place)
        counts += [
            (pl.when(applies).then(1).otherwise(0) * pl.col("delivered")).sum().alias(f"{step} eligible"),
            pl.col(step).sum().alias(f"{step} logged"),
            reached.sum().alias(f"{step} reached"),
        ]
    row = deliveries.select(counts).collect().row(0, named=True)
    return [(step, row[f"{step} eligible"], row[f"{step} logged"], row[f"{step} reached"]) for step in STEPS]


def bounces(events: pl.DataFrame) -> Weeks:
    """Each email with its last status, by the Monday of its week."""
    parts = pl.col("code").cast(pl.String).str.split(" email ")
    weeks = (
        events.lazy()
        .filter(pl.col("code").cast(pl.String).str.contains(" email ", literal=True))
        .with_columns(signer=parts.list.first(), status=parts.list.last())
        .with_columns(
            message=(pl.col("status") == "processed").cast(pl.Int32).cum_sum().over("Return ID", "signer")
        )
        .filter(pl.col("message") > 0)
        .group_by("Return ID", "signer", "message")
        .agg(sent=pl.col("at").first(), verdict=pl.col("status").last())
        .group_by(week=pl.col("sent").dt.truncate("1w").dt.strftime("%Y-%m-%d"))
        .agg(pl.len(), bounced=(pl.col("verdict") == "bounced").sum())
        .sort("week")
        .collect()
    )
    return weeks.rows()
