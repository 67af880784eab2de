"""Emails as the platform logs them: processed, then delivered or bounced, perhaps opened."""

from datetime import datetime, timedelta
from typing import NamedTuple

from etl.demo.log import Log


class Mail(NamedTuple):
    """What became of an email; both null where no word came back."""

    delivered_at: datetime | None
    bounced_at: datetime | None


def send(
    log: Log, at: datetime, label: str, address: str, bounces: bool = False, unconfirmed: bool = False
) -> Mail:
    """An email that the platform queues at this moment."""
    dice = log.dice
    log.client(at, label, "Processed", email=address)
    if unconfirmed:
        return Mail(None, None)
    if bounces:
        bounced_at = at + dice.seconds(3, 900)
        log.client(bounced_at, label, "Bounced", email=address)
        return Mail(None, bounced_at)
    delivered_at = at + (dice.seconds(2, 70) if dice.random.random() < 0.96 else dice.hours(median=2))
    log.client(delivered_at, label, "Delivered", email=address)
    return Mail(delivered_at, None)


def opened(log: Log, at: datetime, delivered_at: datetime, label: str, address: str) -> None:
    """The email is opened, now and then again later; a few reports of it overtake that of the delivery."""
    dice = log.dice
    if dice.happens("open_before_delivered"):
        at = delivered_at - timedelta(seconds=1)
    log.client(at, label, "Open", email=address)
    if dice.happens("opened_again"):
        log.client(at + dice.hours(median=20, spread=1.2), label, "Open", email=address)
