"""A whole hour of the demonstration before everybody's pages, in peace (tests/faults/hour_room.py)."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.faults.hour_room import compare, opened, play

pytestmark = [pytest.mark.faults, pytest.mark.browser]


def test_an_hour_in_peace(tmp_path: Path, chromium: Browser) -> None:
    with opened(tmp_path / "var", chromium) as room:
        compare(room, play(room))
