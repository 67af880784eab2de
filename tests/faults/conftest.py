"""Fixtures that count: a fault must do no damage, and its control, without the protection, must do some."""

from collections.abc import Callable, Iterator

import pytest

from faults.checks import Tally
from faults.runner import Runner


@pytest.fixture(scope="session")
def runner() -> Iterator[Runner]:
    """Runs commands at the cost of a fork."""
    found = Runner()
    yield found
    found.close()


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Iterator[Tally]:
    """The damage that a fault did: the test counts it, and here it is reported and asserted to be none."""
    found = Tally()
    yield found
    for name in ("injected", "lost", "doubled", "leaked", "unclear"):
        record_property(name, getattr(found, name))
    assert found.fault_count == 0, "\n".join(found.details[:20])
    assert found.details == []
    assert found.injected, "no fault was injected"


@pytest.fixture
def control(record_property: Callable[[str, object], None]) -> Iterator[Tally]:
    """The damage of the fault with the protection off: there must be some, or the test detects none."""
    found = Tally()
    yield found
    record_property("control", found.fault_count)
    assert found.fault_count, "with the protection off no damage was detected"
