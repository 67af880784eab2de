"""Reads one SQL file: its sentence, its header words, its columns with their meanings, and what it reads.

A table is described only in its file. The build compares the description with the real table, so that they
cannot differ.
"""

import re
from dataclasses import dataclass, replace
from functools import cache
from itertools import takewhile
from pathlib import Path

from etl.common.paths import QUERIES
from etl.common.problem import Problem
from etl.sql.parse import nodes, parse, refuse_differences

PERIODS = ("load", "day", "week", "month")
# Who may see a report besides the data owner. Without this word: managers, and staff for their own office.
# counts: it names no client, so viewers may too. everyone: it has no offices, so staff may see all of it.
# loading: it is about the loaded files, so only the data owner may.
ACCESS = ("everyone", "counts", "loading")
# The usual filters of a report: `filters: firms` is a parameter for_firms, and its default null means all.
FILTERS = {
    "firms": "Only these firms; all if not given.",
    "offices": "Only these offices; all if not given.",
    "partners": "Only these partners of the firm; all if not given.",
    "types": "Only these forms; all if not given.",
    "years": "Only these tax years; all if not given.",
}
WORDS = ("key", "check", "filters", "param", "every", "access", "view", "by", "ages")
# What has the number or the two names of a return can be made for some returns.
RETURN_COLUMNS = (("return_key",), ("firm_id", "return_id"))
# Literals, and all else up to two dashes.
CODE = re.compile(r"^(?:'[^']*(?:'|$)|(?!--)[^'])*")
WORD = re.compile(r"--\s*([a-z]+):\s*(.*)")
# A column of a select, and one of a `create table`.
COLUMN = re.compile(r"(?: {4}(?!case$)(?:(\w+)\.)?(\w+)|.*\bas (\w+)),?$")
TABLE_COLUMN = re.compile(r" {4}()(\w+) [a-z]+,?$")


@dataclass(frozen=True)
class Column:
    """A documented column; `table` is the qualifier of its select, `meaning` is None if it is inherited."""

    name: str
    meaning: str | None
    line: int
    table: str | None = None


@dataclass(frozen=True)
class Check:
    """A rule that is true on every row."""

    rule: str
    line: int


@dataclass(frozen=True)
class Param:
    """A parameter of a report: its default as SQL, and its meaning."""

    name: str
    default: str
    meaning: str
    line: int


@dataclass(frozen=True)
class SqlFile:
    """One file under `queries/`: one table or one report.

    `label` is its name in a Problem; `sources` has the tables and reports that it reads, by alias.
    `by_return`: the rows of a return are made from its records alone; `ages`: which rows time alone changes.
    """

    label: str
    schema: str
    name: str
    text: str
    meaning: str
    key: tuple[str, ...]
    checks: tuple[Check, ...]
    params: tuple[Param, ...]
    every: str | None
    access: str | None
    is_view: bool
    by_return: bool
    ages: str | None
    columns: tuple[Column, ...]
    sources: dict[str, str]

    @property
    def reads(self) -> frozenset[str]:
        """The tables and reports that the file names."""
        return frozenset(self.sources.values())

    @property
    def return_columns(self) -> tuple[str, ...]:
        """The columns that say which return a row is about; empty if it is about none.

        Of tables of `raw` and `ref` with such columns, a build of one more day reads only some rows.
        """
        names = {column.name for column in self.columns}
        return next((columns for columns in RETURN_COLUMNS if names.issuperset(columns)), ())

    @property
    def unsorted(self) -> str:
        """The query without its order, to count its rows: DuckDB would sort them first."""
        # A limit needs the order.
        query, order, rest = self.text.rpartition("\norder by")
        return query if order and "\nlimit" not in rest else self.text

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.name}"


def read_file(path: Path, queries: Path = QUERIES) -> SqlFile:
    """The table or report in a file below `queries`. Raises a Problem that names file and line.

    The first folder is the schema; folders below it are topics, and not part of the name.
    """
    place = path.relative_to(queries)
    schema, name, text = place.parts[0], path.stem, path.read_text(encoding="utf-8")
    label = f"queries/{place.as_posix()}"
    lines = text.splitlines()
    meaning, words = header(lines, label)
    if not meaning:
        raise Problem(f"{label}: the file starts with no sentence. Say in a comment what one row is.")
    params = []
    for line, value in words["param"]:
        match = re.fullmatch(r"(\w+) = (\S.*?) {2,}(\S.*)", value)
        if not match:
            form = "`name = default  meaning`, with two blanks"
            raise Problem(f"{label}, line {line}: a parameter is written {form}.")
        params.append(Param(name=match[1], default=match[2], meaning=match[3], line=line))
    for line, value in words["filters"]:
        for word in map(str.strip, value.split(",")):
            if word not in FILTERS:
                known = ", ".join(FILTERS)
                raise Problem(f'{label}, line {line}: unknown filter "{word}". Known: {known}.')
            params.append(Param(name=f"for_{word}", default="null", meaning=FILTERS[word], line=line))
    for word, choices in (("every", PERIODS), ("access", ACCESS)):
        if len(words[word]) > 1 or not {value for _, value in words[word]}.issubset(choices):
            raise Problem(f"{label}, line {words[word][-1][0]}: {word} is one of {', '.join(choices)}.")
    if {value for _, value in words["by"]} - {"return"}:
        raise Problem(
            f"{label}, line {words['by'][0][0]}: a table is made by return, or this line is left out."
        )
    is_table = any(line.startswith("create table") for line in lines)
    file = SqlFile(
        label=label,
        schema=schema,
        name=name,
        text=text,
        meaning=meaning,
        key=tuple(part.strip() for _, value in words["key"] for part in value.split(",")),
        checks=tuple(Check(rule=value, line=line) for line, value in words["check"]),
        params=tuple(sorted(params, key=lambda param: param.line)),
        every=next((value for _, value in words["every"]), None),
        access=next((value for _, value in words["access"]), None),
        is_view=bool(words["view"]),
        by_return=bool(words["by"]),
        ages=next((value for _, value in words["ages"]), None),
        columns=tuple(select_columns(lines, label)),
        sources={} if is_table else sources(text, label, portable=schema in ("model", "mart")),
    )
    if file.by_return and (file.is_view or not file.return_columns):
        raise Problem(
            f"{label}: a table that is made by return is no view, and has a column return_key or "
            "the columns firm_id and return_id."
        )
    if file.ages and not (file.by_return and file.return_columns == RETURN_COLUMNS[0]):
        raise Problem(f"{label}: only a table that is made by return, with a column return_key, ages.")
    return file


def header(lines: list[str], label: str) -> tuple[str, dict[str, list[tuple[int, str]]]]:
    """The sentences of a header, and its words with their line numbers. Indented lines continue a word."""
    words: dict[str, list[tuple[int, str]]] = {word: [] for word in ("", *WORDS)}
    last = sentences = words[""]
    for number, line in enumerate(takewhile(lambda line: line.startswith("--"), lines), start=1):
        if match := WORD.match(line):
            if match[1] not in WORDS:
                fault = f'unknown word "{match[1]}" in the header. Known: {", ".join(WORDS)}.'
                raise Problem(f"{label}, line {number}: {fault}")
            last = words[match[1]]
            last.append((number, match[2].strip()))
        elif last is not sentences and line.startswith("--   "):
            last[-1] = (last[-1][0], f"{last[-1][1]} {line[2:].strip()}")
        else:
            last = sentences
            last.append((number, line[2:]))
    return " ".join(" ".join(value for _, value in sentences).split()), words


def split_comment(line: str) -> tuple[str, str | None]:
    """A line's code, and its comment if it has one; dashes inside a literal are code."""
    code: str = CODE.findall(line)[0]
    return code.rstrip(), line[len(code) + 2 :].strip() if len(code) < len(line) else None


def select_columns(lines: list[str], label: str) -> list[Column]:
    """The columns of the last select, or of a table: each is on its own line, with its meaning beside it."""
    starts = [number for number, line in enumerate(lines) if re.match(r"(select|create table)\b", line)]
    if not starts:
        raise Problem(f"{label}: a file is a comment and one select, its `select` at the start of a line.")
    pattern = COLUMN if lines[starts[-1]].startswith("select") else TABLE_COLUMN
    columns: list[Column] = []
    for number, line in enumerate(lines[starts[-1] + 1 :], start=starts[-1] + 2):
        if line and not line.startswith(" "):
            break
        code, comment = split_comment(line)
        if match := pattern.match(code):
            name = next(filter(None, match.groups()[1:]))
            columns.append(Column(name=name, meaning=comment, line=number, table=match[1] or None))
        elif not code.strip() and comment and columns and columns[-1].meaning:
            columns[-1] = replace(columns[-1], meaning=f"{columns[-1].meaning} {comment}")
    return columns


@cache
def sources(text: str, label: str, portable: bool) -> dict[str, str]:
    """The tables and reports that a query names, each by its alias or else its name, from DuckDB's parser.

    A query of `model` or `mart` must also avoid everything on which engines differ.
    """
    tree = parse(text, label)
    names: dict[str, str] = {}
    for node in nodes(tree):
        if node.get("type") == "BASE_TABLE":
            schema, name = node["schema_name"], node["table_name"]
        elif node.get("type") == "TABLE_FUNCTION":
            schema, name = node["function"]["schema"], node["function"]["function_name"]
        else:
            continue
        if schema:
            schema = "report" if schema == "unsorted" else schema
            full_name, alias = f"{schema}.{name}", node["alias"] or name
            # An alias of two tables in one file is ambiguous, so the second is listed under its full name.
            names[alias if names.get(alias, full_name) == full_name else full_name] = full_name
    if portable:
        refuse_differences(tree, text, label)
    return names
