"""When a hold needs a proof, and what one is. Never in normal hours."""

from datetime import timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.ladder import releases_of
from booking.peak import BITS, holds_before_a_storm, is_solved, needs_proof, solve
from booking.policy import DEFAULT_POLICY, BookingPolicy
from halls.state_calendar import state_calendar
from tests.build import SHANGHAI, TODAY, at

CALENDAR = state_calendar(2026, 2026)
ON = TODAY + timedelta(days=9)  # a Wednesday; released on Monday 2 March 08:00, and twice later
RELEASES = releases_of(ON, calendar=CALENDAR, tz=SHANGHAI)
QUIET = BookingPolicy.from_mapping({"proof_after_release_minutes": 0, "proof_at_holds_per_second": 0})


def asked(moment, *, storm=False, policy=DEFAULT_POLICY):
    return needs_proof(RELEASES, storm=storm, now=moment, policy=policy)


def test_the_example_is_released_this_monday():
    assert at("08:00") in {each.release_at for each in RELEASES}


@pytest.mark.parametrize(
    ("time", "needed"),
    [("07:59", False), ("08:00", True), ("08:02", True), ("08:03", False), ("12:00", False)],
)
def test_asks_for_three_minutes_after_a_release(time, needed):
    assert asked(at(time)) is needed


def test_asks_in_a_storm_at_any_time():
    assert asked(at("12:00"), storm=True)


@pytest.mark.parametrize(("time", "storm"), [("08:00", False), ("12:00", True), ("08:00", True)])
def test_a_hall_can_turn_it_off(time, storm):
    assert not asked(at(time), storm=storm, policy=QUIET)


def test_a_hall_that_never_asks_counts_nothing():
    assert holds_before_a_storm(QUIET) is None
    assert holds_before_a_storm(DEFAULT_POLICY) == 100


@given(st.integers(min_value=0, max_value=24 * 60 - 1))
def test_asks_at_no_other_minute_of_the_day(minute):
    moment = at("00:00") + timedelta(minutes=minute)
    assert asked(moment) is (8 * 60 <= minute < 8 * 60 + 3)


def test_an_answer_has_that_many_leading_zero_bits():
    answer = solve("a challenge")
    assert sha256(f"a challenge:{answer}".encode()).digest()[:2] < b"\x00\x02"
    assert is_solved("a challenge", answer)
    assert not is_solved("another challenge", answer)


def test_the_work_is_some_ten_thousand_tries():
    tries = sum(int(solve(f"challenge {n}")) for n in range(12)) / 12
    assert 2**BITS / 4 < tries < 2**BITS * 4


@pytest.mark.parametrize("answer", ["", "-1", "1.0", "٣", "1" * 13, "abc", " 1"])
def test_other_shapes_are_no_answers(answer):
    assert not is_solved("c", answer, bits=0)
