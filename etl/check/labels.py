"""Labels of a file that no rule matches, found with the models of the build, before anything is stored."""

import csv
import io

from etl.check.inspect import Check
from etl.common.paths import QUERIES
from etl.sql.catalog import Catalog
from etl.warehouse.models import create_model
from etl.warehouse.reference import fill_reference

UNCLASSIFIED = "unclassified"
Label = tuple[str, str, str | None, int]


def unclassified_labels(check: Check) -> tuple[list[Label], int]:
    """Tab, text, status and count of the unclassified labels in `mapped`, the most frequent first.

    Also the number of all labels.
    """
    database = check.database
    for schema in ("raw", "ref", "model"):
        database.execute(f"create schema {schema}")
    database.execute((QUERIES / "functions" / "duckdb.sql").read_text(encoding="utf-8"))
    for file in check.catalog.of("raw", "ref"):
        database.execute(file.text)
    fill_reference(database, check.data, check.catalog)
    logged = "select distinct tab, pattern, status from mapped where reason is null"
    database.execute(f"insert into raw.events by name {logged}")
    needed = needed_models(check.catalog, "model.labels")
    for file in check.catalog.of("model"):
        if file.full_name in needed:
            create_model(database, file, file.text)
    labels = database.execute(f"""
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
    return labels, database.execute("select count(*) from model.labels").fetchall()[0][0]


def needed_models(catalog: Catalog, name: str) -> set[str]:
    """A model and all that it reads, directly or not."""
    return {name}.union(*(needed_models(catalog, other) for other in catalog.files[name].reads))


def labels_csv(labels: list[Label]) -> str:
    """The rows for labels.csv, with a code that changes nothing until a person replaces it."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerows([tab, "", words, status or "", UNCLASSIFIED, ""] for tab, words, status, _ in labels)
    return out.getvalue()
