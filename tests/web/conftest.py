from collections.abc import Iterator

import pytest
from flask import Flask

from kernel import clock
from kernel.parts import Parts
from tests import build
from tests.web.apps import app_for
from tests.web.hall_faces import Faces, make_faces, set_clock


@pytest.fixture
def hall_clock(parts: Parts) -> Iterator[None]:
    """The business clock stands at nine on a Monday."""
    clock.use_demo_file(parts.settings.var / "clock.json")
    set_clock(parts, build.at("09:00"))
    yield
    clock.use_demo_file(None)


@pytest.fixture
def faces(parts: Parts, hall_clock: None) -> Faces:
    app: Flask = app_for(parts)
    return make_faces(parts, app)
