"""What may happen to a return, and how long things take: the chances of the demo in one place."""

import math
from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import TypeVar

Item = TypeVar("Item")

CHANCES = {
    # At the firm, before delivery.
    "saved_and_closed": 0.62,
    "reviewed": 0.78,
    "sent_back": 0.13,
    "to_ero": 0.66,
    "approved": 0.38,
    "pdf_downloaded": 0.45,
    "deleted": 0.012,
    "kba_disabled": 0.025,
    # Emails.
    "bounces": 0.013,
    "unconfirmed": 0.008,
    "bounce_noticed": 0.72,
    "resent": 0.60,
    "open_logged": 0.955,
    "opened_in_vain": 0.45,
    "opened_again": 0.30,
    "open_before_delivered": 0.01,
    "scanner": 0.015,
    # Getting in.
    "never_comes": 0.022,
    "hesitates": 0.30,
    "second_code": 0.16,
    "mistypes": 0.08,
    "locks": 0.032,
    "unlocked": 0.72,
    # Signing.
    "never_signs": 0.025,
    "signs_at_once": 0.46,
    "kba_passed": 0.90,
    "kba_second_try": 0.60,
    "signs_by_hand": 0.045,
    "by_hand_after_kba": 0.70,
    "deletes_upload": 0.14,
    "uploads_again": 0.75,
    "paper": 0.03,
    "spouse_never_signs": 0.04,
    "spouse_at_once": 0.62,
    "other_documents": 0.35,
    "forms_downloaded": 0.22,
    "forwards": 0.05,
    "distributes": 0.88,
    # The firm, after delivery.
    "reminds": 0.85,
    "has_vouchers": 0.26,
    "recalled": 0.085,
    "recalled_though_signed": 0.15,
    "picked_up": 0.965,
    "archived_early": 0.55,
    "archived_at_the_end": 0.99,
}


class Dice:
    """The chances and delays of one return; a cast return has some outcomes forced."""

    def __init__(self, seed: str, forced: dict[str, bool] | None = None) -> None:
        self.random = Random(seed)
        self.forced = forced or {}

    def happens(self, what: str, factor: float = 1.0) -> bool:
        """Whether it happens; the throw is made even where it is forced, so that all others stay as they were."""
        thrown = self.random.random() < CHANCES[what] * factor
        return self.forced.get(what, thrown)

    def hours(self, median: float, spread: float = 0.8) -> timedelta:
        """A delay as people cause it: mostly near the median, at times very long."""
        return timedelta(seconds=int(3600 * self.random.lognormvariate(math.log(median), spread)))

    def seconds(self, least: int, most: int) -> timedelta:
        """A short delay, evenly spread."""
        return timedelta(seconds=self.random.randint(least, most))

    def choice(self, items: Sequence[Item]) -> Item:
        """One of the items."""
        return self.random.choice(items)
