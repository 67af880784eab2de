"""The facts of the invented firm (demo.toml), and the random numbers that decide what happens to a return."""

import math
import tomllib
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any, TypeVar

Item = TypeVar("Item")

FACTS: dict[str, Any] = tomllib.loads(Path(__file__).with_name("demo.toml").read_text(encoding="utf-8"))


class Dice:
    """The chances and delays of one return; a return with a role has some outcomes fixed."""

    def __init__(self, seed: str, outcomes: dict[str, bool] | None = None) -> None:
        self.random = Random(seed)
        self.outcomes = outcomes or {}

    def happens(self, what: str, factor: float = 1.0) -> bool:
        """Whether it happens. A fixed outcome also uses a random number, so that later ones stay the same."""
        outcome: bool = self.random.random() < FACTS["chances"][what] * factor
        return self.outcomes.get(what, outcome)

    def hours(self, median: float, spread: float = 0.8) -> timedelta:
        """A delay caused by people: mostly near the median, sometimes very long."""
        return timedelta(seconds=int(3600 * self.random.lognormvariate(math.log(median), spread)))

    def seconds(self, least: int, most: int) -> timedelta:
        """A short delay, evenly distributed."""
        return timedelta(seconds=self.random.randint(least, most))

    def choice(self, items: Sequence[Item]) -> Item:
        return self.random.choice(items)
