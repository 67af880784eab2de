"""A believable season of logs: this one half way through, and the last one for comparison."""

from pathlib import Path
from random import Random

from etl.demo.cast import Role, casting, stand_still
from etl.demo.clock import LAST_SEASON, THIS_SEASON, Season, on_the_clock, upload_moment
from etl.demo.dice import Dice
from etl.demo.dirt import Walk, add_night_shift, add_oddities, worn
from etl.demo.exports import Record, last_season, this_season, write_exports, write_register
from etl.demo.log import TaxReturn
from etl.demo.people import Client, clients
from etl.demo.walk import walk

LAST_SEASON_SHARE = 0.36
LOST_CLIENTS_SHARE = 0.15
# Returns that the register knows and nobody has uploaded yet.
NOT_STARTED_SHARE = 0.02


def write_season(folder: Path, returns: int = 1500, seed: int = 7) -> list[Path]:
    """Writes export files with so many returns in them into the folder, and gives their paths.

    The same number and seed give the same bytes, whatever the day: the season ends on a fixed date.
    """
    folder.mkdir(parents=True, exist_ok=True)
    last_count = round(returns * LAST_SEASON_SHARE)
    this_count = returns - last_count
    lost_count = round(last_count * LOST_CLIENTS_SHARE)
    not_started_count = max(1, round(returns * NOT_STARTED_SHARE))
    everybody = clients(Random(f"{seed} clients"), this_count + lost_count + not_started_count)
    started, newcomers = everybody[: this_count + lost_count], everybody[this_count + lost_count :]
    this_year, last_year = started[:this_count], started[-last_count:]

    this_walks = walks_of(seed, THIS_SEASON, this_year, casting(this_year))
    last_walks = walks_of(seed, LAST_SEASON, last_year, {})
    add_oddities(this_walks)
    add_night_shift(last_walks)
    not_started = [
        new_return(Dice(f"{seed} {client.client_id}"), THIS_SEASON, client, this_count + number)
        for number, client in enumerate(newcomers)
    ]
    wear = Random(f"{seed} wear")
    records = records_of(wear, THIS_SEASON, this_walks)
    records_before = records_of(wear, LAST_SEASON, last_walks)
    return [
        *write_exports(folder, records_before, last_season()),
        *write_exports(folder, records, this_season()),
        write_register(
            folder / "Returns register 2025-11-14.csv", returns_of(last_walks), LAST_SEASON.ends_at
        ),
        write_register(
            folder / "Returns register 2026-04-02.csv",
            returns_of(this_walks) + not_started,
            THIS_SEASON.ends_at,
        ),
    ]


def walks_of(seed: int, season: Season, season_clients: list[Client], roles: dict[str, Role]) -> list[Walk]:
    """Every client's return and what happened to it, in the order of the uploads' numbers."""
    walks = []
    for number, client in enumerate(season_clients):
        role = roles.get(client.client_id)
        dice = Dice(f"{seed} {season.tax_year} {client.client_id}", forced=role.forced if role else None)
        tax_return = new_return(dice, season, client, number)
        events = walk(dice, tax_return, season)
        if role:
            events = stand_still(events, role, season.ends_at)
        walks.append((tax_return, [event for event in events if event.at < season.ends_at]))
    return walks


def new_return(dice: Dice, season: Season, client: Client, number: int) -> TaxReturn:
    """The return of a client, not yet worked on."""
    uploaded_at, is_extended = upload_moment(dice, client, season)
    return TaxReturn(
        return_id=f"{season.tax_year}-{number + 1:05d}",
        client=client,
        tax_year=season.tax_year,
        due_on=(season.extended_due if is_extended else season.due)[client.form],
        is_extended=is_extended,
        uploaded_at=uploaded_at,
    )


def records_of(wear: Random, season: Season, walks: list[Walk]) -> list[Record]:
    """The events of a season as its exports spell them."""
    shown = (
        (tax_return, worn(wear, event._replace(at=on_the_clock(event.at))))
        for tax_return, events in walks
        for event in events
        if event.at < season.ends_at
    )
    return [(event.at, tax_return.return_id, tax_return, event) for tax_return, event in shown]


def returns_of(walks: list[Walk]) -> list[TaxReturn]:
    """The returns behind the walks."""
    return [tax_return for tax_return, _ in walks]
