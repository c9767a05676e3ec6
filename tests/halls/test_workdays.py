from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halls.workdays import (
    Calendar,
    add_working_days,
    is_working,
    next_working_days,
    working_days_between,
)

FRIDAY, SATURDAY, SUNDAY, MONDAY = (date(2026, 3, day) for day in (6, 7, 8, 9))
PLAIN = Calendar()
DAYS = st.dates(date(2024, 1, 1), date(2027, 12, 31))


@st.composite
def calendars(draw):
    exceptions = draw(st.dictionaries(DAYS, st.booleans(), max_size=40))
    weekdays = draw(st.frozensets(st.integers(0, 6), min_size=1))
    return Calendar(weekdays=weekdays).with_exceptions(exceptions)


def test_works_from_monday_to_friday():
    assert [is_working(day, PLAIN) for day in (FRIDAY, SATURDAY, SUNDAY, MONDAY)] == [
        True,
        False,
        False,
        True,
    ]


def test_exceptions_win_in_both_directions_and_later_ones_over_earlier():
    made_up = PLAIN.with_exceptions({SATURDAY: True, MONDAY: False})
    assert made_up.is_working(SATURDAY)
    assert not made_up.is_working(MONDAY)
    back = made_up.with_exceptions({SATURDAY: False, MONDAY: True})
    assert not back.is_working(SATURDAY)
    assert back.is_working(MONDAY)


def test_counts_over_a_weekend():
    assert add_working_days(FRIDAY, 1, PLAIN) == MONDAY
    assert add_working_days(SATURDAY, 1, PLAIN) == MONDAY
    assert add_working_days(MONDAY, -1, PLAIN) == FRIDAY
    assert add_working_days(SATURDAY, 0, PLAIN) == SATURDAY
    assert next_working_days(FRIDAY, 3, PLAIN) == [MONDAY, date(2026, 3, 10), date(2026, 3, 11)]
    assert working_days_between(FRIDAY, MONDAY, PLAIN) == 1
    assert working_days_between(MONDAY, MONDAY, PLAIN) == 0
    assert working_days_between(MONDAY, FRIDAY, PLAIN) == -1


def test_seven_working_days_before_a_worked_saturday():
    assert add_working_days(SATURDAY, -7, PLAIN) == date(2026, 2, 26)


@given(calendars(), DAYS, st.integers(-60, 60))
@settings(max_examples=200)
def test_adding_and_counting_undo_each_other(calendar, day, count):
    moved = add_working_days(day, count, calendar)
    if calendar.is_working(day) or count >= 0:
        assert working_days_between(day, moved, calendar) == count
    if calendar.is_working(day):
        assert add_working_days(moved, -count, calendar) == day


@given(calendars(), DAYS, st.integers(0, 30))
@settings(max_examples=100)
def test_the_next_working_days_are_worked_and_none_is_skipped(calendar, day, count):
    found = next_working_days(day, count, calendar)
    assert found == [add_working_days(day, nth, calendar) for nth in range(1, count + 1)]
    span = (found[-1] - day).days if found else 0
    worked = [day + timedelta(days=n) for n in range(1, span + 1)]
    assert found == [each for each in worked if calendar.is_working(each)]


def test_refuses_a_calendar_that_contradicts_itself_or_never_works():
    with pytest.raises(ValueError, match="both"):
        Calendar(working=frozenset({MONDAY}), resting=frozenset({MONDAY}))
    with pytest.raises(ValueError, match="weekday"):
        Calendar(weekdays=frozenset())
