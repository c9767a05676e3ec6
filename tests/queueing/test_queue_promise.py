"""Open counter time, the promised call time, admission and estimates."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queueing.admission import Ground, admit, needed_minutes
from queueing.capacity import Capacity, Opening
from queueing.estimate import Fitted, estimate
from queueing.ordering import Track, Waiting
from queueing.policy import QueuePolicy
from queueing.promise import Expected, Load, latest_call, promise_at_close, promised_call

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
WHOLE = QueuePolicy(promise_efficiency=1.0, admission_efficiency=1.0)
#: Waits as the roll gives them.
UNCORRECTED = Fitted(long_share=0.0)


def at(minutes):
    return NINE + timedelta(minutes=minutes)


def minutes(moment):
    return (moment - NINE) / timedelta(minutes=1)


def day(*openings):
    return Capacity([Opening(at(a), at(b), counters) for a, b, counters in openings])


FULL = day((0, 480, 4))
LUNCH = day((0, 180, 4), (180, 270, 2), (270, 480, 4))


class TestCapacity:
    def test_counts_open_counter_minutes(self):
        assert LUNCH.between(at(170), at(190)) == 60
        assert LUNCH.between(at(-60), at(999)) == 180 * 4 + 90 * 2 + 210 * 4
        assert LUNCH.between(at(20), at(10)) == 0

    def test_openings_add_up_and_shares_do_too(self):
        shared = day((0, 60, 0.5), (30, 90, 0.25), (10, 20, 0), (50, 40, 3))
        assert [shared.counters_at(at(m)) for m in (-1, 0, 30, 60, 90)] == [0, 0.5, 0.75, 0.25, 0]
        assert (shared.opens_at, shared.closes_at) == (at(0), at(90))

    def test_says_when_work_is_done_across_a_break(self):
        broken = day((0, 60, 1), (120, 180, 1))
        assert broken.reached_at(at(0), 60) == at(60)
        assert broken.reached_at(at(0), 61) == at(121)
        assert broken.reached_at(at(-30), 10) == at(10)
        assert broken.reached_at(at(90), 0) == at(90)
        assert broken.reached_at(at(0), 121) is None
        assert broken.reached_at(at(200), 1) is None

    def test_says_from_when_a_counter_is_open(self):
        broken = day((0, 60, 1), (120, 180, 1))
        asked = {m: broken.open_from(at(m)) for m in (-5, 30, 60, 120, 180)}
        assert asked == {-5: at(0), 30: at(30), 60: at(120), 120: at(120), 180: None}

    def test_a_closed_day_has_nothing(self):
        closed = Capacity([])
        assert closed.opens_at is closed.closes_at is None
        assert closed.between(at(0), at(100)) == closed.counters_at(at(0)) == 0
        assert closed.reached_at(at(0), 1) is closed.open_from(at(0)) is None

    @given(
        st.lists(
            st.tuples(st.integers(0, 50), st.integers(1, 50), st.sampled_from([0.1, 0.3, 1, 2])), max_size=6
        ),
        st.integers(-10, 120),
        st.floats(0.01, 200),
    )
    def test_the_moment_reached_is_the_first_with_so_much_work(self, openings, start, work):
        capacity = day(*((a, a + length, counters) for a, length, counters in openings))
        reached = capacity.reached_at(at(start), work)
        if reached is None:
            assert capacity.between(at(start), at(500)) < work + 1e-6
        else:
            assert capacity.between(at(start), reached) == pytest.approx(work, abs=1e-5)
            before = reached - timedelta(milliseconds=1)
            assert capacity.between(at(start), before) < work


def load(waiting=0, **more):
    return Load(**{"service_minutes": 10.0, "waiting": waiting} | more)


class TestPromise:
    def test_follows_the_formula_by_hand(self):
        # 4 counters, η 1: 10·(11+1) + ½·10·4 = 140 minutes of work take 35 minutes; minus one service.
        assert latest_call(FULL, load(11, busy=4), at(0), WHOLE) == at(25)
        assert latest_call(FULL, load(11, busy=4), at(0)) == pytest.approx(
            at(140 / 0.88 / 4 - 10), abs=_MICRO
        )

    def test_is_never_sooner_than_twenty_minutes(self):
        assert latest_call(FULL, load(), at(0)) < at(0)
        assert promised_call(FULL, load(), at(3), previous=None) == at(23)

    def test_never_goes_back(self):
        assert promised_call(FULL, load(), at(3), previous=at(55)) == at(55)

    def test_makes_room_for_booked_people_who_will_come_before(self):
        expected = [Expected(at(30), 8), Expected(at(60), 8)]
        # 120 + 8·0.5·10 = 160 minutes at four counters: crossed at 40, between the two slots.
        promised = load(11, expected=expected, show_probability=0.5)
        assert latest_call(FULL, promised, at(0), WHOLE) == at(30)
        # Crossed exactly at the slot: those booked then count, for F is over (t, u].
        assert latest_call(FULL, load(11, expected=expected), at(0), WHOLE) == at(40)

    def test_booked_people_of_past_slots_do_not_count(self):
        past = [Expected(at(-5), 9), Expected(at(0), 9)]
        assert latest_call(FULL, load(11, expected=past), at(0), WHOLE) == at(20)

    def test_looks_through_lunch(self):
        assert latest_call(LUNCH, load(15), at(170), WHOLE) == at(170 + 10 + 60 - 10)

    def test_is_never_while_every_counter_is_closed(self):
        assert latest_call(FULL, load(), at(-55), WHOLE) == at(0)
        assert promised_call(FULL, load(), at(-55), previous=None) == at(0)
        pause = day((0, 120, 4), (180, 480, 4))
        # 120 minutes at four counters, of which 10 are left before the pause: 20 after it, minus one service.
        assert latest_call(pause, load(11), at(110), WHOLE) == at(190)
        assert latest_call(pause, load(4), at(110), WHOLE) == at(180)

    def test_is_none_when_the_day_is_too_short(self):
        assert promised_call(FULL, load(200), at(0), previous=at(30)) is None
        assert promised_call(FULL, load(), at(475), previous=None) is not None
        assert promised_call(Capacity([]), load(), at(0), previous=None) is None

    def test_at_close_stands_after_everybody_else(self):
        assert promise_at_close(at(480), at(300), previous=at(400)) == at(480)
        assert promise_at_close(at(480), at(470), previous=at(495)) == at(495)
        assert promise_at_close(at(480), at(470), previous=None) == at(490)

    def test_is_the_whole_minute_that_the_ticket_shows(self):
        promised = promised_call(FULL, load(30), at(0.3), previous=None)
        exact = latest_call(FULL, load(30), at(0.3))
        assert promised == at(ceil(minutes(exact)))


_MICRO = timedelta(milliseconds=1)

expecteds = st.lists(
    st.builds(Expected, st.integers(0, 15).map(lambda s: at(30 * s)), st.integers(0, 6)), max_size=8
)
loads = st.builds(
    Load,
    service_minutes=st.sampled_from([3.0, 7.5, 11.0]),
    waiting=st.integers(0, 60),
    busy=st.integers(0, 4).map(float),
    expected=expecteds,
    show_probability=st.sampled_from([0.0, 0.8, 1.0]),
)


@given(loads, st.integers(-30, 470))
def test_the_latest_call_is_the_first_crossing_of_the_definition(todo, start):
    need = todo.service_minutes * (todo.waiting + 1) + todo.residual_minutes

    def spare(u):
        booked = todo.expected_between(at(start), u) * todo.show_probability * todo.service_minutes
        return 0.88 * LUNCH.between(at(start), u) - booked - need

    by_minutes = next((m for m in range(start, 481) if spare(at(m)) >= -1e-9), None)
    call_at = latest_call(LUNCH, todo, at(start))
    if call_at is None:
        assert by_minutes is None
        return
    crossing = minutes(call_at) + todo.service_minutes
    if start < 0 and call_at == at(0):  # the definition's lies before the opening
        assert any(spare(at(tenth / 10)) >= -1e-4 for tenth in range(int(10 * crossing) + 1))
        return
    assert spare(at(crossing)) >= -1e-4
    # Whole minutes can miss a crossing that a slot undoes before the minute is full, never find an earlier.
    assert by_minutes is None or crossing <= by_minutes + 1e-4
    assert all(spare(at(m)) < 0 for m in range(start, ceil(crossing - 1e-4)))


@given(st.lists(st.tuples(st.floats(0, 30), loads), max_size=15))
def test_promises_of_a_group_never_go_back(arrivals):
    now, previous, given_out = 0.0, None, []
    for gap, todo in arrivals:
        now += gap
        promised = promised_call(LUNCH, todo, at(now), previous=previous)
        if promised is not None:
            assert promised >= at(now + 20)
            given_out.append(promised)
            previous = promised
    assert given_out == sorted(given_out)


@given(loads, st.integers(0, 300))
def test_more_people_or_fewer_counters_never_make_the_call_sooner(todo, now):
    call_at = latest_call(FULL, todo, at(now))
    for harder in (
        latest_call(FULL, replace(todo, waiting=todo.waiting + 1), at(now)),
        latest_call(day((0, 480, 3)), todo, at(now)),
    ):
        assert harder is None or (call_at is not None and harder >= call_at)


class TestAdmission:
    def test_follows_the_formula_by_hand(self):
        todo = load(8, busy=2, expected=[Expected(at(450), 10)], show_probability=0.9)
        # n = 8 + 9 + 1 = 18; spread = √(0.49·18 + 0.09·10) = √9.72
        needed = 10 * 18 + 10 + 1.645 * 10 * 9.72**0.5
        decision = admit(FULL, todo, at(420))
        assert decision.needed_minutes == pytest.approx(needed)
        assert decision.available_minutes == pytest.approx(0.95 * 240)
        assert decision.ground is Ground.STOPPED
        assert not decision.admitted
        assert decision.short_minutes == pytest.approx(needed - 228)
        assert admit(FULL, todo, at(400)).ground is Ground.CAPACITY

    def test_never_refuses_accessibility_and_urgent_cases(self):
        assert admit(FULL, load(99), at(479), green=True).admitted
        assert admit(Capacity([]), load(), at(0), green=True).ground is Ground.GREEN

    def test_the_duty_officer_may_admit_anyone(self):
        assert admit(FULL, load(99), at(479), duty_officer=True).ground is Ground.DUTY_OFFICER

    def test_says_capacity_where_nobody_had_to_be_asked(self):
        decision = admit(FULL, load(), at(0), green=True, duty_officer=True)
        assert decision.ground is Ground.CAPACITY
        assert decision.short_minutes == 0

    @pytest.mark.parametrize("now", [480, 600])
    def test_stops_at_closing(self, now):
        assert admit(FULL, load(), at(now)).ground is Ground.STOPPED

    @given(loads, st.integers(0, 12))
    def test_more_work_needs_more_minutes(self, todo, expected):
        needed = needed_minutes(todo, expected=expected)
        assert needed_minutes(replace(todo, waiting=todo.waiting + 1), expected=expected) > needed
        assert needed_minutes(todo, expected=expected + 1) >= needed

    @given(loads, st.integers(0, 479))
    def test_who_is_admitted_by_capacity_can_be_promised_a_time(self, todo, now):
        if admit(FULL, todo, at(now), policy=WHOLE).ground is Ground.CAPACITY:
            assert latest_call(FULL, todo, at(now), WHOLE) is not None


def walk_in(number, promised, issued=-5):
    return Waiting(number, "", Track.WALK_IN, at(promised), at(issued), number)


def booked(number, slot):
    return Waiting(number, "", Track.BOOKED, at(slot), at(-10), number, slot_starts_at=at(slot))


def told(waiting, *, now=0, capacity=FULL, **more):
    return estimate(
        waiting, (), at(now), capacity=capacity, load=load(**more), policy=WHOLE, fitted=UNCORRECTED
    )


class TestEstimate:
    def test_nobody_waits(self):
        assert told([]) == {}

    def test_an_idle_counter_calls_at_once(self):
        answer = told([walk_in(1, 20)], busy=3)[1]
        assert (answer.people_ahead, answer.low_minutes, answer.high_minutes) == (0, 0, 2)
        assert answer.latest_at == at(20)

    def test_counts_the_work_ahead_at_the_open_counters(self):
        answers = told([walk_in(n, 60, issued=-30 + n) for n in range(1, 9)], busy=4)
        assert [answers[n].people_ahead for n in range(1, 9)] == list(range(8))
        assert [answers[n].expected_minutes for n in (1, 3, 8)] == [1, 6, 19]
        assert all(answer.latest_at == at(60) for answer in answers.values())

    def test_follows_the_rule_not_the_order_of_arrival(self):
        answers = told([walk_in(1, 60), booked(2, 0), booked(3, 90)], busy=4)
        assert [answers[n].people_ahead for n in (1, 2, 3)] == [1, 0, 2]

    def test_booked_people_who_are_still_to_come_make_the_wait_longer_but_are_not_people_ahead(self):
        line = [walk_in(n, 90, issued=-30 + n) for n in range(1, 9)]
        alone, with_booked = told(line, busy=4)[8], told(line, busy=4, expected=[Expected(at(5), 6)])[8]
        assert with_booked.people_ahead == alone.people_ahead == 7
        assert with_booked.expected_minutes == alone.expected_minutes + 15

    def test_a_promise_at_risk_is_told_and_the_latest_time_stays_honest(self):
        answer = told([walk_in(n, 25, issued=-30 + n) for n in range(1, 20)], busy=4)[19]
        assert answer.promise_at_risk
        assert answer.latest_at == at(answer.high_minutes) > at(25)

    def test_the_range_ends_at_the_promise_while_it_can_be_kept(self):
        answer = told([walk_in(n, 24, issued=-30 + n) for n in range(1, 10)], busy=4)[9]
        assert not answer.promise_at_risk
        assert at(answer.high_minutes) == answer.latest_at == at(24)

    def test_waits_for_opening_and_past_closing(self):
        assert told([walk_in(1, 20)], now=-30)[1].low_minutes == 30
        late = told([walk_in(n, 600) for n in (1, 2)], now=485, busy=1)
        assert [late[n].expected_minutes for n in (1, 2)] == [5, 15]
        assert told([walk_in(1, 600)], capacity=Capacity([]))[1].high_minutes > 0

    def test_answers_for_a_full_hall_quickly_enough_for_a_screen(self):
        line = [walk_in(n, 20 + n, issued=n - 400) for n in range(300)]
        answers = told(line, capacity=day((0, 480, 40)), busy=40, expected=[Expected(at(30), 60)])
        assert len(answers) == 300


@given(
    st.lists(
        st.tuples(st.sampled_from(Track), st.integers(-30, 90), st.integers(-60, 0), st.booleans()),
        max_size=12,
    ),
    loads,
    st.integers(-20, 490),
)
def test_everybody_is_told_a_range_and_a_latest_time(drawn, todo, now):
    line = [
        Waiting(n, "", track, at(now + due), at(now + issued), n, returned_at=at(now) if returned else None)
        for n, (track, due, issued, returned) in enumerate(drawn)
    ]
    answers = estimate(line, (), at(now), capacity=LUNCH, load=todo)
    assert answers.keys() == {each.ticket_id for each in line}
    assert sorted(answer.people_ahead for answer in answers.values()) == list(range(len(line)))
    for answer in answers.values():
        assert 0 <= answer.low_minutes < answer.high_minutes
        assert answer.low_minutes <= answer.expected_minutes <= answer.high_minutes
        assert answer.latest_at >= at(now)
