from datetime import timedelta

import pytest
from sqlalchemy import event, select

from kernel.audit import AuditEntry
from kernel.outbox import OutboxEvent
from queueing import serve
from queueing.call_next import call_next
from queueing.counters import close_counter, pause_counter, resume_counter
from queueing.errors import (
    CounterBusy,
    CounterNotOpen,
    CounterPaused,
    NotYourCounter,
    PressReused,
)
from queueing.models import Call, Line
from queueing.queries import current_ticket, upcoming
from queueing.reasons import Reason, ReasonCode
from tests import build
from tests.build import at
from tests.queueing.hall_day import officer_of, open_hall


def booked(session, day, slot_at, **values):
    facts = {"track": "booked", "due_at": slot_at, "slot_starts_at": slot_at, "promised_at": None}
    return build.make_ticket(session, day.a, **facts | values)


def finish(day, ticket, now, counter=0):
    for verb in (serve.start_serving, serve.complete):
        verb(day.session, ticket, actor=day.officers[counter], now=now)


def serve_all(day, now):
    """Call and serve at counter 0 until nobody waits; the labels in order."""
    labels = []
    while (ticket := day.call(now)) is not None:
        labels.append(ticket.label)
        finish(day, ticket, now)
    return labels


def test_calls_nobody_from_an_empty_line(session):
    assert open_hall(session).call(at("09:00")) is None


def test_writes_ticket_call_line_audit_and_event_together(session):
    day = open_hall(session)
    issued = day.take(at("09:00"))
    ticket = day.call(at("09:05"))
    assert ticket is issued
    assert (ticket.state, ticket.counter_id, ticket.called_at) == ("called", day.counters[0].id, at("09:05"))
    assert ticket.staff_id == day.officers[0].id
    call = session.scalars(select(Call)).one()
    assert Reason.from_data(call.reason) == Reason(ReasonCode.WALK_IN, at("09:00"))
    assert session.scalars(select(Line.calls).where(Line.group_id == day.a.id)).one() == 1
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "ticket.call")).one()
    assert (entry.from_state, entry.to_state, entry.subject_id) == ("waiting", "called", ticket.id)
    told = session.scalars(select(OutboxEvent).where(OutboxEvent.name == "TicketCalled")).one()
    assert told.payload["call_id"] == call.id
    assert told.payload["counter_id"] == day.counters[0].id


def test_who_booked_is_called_first_from_the_booked_time_on(session):
    day = open_hall(session)
    day.take(at("09:40"))
    early = booked(session, day, at("10:00"), issued_at=at("09:35"))
    assert day.call(at("09:50")).track == "walk_in"
    finish(day, current_ticket(session, day.counters[0].id), at("09:55"))
    day.take(at("09:55"))
    assert day.call(at("10:00")).id == early.id


def test_a_promise_that_is_due_stands_with_the_booked(session):
    day = open_hall(session)
    walk_in = day.take(at("09:00"))  # promised 09:20
    booked(session, day, at("09:30"))
    assert day.call(at("09:30")).id == walk_in.id
    reason = session.scalars(select(Call.reason)).one()
    assert Reason.from_data(reason) == Reason(ReasonCode.DUE_WALK_IN, at("09:20"))


def test_green_goes_first_but_only_twice_in_a_row(session):
    day = open_hall(session)
    walk_ins = [day.take(at("09:00")).label for _ in range(2)]
    green = [day.take(at("09:01"), green_reason="elderly").label for _ in range(3)]
    assert serve_all(day, at("09:02")) == [green[0], green[1], walk_ins[0], green[2], walk_ins[1]]


def test_standby_waits_for_what_others_leave(session):
    day = open_hall(session)
    standby = day.take(at("09:00"), track="standby").label
    early = booked(session, day, at("09:10")).label
    assert serve_all(day, at("09:02")) == [early, standby]


def test_a_newcomer_does_not_overtake_a_standby_for_whom_there_is_room(session):
    day = open_hall(session)
    standby = day.take(at("09:00"), track="standby")
    walk_in = day.take(at("09:01"))
    assert (standby.track, standby.promised_at) == ("walk_in", at("09:21"))
    assert walk_in.promised_at >= standby.promised_at
    assert serve_all(day, at("09:02")) == [standby.label, walk_in.label]


def test_a_counter_calls_only_lines_that_it_can_serve(session):
    day = open_hall(session)
    day.take(at("09:00"), day.b)
    assert day.call(at("09:01")) is None
    both = day.seat(day.a, day.b, now=at("09:01"))
    day.take(at("09:01"), day.a)
    assert day.call(at("09:02"), both).label == "B001"


def test_a_counter_of_several_lines_takes_the_smallest_key_of_all(session):
    day = open_hall(session, seats=0)
    both = day.seat(day.a, day.b, now=at("09:00"))
    slow = [day.take(at("09:00") + timedelta(minutes=n), group).label for n, group in
            enumerate([day.b, day.a, day.b, day.a])]  # fmt: skip
    assert [day.counters[both].id] == [day.counters[0].id]
    assert serve_all(day, at("10:00")) == slow


def test_the_hall_may_choose_another_discipline(session):
    day = open_hall(session)
    day.hall.policy = {"queue": {"discipline": "fifo"}}
    walk_in = day.take(at("09:00"))
    booked(session, day, at("09:00"), issued_at=at("09:01"))
    assert day.call(at("09:02")).id == walk_in.id
    finish(day, walk_in, at("09:03"))
    day.hall.policy = {"queue": {"discipline": "strict"}}
    day.take(at("09:04"))
    assert day.call(at("09:05")).track == "booked"


def test_yesterdays_tickets_are_not_called(session):
    day = open_hall(session)
    day.take(at("09:00") - timedelta(days=3))
    assert day.call(at("09:00")) is None


def test_a_counter_has_one_ticket_at_a_time(session):
    day = open_hall(session)
    first = day.take(at("09:00"))
    day.take(at("09:00"))
    day.call(at("09:01"))
    with pytest.raises(CounterBusy) as busy:
        day.call(at("09:02"))
    assert first.label in busy.value.sentence("zh")
    finish(day, first, at("09:03"))
    assert day.call(at("09:04")).label == "A002"


def test_the_same_press_returns_the_same_ticket(session):
    day = open_hall(session)
    for _ in range(2):
        day.take(at("09:00"))
    first = day.call(at("09:01"), press_key="f2-1")
    assert day.call(at("09:01"), press_key="f2-1") is first
    finish(day, first, at("09:02"))
    assert day.call(at("09:02"), press_key="f2-1") is first
    assert day.call(at("09:02"), press_key="f2-2").label == "A002"


def test_a_press_of_another_counter_is_refused(session):
    day = open_hall(session, seats=2)
    day.take(at("09:00"))
    day.call(at("09:01"), 0, press_key="same")
    with pytest.raises(PressReused):
        day.call(at("09:01"), 1, press_key="same")


def test_only_an_open_counter_calls(session):
    day = open_hall(session)
    counter, officer = day.counters[0].id, day.officers[0]
    pause_counter(session, counter, reason="meal", actor=officer, now=at("09:00"))
    with pytest.raises(CounterPaused):
        day.call(at("09:01"))
    resume_counter(session, counter, actor=officer, now=at("09:02"))
    assert day.call(at("09:02")) is None
    close_counter(session, counter, actor=officer, now=at("09:03"))
    with pytest.raises(CounterNotOpen):
        day.call(at("09:04"))


def test_only_who_sits_there_calls_or_the_duty_officer(session):
    day = open_hall(session)
    ticket = day.take(at("09:00"))
    stranger = officer_of(build.make_staff(session))
    with pytest.raises(NotYourCounter):
        call_next(session, day.counters[0].id, actor=stranger, now=at("09:01"))
    duty = officer_of(build.make_staff(session), "duty_officer")
    assert call_next(session, day.counters[0].id, actor=duty, now=at("09:01")) is ticket
    assert ticket.staff_id == duty.id


def test_upcoming_is_what_will_be_called(session):
    day = open_hall(session)
    for minute in range(4):
        day.take(at("09:00") + timedelta(minutes=minute), green_reason="elderly" if minute % 2 else None)
    booked(session, day, at("09:10"))
    day.take(at("09:05"), track="standby")
    coming = upcoming(session, day.counters[0].id, now=at("09:30"), limit=10)
    assert [ticket.label for ticket, _ in coming] == serve_all(day, at("09:30"))
    assert upcoming(session, day.counters[0].id, now=at("09:30")) == []


def test_upcoming_lets_who_missed_a_call_wait_for_three_others(session):
    day = open_hall(session)
    for _ in range(6):
        day.take(at("09:00"))
    missed = day.call(at("09:01"))
    serve.mark_absent(session, missed, actor=day.officers[0], now=at("09:02"))
    serve.reinstate(session, missed, actor=day.officers[0], now=at("09:03"))
    coming = upcoming(session, day.counters[0].id, now=at("09:03"), limit=6)
    assert [ticket.label for ticket, _ in coming] == ["A002", "A003", "A004", "A001", "A005", "A006"]
    assert serve_all(day, at("09:03")) == [ticket.label for ticket, _ in coming]


def test_reads_no_more_when_the_line_is_long(session):
    """The statements of a call do not grow with the line, and none of them brings all who wait."""
    day = open_hall(session)
    for ordinal in range(200):
        build.make_ticket(session, day.a, 1000 + ordinal)
    fetched = []

    @event.listens_for(session.connection().engine, "after_cursor_execute")
    def count(_connection, cursor, _statement, *_rest):
        fetched.append(cursor.rowcount)

    try:
        assert day.call(at("09:30")) is not None
    finally:
        event.remove(session.connection().engine, "after_cursor_execute", count)
    assert len(fetched) < 20
    assert max(fetched) <= 10


def test_a_call_that_waited_while_the_ticket_was_issued_is_not_earlier_than_it(session):
    day = open_hall(session)
    issued = day.take(at("09:01"))
    ticket = day.call(at("09:00"))
    assert ticket is issued
    assert ticket.called_at == at("09:01")
    assert session.scalars(select(Call.called_at)).one() == at("09:01")
