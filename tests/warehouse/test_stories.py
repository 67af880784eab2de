"""Every story of tests/stories comes true, word for word."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from etl.common.paths import CHECKOUT, QUERIES
from etl.common.problem import Problem
from etl.sql.catalog import read_catalog
from etl.warehouse.ask import Warehouse, open_warehouse, warehouse_cursor
from support.story import Story, circumstances, difference, outcome, read_story, tell
from support.warehouses import queries_of

STORIES = [read_story(path) for path in sorted((CHECKOUT / "tests" / "stories").glob("*.txt"))]
CATALOG = read_catalog()
FEW = 10


@pytest.fixture(scope="session")
def warehouse_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Story], Warehouse]]:
    """The warehouse of a story, which stories with the same settings and time share.

    Most of them share a build of everything; a build for a few has only what they ask for. If a build fails,
    each story is built alone, so that only the stories at fault fail.
    """
    folder, number = tmp_path_factory.mktemp("stories"), count()
    built: dict[object, Warehouse | Problem] = {}

    def built_once(key: object, stories: list[Story]) -> Warehouse | Problem:
        if key not in built:
            try:
                own = folder / str(next(number))
                asked = set().union(*(story.asked for story in stories))
                queries = QUERIES if len(stories) > FEW else queries_of(own / "queries", *asked)
                built[key] = open_warehouse(tell(stories, own, queries))
            except Problem as problem:
                built[key] = problem
        return built[key]

    def find(story: Story) -> Warehouse:
        key = circumstances(story, CATALOG)
        found = built_once(key, [other for other in STORIES if circumstances(other, CATALOG) == key])
        if isinstance(found, Problem):
            found = built_once(story.name, [story])
        if isinstance(found, Problem):
            raise found
        return found

    yield find
    for warehouse in built.values():
        if isinstance(warehouse, Warehouse):
            warehouse.database.close()


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_a_story_comes_true(story: Story, warehouse_of: Callable[[Story], Warehouse]) -> None:
    with warehouse_cursor(warehouse_of(story).database) as cursor:
        for block in story.expected:
            rows = outcome(cursor, story, block, CATALOG)
            if rows != block.rows:
                where = f"tests/stories/{story.name}.txt\n{story.lesson}\n\nthen {block.about}"
                pytest.fail(f"{where}\n{difference(block, rows)}", pytrace=False)
