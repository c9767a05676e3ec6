import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booking.overbooking import chance_of_more_than, is_safe, numbers_to_offer


@pytest.mark.parametrize(
    ("quota", "reserve", "no_show", "offered"),
    [
        (17, 10, 0.12, 19),
        (17, 10, 0.20, 21),
        (9, 6, 0.12, 10),
        (9, 6, 0.20, 11),
        (5, 3, 0.12, 5),
        (5, 3, 0.20, 6),
    ],
)
def test_offers_as_many_as_the_written_examples(quota, reserve, no_show, offered):
    assert numbers_to_offer(quota, show_probability=1 - no_show, reserve=reserve) == offered


def test_a_whole_expectation_is_not_lost_to_rounding():
    assert numbers_to_offer(22, show_probability=0.88, reserve=20) == 25


def test_offers_the_quota_when_everybody_comes_and_no_more_than_a_quarter_above():
    assert numbers_to_offer(20, show_probability=1.0, reserve=10) == 20
    assert numbers_to_offer(20, show_probability=0.0, reserve=10) == 25
    assert numbers_to_offer(0, show_probability=0.5, reserve=10) == 0


def test_without_a_reserve_the_risk_decides():
    assert numbers_to_offer(5, show_probability=0.8, reserve=0) == 5


@given(st.integers(0, 40), st.floats(0, 1), st.integers(0, 30))
@settings(max_examples=100, deadline=None)
def test_what_is_offered_is_safe_and_one_more_would_not_be(quota, show, reserve):
    offered = numbers_to_offer(quota, show_probability=show, reserve=reserve)
    assert quota <= offered <= 1.25 * quota
    assert is_safe([show] * offered, quota=quota, reserve=reserve)
    assert not is_safe([show] * (offered + 1), quota=quota, reserve=reserve)


@given(st.integers(0, 25), st.floats(0.01, 0.99), st.integers(-1, 26))
@settings(max_examples=100, deadline=None)
def test_equal_chances_give_the_binomial_tail(people, show, limit):
    tail = sum(
        math.comb(people, n) * show**n * (1 - show) ** (people - n)
        for n in range(limit + 1, people + 1)
        if n >= 0
    )
    assert chance_of_more_than(limit, [show] * people) == pytest.approx(tail, abs=1e-9)


def test_personal_chances_count_each_for_themselves():
    assert chance_of_more_than(1, [0.5, 1.0]) == pytest.approx(0.5)
    assert chance_of_more_than(2, [0.9, 0.8, 0.5]) == pytest.approx(0.36)


def test_refuses_what_is_no_probability():
    with pytest.raises(ValueError, match="probability"):
        numbers_to_offer(5, show_probability=1.2, reserve=1)
