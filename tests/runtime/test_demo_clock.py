from datetime import UTC, datetime, timedelta

import pytest

from kernel import audit, clock
from kernel.actor import SYSTEM, Actor
from kernel.clock import DemoClock
from runtime.demo import OPENS, ZONE, starts_at

OFFICER = Actor("staff", 1, frozenset(), None)
FRIDAY = datetime(2026, 3, 6, 11, 20, tzinfo=ZONE)


def act(session, at, actor=OFFICER):
    audit.record(session, "counter.open", actor=actor, now=at.astimezone(UTC), subject=("counter", 1))
    session.flush()


def test_a_new_demonstration_starts_at_eight_of_a_working_day(session):
    today = clock.real_now().astimezone(ZONE).date()
    begins = starts_at(session, None).astimezone(ZONE)
    assert begins.time() == OPENS
    assert begins.weekday() < 5
    assert begins.date() >= today


def test_a_run_that_ended_is_followed_by_the_next_working_day(session):
    act(session, FRIDAY)
    assert starts_at(session, None) == datetime.combine(FRIDAY + timedelta(days=3), OPENS, ZONE)


def test_a_day_on_which_nobody_did_anything_is_started_again(session):
    act(session, FRIDAY.replace(hour=8, minute=0))
    act(session, FRIDAY, SYSTEM)
    assert starts_at(session, None) == datetime.combine(FRIDAY, OPENS, ZONE)


def left(at, rate):
    return DemoClock(anchor_at=clock.real_now() - timedelta(hours=1), starts_at=at, rate=rate)


def test_a_day_that_was_stopped_goes_on_where_its_clock_stood(session):
    act(session, FRIDAY)
    act(session, FRIDAY + timedelta(days=30))  # its clock was set back afterwards
    stood = FRIDAY + timedelta(hours=1)
    assert starts_at(session, left(stood, 0)) == stood


def test_a_day_that_is_over_is_followed_by_the_next_working_day(session):
    act(session, FRIDAY)
    begins = starts_at(session, left(FRIDAY.replace(hour=18), 0))
    assert begins == datetime.combine(FRIDAY + timedelta(days=3), OPENS, ZONE)


def test_a_stopped_day_on_which_nobody_did_anything_starts_at_eight(session):
    act(session, FRIDAY, SYSTEM)
    begins = starts_at(session, left(FRIDAY, 0)).astimezone(ZONE)
    assert begins.time() == OPENS


@pytest.mark.parametrize("actor", [OFFICER, SYSTEM])
def test_a_broken_run_goes_on_at_its_last_moment_on_record(session, actor):
    act(session, FRIDAY.replace(hour=9))
    act(session, FRIDAY, actor)
    assert starts_at(session, left(FRIDAY.replace(hour=8), 1)) == FRIDAY


def test_a_broken_run_never_goes_back_behind_its_clock(session):
    act(session, FRIDAY)
    jumped = FRIDAY + timedelta(hours=2)
    assert starts_at(session, left(jumped, 1)) == jumped


def test_a_broken_run_knows_nothing_of_other_days_that_were_played_before_it(session):
    act(session, FRIDAY + timedelta(days=30))
    now = DemoClock(anchor_at=clock.real_now() + timedelta(hours=1), starts_at=FRIDAY, rate=1)
    assert starts_at(session, now) == FRIDAY


def test_a_run_that_broke_before_anything_happened_starts_as_new(session):
    assert starts_at(session, left(FRIDAY, 1)) == starts_at(session, None)
