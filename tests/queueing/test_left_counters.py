"""Counters that somebody left stay missing for the day; shared ones are busy for all their lines."""

import pytest

from queueing.capacity import Capacity, Opening
from queueing.counters import close_counter, open_counter, pause_counter, resume_counter
from queueing.loads import load_of
from queueing.promise import AtCounter, Load, busy_with
from queueing.queries import estimates
from queueing.shortfall import Staff, as_it_is, part_believed
from queueing.staffing import capacity_of
from queueing.today import today_of
from tests.build import at
from tests.queueing.hall_day import open_hall

A, B = 1, 2


def counters(day, clock, later, group=None):
    today = today_of(day.session, day.hall.id, now=at(clock))
    return capacity_of(day.session, today, (group or day.a).id, now=at(clock)).counters_at(at(later))


def leave(day, counter, clock):
    close_counter(day.session, day.counters[counter].id, actor=day.officers[counter], now=at(clock))


def test_a_counter_that_was_left_stays_missing_until_it_is_opened_again(session):
    day = open_hall(session, planned=2, seats=2)
    leave(day, 1, "10:02")
    assert counters(day, "10:05", "10:05") == 1
    assert counters(day, "10:05", "10:35") == 2  # may be back at once
    for clock, later in (("10:15", "10:35"), ("10:40", "16:00"), ("15:00", "16:59")):
        assert counters(day, clock, later) == 1
    open_counter(session, day.counters[1].id, actor=day.officers[1], now=at("15:01"))
    assert counters(day, "15:02", "16:00") == 2


def test_another_counter_that_is_opened_stands_in_for_it(session):
    day = open_hall(session, planned=2, seats=2)
    leave(day, 1, "10:00")
    assert counters(day, "11:00", "12:00") == 1
    day.seat(day.a, now=at("11:05"))
    assert counters(day, "11:06", "12:00") == 2


def test_a_pause_is_believed_to_end_unless_it_lasts(session):
    day = open_hall(session, planned=2, seats=2)
    pause = {"actor": day.officers[1]}
    pause_counter(session, day.counters[1].id, reason="meal", now=at("11:00"), **pause)
    assert counters(day, "11:20", "11:35") == 2
    assert counters(day, "11:35", "12:05") == 1
    resume_counter(session, day.counters[1].id, now=at("11:40"), **pause)
    assert counters(day, "11:41", "12:05") == 2
    pause_counter(session, day.counters[1].id, reason="equipment", now=at("12:00"), **pause)
    assert counters(day, "12:15", "13:00") == 1


def test_a_line_that_everybody_has_left_gives_no_numbers_and_is_not_over(session):
    day = open_hall(session, planned=1, seats=1)
    leave(day, 0, "10:00")
    today = today_of(session, day.hall.id, now=at("10:40"))
    capacity = capacity_of(session, today, day.a.id, now=at("10:40"))
    assert capacity.between(at("10:40"), at("17:00")) == 0
    assert capacity.closes_at == at("17:00")
    assert counters(day, "10:40", "12:00", day.b) == 1  # nobody has left there


def test_who_leaves_as_planned_is_not_missed():
    staff = Staff(seats=[[A]] * 5, left=[[A]] * 5)
    assert part_believed(A, staff, lambda _: 5.0) == 1
    assert part_believed(A, staff, lambda _: 10.0) == 0.5


def test_lines_that_share_counters_are_counted_together():
    both = Staff(seats=[[A], [A, B], [A, B]], left=[[A]])
    planned = {A: 3.0, B: 1.0}.__getitem__
    assert part_believed(A, both, planned) == part_believed(B, both, planned) == 0.75
    apart = Staff(seats=[[A], [A], [B]], left=[[A]])
    assert (part_believed(A, apart, planned), part_believed(B, apart, planned)) == (pytest.approx(2 / 3), 1)


def test_the_half_hour_that_runs_is_as_it_is():
    day = [Opening(at("09:00"), at("17:00"), 4.0)]
    found = Capacity(as_it_is(day, at("10:10"), until=at("10:30"), open_now=3, part=0.5))
    assert [found.counters_at(at(clock)) for clock in ("10:00", "10:20", "10:30")] == [4, 3, 2]


def test_a_shared_counter_that_serves_another_line_is_not_idle(session):
    day = open_hall(session, planned=1, seats=0)
    both = [day.seat(day.a, day.b, now=at("09:00")) for _ in range(2)]
    for counter in both:
        day.take(at("09:30"), day.b)
        assert day.call(at("09:31"), counter) is not None
    ticket = day.take(at("09:40"))
    now = at("09:41")
    today = today_of(session, day.hall.id, now=now)
    told = estimates(session, today, day.a.id, now=now)[ticket.id]
    assert told.expected_minutes > 0
    capacity = capacity_of(session, today, day.a.id, now=now)
    of_a, of_b = (load_of(session, today, each, now=now, capacity=capacity) for each in (day.a, day.b))
    assert of_a.busy == of_b.busy == 1  # two halves each: both counters once
    assert of_a.idle == 0


def test_an_idle_shared_counter_calls_at_once(session):
    day = open_hall(session, planned=1, seats=0)
    for _ in range(2):
        day.seat(day.a, day.b, now=at("09:00"))
    ticket = day.take(at("09:40"))
    today = today_of(session, day.hall.id, now=at("09:40"))
    assert estimates(session, today, day.a.id, now=at("09:40"))[ticket.id].expected_minutes == 0


def test_what_is_left_at_a_shared_counter_is_counted_once():
    busy, minutes = busy_with([AtCounter(), AtCounter(0.25, 40.0)], 10.0)
    assert (busy, minutes) == (1.25, 20.0)
    assert Load(10, 0, busy=busy, busy_minutes=minutes).residual_minutes == 10.0
    assert busy_with([AtCounter(), AtCounter()], 10.0) == (2.0, None)
