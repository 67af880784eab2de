"""Tables as CSV for spreadsheets, or as text: times in the firm's zone, and no text that runs as a formula.

Every CSV report, every download and every `query --csv` uses this module; nothing else writes cells.
"""

import polars as pl

from etl.common.terminal import CONTROL_CHARACTERS, INVISIBLE

# What a spreadsheet skips before it looks for a formula: blanks and controls, invisible characters, quotes.
BLANKS = "\x00-\x08\x0b\x0c\x0e-\x20\x7f-\xa0\xad\u1680\u180e\u2000-\u200a\u2028-\u202f\u205f\u3000"
SKIPPED = f"{BLANKS}{INVISIBLE}\"'`´“-‟‘-‛«»‹›＂＇"
# What begins a formula, also full-width, small and raised forms.
BEGINS = "=+\\-@＝＋－＠﹦﹢﹣﹫−⁼⁺⁻₌₊₋"
# Where a spreadsheet may end a cell: a file of commas is often opened where semicolons are the rule.
ENDS_CELL = "[;|\t\r\n]"
FORMULA = f"^[{SKIPPED}\t\r\n]*[{BEGINS}\t\r\n]"
INNER_FORMULA = f"({ENDS_CELL})([{SKIPPED}]*[{BEGINS}])"
MARK = "'"
TIME = "%Y-%m-%d %H:%M:%S"
# A count that is too small to be shown to somebody who may see no client, and what is written in its place.
HIDDEN, UNDER = -1, "under 5"


def spreadsheet_cells(frame: pl.DataFrame, zone: str) -> pl.DataFrame:
    """The frame with times (UTC in the warehouse) as text of the zone, `2026-03-04 14:05:09`, and safe texts.

    Numbers, dates and booleans do not change.
    """
    texts = {name: without_formula(name) for name, kind in frame.schema.items() if kind == pl.String}
    return frame.with_columns(in_zone(zone).dt.strftime(TIME), **texts)


def with_hidden(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with words for hidden counts; a column that has one becomes text."""
    names = [name for name in frame.columns if "_count" in name and (frame[name] == HIDDEN).any()]
    counts = pl.col(names)
    is_shown = counts.ne_missing(HIDDEN)
    return frame.with_columns(pl.when(is_shown).then(counts.cast(pl.String)).otherwise(pl.lit(UNDER)))


def in_zone(zone: str) -> pl.Expr:
    """Each time of a frame, from UTC to the zone's own clock."""
    times = pl.selectors.datetime().dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    return times.dt.replace_time_zone(None)


def without_formula(column: str) -> pl.Expr:
    """The texts of a column, with `'` before each part of one that a spreadsheet would read as a formula."""
    text = pl.col(column).str.replace_all(INNER_FORMULA, f"${{1}}{MARK}${{2}}")
    return pl.when(text.str.contains(FORMULA)).then(pl.lit(MARK) + text).otherwise(text)


def as_csv(frame: pl.DataFrame, zone: str, header: bool = True) -> str:
    """The frame as CSV: comma, every text quoted, null empty and an empty text `""`."""
    return spreadsheet_cells(frame, zone).write_csv(include_header=header, quote_style="non_numeric")


def printable_frame(frame: pl.DataFrame, zone: str) -> pl.DataFrame:
    """The frame as texts for a terminal: null as an empty text, because the log has a label "null".

    Characters that would control the terminal are shown as `�`.
    """
    texts = pl.all().cast(pl.String).fill_null("").str.replace_all(CONTROL_CHARACTERS, "�")
    return frame.with_columns(in_zone(zone).dt.strftime(TIME)).with_columns(texts)


def as_text(frame: pl.DataFrame, zone: str) -> str:
    """The frame as a table for a terminal, with every row and column."""
    with pl.Config(
        tbl_rows=-1,
        tbl_cols=-1,
        tbl_width_chars=32_000,
        fmt_str_lengths=32_000,
        tbl_formatting="NOTHING",
        tbl_hide_column_data_types=True,
        tbl_hide_dataframe_shape=True,
    ):
        return f"{printable_frame(frame, zone)}\n"
