"""Labels of a file that no rule knows, found with the models of the build, before anything is stored."""

import csv
import io

import duckdb

from etl.common.paths import QUERIES, DataDir
from etl.sql.catalog import Catalog
from etl.warehouse.models import create_model
from etl.warehouse.reference import fill_reference

CLASSIFYING = "model.labels"
UNCLASSIFIED = "unclassified"
Label = tuple[str, str, str | None, int]


def unknown_labels(
    database: duckdb.DuckDBPyConnection, data: DataDir, catalog: Catalog
) -> tuple[list[Label], int]:
    """Tab, text, status and count of the unclassified labels in `mapped`, the most frequent first.

    Also the number of all labels.
    """
    for schema in ("raw", "ref", "model"):
        database.execute(f"create schema {schema}")
    database.execute((QUERIES / "functions" / "duckdb.sql").read_text(encoding="utf-8"))
    for file in catalog.of("raw", "ref"):
        database.execute(file.text)
    fill_reference(database, data, catalog)
    logged = "select distinct tab, pattern, status from mapped where reason is null"
    database.execute(f"insert into raw.events by name {logged}")
    wanted = needed(catalog, CLASSIFYING)
    for file in catalog.of("model"):
        if file.full_name in wanted:
            create_model(database, file, file.text)
    unknown = database.execute(f"""
        select labels.tab, labels.words, labels.status, count(*) as count
        from mapped
        join model.labels as labels
            on labels.tab = mapped.tab
            and labels.pattern = mapped.pattern
            and labels.logged_status = coalesce(mapped.status, '')
        where mapped.reason is null and labels.code = '{UNCLASSIFIED}'
        group by labels.tab, labels.words, labels.status
        order by count desc, labels.tab, labels.words, labels.status nulls first
    """).fetchall()
    return unknown, database.execute("select count(*) from model.labels").fetchall()[0][0]


def needed(catalog: Catalog, name: str) -> set[str]:
    """A model and all that it reads, directly or not."""
    return {name}.union(*(needed(catalog, other) for other in catalog.files[name].reads))


def labels_csv(unknown: list[Label]) -> str:
    """The rows for labels.csv, with a code that changes nothing until a person replaces it."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    for tab, words, status, _ in unknown:
        rows.writerow([tab, "", words, status or "", UNCLASSIFIED, ""])
    return out.getvalue()
