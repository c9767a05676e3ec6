from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from booking.visit_numbers import FreeSlot, visits_from_each, visits_of_day
from tests.build import at

HALF_HOUR = timedelta(minutes=30)


def day(*free, starts="09:00"):
    first = at(starts)
    return [FreeSlot(first + n * HALF_HOUR, first + (n + 1) * HALF_HOUR, f) for n, f in enumerate(free)]


def test_one_number_a_visit_is_a_plain_count():
    assert visits_from_each(day(3, 0, 2), 1) == [3, 0, 2]
    assert visits_of_day(day(3, 0, 2), 1) == 5


def test_a_longer_visit_goes_on_in_the_next_slot():
    assert visits_from_each(day(1, 1, 1), 2) == [1, 1, 0]
    assert visits_of_day(day(1, 1, 1), 2) == 1


def test_a_slot_with_enough_numbers_serves_even_before_the_break():
    assert visits_from_each(day(0, 2), 2) == [0, 1]


def test_a_full_slot_or_a_lunch_break_cannot_be_jumped():
    assert visits_from_each(day(1, 0, 1), 2) == [0, 0, 0]
    broken = [*day(1), *day(1, starts="10:00")]
    assert visits_from_each(broken, 2) == [0, 0]


@given(st.lists(st.integers(0, 5), max_size=16), st.integers(1, 6))
def test_never_counts_more_visits_than_there_are_numbers(free, needed):
    slots = day(*free)
    assert visits_of_day(slots, needed) * needed <= sum(free)
    assert all(n * needed <= sum(free) for n in visits_from_each(slots, needed))
    assert visits_of_day(slots, needed) >= max(visits_from_each(slots, needed), default=0)
