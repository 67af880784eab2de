"""A believable season of logs: this one until April, and the last one for comparison."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from random import Random

from etl.demo.cast import Role, cast, stop
from etl.demo.clock import LAST_SEASON, THIS_SEASON, Season, clock_time, upload_moment
from etl.demo.dice import Dice
from etl.demo.dirt import History, add_odd_labels, add_repeated_hour, vary_spelling
from etl.demo.exports import Record, last_season, this_season, write_exports, write_register
from etl.demo.firm import archive, deliver, pick_up, prepare, recall
from etl.demo.log import Event, Log, TaxReturn
from etl.demo.people import Client, clients
from etl.demo.signing import Response, respond

LAST_SEASON_SHARE = 0.36
LOST_CLIENTS_SHARE = 0.15
# Returns that are in the register and not yet uploaded.
NOT_STARTED_SHARE = 0.02
MOST_DELIVERIES = 3


def write_season(folder: Path, returns: int = 1500, seed: int = 7) -> list[Path]:
    """Writes export files with this number of returns into the folder; returns their paths.

    The same number and seed give the same bytes on every day: the season ends on a fixed date.
    """
    folder.mkdir(parents=True, exist_ok=True)
    last_count = round(returns * LAST_SEASON_SHARE)
    this_count = returns - last_count
    lost_count = round(last_count * LOST_CLIENTS_SHARE)
    not_started_count = max(1, round(returns * NOT_STARTED_SHARE))
    everybody = clients(Random(f"{seed} clients"), this_count + lost_count + not_started_count)
    started, newcomers = everybody[: this_count + lost_count], everybody[this_count + lost_count :]
    this_year, last_year = started[:this_count], started[-last_count:]

    these = list(histories_of(seed, THIS_SEASON, this_year, cast(this_year)))
    earlier = list(histories_of(seed, LAST_SEASON, last_year, {}))
    add_odd_labels(these)
    add_repeated_hour(earlier)
    not_started = [
        new_return(Dice(f"{seed} {client.client_id}"), THIS_SEASON, client, this_count + number)
        for number, client in enumerate(newcomers)
    ]
    spelling = Random(f"{seed} wear")
    records = list(records_of(spelling, THIS_SEASON, these))
    earlier_records = list(records_of(spelling, LAST_SEASON, earlier))
    last_returns = [tax_return for tax_return, _ in earlier]
    returns_of_register = [tax_return for tax_return, _ in these] + not_started
    return [
        *write_exports(folder, earlier_records, last_season()),
        *write_exports(folder, records, this_season()),
        write_register(folder / "Returns register 2025-11-14.csv", last_returns, LAST_SEASON.ends_at),
        write_register(folder / "Returns register 2026-04-02.csv", returns_of_register, THIS_SEASON.ends_at),
    ]


def histories_of(
    seed: int, season: Season, season_clients: list[Client], roles: dict[str, Role]
) -> Iterator[History]:
    """Each client's return and its events, in the order of the return numbers."""
    for number, client in enumerate(season_clients):
        role = roles.get(client.client_id)
        dice = Dice(f"{seed} {season.tax_year} {client.client_id}", role.outcomes if role else None)
        tax_return = new_return(dice, season, client, number)
        events = events_of(Log(dice, tax_return), season)
        if role:
            events = stop(events, role, season.ends_at)
        yield tax_return, [event for event in events if event.at < season.ends_at]


def new_return(dice: Dice, season: Season, client: Client, number: int) -> TaxReturn:
    """The return of a client before anybody works on it."""
    uploaded_at, is_extended = upload_moment(dice, client, season)
    return TaxReturn(
        return_id=f"{season.tax_year}-{number + 1:05d}",
        client=client,
        tax_year=season.tax_year,
        due_on=(season.extended_due if is_extended else season.due)[client.form],
        is_extended=is_extended,
        uploaded_at=uploaded_at,
    )


def events_of(log: Log, season: Season) -> list[Event]:
    """All events of a return from upload to archive, by time, including those after the season's end."""
    delivered_at = prepare(log)
    if delivered_at is None:
        return log.events
    for delivery_no in range(1, MOST_DELIVERIES + 1):
        response = respond(Log(log.dice, log.tax_return), deliver(log, delivered_at))
        recalled_at = recall_moment(log, delivered_at, response) if delivery_no < MOST_DELIVERIES else None
        log.events += [
            event for event in response.events if recalled_at is None or survives_recall(event, recalled_at)
        ]
        if recalled_at is None:
            picked_up_at = pick_up(log, response.signed_at) if response.signed_at else None
            archive(log, season, picked_up_at)
            break
        delivered_at = recall(log, recalled_at)
    return sorted(log.events, key=lambda event: event.at)


def recall_moment(log: Log, delivered_at: datetime, response: Response) -> datetime | None:
    """When the firm recalls the return: for a bounce or a correction, rarely after the client has signed."""
    dice = log.dice
    if response.recall_after:
        return response.recall_after
    is_recalled, though_signed = dice.happens("recalled"), dice.happens("recalled_though_signed")
    if not is_recalled:
        return None
    recalled_at = log.in_office(delivered_at + dice.hours(median=26, spread=1.0))
    was_signed = response.signed_at is not None and response.signed_at < recalled_at
    return None if was_signed and not though_signed else recalled_at


def survives_recall(event: Event, recalled_at: datetime) -> bool:
    """Whether a recall does not prevent it: sent emails are delivered and opened, vouchers are due."""
    is_mail = event.label.endswith("Initial Email") and event.status != "Processed"
    return event.at < recalled_at or is_mail or event.label.startswith("Voucher")


def records_of(spelling: Random, season: Season, histories: list[History]) -> Iterator[Record]:
    """The events of a season as its exports spell them."""
    for tax_return, events in histories:
        for event in events:
            if event.at < season.ends_at:
                shown = vary_spelling(spelling, event._replace(at=clock_time(event.at)))
                yield shown.at, tax_return.return_id, tax_return, shown
