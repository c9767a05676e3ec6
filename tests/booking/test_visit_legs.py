from datetime import timedelta
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from booking.visit_legs import (
    MOST_WAIT,
    LegFit,
    LegLine,
    fit_visit,
    group_in_order,
    visits_by_start,
    visits_together,
)
from booking.visit_numbers import FreeSlot
from tests.build import at

HALF_HOUR = timedelta(minutes=30)


def slots(*free, starts="09:00"):
    first = at(starts)
    return [FreeSlot(first + n * HALF_HOUR, first + (n + 1) * HALF_HOUR, f) for n, f in enumerate(free)]


def line(*free, needed=1, starts="09:00"):
    return LegLine(needed, slots(*free, starts=starts))


def test_services_of_one_line_make_one_leg_and_legs_keep_the_order_asked_for():
    asked = [("photo", 7), ("passport", 3), ("id-card", 7)]
    assert group_in_order(asked) == {7: ["photo", "id-card"], 3: ["passport"]}


def test_the_second_leg_begins_in_the_slot_after_the_last_of_the_first():
    fitted = fit_visit([line(1, 1, 1, needed=2), line(9, 9, 9, 9)], at("09:00"))
    assert fitted == (LegFit(0, ((0, 1), (1, 1))), LegFit(1, ((2, 1),)))


def test_nobody_is_expected_at_two_counters_in_one_half_hour():
    assert fit_visit([line(1), line(1)], at("09:00")) is None


def test_the_order_asked_for_is_kept_where_it_fits():
    both = [line(1, 1), line(1, 1)]
    assert [leg.line for leg in fit_visit(both, at("09:00"))] == [0, 1]
    assert [leg.line for leg in fit_visit(both[::-1], at("09:00"))] == [0, 1]


def test_another_order_is_taken_where_only_that_one_fits():
    assert [leg.line for leg in fit_visit([line(0, 1), line(1, 0)], at("09:00"))] == [1, 0]


def test_a_lunch_break_between_two_legs_is_too_long_to_wait():
    assert fit_visit([line(1), line(1, starts="14:00")], at("09:00")) is None


def test_lines_whose_slots_begin_at_other_minutes_meet_with_a_short_wait():
    fitted = fit_visit([line(1), line(1, 1, starts="09:15")], at("09:00"))
    assert fitted == (LegFit(0, ((0, 1),)), LegFit(1, ((1, 1),)))


def test_counts_by_start_and_together():
    both = [line(2, 2, 0), line(0, 1, 2)]
    assert visits_by_start(both) == {at("09:00"): 1, at("09:30"): 2, at("10:00"): 0}
    assert visits_together(both) == 3


free_numbers = st.lists(st.integers(0, 3), min_size=1, max_size=6)
a_line = st.builds(
    lambda free, needed, starts: line(*free, needed=needed, starts=starts),
    free_numbers,
    st.integers(1, 4),
    st.sampled_from(["09:00", "09:30", "09:15", "10:00"]),
)
some_lines = st.lists(a_line, min_size=1, max_size=3)


@given(some_lines, st.sampled_from(["09:00", "09:15", "09:30", "10:00", "11:00"]))
def test_what_fits_takes_what_each_leg_needs_from_what_is_free_one_leg_after_the_other(lines, starts):
    legs = fit_visit(lines, at(starts))
    if legs is None:
        assert not any(_fits_by_hand(lines, order, at(starts)) for order in permutations(range(len(lines))))
        return
    assert sorted(leg.line for leg in legs) == list(range(len(lines)))
    ended_at = None
    for leg in legs:
        of_line = lines[leg.line]
        assert sum(numbers for _, numbers in leg.taken) == of_line.needed
        assert all(0 < numbers <= of_line.slots[index].free for index, numbers in leg.taken)
        indexes = [index for index, _ in leg.taken]
        assert indexes == list(range(indexes[0], indexes[0] + len(indexes)))
        begins = of_line.slots[indexes[0]].starts_at
        assert begins == at(starts) if ended_at is None else timedelta(0) <= begins - ended_at < MOST_WAIT
        ended_at = of_line.slots[indexes[-1]].ends_at


def _fits_by_hand(lines, order, begins):
    """The rule once more, as slowly and plainly as it can be said."""
    for number, which in enumerate(order):
        of_line, need = lines[which], lines[which].needed
        later = [slot for slot in of_line.slots if slot.starts_at >= begins]
        if not later or later[0].starts_at - begins >= (HALF_HOUR if number else timedelta(microseconds=1)):
            return False
        while need > 0:
            if not later or later[0].free == 0:
                return False
            need -= later[0].free
            begins = later.pop(0).ends_at
    return True


@given(some_lines)
def test_never_counts_more_visits_than_there_are_numbers(lines):
    together = visits_together(lines)
    assert all(together * each.needed <= sum(slot.free for slot in each.slots) for each in lines)
    assert together >= max(visits_by_start(lines).values(), default=0)


@given(some_lines)
def test_a_visit_that_is_counted_can_be_booked_and_lowers_the_count_by_one(lines):
    for begins, visits in visits_by_start(lines).items():
        legs = fit_visit(lines, begins)
        assert (legs is None) == (visits == 0)
        if legs is None:
            continue
        left = [list(each.slots) for each in lines]
        for leg in legs:
            for index, numbers in leg.taken:
                slot = left[leg.line][index]
                left[leg.line][index] = FreeSlot(slot.starts_at, slot.ends_at, slot.free - numbers)
        after = [LegLine(each.needed, rest) for each, rest in zip(lines, left, strict=True)]
        assert visits_by_start(after)[begins] == visits - 1


def test_a_leg_waits_for_its_turn_in_the_same_place_and_not_for_a_nearer_one_elsewhere():
    ten, minutes = at("10:00"), timedelta(minutes=1)
    first = LegLine(1, [FreeSlot(ten, ten + 30 * minutes, 1, "东岭村")])
    here = FreeSlot(ten + 30 * minutes, ten + 40 * minutes, 1)
    there = FreeSlot(ten + 40 * minutes, ten + 60 * minutes, 1, "东岭村")
    assert fit_visit([first, LegLine(1, [here])], ten) is None
    fitted = fit_visit([first, LegLine(1, [here, there])], ten)
    assert fitted is not None
    assert fitted[1].taken == ((1, 1),)
