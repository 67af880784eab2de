"""A believable season of logs, this one until April and the last one for comparison, with irregularities."""

from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from etl.demo.exports import write_exports, write_file
from etl.demo.firm import FACTS, LAST_SEASON, THIS_SEASON, Client, Season, clients
from etl.demo.hooks import write_hooks
from etl.demo.log import DAY, Event, Log
from etl.demo.work import complete

LAST_SEASON_SHARE = 0.36
LOST_CLIENTS_SHARE = 0.15
# Returns that are in the register and not yet uploaded.
NOT_STARTED_SHARE = 0.02
CLIENTS_PER_CAST = 300
UNKNOWN_EVERY = 75
ROLES = list(FACTS["roles"].values())
# No clock shows these hours, because summer time begins; clocks show the other one twice, because it ends.
SKIPPED_HOURS = (datetime(2025, 3, 9, 2), datetime(2026, 3, 8, 2))
REPEATED_HOUR = datetime(2025, 11, 2, 1)


def write_season(folder: Path, returns: int = 1500, seed: int = 7) -> list[Path]:
    """Writes export files with this number of returns into the folder; returns their paths.

    The same number and seed give the same bytes on every day: the season ends on a fixed date.
    """
    folder.mkdir(parents=True, exist_ok=True)
    last_count = round(returns * LAST_SEASON_SHARE)
    this_count = returns - last_count
    started_count = this_count + round(last_count * LOST_CLIENTS_SHARE)
    not_started_count = max(1, round(returns * NOT_STARTED_SHARE))
    everybody = clients(Random(f"{seed} clients"), started_count + not_started_count)
    this_year, last_year = everybody[:this_count], everybody[started_count - last_count : started_count]
    these = logs_of(seed, THIS_SEASON, this_year, cast(this_year))
    earlier = logs_of(seed, LAST_SEASON, last_year, {})
    not_started = [
        Log(f"{seed}", THIS_SEASON, client, number, {})
        for number, client in enumerate(everybody[started_count:], this_count)
    ]
    add_odd_labels(these)
    add_repeated_hour(earlier)
    spelling = Random(f"{seed} wear")
    shown = [
        vary_spelling(spelling, event)
        for log in [*these, *earlier]
        for event in log.events
        if event.at < log.season.ends_at
    ]
    headings = FACTS["headings"]["register"]
    until = max(event.at for event in shown)
    return [
        *write_exports(folder, shown),
        *write_hooks(folder, seed, [*these, *earlier], until),
        write_file(folder, "Returns register 2025-11-14", headings, earlier),
        write_file(folder, "Returns register 2026-04-02", headings, these + not_started),
    ]


def cast(clients: list[Client]) -> dict[str, dict[str, Any]]:
    """The roles by client number: each role goes to the first client who is free and suits it.

    A role is a return that stops at a given event. A large season has each role several times, so that every
    next step is certain to occur.
    """
    free, roles = list(clients), {}
    for role in ROLES * max(1, len(clients) // CLIENTS_PER_CAST):
        for client in free:
            is_suitable = client.form == "1040" and client.is_joint == (role["client"] == "joint")
            if is_suitable or role["client"] == "any":
                roles[client.client_id] = role
                free.remove(client)
                break
    return roles


def logs_of(seed: int, season: Season, clients: list[Client], roles: dict[str, dict[str, Any]]) -> list[Log]:
    """Each client's return and its events until the season's end, in the order of the return numbers."""
    logs = []
    for number, client in enumerate(clients):
        role = roles.get(client.client_id)
        outcomes = FACTS["role_outcomes"] | role["outcomes"] if role else {}
        log = Log(f"{seed} {season.tax_year}", season, client, number, outcomes)
        complete(log)
        if role:
            stop(log, *role["ends_with"])
        log.events = [event for event in log.events if event.at < season.ends_at]
        logs.append(log)
    return logs


def stop(log: Log, label: str, status: str) -> None:
    """Drops what follows the last event of a role, and moves the rest by whole weeks to the season's end."""
    last_no = next(
        no for no, event in enumerate(log.events) if label in event.label and event.status == status
    )
    last_at = log.season.ends_at - DAY - timedelta(hours=4)
    weeks = (last_at - log.events[last_no].at) // (7 * DAY)
    log.events = [event._replace(at=event.at + 7 * weeks * DAY) for event in log.events[: last_no + 1]]


def add_odd_labels(logs: list[Log]) -> None:
    """Adds labels that are on no list to some returns, and two risky file names."""
    unknown = FACTS["odd_labels"]["unknown"]
    for turn, log in enumerate(logs[UNKNOWN_EVERY // 3 :: UNKNOWN_EVERY]):
        at, address = log.events[-1].at, log.client.signers[0].email
        for order, (label, status) in enumerate(unknown[turn % len(unknown)]):
            moment = at + timedelta(seconds=90 + 7 * order)
            log.add_client(moment, label, status, email=address if status else "")
    for download, label in zip(first_downloads(logs), FACTS["odd_labels"]["file_names"], strict=False):
        download.log.add_client(download.at + timedelta(seconds=14), label)


def add_repeated_hour(logs: list[Log]) -> None:
    """Adds events in the hour that clocks show twice; the export does not tell which of the two it was."""
    for download in first_downloads(logs)[:1]:
        for minute, label in FACTS["odd_labels"]["repeated_hour"]:
            download.log.add_client(REPEATED_HOUR + timedelta(minutes=minute), label)


def first_downloads(logs: list[Log]) -> list[Event]:
    """The first download of a file by the client, of each return that has one."""
    downloads = ([event for event in log.events if event.label.startswith('Document "')] for log in logs)
    return [of_return[0] for of_return in downloads if of_return]


def vary_spelling(random: Random, event: Event) -> Event:
    """The event as the platform may spell it; every export has the same spelling."""
    label, odd = event.label, random.random()
    if label == "null":
        pass
    elif odd < 0.08 and '"' in label:
        label = label.replace(' "', " “", 1).replace("'", "’")
        label = label[:-1] + "”" if label.endswith('"') else label
    elif odd < 0.09 and " " in label:
        label = label.replace(" ", "\N{NO-BREAK SPACE}", 1)
    elif odd < 0.095:
        label = f"{label} "
    elif odd < 0.098 and '"' not in label:
        label = label.upper()
    is_skipped = event.at.replace(minute=0, second=0) in SKIPPED_HOURS
    return event._replace(label=label, at=event.at + timedelta(hours=1) if is_skipped else event.at)
