"""The lines for settings.toml with which a file would load; where the file leaves a choice, all of them."""

import json
import re
from itertools import count

from etl.check.inspect import Found
from etl.check.time_shapes import ISO, Shape
from etl.common.terminal import CONTROL_CHARACTERS
from etl.config.settings import Settings
from etl.config.source import unpacked_name


def source_toml(found: Found) -> str:
    """A complete [[source]] for files with names like this one, to paste before the others."""
    source, columns = found.source, found.columns
    name = unpacked_name(found.file_name)
    suffix = "".join(re.findall(r"\.\w+$", name))
    stem = name.removesuffix(suffix)
    lines = [
        "[[source]]",
        f"name = {quoted(new_name(stem, found.check.settings))}",
        f"kind = {quoted(source.kind)}",
        f"files = [{quoted(pattern(stem) + suffix)}]",
        *([f"firm_id = {quoted(source.firm_id)}"] if source.firm_id is not None else []),
        f"timezone = {quoted(source.timezone)}",
        *format_lines(found.times),
        "",
        "[source.columns]",
    ]
    # A heading that is suggested for a missing column does not mean another one as well.
    moved = {suggestion.heading for suggestion in found.suggested}
    mapped = {name: columns.headings[place] for name, place in columns.places.items()}
    lines += [f"{name} = [{quoted(heading)}]" for name, heading in mapped.items() if heading not in moved]
    constants = [f"{name} = {quoted(value)}" for name, value in source.constants.items()]
    for suggestion in found.suggested:
        column, why = suggestion.column, f"  # Suggested: {suggestion.why}."
        named = [f"{column} = [{quoted(heading)}]" for heading in suggestion.headings]
        if len(named) == 1:
            lines.append(named[0] + why)
        elif named:
            lines += choice(f"Which of these headings means {column}?", named)
        elif suggestion.constant:
            constants.append(f"{column} = {quoted(suggestion.constant)}{why}")
        elif column == "tab":
            constants += choice("Which tab is in this file?", ['tab = "Client"', 'tab = "Internal"'])
        else:
            lines += [f"# No heading looks like {column}. Write yours here:", f"# {column} = []"]
    return "\n".join(lines + (["", "[source.constants]", *constants] if constants else []))


def choice(question: str, lines: list[str]) -> list[str]:
    return [f"# {question} Use one of these lines:", *(f"# {line}" for line in lines)]


def format_lines(times: list[Shape]) -> list[str]:
    """The formats of the times, where ISO 8601 does not read them."""
    own = [shape for shape in times if shape.formats and shape.formats[0] != ISO]
    certain = [shape.formats[0] for shape in own if not shape.is_ambiguous]
    ambiguous = [shape for shape in own if shape.is_ambiguous]
    if not ambiguous:
        return [time_formats(certain)] if certain else []
    first, lines = ambiguous[0], []
    for number in range(max(len(shape.formats) for shape in ambiguous)):
        chosen = [shape.formats[min(number, len(shape.formats) - 1)] for shape in ambiguous]
        meaning = first.meanings[min(number, len(first.formats) - 1)]
        lines.append(f"{time_formats(certain + chosen)}  # {first.example} is {meaning}")
    return choice("Month and day are ambiguous in this file.", lines)


def time_formats(formats: list[str]) -> str:
    return f"time_formats = [{', '.join(map(quoted, dict.fromkeys(formats)))}]"


def new_name(stem: str, settings: Settings) -> str:
    """A name for a source, after the file, that no other source has."""
    words = " ".join(re.findall(r"[^\W\d_]+", stem)).lower() or "export"
    taken = {source.name for source in settings.sources}
    names = (words if number == 1 else f"{words} {number}" for number in count(1))
    return next(name for name in names if name not in taken)


def pattern(stem: str) -> str:
    """A pattern for names like this one: any number may replace a number in the name, such as a date."""
    escaped = re.sub(r"[\[?*]", lambda match: f"[{match[0]}]", stem)
    return re.sub(r"(?:\*[ _.()-]*)+\*", "*", re.sub(r"\d+", "*", escaped) + "*")


def quoted(text: str) -> str:
    """A text of TOML, whose escapes are those of JSON. Control characters are written as escapes too."""
    return re.sub(
        CONTROL_CHARACTERS, lambda match: f"\\u{ord(match[0]):04x}", json.dumps(text, ensure_ascii=False)
    )
