from datetime import timedelta

import pytest
from sqlalchemy import select

from kernel.outbox import OutboxEvent
from queueing import day_report, serve
from queueing.check_in import CheckIn, check_in
from queueing.close_day import close_day
from queueing.counters import session_of_counter
from queueing.doctor import check
from queueing.errors import DayNotOver
from queueing.models import Ticket
from tests import build
from tests.build import TODAY, at
from tests.queueing.hall_day import KIOSK, open_hall


def go(day, verb, ticket, now, counter=0):
    return verb(day.session, ticket, actor=day.officers[counter], now=now)


def checked_in(session, day, slot_at):
    appointment = build.make_appointment(session, build.make_slot(session, day.a, slot_at))
    command = CheckIn(day.hall.id, reference=appointment.reference)
    return appointment, check_in(session, command, actor=KIOSK, now=slot_at)


def test_nobody_stays_in_a_line_overnight(session):
    day = open_hall(session, planned=6, seats=4)
    for _ in range(5):
        day.take(at("09:00"))
    called, serving, parked, absent = (day.call(at("09:05"), counter) for counter in range(4))
    for counter, ticket in ((1, serving), (2, parked)):
        go(day, serve.start_serving, ticket, at("09:06"), counter)
    go(day, serve.park, parked, at("09:07"), 2)
    go(day, serve.mark_absent, absent, at("09:08"), 3)
    closed = close_day(session, day.hall.id, on_date=TODAY, now=at("18:00"))
    assert (closed.abandoned, closed.completed, closed.counters_closed) == (4, 1, 4)
    assert (called.state, serving.state) == ("abandoned", "completed")
    states = set(session.scalars(select(Ticket.state)))
    assert states == {"abandoned", "completed"}
    assert all(session_of_counter(session, counter.id) is None for counter in day.counters)
    names = session.scalars(select(OutboxEvent.name)).all()
    assert (names.count("VisitCompleted"), names.count("HallDayClosed")) == (1, 1)
    assert check(session) == []


def test_closing_again_changes_nothing(session):
    day = open_hall(session)
    day.take(at("09:00"))
    close_day(session, day.hall.id, on_date=TODAY, now=at("18:00"))
    again = close_day(session, day.hall.id, on_date=TODAY, now=at("18:01"))
    assert (again.abandoned, again.completed, again.counters_closed) == (0, 0, 0)
    assert session.scalars(select(OutboxEvent.name)).all().count("HallDayClosed") == 1


def test_who_was_here_and_not_served_did_not_miss_the_booking(session):
    day = open_hall(session)
    here, _ = checked_in(session, day, at("10:00"))
    missed, _ = checked_in(session, day, at("09:30"))
    ticket = day.call(at("10:00"))
    go(day, serve.mark_absent, ticket, at("10:03"))
    close_day(session, day.hall.id, on_date=TODAY, now=at("18:00"))
    assert (here.state, here.cancel_reason) == ("cancelled", "day_closed")
    assert missed.state == "no_show"


def test_a_day_that_is_closed_late_leaves_the_next_one_alone(session):
    day = open_hall(session, seats=0)
    tomorrow = timedelta(days=1)
    old = day.take(at("09:00"))
    day.seat(day.a, now=at("08:55") + tomorrow)
    new = day.take(at("09:00") + tomorrow)
    closed = close_day(session, day.hall.id, on_date=TODAY, now=at("09:05") + tomorrow)
    assert (closed.abandoned, closed.counters_closed) == (1, 0)
    assert (old.state, new.state) == ("abandoned", "waiting")


def test_ends_a_number_that_was_given_after_its_day_was_closed(session):
    day, tomorrow = open_hall(session), timedelta(days=1)
    close_day(session, day.hall.id, on_date=TODAY, now=at("15:00"))
    late = day.take(at("15:01"), green_reason="urgent")
    assert (
        close_day(session, day.hall.id, on_date=TODAY + tomorrow, now=at("18:00") + tomorrow).abandoned == 1
    )
    assert late.state == "abandoned"
    assert day_report.report(session, day.hall.id, on_date=TODAY).ended == {"waiting": [late.label]}
    assert day_report.report(session, day.hall.id, on_date=TODAY + tomorrow).ended == {}
    assert check(session) == []


def test_ends_the_days_that_the_job_missed(session):
    day, later = open_hall(session, planned=6, seats=0), timedelta(days=9)
    old = [day.take(at("09:00") + timedelta(days=each)) for each in (0, 1)]
    closed = close_day(session, day.hall.id, on_date=TODAY + later, now=at("18:00") + later)
    assert closed.abandoned == 2
    assert {ticket.state for ticket in old} == {"abandoned"}
    told = session.scalars(select(OutboxEvent).where(OutboxEvent.name == "HallDayClosed")).all()
    assert [each.payload["on_date"] for each in told] == ["2026-03-02", "2026-03-03"]


def test_refuses_a_day_that_has_not_come(session):
    day = open_hall(session)
    with pytest.raises(DayNotOver):
        close_day(session, day.hall.id, on_date=TODAY + timedelta(days=1), now=at("18:00"))
