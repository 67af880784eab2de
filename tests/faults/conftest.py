"""The tally of each fault: what it did must be nothing, and its control, with the protection off, must be seen."""

from collections.abc import Callable, Iterator

import pytest

from faults.accounts import Tally
from faults.crew import Crew


@pytest.fixture(scope="session")
def crew() -> Iterator[Crew]:
    """Commands at the cost of a fork."""
    found = Crew()
    yield found
    found.close()


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Iterator[Tally]:
    """What the fault did. The test counts; that all of it is nothing is asserted here, once it has been said."""
    found = Tally()
    yield found
    for name in ("injected", "lost", "doubled", "leaked", "unclear"):
        record_property(name, getattr(found, name))
    assert found.seen == 0, "\n".join(found.notes[:20])
    assert found.notes == []
    assert found.injected, "no fault was injected"


@pytest.fixture
def control(record_property: Callable[[str, object], None]) -> Iterator[Tally]:
    """What the same fault does with the protection off: if nothing is seen here, the test is blind."""
    found = Tally()
    yield found
    record_property("control", found.seen)
    assert found.seen, "with the protection off nothing was seen"
