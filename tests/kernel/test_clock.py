from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kernel import clock

EIGHT = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)


@pytest.fixture
def clock_file(tmp_path: Path):
    path = tmp_path / "clock.json"
    clock.use_demo_file(path)
    yield path
    clock.use_demo_file(None)


def test_without_a_demonstration_business_time_is_real_time(clock_file):
    assert abs(clock.now() - clock.real_now()) < timedelta(seconds=1)


def test_a_demonstration_starts_where_it_is_set_and_runs_at_its_rate(clock_file):
    demo = clock.set_demo(clock_file, EIGHT, rate=120)
    assert demo.at(demo.anchor_at) == EIGHT
    assert demo.at(demo.anchor_at + timedelta(seconds=30)) == EIGHT + timedelta(hours=1)
    assert EIGHT <= clock.now() < EIGHT + timedelta(hours=1)


def test_a_rate_of_zero_stands_still(clock_file):
    clock.set_demo(clock_file, EIGHT, rate=0)
    assert clock.now() == EIGHT


def test_every_reader_follows_a_clock_that_is_set_again(clock_file):
    clock.set_demo(clock_file, EIGHT, rate=0)
    assert clock.now() == EIGHT
    clock.set_demo(clock_file, EIGHT + timedelta(days=1), rate=0)
    assert clock.now() == EIGHT + timedelta(days=1)
