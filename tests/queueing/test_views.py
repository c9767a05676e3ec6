from datetime import timedelta

import pytest

from queueing import serve
from queueing.board import CALLS_SHOWN, board
from queueing.check_in import CheckIn, check_in
from queueing.come_back import can_return_until
from queueing.errors import TakeNewNumber, TicketUnknown
from queueing.queries import find_ticket_of_appointment, get_ticket, ticket_view
from queueing.today import today_of
from tests import build
from tests.build import at
from tests.queueing.hall_day import KIOSK, open_hall


def go(day, verb, ticket, now, counter=0):
    return verb(day.session, ticket, actor=day.officers[counter], now=now)


def test_a_waiting_ticket_knows_who_is_ahead_a_range_and_the_latest_time(session):
    day = open_hall(session)
    tickets = [day.take(at("09:00")) for _ in range(5)]
    view = ticket_view(session, tickets[3], now=at("09:01"))
    assert (view.label, view.state, view.ahead) == ("A004", "waiting", 3)
    assert 0 <= view.low_min < view.high_min
    assert view.latest_at == tickets[3].promised_at
    assert (view.counter_number, view.promise_at_risk) == (None, False)
    assert (view.group_name_zh, view.group_name_en) == (day.a.name_zh, day.a.name_en)


def test_people_ahead_follow_the_rule_not_the_numbers(session):
    day = open_hall(session)
    walk_in = day.take(at("09:00"))
    day.take(at("09:05"), green_reason="elderly")
    assert ticket_view(session, walk_in, now=at("09:06")).ahead == 1


def test_a_called_ticket_knows_its_counter_and_no_minutes(session):
    day = open_hall(session)
    day.take(at("09:00"))
    ticket = day.call(at("09:05"))
    view = ticket_view(session, ticket, now=at("09:06"))
    assert (view.state, view.counter_number, view.called_at) == (
        "called",
        day.counters[0].number,
        at("09:05"),
    )
    assert (view.ahead, view.low_min, view.high_min) == (None, None, None)


def test_a_ticket_of_yesterday_has_no_estimate(session):
    day = open_hall(session)
    ticket = day.take(at("09:00"))
    assert ticket_view(session, ticket, now=at("09:00") + timedelta(days=1)).ahead is None


@pytest.mark.parametrize("reference", ["", "nobody", "\x00", "' OR 1=1 --", "号" * 500])
def test_an_unknown_reference_finds_nothing(session, reference):
    with pytest.raises(TicketUnknown):
        get_ticket(session, reference)


def test_the_ticket_of_a_booking_is_found_unless_it_was_given_up(session):
    day = open_hall(session)
    ticket = build.make_ticket(session, day.a, 1, appointment_id=77)
    assert find_ticket_of_appointment(session, 77) is ticket
    ticket.state = "abandoned"
    session.flush()
    assert find_ticket_of_appointment(session, 77) is None


def test_the_board_shows_the_newest_calls_first_and_who_waits(session):
    day = open_hall(session, seats=2)
    for group in (day.a, day.a, day.a, day.b):
        day.take(at("09:00"), group)
    day.call(at("09:05"), 0)
    day.call(at("09:06"), 1)
    shown = board(session, day.hall.id, now=at("09:07"))
    assert [call.label for call in shown.calls] == ["A002", "A001"]
    assert [call.counter_number for call in shown.calls] == [day.counters[1].number, day.counters[0].number]
    assert [(line.letter, line.count) for line in shown.waiting] == [("A", 1), ("B", 1)]
    assert not any(call.serving or call.booked for call in shown.calls)


def test_a_recall_comes_to_the_top_and_changes_the_version(session):
    day = open_hall(session, seats=2)
    for _ in range(2):
        day.take(at("09:00"))
    first = day.call(at("09:05"), 0)
    day.call(at("09:06"), 1)
    before = board(session, day.hall.id, now=at("09:07"))
    assert board(session, day.hall.id, now=at("09:08")).version == before.version
    go(day, serve.recall, first, at("09:08"))
    after = board(session, day.hall.id, now=at("09:08"))
    assert [call.label for call in after.calls] == ["A001", "A002"]
    assert after.calls[0].last_called_at == at("09:08")
    assert after.version != before.version


def test_the_board_forgets_calls_that_were_taken_back_and_shows_each_ticket_once(session):
    day = open_hall(session)
    day.take(at("09:00"))
    ticket = day.call(at("09:05"))
    go(day, serve.undo_call, ticket, at("09:06"))
    assert board(session, day.hall.id, now=at("09:06")).calls == []
    day.call(at("09:07"))
    calls = board(session, day.hall.id, now=at("09:08")).calls
    assert [(call.label, call.called_at) for call in calls] == [("A001", at("09:07"))]


def test_the_board_keeps_seven_and_never_drops_who_is_still_called(session):
    day = open_hall(session, planned=5, seats=1)
    for _ in range(20):
        day.take(at("09:00"))
    day.seat(day.a, now=at("09:00"))
    waiting_at_one = day.call(at("09:01"), 1)
    for minute in range(2, 14):
        ticket = day.call(at("09:00") + timedelta(minutes=minute))
        go(day, serve.start_serving, ticket, at("09:00") + timedelta(minutes=minute))
        go(day, serve.complete, ticket, at("09:00") + timedelta(minutes=minute))
    shown = board(session, day.hall.id, now=at("09:15")).calls
    assert len(shown) == CALLS_SHOWN
    assert waiting_at_one.label in {call.label for call in shown}


def test_the_board_marks_bookings_and_holds_nothing_personal(session):
    day = open_hall(session)
    slot = build.make_slot(session, day.a, at("09:30"))
    appointment = build.make_appointment(session, slot)
    build.make_ticket(session, day.a, 1, track="booked", due_at=at("09:30"), appointment_id=appointment.id)
    day.call(at("09:30"))
    shown = board(session, day.hall.id, now=at("09:31"))
    assert shown.calls[0].booked
    assert "张三" not in repr(shown.calls)


def test_the_board_keeps_every_call_that_nobody_answered_yet(session):
    day = open_hall(session, planned=12, seats=CALLS_SHOWN + 4)
    labels = [day.take(at("09:00")).label for _ in range(CALLS_SHOWN + 4)]
    tickets = [day.call(at("09:01"), counter) for counter in range(CALLS_SHOWN + 4)]
    shown = board(session, day.hall.id, now=at("09:02")).calls
    assert {call.label for call in shown} == set(labels)
    assert all(call.is_open for call in shown)
    for ticket, officer in zip(tickets, day.officers, strict=True):
        serve.start_serving(session, ticket, actor=officer, now=at("09:02"))
    assert len(board(session, day.hall.id, now=at("09:03")).calls) == CALLS_SHOWN


def test_who_was_sent_to_a_room_stays_on_the_board_while_they_walk_there(session):
    day = open_hall(session, planned=5, seats=1)
    for _ in range(3 * CALLS_SHOWN):
        day.take(at("09:00"))
    sent = day.call(at("09:01"))
    go(day, serve.start_serving, sent, at("09:01"))
    serve.park(session, sent, actor=day.officers[0], now=at("09:02"), room="照相室")
    for _ in range(2 * CALLS_SHOWN + 2):
        ticket = day.call(at("09:03"))
        go(day, serve.mark_absent, ticket, at("09:03"))
    serve.resume(session, sent, actor=day.officers[0], now=at("09:04"))
    serve.park(session, sent, actor=day.officers[0], now=at("09:05"), room="照相室")
    walking = board(session, day.hall.id, now=at("09:06")).calls
    assert [(call.label, call.room) for call in walking if call.is_open] == [(sent.label, "照相室")]
    assert not any(call.is_open for call in board(session, day.hall.id, now=at("09:09")).calls)


def test_a_standby_is_told_no_latest_time_as_nobody_promised_one(session):
    day = open_hall(session)
    standby = day.take(at("09:00"), track="standby")
    view = ticket_view(session, standby, now=at("09:01"))
    assert (view.state, view.track, view.latest_at) == ("waiting", "standby", None)


def test_who_missed_the_call_can_come_back_for_as_long_as_the_rule_takes_them(session):
    day = open_hall(session)
    today = today_of(session, day.hall.id, now=at("09:00"))
    for _ in range(6):
        day.take(at("09:00"))
    missed = go(day, serve.mark_absent, day.call(at("09:05")), at("09:08"))
    assert can_return_until(session, today, missed, now=at("09:09")) == at("09:38")
    assert can_return_until(session, today, missed, now=at("09:38")) is None
    go(day, serve.reinstate, missed, at("09:10"))
    assert can_return_until(session, today, missed, now=at("09:10")) is None
    while (called := day.call(at("09:15"))) is not missed:
        go(day, serve.start_serving, called, at("09:15"))
        go(day, serve.complete, called, at("09:15"))
    go(day, serve.mark_absent, missed, at("09:18"))
    assert can_return_until(session, today, missed, now=at("09:18")) is None
    with pytest.raises(TakeNewNumber):
        go(day, serve.reinstate, missed, at("09:19"))


def test_who_booked_can_come_back_until_their_half_day_ends(session):
    day = open_hall(session)
    today = today_of(session, day.hall.id, now=at("09:00"))
    appointment = build.make_appointment(session, build.make_slot(session, day.a, at("09:00")))
    check_in(session, CheckIn(day.hall.id, code=appointment.code), actor=KIOSK, now=at("08:50"))
    missed = go(day, serve.mark_absent, day.call(at("09:05")), at("09:08"))
    assert can_return_until(session, today, missed, now=at("11:00")) == at("13:00")
    assert go(day, serve.reinstate, missed, at("11:00")).late
