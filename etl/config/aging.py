"""[aging] of settings.toml: after how many days in a step a return is overdue, for all forms or for one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from etl.config.place import Place

Days = Annotated[float, Meta(gt=0, le=10_000, description="a number of days above 0, such as 2 or 0.5")]


@dataclass(frozen=True)
class WaitLimit:
    """How many days a return of a form may wait in a step; `return_type` is None for every other form."""

    section: str
    next_step: str
    return_type: str | None
    limit_days: float


def read_aging(path: Path, table: dict[str, Any]) -> tuple[WaitLimit, ...]:
    """The limits of `[aging]`, and of `[aging.1065]` for one form.

    Whether the steps exist is known once the reference files are read.
    """
    limits, place = list[WaitLimit](), Place(path, "[aging]", table)
    forms = {name: None for name, value in table.items() if isinstance(value, dict)}
    for form in (None, *forms):
        at = place if form is None else place.below(form, f"[aging.{form}]")
        for step in at.table:
            if form is not None or step not in forms:
                limits.append(WaitLimit(at.section, step, form, at.value(step, Days)))
    return tuple(limits)
