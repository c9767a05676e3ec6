from collections.abc import Iterator

import pytest

from kernel import clock
from kernel.parts import Parts
from tests.web.citizen.phone import Phone
from tests.web.citizen.town import Town, make_town


@pytest.fixture
def town(parts: Parts) -> Iterator[Town]:
    """Half past eight on a Monday, standing still; numbers are free on Tuesday from nine to eleven."""
    yield make_town(parts)
    clock.use_demo_file(None)


@pytest.fixture
def phone(town: Town) -> Phone:
    return town.phone()
