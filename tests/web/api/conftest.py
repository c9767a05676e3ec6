from collections.abc import Iterator

import pytest

from kernel import clock
from kernel.parts import Parts
from tests.web.api.town import Town, make_town


@pytest.fixture
def town(parts: Parts) -> Iterator[Town]:
    """Half past nine on a Monday, standing still."""
    yield make_town(parts)
    clock.use_demo_file(None)
