"""The checker of hall histories (tests/faults/hall_history.py) accepts what can be and finds what cannot."""

from tests.faults.hall_history import Done, Row, violations

FIRST, SECOND = 11, 12


def told(*steps):
    """(verb, began, ended, counter) of one ticket."""
    return [Done(1, "issue", 0, 1), *(Done(1, *step) for step in steps)]


def test_a_visit_told_in_order_is_possible():
    steps = [("call_next", 2, 3, FIRST), ("start_serving", 4, 5, FIRST), ("complete", 6, 7, FIRST)]
    assert violations(told(*steps), {1: Row("completed", (FIRST,))}) == []


def test_steps_that_overlap_may_have_come_in_either_order():
    """The answer to the call came late: the start was pressed and told before it."""
    steps = [("start_serving", 3, 4, FIRST), ("call_next", 2, 5, FIRST), ("complete", 6, 7, FIRST)]
    assert violations(told(*steps), {1: Row("completed", (FIRST,))}) == []


def test_finds_one_person_at_two_counters():
    steps = [("call_next", 2, 3, FIRST), ("call_next", 2, 3, SECOND), ("abandon", 8, 9, None)]
    assert violations(told(*steps), {1: Row("abandoned", (FIRST, SECOND))}) != []


def test_finds_two_ends_of_one_visit():
    steps = [("call_next", 2, 3, FIRST), ("mark_absent", 4, 6, FIRST), ("start_serving", 4, 6, FIRST)]
    (found,) = violations(told(*steps, ("close_day", 8, 9, None)), {1: Row("abandoned", (FIRST,))})
    assert "cannot follow" in found


def test_finds_a_step_of_another_counter():
    steps = [("call_next", 2, 3, FIRST), ("start_serving", 4, 5, SECOND), ("close_day", 6, 7, None)]
    assert violations(told(*steps), {1: Row("completed", (FIRST,))}) != []


def test_finds_who_is_lost_who_comes_from_nothing_and_who_never_ends():
    found = violations(told(), {2: Row("waiting", ())})
    assert found == [
        "ticket 1 was given and is lost",
        "ticket 2 comes from nothing",
        "ticket 2 ends as waiting",
    ]


def test_finds_a_call_that_nobody_wrote_down():
    steps = [("call_next", 2, 3, FIRST), ("close_day", 6, 7, None)]
    (found,) = violations(told(*steps), {1: Row("abandoned", ())})
    assert "was called to" in found


def test_finds_two_tickets_at_one_counter():
    mine = told(("call_next", 2, 3, FIRST), ("abandon", 8, 9, None))
    other = [
        Done(2, "issue", 0, 1),
        Done(2, "call_next", 4, 5, FIRST),
        Done(2, "mark_absent", 6, 7, FIRST),
        Done(2, "close_day", 10, 11),
    ]
    rows = {1: Row("abandoned", (FIRST,)), 2: Row("abandoned", (FIRST,))}
    assert violations([*mine, *other], rows) == [f"counter {FIRST} had tickets 1 and 2 at once"]
