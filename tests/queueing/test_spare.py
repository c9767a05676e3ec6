"""Counters that could be opened: no counter is counted for two lines, nor while a plan uses it."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from queueing.capacity import Capacity, Opening
from queueing.spare import SpareCounters

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
A, B, C = 1, 2, 3


def at(minutes):
    return NINE + timedelta(minutes=minutes)


def plan(*counters, each=60):
    """So many counters in the first hour, in the second, …"""
    return Capacity([Opening(at(i * each), at((i + 1) * each), n) for i, n in enumerate(counters)])


def hall(skills, **plans):
    capacities = {{"a": A, "b": B, "c": C}[name]: capacity for name, capacity in plans.items()}
    return SpareCounters(map(frozenset, skills), capacities)


def spare(of, line, minute=0):
    return of.of(line, now=at(minute), ready_at=at(minute + 10))


def test_counters_that_another_line_needs_are_not_spare():
    full = hall([{A, B}] * 4, a=plan(2), b=plan(2))
    assert (spare(full, A), spare(full, B)) == (0, 0)


def test_one_spare_counter_is_offered_to_one_line():
    shared = hall([{A, B}] * 5, a=plan(2), b=plan(2))
    assert (spare(shared, A), spare(shared, B)) == (1, 1)
    shared.offer(A, 1)
    assert (spare(shared, A), spare(shared, B)) == (0, 0)
    shared.offer(A, 0)
    assert spare(shared, B) == 1


def test_a_line_moves_to_counters_of_its_own_to_make_room():
    assert spare(hall([{A, B}] * 2 + [{B}] * 8, a=plan(1), b=plan(8)), A) == 1
    assert spare(hall([{A, B}, {B, C}, {C}], a=plan(0), b=plan(1), c=plan(1)), A) == 0  # A is shut
    assert spare(hall([{A, B}, {A, B}, {B, C}, {C}], a=plan(1), b=plan(1), c=plan(1)), A) == 1


def test_who_has_too_few_counters_takes_none_of_others():
    assert spare(hall([{A}] * 3 + [{B}] * 2, a=plan(1), b=plan(5)), A) == 2


def test_shares_of_a_counter_use_one_counter():
    assert spare(hall([{A, B}] * 2, a=plan(0.5), b=plan(0.5)), A) == 1


def test_a_counter_must_be_free_until_the_line_closes():
    lunch = hall([{A}] * 4, a=plan(4, 2, 4))
    assert spare(lunch, A, minute=70) == 0
    assert spare(hall([{A, B}] * 4, a=plan(1, 1, 1), b=plan(1, 3, 1)), A) == 0
    assert spare(hall([{A, B}] * 4, a=plan(1, 1), b=plan(1, 1, 3)), A) == 2


kinds = st.lists(st.sets(st.sampled_from([A, B, C]), min_size=1), max_size=8)


@given(kinds, *[st.integers(0, 4)] * 3)
def test_what_is_spare_fits_beside_every_plan(skills, a, b, c):
    plans = {A: a + 1, B: b, C: c}
    of = hall(skills, a=plan(a + 1), b=plan(b), c=plan(c))
    found = spare(of, A)
    assert 0 <= found <= sum(A in each for each in skills)
    sets = [{A}, {B}, {C}, {A, B}, {A, C}, {B, C}, {A, B, C}]

    def fits(more):  # Hall's condition
        return all(
            sum(plans[line] + (more if line == A else 0) for line in some)
            <= sum(bool(s & some) for s in skills)
            for some in sets
        )

    if fits(0):
        assert fits(found)
        assert not fits(found + 1)
