"""Whose promise will not be kept is told so once, in time, and only where it matters."""

from datetime import timedelta

import pytest

from kernel.actor import SYSTEM
from notifications import simulator
from notifications.tell_late import tell_closed, tell_late
from queueing import extra_time
from queueing.forecast_models import ExtraTime
from queueing.models import CounterSession, Ticket
from queueing.serve import abandon
from runtime.drain import drain
from tests.build import TODAY, at
from tests.queueing.hall_day import open_hall
from tests.runtime.test_effects import PHONE, ticket_with_phone

NOW = at("09:20")


@pytest.fixture
def line(parts):
    """One counter, ten minutes a case, eight people in line who were all promised 09:30."""
    with parts.database.transaction() as session:
        day = open_hall(session, planned=1, seats=1)
        for _ in range(8):
            day.take(at("09:01"))
        for ticket in session.query(Ticket).all():
            ticket.due_at = ticket.promised_at = at("09:30")
    return day.a


def look(parts, now=NOW):
    with parts.database.transaction() as session:
        told = tell_late(session, now=now)
    drain(parts, now=now)
    return told


def texts(parts):
    with parts.database.transaction() as session:
        return [bubble.text for bubble in simulator.list_simulated(session, PHONE)]


def test_who_will_be_called_later_than_promised_is_told_once_with_both_times(parts, line):
    ticket = ticket_with_phone(parts.database, line, ordinal=9, issued_at=at("09:02"))
    assert look(parts) == 1
    (text,) = texts(parts)
    assert f"{ticket.label}号：今天比预想的忙，可能晚于取号时说的09:30，现在估计最迟1" in text
    assert f"/q/{ticket.reference}" in text
    assert look(parts, NOW + timedelta(minutes=5)) == 0
    assert len(texts(parts)) == 1


def test_nobody_is_told_whose_promise_holds(parts, line):
    ticket_with_phone(parts.database, line, ordinal=9, issued_at=at("09:02"), due_at=at("13:00"))
    assert (look(parts), texts(parts)) == (0, [])


def test_who_is_nearly_there_hears_only_that(parts, line):
    early = {"issued_at": at("08:59"), "due_at": at("09:05"), "promised_at": at("09:05")}
    ticket_with_phone(parts.database, line, ordinal=9, **early)
    assert look(parts) == 0


def test_nobody_is_told_who_left_no_phone_or_was_promised_nothing(parts, line):
    ticket_with_phone(parts.database, line, ordinal=9, issued_at=at("09:02"), track="standby")
    assert look(parts) == 0


@pytest.mark.parametrize(("state", "kinds"), [("open", set()), ("declined", set()), ("accepted", {"flex"})])
def test_only_what_was_agreed_to_is_under_way(parts, line, state, kinds):
    with parts.database.transaction() as session:
        facts = {"counters": 1, "short_minutes": 30, "expected": 4, "proposed_at": at("09:00")}
        span = {"on_date": TODAY, "starts_at": at("09:10"), "ends_at": at("12:00")}
        of = {"hall_id": line.hall_id, "group_id": line.id, "kind": "flex", "state": state}
        session.add(ExtraTime(**of, **span, **facts))
    with parts.database.transaction() as session:
        assert extra_time.kinds_agreed(session, line.id, now=NOW) == kinds
        assert extra_time.kinds_agreed(session, line.id, now=at("12:00")) == set()


def look_for_closed(parts, now):
    with parts.database.transaction() as session:
        told = tell_closed(session, now=now)
    drain(parts, now=now)
    return told


def test_who_waits_when_the_windows_have_closed_is_told_once_and_nothing_else(parts, line):
    ticket = ticket_with_phone(parts.database, line, ordinal=9, issued_at=at("16:02"), track="standby")
    assert look_for_closed(parts, at("16:55")) == 0
    with parts.database.transaction() as session:
        session.query(CounterSession).update({"state": "closed", "closed_at": at("17:00")})
    late = at("17:05")
    assert look(parts, late) == 0  # no time is foretold any more
    assert look_for_closed(parts, late) == 1
    (text,) = texts(parts)
    assert f"{ticket.label}号：" in text
    assert "窗口今天已关" in text
    assert look_for_closed(parts, at("17:10")) == 0
    with parts.database.transaction() as session:
        first = session.query(Ticket).order_by(Ticket.id).first()
        abandon(session, first, actor=SYSTEM, now=at("17:11"))
    drain(parts, now=at("17:11"))
    assert len(texts(parts)) == 1  # who leaves brings nobody nearer
