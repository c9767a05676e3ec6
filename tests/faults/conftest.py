"""What was measured during a test goes with its result; tests/conftest.py tells it."""

from collections.abc import Iterator

import pytest

from tests.faults.stage import MEASURED


@pytest.fixture(autouse=True)
def measured(request: pytest.FixtureRequest) -> Iterator[None]:
    """Hand over what `tests.faults.stage.report` has noted."""
    MEASURED.clear()
    yield
    request.node.user_properties += [("measured", line) for line in MEASURED]
