"""Reads all SQL files: the tables and reports, the order to build them in, and the meaning of each column."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from etl.common.paths import QUERIES
from etl.common.problem import Problem
from etl.sql.file import Column, SqlFile, read_file

SCHEMAS = ("raw", "ref", "model", "mart", "report", "main")


@dataclass(frozen=True)
class Catalog:
    """The files by full name, in the order in which they can be built."""

    files: dict[str, SqlFile]

    def of(self, *schemas: str) -> list[SqlFile]:
        return [file for file in self.files.values() if file.schema in schemas]


def read_catalog(folder: Path = QUERIES, parts: Sequence[str] = SCHEMAS) -> Catalog:
    """Every file in these folders of `queries/`, ordered and with inherited meanings filled in."""
    paths = (path for part in parts for path in sorted((folder / part).rglob("*.sql")))
    files: dict[str, SqlFile] = {}
    for file in (read_file(path, folder) for path in paths):
        if file.full_name in files:
            other = files[file.full_name]
            raise Problem(f"{file.label}: {other.label} is {file.full_name} already. Rename one of them.")
        files[file.full_name] = file
    for file in files.values():
        for name in sorted(file.reads - files.keys()):
            missing = f"queries/{name.replace('.', '/')}.sql"
            raise Problem(f"{file.label}: reads {name}, and there is no {missing}.")
    reads = {name: sorted(file.reads) for name, file in files.items()}
    catalog: dict[str, SqlFile] = {}
    try:
        for name in TopologicalSorter(reads).static_order():
            file = files[name]
            sources = {alias: catalog[source] for alias, source in file.sources.items()}
            columns = tuple(with_meaning(column, file, sources) for column in file.columns)
            catalog[name] = replace(file, columns=columns)
            refuse_clashes(file, [file, *sources.values()])
    except CycleError as error:
        raise Problem(f"These read each other in a circle: {' -> '.join(error.args[1])}.") from error
    return Catalog(files=catalog)


def with_meaning(column: Column, file: SqlFile, sources: dict[str, SqlFile]) -> Column:
    """The column with its own meaning, or the meaning in the table that it comes from."""
    if column.meaning:
        return column
    offered = {
        alias: other.meaning
        for alias, source in sources.items()
        for other in source.columns
        if other.name == column.name
    }
    meanings = {offered[column.table]} if column.table in offered else set(offered.values())
    if len(meanings) == 1:
        return replace(column, meaning=meanings.pop())
    fault = "comes from tables with different meanings" if meanings else "is in no table that the file reads"
    place = f"{file.label}, line {column.line}"
    raise Problem(f'{place}: "{column.name}" has no meaning and {fault}. Write the meaning beside it.')


def refuse_clashes(file: SqlFile, sources: list[SqlFile]) -> None:
    """Refuses a parameter named like a column, which would override it, or like another parameter."""
    columns = {column.name for source in sources for column in source.columns}
    for number, param in enumerate(file.params):
        place = f'{file.label}, line {param.line}: the parameter "{param.name}"'
        if param.name in {other.name for other in file.params[:number]}:
            raise Problem(f"{place} is there twice.")
        if param.name in columns:
            raise Problem(f"{place} is named like a column.")
