"""The chart of docs/performance.md: the CPU of load and build at each size, as multiples of the bare read."""

from tests.bench.targets import LOAD_AND_BUILD

PARTS = {
    "load": ("#31688e", "load"),
    "store": ("#8fb4d1", "build: read the store"),
    "tables": ("#35b779", "build: tables"),
    "rest": ("#b8de29", "build: checks, reports, other"),
}
# The phases of these parts begin with these words; all others are the rest.
PHASES = {"store": "raw.", "tables": "models.create_model"}
WIDTH, LEFT, ROW, TOP = 760, 130, 34, 56


def parts(one: dict) -> dict[str, float]:
    """The CPU of each part as a multiple of the bare read's."""
    build = one["build"]
    found = {"load": one["load"]["cpu"]}
    for part, words in PHASES.items():
        found[part] = sum(cost["cpu"] for name, cost in build["phases"].items() if name.startswith(words))
    found["rest"] = build["cpu"] - found["store"] - found["tables"]
    return {part: cpu / one["bare"]["cpu"] for part, cpu in found.items()}


def svg(sizes: list[dict]) -> str:
    """One bar per size, with the bare read and the target as lines; black on white, readable on any page."""
    bars = [parts(one) for one in sizes]
    scale = (WIDTH - LEFT - 60) / max(LOAD_AND_BUILD + 0.5, *(sum(bar.values()) for bar in bars))
    height = TOP + ROW * len(bars) + 40
    drawn = [f'<rect width="{WIDTH}" height="{height}" fill="white"/>']
    drawn.append(text(8, 16, "CPU of load and build, as a multiple of the bare read"))
    place = 8
    for colour, words in PARTS.values():
        drawn.append(f'<rect x="{place}" y="26" width="10" height="10" fill="{colour}"/>')
        drawn.append(text(place + 14, 35, words, 11))
        place += 24 + 6.3 * len(words)
    for number, (one, bar) in enumerate(zip(sizes, bars, strict=True)):
        top, left = TOP + ROW * number, float(LEFT)
        drawn.append(text(LEFT - 8, top + 18, f"{one['events']:,} events", 12, "end"))
        for name, value in bar.items():
            drawn.append(rectangle(left, top, value * scale, PARTS[name][0]))
            left += max(0.0, value * scale)
        drawn.append(text(left + 6, top + 18, f"{sum(bar.values()):.1f}", 12))
    bottom = TOP + ROW * len(bars)
    for value, words in ((1.0, "bare read"), (LOAD_AND_BUILD, "target")):
        x = LEFT + value * scale
        ends = f'x1="{x:.1f}" y1="{TOP - 6}" x2="{x:.1f}" y2="{bottom + 4}"'
        drawn.append(f'<line {ends} stroke="black" stroke-dasharray="4 3"/>')
        drawn.append(text(x, bottom + 20, f"{words} {value:g}", 11, "middle"))
    inner = "\n".join(drawn)
    box = f'viewBox="0 0 {WIDTH} {height}" role="img"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box}>\n{inner}\n</svg>\n'


def rectangle(left: float, top: float, width: float, colour: str) -> str:
    return f'<rect x="{left:.1f}" y="{top}" width="{max(0.0, width):.1f}" height="24" fill="{colour}"/>'


def text(x: float, y: float, words: str, size: int = 14, anchor: str = "start") -> str:
    style = f'font-family="sans-serif" font-size="{size}" text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y}" {style}>{words}</text>'
