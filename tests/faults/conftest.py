"""What was measured during a test goes with its result; tests/conftest.py tells it."""

from collections.abc import Iterator

import pytest

from tests.faults.machine import Machine
from tests.faults.stage import MACHINE, MEASURED


@pytest.fixture(autouse=True)
def measured(request: pytest.FixtureRequest) -> Iterator[None]:
    """Hand over what `tests.faults.stage.report` has noted, and let it know how busy the machine was."""
    MEASURED.clear()
    with Machine() as machine:
        MACHINE[:] = [machine]
        yield
    request.node.user_properties += [("measured", line) for line in MEASURED]
