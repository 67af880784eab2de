"""Tables for the terminal and for a Markdown page."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """A title, the columns, the rows as text, and a note below them."""

    title: str
    head: list[str]
    rows: list[list[str]]
    note: str = ""

    def __str__(self) -> str:
        widths = [max(len(row[place]) for row in [self.head, *self.rows]) for place in range(len(self.head))]
        numeric = [all(is_number(row[place]) for row in self.rows) for place in range(len(self.head))]
        lines = [line(self.head, widths, numeric), line(ruled(widths, numeric), widths, numeric)]
        lines += [line(row, widths, numeric) for row in self.rows]
        return "\n".join([f"### {self.title}", "", *lines, *(["", self.note] if self.note else [])]) + "\n"


def line(cells: list[str], widths: list[int], numeric: list[bool]) -> str:
    """One row; figures are aligned on the right."""
    padded = [
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(cells, widths, numeric, strict=True)
    ]
    return f"| {' | '.join(padded)} |"


def ruled(widths: list[int], numeric: list[bool]) -> list[str]:
    """The Markdown rule below the head, with the alignment of each column."""
    return [
        f"{'-' * (width - 1)}{':' if right else '-'}" for width, right in zip(widths, numeric, strict=True)
    ]


def is_number(cell: str) -> bool:
    return not cell.strip("0123456789.,-+ x%") or not cell


def number(value: float) -> str:
    """A whole number with thousands separators."""
    return f"{value:,.0f}"


def seconds(value: float) -> str:
    """Seconds with only significant digits."""
    return f"{value:.2f}" if value < 10 else f"{value:,.1f}"


def megabytes(value: float) -> str:
    """Bytes as whole megabytes (MiB)."""
    return number(int(value) >> 20)


def times(value: float, base: float) -> str:
    """A value as a multiple of another one."""
    return f"{value / base:.2f}"


def milliseconds(value: float) -> str:
    """Seconds as milliseconds."""
    return f"{value * 1000:.1f}" if value < 0.01 else f"{value * 1000:,.0f}"
