"""Many sessions in one server: none waits for another."""

import asyncio

from etl.common.paths import DataDir
from support.served import served
from support.visitors import crowd

PAGES = ("", "returns", "pipeline", "email")


def test_a_crowd_that_comes_at_once_is_served(season: DataDir) -> None:
    # Sessions are threads of one process: two that wait for each other would stop the server for everybody.
    with served(season) as where:
        visits = [iter([(0.0, page, "") for page in PAGES]) for _ in range(20)]
        times = asyncio.run(crowd(where, visits, limit_seconds=120))
    assert [len(one) for one in times] == [len(PAGES)] * 20
