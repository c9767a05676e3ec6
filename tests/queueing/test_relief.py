"""What is proposed before walk-ins have to be refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queueing.admission import admit
from queueing.capacity import Capacity, Opening
from queueing.promise import Load
from queueing.relief import Spare, propose

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)


def at(minutes):
    return NINE + timedelta(minutes=minutes)


def day(counters, *more):
    return Capacity([Opening(NINE, at(480), counters), *more])


def spare(counters=5, ready=10, extension=timedelta(0)):
    return Spare(counters, at(ready), extension)


def test_a_day_that_can_take_all_needs_nothing():
    assert not propose(day(3), Load(10, 5), NINE, forecast=20, spare=spare())


def test_counters_are_proposed_before_a_longer_day():
    relief = propose(day(3), Load(10, 50), NINE, forecast=110, spare=spare(extension=HALF_HOUR))
    assert relief.counters == 1
    assert not relief.extension


def test_a_longer_day_is_proposed_when_counters_do_not_suffice():
    relief = propose(day(3), Load(10, 50), NINE, forecast=200, spare=spare(1, extension=HALF_HOUR))
    assert (relief.counters, relief.extension) == (1, HALF_HOUR)


def test_nothing_is_proposed_after_closing_or_without_people():
    assert not propose(day(3), Load(10, 500), at(480), forecast=5, spare=spare())
    assert not propose(day(3), Load(10, 500), NINE, forecast=0, spare=spare())


def test_counters_that_would_be_ready_after_closing_are_not_proposed():
    assert not propose(day(1), Load(10, 100), at(475), forecast=5, spare=spare(ready=485))


@given(st.integers(0, 120), st.integers(1, 60), st.floats(3, 20))
def test_with_what_is_proposed_the_last_of_the_forecast_is_admitted(waiting, forecast, minutes):
    load = Load(minutes, waiting)
    relief = propose(day(2), load, NINE, forecast=forecast, spare=spare(100))
    helped = day(2, Opening(at(10), at(480), relief.counters)) if relief else day(2)
    last = replace(load, waiting=waiting + forecast - 1)
    assert admit(helped, last, NINE).admitted
    assert relief.short_minutes == pytest.approx(0) or relief.counters > 0
