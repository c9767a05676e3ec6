"""The checker of histories finds what it is there to find."""

import pytest

from tests.booking_history import NEVER, Final, TakenAway, Told, violations
from tests.build import at

A = Told("book", "a", 0, 1, (1,))
B_AFTER = Told("book", "b", 4, 5, (1,))
CANCEL_A = Told("cancel", "a", 2, 3)


def check(told, numbers, states):
    return violations(told, Final(numbers, states), numbers=[1, 2], needed={"a": 1, "b": 1})


def test_a_number_that_was_given_back_may_be_given_again():
    assert check([A, CANCEL_A, B_AFTER], {1: "b", 2: None}, {"a": "cancelled", "b": "booked"}) == []


def test_steps_that_overlap_in_time_may_have_happened_in_either_order():
    early = Told("book", "b", 2, 2.5, (1,))
    assert (
        check([A, Told("cancel", "a", 2, 3), early], {1: "b", 2: None}, {"a": "cancelled", "b": "booked"})
        == []
    )


@pytest.mark.parametrize(
    ("told", "numbers", "states", "finding"),
    [
        ([A, Told("book", "b", 2, 3, (1,))], {1: "b", 2: None}, {"a": "booked", "b": "booked"}, "at once"),
        ([A], {1: None, 2: None}, {"a": "booked"}, "has 0 numbers"),
        ([A], {1: "a"}, {"a": "booked"}, "number 2 is lost"),
        ([A], {1: "a", 2: None, 3: None}, {"a": "booked"}, "from nothing"),
        ([A], {1: "a", 2: None}, {}, "is None in the rows"),
        ([], {1: "b", 2: None}, {"b": "booked"}, "nobody was told"),
        ([A, CANCEL_A], {1: "a", 2: None}, {"a": "cancelled"}, "which is cancelled"),
        ([Told("book", "a", 0, 1, ())], {1: "a", 2: None}, {"a": "booked"}, "needs 1"),
        ([A, CANCEL_A], {1: None, 2: None}, {"a": "booked"}, "cancelled was told: True"),
    ],
)
def test_it_finds(told, numbers, states, finding):
    assert any(finding in each for each in check(told, numbers, states))


def test_it_finds_a_number_held_by_two():
    held = [Told("hold", "t", 0, 1, (1,)), Told("hold", "u", 2, 3, (1,))]
    assert check(held, {1: None, 2: None}, {}) == ["number 1 was t's and u's at once"]


def test_a_hold_that_was_let_go_may_be_somebody_elses():
    held = [Told("hold", "t", 0, 1, (1,)), Told("let_go", "t", 1.5, 1.5), Told("hold", "u", 2, 3, (1,))]
    assert check(held, {1: None, 2: None}, {}) == []


KEPT = Told("keep", "a", 2, 3, (1,), at("09:00"), at("09:02"))


def test_a_cancellation_that_was_taken_back_never_was():
    undone = Told("undo", "a", 6, 7, (1,), at("09:01"))
    assert check([A, KEPT, undone], {1: "a", 2: None}, {"a": "booked"}) == []
    assert check([A, KEPT], {1: None, 2: None}, {"a": "cancelled"}) == []


def test_what_may_be_taken_back_is_nobody_elses_until_it_is_too_late_by_their_clock():
    states = {"a": "cancelled", "b": "booked"}
    early, late = (Told("book", "b", 4, 5, (1,), at(clock)) for clock in ("09:01", "09:02"))
    assert check([A, KEPT, early], {1: "b", 2: None}, states) == ["number 1 was a's and b's at once"]
    assert check([A, KEPT, late], {1: "b", 2: None}, states) == []


def test_nothing_goes_on_after_its_end():
    undone = Told("undo", "a", 6, 7, (1,))
    assert check([A, CANCEL_A, undone], {1: "a", 2: None}, {"a": "booked"}) == [
        "visit a: goes on after its end"
    ]


NINE, TEN, ELEVEN = at("09:00"), at("10:00"), at("11:00")


@pytest.mark.parametrize(("clock", "found"), [(NINE, 1), (TEN, 0), (ELEVEN, 0)])
@pytest.mark.parametrize("step", ["hold", "book"])
def test_a_hold_is_its_owners_until_it_runs_out_by_the_clock_of_the_other(clock, found, step):
    held = [Told("hold", "t", 0, 1, (1,), NINE, TEN), Told(step, "b", 2, 3, (1,), clock, NEVER)]
    states = {"b": "booked"} if step == "book" else {}
    rows = {1: "b" if states else None, 2: None}
    assert len(check(held, rows, states)) == found


def test_a_hold_is_certain_until_the_hall_begins_to_take_numbers_away():
    held = [Told("hold", "t", 0, 1, (1,)), Told("hold", "u", 4, 5, (1,))]
    rows = Final({1: None, 2: None}, {})
    for span, found in (((2, 3), 0), ((0, 0.5), 0), ((6, 7), 1)):
        seen = violations(held, rows, numbers=[1, 2], needed={}, taken_away=[TakenAway(*span)])
        assert len(seen) == found, span


@pytest.mark.parametrize(("clock", "found"), [(NINE, 1), (TEN, 0), (ELEVEN, 0)])
def test_a_hold_that_ran_out_for_who_offers_numbers_is_certain_no_longer_for_anybody(clock, found):
    held = [Told("hold", "t", 0, 1, (1,), NINE, TEN), Told("hold", "u", 4, 5, (1,), NINE, TEN)]
    rows, offered = Final({1: None, 2: None}, {}), TakenAway(2, 3, clock)
    assert len(violations(held, rows, numbers=[1, 2], needed={}, taken_away=[offered])) == found


@pytest.mark.parametrize(("clock", "found"), [(NINE, 2), (TEN, 0), (ELEVEN, 0)])
def test_what_somebody_late_has_taken_and_let_go_may_be_anybodys(clock, found):
    late = [Told("hold", "u", 2, 3, (1,), clock, NEVER), Told("let_go", "u", 4, 4)]
    told = [Told("hold", "t", 0, 1, (1,), NINE, TEN), *late, Told("hold", "v", 5, 6, (1,), NINE, TEN)]
    assert len(check(told, {1: None, 2: None}, {})) == found


def test_it_finds_a_hold_that_has_lost_a_number_by_the_time_it_is_acknowledged():
    found = violations(
        [Told("hold", "t", 0, 1, ())], Final({1: None, 2: None}, {}), numbers=[1, 2], needed={"t": 1}
    )
    assert found == ["hold t: has (), needs 1"]
