"""Each sentence of the rule once as an example, then the rule as properties over random lines."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queueing.lineup import Lineup
from queueing.ordering import (
    POLICIES,
    Choice,
    Lane,
    RecentCall,
    Track,
    Waiting,
    classify,
    heads_of,
    lanes_of,
    next_from_heads,
    next_ticket,
)
from queueing.policy import DISCIPLINES, QueuePolicy
from queueing.reasons import Reason, ReasonCode

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
HALL = timezone(timedelta(hours=8))
MIXED = (RecentCall(Track.BOOKED), RecentCall(Track.WALK_IN))
GREENS = (RecentCall(Track.GREEN), RecentCall(Track.GREEN))


def at(minutes):
    return NINE + timedelta(minutes=minutes)


def ticket(number, track, due, issued, **more):
    return Waiting(number, f"A{number:03d}", track, at(due), at(issued), number, **more)


def booked(number, slot, issued=-20, **more):
    return ticket(number, Track.BOOKED, slot, issued, slot_starts_at=at(slot), **more)


def late(number, slot, issued):
    return ticket(number, Track.BOOKED, issued + 15, issued, slot_starts_at=at(slot), late=True)


def walk_in(number, promised, issued, **more):
    return ticket(number, Track.WALK_IN, promised, issued, **more)


def green(number, issued, **more):
    return ticket(number, Track.GREEN, issued, issued, **more)


def standby(number, issued, **more):
    return ticket(number, Track.STANDBY, issued, issued, **more)


def who(waiting, recent=(), now=0):
    return next_ticket(waiting, recent, at(now))


def number_of(choice):
    return choice.ticket_id if choice else None


def serve_all(waiting, now=0, *, recent=()):
    """Call everybody at one moment; return the ticket numbers in the order of the calls."""
    line, recent, called = list(waiting), list(recent), []
    while choice := who(line, recent, now):
        chosen = next(t for t in line if t.ticket_id == choice.ticket_id)
        line.remove(chosen)
        recent.insert(0, RecentCall(chosen.track, chosen.returned_at is not None))
        line = [replace(t, calls_to_wait=max(0, t.calls_to_wait - 1)) for t in line]
        called.append(chosen.ticket_id)
    return called


class TestEachSentence:
    def test_nobody_is_next_in_an_empty_line(self):
        assert who([]) is None

    def test_a_booked_person_is_due_from_the_slot_on(self):
        line = [walk_in(1, promised=50, issued=-30), booked(2, slot=0)]
        assert who(line) == Choice(2, Reason(ReasonCode.DUE_BOOKED, at(0)))
        assert number_of(who(line, now=-1)) == 1

    def test_early_booked_people_do_not_jump(self):
        line = [booked(1, slot=10, issued=-20), walk_in(2, promised=40, issued=-1), late(3, -40, issued=-2)]
        assert serve_all(line) == [3, 2, 1]

    def test_early_booked_people_are_called_when_nobody_else_waits_first_slot_first(self):
        line = [booked(1, slot=30, issued=-30), booked(2, slot=20, issued=-5)]
        assert who(line) == Choice(2, Reason(ReasonCode.EARLY_BOOKED, at(20)))

    def test_a_walk_in_stands_equal_once_the_promised_time_has_come(self):
        line = [booked(1, slot=-5), walk_in(2, promised=-6, issued=-60)]
        assert who(line) == Choice(2, Reason(ReasonCode.DUE_WALK_IN, at(-6)))
        assert number_of(who([booked(1, slot=-7), line[1]])) == 1

    def test_a_late_person_stands_equal_fifteen_minutes_after_the_check_in(self):
        line = [late(1, slot=-60, issued=-16), booked(2, slot=0)]
        assert who(line) == Choice(1, Reason(ReasonCode.DUE_LATE, at(-1)))
        assert number_of(who([late(1, slot=-60, issued=-14), booked(2, slot=0)])) == 2

    def test_ties_go_to_booked_then_walk_in_then_late(self):
        line = [late(1, slot=-60, issued=-15), walk_in(2, promised=0, issued=-20), booked(3, slot=0)]
        assert serve_all(line) == [3, 2, 1]

    def test_equal_keys_of_one_track_go_by_issue_time_then_number(self):
        line = [booked(1, 0, issued=-4), booked(2, 0, issued=-9), booked(4, 0, issued=-5), booked(3, 0, -5)]
        assert serve_all(line) == [2, 3, 4, 1]

    def test_walk_ins_and_late_people_who_are_not_due_go_by_issue_time(self):
        line = [walk_in(1, 30, issued=-3), late(2, -30, issued=-6), walk_in(3, 25, issued=-10)]
        assert serve_all(line) == [3, 2, 1]
        assert who(line).reason == Reason(ReasonCode.WALK_IN, at(-10))

    def test_green_goes_before_all_but_returns(self):
        line = [booked(1, 0), green(2, issued=-1), walk_in(3, 0, -40, returned_at=at(-1))]
        assert serve_all(line) == [3, 2, 1]

    def test_green_is_first_come_first_served(self):
        assert serve_all([green(1, issued=-1), green(2, issued=-8)]) == [2, 1]

    def test_green_goes_at_most_twice_in_a_row_while_others_wait(self):
        line = [green(n, issued=-10) for n in (1, 2, 3, 4, 5)] + [walk_in(6, 30, -3), booked(7, 20)]
        assert serve_all(line) == [1, 2, 6, 3, 4, 7, 5]

    def test_green_goes_on_when_nobody_else_can_be_called(self):
        held = walk_in(2, promised=-10, issued=-60, calls_to_wait=3)
        assert number_of(who([green(1, issued=-1)], GREENS)) == 1
        assert number_of(who([green(1, issued=-1), held], GREENS)) == 1

    def test_a_return_goes_first_at_the_next_call(self):
        line = [booked(1, -10), walk_in(2, promised=40, issued=-5, returned_at=at(0)), green(3, -3)]
        assert who(line) == Choice(2, Reason(ReasonCode.RETURNED))

    def test_returns_go_first_in_at_most_one_call_of_three(self):
        returned = [walk_in(n, promised=40 + n, issued=-3, returned_at=at(0)) for n in (1, 2, 3)]
        line = [*returned, *(booked(n, slot=-n) for n in (4, 5, 6, 7))]
        assert serve_all(line) == [1, 7, 6, 2, 5, 4, 3]

    def test_a_return_beyond_its_share_keeps_its_first_key(self):
        again = walk_in(1, promised=-30, issued=-90, returned_at=at(0))
        line = [again, booked(2, slot=-20), booked(3, slot=-40)]
        recent = (RecentCall(Track.WALK_IN, was_return=True),)
        assert who(line, recent).ticket_id == 3
        assert who([again, booked(2, slot=-20)], recent) == Choice(1, Reason(ReasonCode.DUE_WALK_IN, at(-30)))

    def test_returns_are_called_one_after_the_other_when_nobody_else_waits(self):
        line = [walk_in(n, promised=40 + n, issued=-3, returned_at=at(0)) for n in (2, 1, 3)]
        assert serve_all(line) == [1, 2, 3]

    def test_a_green_return_keeps_to_the_green_stream(self):
        line = [green(1, issued=-30, returned_at=at(0)), green(2, issued=-9), booked(3, -5)]
        assert number_of(who(line)) == 1
        assert number_of(who(line, GREENS)) == 3

    def test_standby_waits_for_what_others_leave(self):
        line = [standby(1, issued=-60), booked(2, slot=25), walk_in(3, promised=90, issued=-1)]
        assert serve_all(line) == [3, 2, 1]

    def test_a_reinserted_ticket_lets_three_calls_pass_and_then_has_its_first_key(self):
        missed = booked(1, slot=-30, calls_to_wait=3)
        assert serve_all([missed, *(booked(n, slot=-10) for n in (2, 3, 4, 5))]) == [2, 3, 4, 1, 5]

    def test_a_reinserted_ticket_is_called_rather_than_a_counter_left_idle(self):
        line = [booked(1, slot=-30, calls_to_wait=3), booked(2, slot=-10, calls_to_wait=2)]
        assert who(line) == Choice(2, Reason(ReasonCode.HELD_BACK))


def test_a_reason_reads_in_one_line_in_both_languages():
    reason = Reason(ReasonCode.DUE_BOOKED, datetime(2026, 3, 2, 2, tzinfo=UTC))
    assert reason.text("zh", HALL) == "到点预约 10:00"
    assert reason.text("en_GB", HALL) == "Booked for 10:00, now due"


@pytest.mark.parametrize("code", list(ReasonCode))
def test_every_reason_has_both_texts_and_survives_storage(code):
    for reason in (Reason(code, NINE), Reason(code)):
        assert reason.text("zh", HALL) != reason.text("en", HALL)
        assert Reason.from_data(reason.as_data()) == reason


def test_the_other_policies_order_by_their_own_idea():
    line = [booked(1, slot=10, issued=-8), walk_in(2, 60, issued=-30), booked(3, slot=-4, issued=-2)]
    firsts = {name: POLICIES[name](line, (), NINE).ticket_id for name in DISCIPLINES}
    assert firsts == {"promise": 3, "fifo": 2, "strict": 3, "accumulating": 2}
    assert number_of(POLICIES["strict"](line[:2], (), NINE)) == 1
    assert number_of(POLICIES["accumulating"](line[:1], (), NINE)) == 1
    assert number_of(POLICIES["accumulating"]([line[1], booked(3, slot=-5)], (), NINE)) == 3


def test_the_hall_chooses_the_discipline():
    line = [booked(1, slot=10, issued=-8), walk_in(2, 60, issued=-30)]
    assert next_ticket(line, (), NINE, QueuePolicy(discipline="strict")).ticket_id == 1
    assert next_ticket(line, (), NINE, QueuePolicy(discipline="fifo")).ticket_id == 2


# Few distinct minutes, so that ties are common.
moments = st.integers(-6, 6).map(lambda step: at(5 * step))
tickets = st.builds(
    Waiting,
    ticket_id=st.just(0),
    label=st.just(""),
    track=st.sampled_from(Track),
    due_at=moments,
    issued_at=moments,
    ordinal=st.integers(1, 5),
    returned_at=st.none() | moments,
    calls_to_wait=st.sampled_from([0, 0, 0, 1, 3]),
)


@st.composite
def lines(draw):
    drawn = draw(st.lists(tickets, max_size=12))
    some_late = draw(st.lists(st.booleans(), min_size=len(drawn), max_size=len(drawn)))
    return [
        replace(each, ticket_id=number, late=is_late and each.track is Track.BOOKED)
        for number, (each, is_late) in enumerate(zip(drawn, some_late, strict=True))
    ]


calls = st.lists(st.builds(RecentCall, st.sampled_from(Track), st.booleans()), max_size=4)
rules = st.sampled_from(DISCIPLINES).map(POLICIES.__getitem__)


def rank(each):
    return 2 if each.late else {"booked": 0, "walk_in": 1, "green": 3, "standby": 4}[each.track]


def key(each):
    return (each.due_at, rank(each), each.issued_at, each.ordinal, each.ticket_id)


def issue(each):
    return (each.issued_at, each.ordinal, each.ticket_id)


def by_the_book(waiting, recent, now):
    """The rule read aloud, with whole lists instead of heads."""
    free = [t for t in waiting if not t.calls_to_wait]
    others = [t for t in free if t.track is not Track.GREEN]
    greens = [t for t in free if t.track is Track.GREEN]
    returned = [t for t in others if t.returned_at]
    if returned and not any(call.was_return for call in recent[:2]):
        return min(returned, key=key)
    if greens and not (others and len(recent) >= 2 and all(c.track is Track.GREEN for c in recent[:2])):
        return min(greens, key=issue)
    promised = [t for t in others if t.track is not Track.STANDBY]
    unbooked = [t for t in promised if t.track is Track.WALK_IN or t.late]
    due = [t for t in promised if t.due_at <= now]
    steps = [(due, key), (unbooked, issue), (promised, key), (others, issue)]
    steps.append((waiting, lambda t: (t.calls_to_wait, key(t))))
    return next((min(group, key=order) for group, order in steps if group), None)


@given(lines(), calls, moments)
def test_the_rule_is_the_rule_read_aloud(waiting, recent, now):
    expected = by_the_book(waiting, recent, now)
    assert number_of(next_ticket(waiting, recent, now)) == (None if expected is None else expected.ticket_id)


@given(rules, lines(), calls, moments)
def test_somebody_is_called_if_and_only_if_somebody_waits(rule, waiting, recent, now):
    choice = rule(waiting, recent, now)
    assert (choice is not None) == bool(waiting)
    assert choice is None or choice.ticket_id in {each.ticket_id for each in waiting}


@given(rules, lines(), calls, moments, st.randoms())
def test_the_answer_does_not_depend_on_the_order_of_the_rows(rule, waiting, recent, now, random):
    shuffled = list(waiting)
    random.shuffle(shuffled)
    assert rule(shuffled, recent, now) == rule(waiting, recent, now) == rule(waiting, recent, now)


@given(rules, lines(), calls, moments, st.data())
def test_the_heads_of_the_lanes_and_any_rows_beside_them_give_the_same_answer(
    rule, waiting, recent, now, data
):
    heads = list(heads_of(waiting).values())
    beside = data.draw(st.lists(st.sampled_from(waiting), max_size=4)) if waiting else []
    assert rule(heads + beside, recent, now) == rule(waiting, recent, now)
    assert next_from_heads(heads_of(waiting), recent, now) == next_ticket(waiting, recent, now)


@given(lines(), lines(), calls, moments)
def test_heads_of_two_groups_together_answer_for_a_counter_that_serves_both(one, other, recent, now):
    other = [replace(each, ticket_id=each.ticket_id + 100) for each in other]
    heads = [*heads_of(one).values(), *heads_of(other).values()]
    assert next_ticket(heads, recent, now) == next_ticket(one + other, recent, now)


@given(lines(), moments)
def test_everybody_is_called_once_and_no_limit_is_passed_while_others_wait(waiting, now):
    minutes = (now - NINE) / timedelta(minutes=1)
    order = serve_all(waiting, now=minutes)
    assert sorted(order) == sorted(each.ticket_id for each in waiting)
    tracks = {each.ticket_id: each.track for each in waiting}
    for first in range(len(order) - 3):
        run, rest = order[first : first + 3], order[first + 3 :]
        held = {each.ticket_id for each in waiting if each.calls_to_wait}
        if all(tracks[number] is Track.GREEN for number in run):
            assert all(tracks[number] is Track.GREEN or number in held for number in rest)


@given(lines(), moments)
def test_a_ticket_that_is_not_held_stands_where_classify_says(waiting, now):
    for each in waiting:
        code = classify(each, now)
        alone = next_ticket([replace(each, returned_at=None)], (), now)
        assert alone.reason.code is code
        assert (code is ReasonCode.HELD_BACK) == (lanes_of(each) == (Lane.HELD,))


@given(st.data())
def test_the_line_in_memory_has_the_same_heads_after_any_changes(data):
    line, plain, next_id = Lineup(), {}, 0
    for _ in range(data.draw(st.integers(1, 25))):
        what = data.draw(st.sampled_from(["add", "add", "remove", "come_back", "call"]))
        if what == "add":
            next_id += 1
            plain[next_id] = replace(data.draw(tickets), ticket_id=next_id)
            line.add(plain[next_id])
        elif what == "call":
            line.count_call()
            plain = {n: replace(t, calls_to_wait=max(0, t.calls_to_wait - 1)) for n, t in plain.items()}
        elif plain:
            gone = data.draw(st.sampled_from(sorted(plain)))
            removed = line.remove(gone)
            left = plain.pop(gone)
            if what == "come_back":
                plain[gone] = left
                line.add(removed if not removed.calls_to_wait else left)
        assert len(line) == len(plain)
        assert line.heads() == heads_of(plain.values())
