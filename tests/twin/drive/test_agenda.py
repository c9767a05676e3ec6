import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from twin.drive.agenda import Agenda
from twin.drive.pace import next_rate
from twin.drive.play_clock import PlayClock

NINE = datetime(2026, 3, 4, 9, tzinfo=UTC)
ROUNDED = 0.001  # seconds


def agenda(*, rate=600.0, hands=3):
    return Agenda(PlayClock(time.monotonic(), NINE, rate), hands=hands)


def test_actions_happen_in_order_and_never_early():
    plan, seen = agenda(hands=1), []
    for minutes in (3, 1, 2):
        plan.at(NINE + timedelta(minutes=minutes), lambda m=minutes: seen.append((m, plan.clock.now())))
    plan.run()
    assert [minutes for minutes, _at in seen] == [1, 2, 3]
    assert all(at >= NINE + timedelta(minutes=minutes) for minutes, at in seen)


def test_an_action_may_plan_another_and_the_run_ends_after_the_last():
    plan, seen = agenda(), []
    plan.at(NINE, lambda: plan.at(NINE + timedelta(minutes=1), lambda: seen.append("second")))
    plan.run()
    assert seen == ["second"]


def test_the_first_failure_ends_the_run_and_is_raised():
    plan, seen = agenda(), []
    plan.at(NINE + timedelta(hours=5), lambda: seen.append("never"))
    plan.at(NINE, lambda: (_ for _ in ()).throw(ValueError("broken")))
    with pytest.raises(ValueError, match="broken"):
        plan.run()
    assert seen == []


def test_steps_that_had_to_wait_for_a_hand_are_measured_as_late():
    plan = agenda(hands=1)
    release = threading.Event()
    plan.at(NINE, lambda: release.wait(0.2))
    plan.at(NINE, lambda: None)
    plan.run()
    assert max(lag.seconds for lag in plan.lags()) >= 0.15
    assert max(lag.minutes for lag in plan.lags()) >= 1.5


def test_the_clock_is_never_ahead_of_the_reading_it_came_from():
    began = time.monotonic()
    clock = PlayClock(began, NINE, 120)
    left = clock.seconds_until(NINE + timedelta(minutes=2))
    passed = time.monotonic() - began
    assert 1.0 - passed - ROUNDED <= left <= 1.0 + ROUNDED
    assert clock.seconds_until(NINE - timedelta(minutes=2)) == 0


def test_a_clock_that_was_set_is_followed_by_who_waits():
    plan, seen = agenda(rate=1.0), []
    plan.at(NINE + timedelta(minutes=10), lambda: seen.append("done"))
    threading.Timer(0.1, lambda: plan.follow(PlayClock(time.monotonic(), NINE, 6000.0))).start()
    plan.run()
    assert seen == ["done"]


def test_the_clock_runs_slower_when_late_and_faster_again_when_calm():
    assert next_rate(120, asked=120, late=0.6, calm=0) == 72
    assert next_rate(72, asked=120, late=0.3, calm=0) == 72
    assert next_rate(72, asked=120, late=0.1, calm=2) == 72
    assert next_rate(72, asked=120, late=0.1, calm=3) == pytest.approx(82.8)
    assert next_rate(119, asked=120, late=0.1, calm=9) == 120
    assert next_rate(3.1, asked=120, late=5, calm=0) == 3
