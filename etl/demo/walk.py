"""The walk of one return through firm and client, from its upload to the archive."""

from datetime import datetime

from etl.demo.clock import Season, in_office
from etl.demo.dice import Dice
from etl.demo.firm import archive, deliver, pick_up, prepare, recall
from etl.demo.log import Event, Log, TaxReturn
from etl.demo.signing import Response, respond

MOST_DELIVERIES = 3


def walk(dice: Dice, tax_return: TaxReturn, season: Season) -> list[Event]:
    """All events of a return in the order of time, those after the season's end included."""
    log = Log(dice)
    ready_at = prepare(log, tax_return)
    if ready_at is None:
        return log.events
    for delivery_no in range(1, MOST_DELIVERIES + 1):
        delivered_at = ready_at
        response = respond(dice, tax_return, deliver(log, tax_return, delivered_at))
        recalled_at = (
            recall_moment(dice, tax_return, delivered_at, response) if delivery_no < MOST_DELIVERIES else None
        )
        log.keep(event for event in response.events if recalled_at is None or outlives(event, recalled_at))
        if recalled_at is None:
            picked_up_at = pick_up(log, tax_return, response.signed_at) if response.signed_at else None
            archive(log, tax_return, season, picked_up_at)
            break
        ready_at = recall(log, tax_return, recalled_at)
    return sorted(log.events, key=lambda event: event.at)


def recall_moment(
    dice: Dice, tax_return: TaxReturn, delivered_at: datetime, response: Response
) -> datetime | None:
    """When the firm recalls the return: for a bounce, or for a correction, seldom after the client has signed."""
    if response.recall_after:
        return response.recall_after
    recalled, though_signed = dice.happens("recalled"), dice.happens("recalled_though_signed")
    if not recalled:
        return None
    recalled_at = in_office(dice, delivered_at + dice.hours(median=26, spread=1.0), tax_return.client.office)
    if response.signed_at and response.signed_at < recalled_at and not though_signed:
        return None
    return recalled_at


def outlives(event: Event, recalled_at: datetime) -> bool:
    """What still happens after a recall: mail on its way is delivered and opened, vouchers fall due."""
    is_mail = event.label.endswith("Initial Email") and event.status != "Processed"
    return event.at < recalled_at or is_mail or event.label.startswith("Voucher")
