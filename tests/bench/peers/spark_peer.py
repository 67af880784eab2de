"""The two answers as users of Spark make them on one machine: Parquet in its own storage, Spark SQL."""

import logging
from pathlib import Path

from pyspark.sql import SparkSession

from tests.bench.peers.sql import BOUNCES, FUNNEL, codes_as_values, funnel_rows
from tests.bench.peers.words import COLUMNS, Funnel, Weeks


def read(files: list[Path], folder: Path) -> Path:
    """The exports as Parquet with real times."""
    logging.getLogger("py4j").setLevel(logging.ERROR)
    spark = session(folder)
    log = spark.read.csv(
        [str(file) for file in files], header=True, escape='"', nullValue=None, emptyValue=""
    )
    log.select(*[f"`{name}`" for name in COLUMNS]).createOrReplaceTempView("text")
    spark.sql("""
        select
            `Return ID` as return_id, `Return Type` as return_type, Tab as tab, Event as label,
            coalesce(Status, '') as status, to_timestamp(`Date/Time`, 'MM/dd/yyyy hh:mm:ss a') as event_at,
            coalesce(User, '') as actor, coalesce(Email, '') as email
        from text
    """).write.parquet(str(folder / "log"))
    return folder


def session(folder: Path) -> SparkSession:
    """Spark on all cores, with as much memory as the others may have, on the loopback address alone."""
    builder = SparkSession.builder.master("local[*]").config("spark.driver.memory", "4g")
    builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
    builder = builder.config("spark.ui.enabled", "false").config("spark.local.dir", str(folder / "spill"))
    builder = builder.config("spark.ui.showConsoleProgress", "false")
    builder = builder.config("spark.sql.shuffle.partitions", "8").config("spark.sql.session.timeZone", "UTC")
    builder = builder.config("spark.sql.warehouse.dir", str(folder / "hive")).config(
        "spark.log.level", "ERROR"
    )
    return builder.getOrCreate()


def prepare(folder: Path) -> SparkSession:
    """Each event once, under its code; only what the answers need."""
    spark = session(folder)
    spark.read.parquet(str(folder / "log")).createOrReplaceTempView("log")
    spark.sql(f"""
        with once as (select distinct * from log),
        spoken as (
            select
                *,
                lower(trim(split_part(
                    replace(replace(label, '\u00a0', ' '), '\u201c', '"'), '"', 1
                ))) as words
            from once
        )
        select spoken.return_id, spoken.return_type, codes.code, spoken.event_at
        from spoken
        join (values {codes_as_values()}) as codes(tab, words, status, code)
            on codes.tab = spoken.tab and codes.words = spoken.words and codes.status = spoken.status
    """).write.mode("overwrite").parquet(str(folder / "events"))
    spark.read.parquet(str(folder / "events")).createOrReplaceTempView("events")
    return spark


def funnel(spark: SparkSession) -> Funnel:
    return funnel_rows(tuple(spark.sql(FUNNEL).collect()[0]))


def bounces(spark: SparkSession) -> Weeks:
    week = "date_format(date_trunc('week', sent_at), 'yyyy-MM-dd')"
    return [(monday, sent, back) for monday, sent, back in spark.sql(BOUNCES.format(week=week)).collect()]
