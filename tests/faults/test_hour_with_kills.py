"""The same hour while web workers, the live process, PostgreSQL and the relay are killed.

A file of its own, so that both hours can be played side by side.
"""

from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.faults.hour_room import compare, opened, play
from tests.faults.test_processes_killed import kill, kill_web_worker

pytestmark = [pytest.mark.faults, pytest.mark.browser]


def test_an_hour_in_which_processes_are_killed(tmp_path: Path, chromium: Browser) -> None:
    faults = [
        kill_web_worker,
        *(partial(kill, name=name) for name in ("live", "postgres", "relay")),
        kill_web_worker,
    ]
    with opened(tmp_path / "var", chromium) as room:
        compare(room, play(room, faults))
