"""Writes docs/performance.md from the figures; its sentences, without figures, are in page.md."""

from collections.abc import Callable
from pathlib import Path

from tests.bench import chart, targets
from tests.bench.tables import Table

TEMPLATE = Path(__file__).with_name("page.md")


def write_page(results: dict, docs: Path, tabled: dict[str, Callable[[dict], list[Table]]]) -> None:
    """Writes the page and its chart. A part that was never measured has no tables."""
    filled = {"machine": "\n".join(f"- {found}" for found in results["machine"].values())}
    filled["targets"] = str(targets.table(results)).split("\n", 2)[2]
    for part, tables in tabled.items():
        filled[part] = part_section(results[part], tables) if part in results else "Not measured.\n"
    text = TEMPLATE.read_text(encoding="utf-8")
    for name, content in filled.items():
        text = text.replace(f"{{{name}}}", content.strip())
    (docs / "performance.md").write_text(text, encoding="utf-8")
    sizes = sorted(results.get("load", {}).get("sizes", {}).values(), key=lambda one: one["events"])
    if sizes:
        (docs / "performance.svg").write_text(chart.svg(sizes), encoding="utf-8")


def part_section(found: dict, tables: Callable[[dict], list[Table]]) -> str:
    """The tables of a part, below the time of its measurement."""
    return "\n".join([f"Measured {found['when']}.\n", *(str(table) for table in tables(found))])
