"""Which days the promise of a number soon speaks of."""

from datetime import date

from booking.promise import promise_on
from halls.state_calendar import state_calendar


def test_the_promise_runs_from_tomorrow_to_the_third_working_day():
    promise = promise_on(date(2026, 3, 5), state_calendar(2026, 2026))  # a Thursday
    assert not promise.holds(date(2026, 3, 5))
    assert promise.holds(date(2026, 3, 6))
    assert promise.holds(date(2026, 3, 7))  # a session on the Saturday between
    assert promise.holds(date(2026, 3, 10))
    assert not promise.holds(date(2026, 3, 11))


def test_a_number_of_today_alone_does_not_keep_it():
    promise = promise_on(date(2026, 3, 5), state_calendar(2026, 2026))
    assert not promise.kept_by([])
    assert not promise.kept_by([date(2026, 3, 5), date(2026, 3, 11)])
    assert promise.kept_by([date(2026, 3, 5), date(2026, 3, 10)])
