from datetime import timedelta

import pytest
from sqlalchemy import select

from halls.models import PlanLine
from halls.queries import GroupUnknown
from kernel.actor import Actor
from kernel.audit import AuditEntry
from kernel.crypto import cipher
from kernel.errors import Forbidden
from kernel.outbox import OutboxEvent
from queueing.errors import (
    GreenReasonUnknown,
    LineClosed,
    PressReused,
    TrackUnknown,
    WalkInsStopped,
)
from queueing.issue import IssueTicket, issue
from tests import build
from tests.build import at
from tests.queueing.hall_day import KIOSK, officer_of, open_hall


def take_all(day, now):
    """Take numbers until the hall refuses; never more than an hour and a half of queue."""
    for _ in range(90):
        day.take(now)


def test_numbers_are_the_letter_and_the_next_ordinal(session):
    day = open_hall(session)
    labels = [day.take(at("09:00")).label for _ in range(3)]
    assert labels == ["A001", "A002", "A003"]
    assert day.take(at("09:00"), day.b).label == "B001"


def test_each_day_begins_with_one(session):
    day = open_hall(session)
    day.take(at("09:00"))
    tomorrow = day.take(at("09:00") + timedelta(days=1))
    assert (tomorrow.label, tomorrow.on_date.day) == ("A001", 3)


def test_the_date_is_the_halls_not_utcs(session):
    day = open_hall(session)
    night = at("00:30")  # 16:30 UTC of the day before
    assert day.take(night).on_date == build.TODAY


def test_the_same_press_gives_the_same_ticket(session):
    day = open_hall(session)
    first = day.take(at("09:00"), press_key="press-1")
    again = day.take(at("09:01"), press_key="press-1")
    assert again.id == first.id
    assert day.take(at("09:01")).label == "A002"


def test_a_press_of_any_length_and_kind_works(session):
    day = open_hall(session)
    key = "按'\x00;--" * 100
    assert day.take(at("09:00"), press_key=key).id == day.take(at("09:00"), press_key=key).id


def test_refuses_a_press_that_was_used_in_another_line(session):
    day = open_hall(session)
    day.take(at("09:00"), press_key="press-1")
    with pytest.raises(PressReused):
        day.take(at("09:00"), day.b, press_key="press-1")


def test_promises_twenty_minutes_at_least_and_never_goes_back(session):
    day = open_hall(session)
    promises = [day.take(at("09:00") + timedelta(seconds=each)).promised_at for each in range(12)]
    assert promises[0] == at("09:20")
    assert promises == sorted(promises)
    assert promises[-1] > at("09:50")  # 12 people, 2 counters, 10 minutes


def test_the_key_of_a_walk_in_is_the_promise(session):
    ticket = open_hall(session).take(at("09:00"))
    assert ticket.due_at == ticket.promised_at


def test_counts_booked_people_who_are_still_to_come(session):
    day = open_hall(session)
    slot = build.make_slot(session, day.a, at("09:30"))
    for _ in range(6):
        build.make_appointment(session, slot)
    for _ in range(9):
        day.take(at("09:00"))
    with_bookings = day.take(at("09:00")).promised_at
    other = open_hall(session)
    for _ in range(9):
        other.take(at("09:00"))
    assert with_bookings > other.take(at("09:00")).promised_at


def test_counts_who_really_sits_there(session):
    day = open_hall(session, planned=4, seats=1)  # four are planned since 9, one came
    for _ in range(11):
        day.take(at("09:15"))
    short = day.take(at("09:15")).promised_at
    other = open_hall(session, planned=4, seats=4)
    for _ in range(11):
        other.take(at("09:15"))
    assert short > other.take(at("09:15")).promised_at


def test_gives_officers_ten_minutes_to_sit_down(session):
    day = open_hall(session, planned=4, seats=1)
    for _ in range(11):
        day.take(at("09:05"))
    early = day.take(at("09:05")).promised_at
    other = open_hall(session, planned=4, seats=4)
    for _ in range(11):
        other.take(at("09:05"))
    assert early == other.take(at("09:05")).promised_at


def test_stops_when_one_more_would_not_be_served_and_says_how_much_is_missing(session):
    day = open_hall(session, planned=1)
    with pytest.raises(WalkInsStopped) as stopped:
        take_all(day, at("09:00"))
    assert stopped.value.params["short_minutes"] >= 0
    assert stopped.value.params["alternatives"] == []
    assert len(session.scalars(select(OutboxEvent).where(OutboxEvent.name == "TicketIssued")).all()) > 30


def test_offers_numbers_that_can_be_booked_instead(session):
    day = open_hall(session, planned=1)
    slot = build.make_slot(session, day.a, at("10:00") + timedelta(days=1))
    with pytest.raises(WalkInsStopped) as stopped:
        take_all(day, at("16:00"))
    assert stopped.value.params["alternatives"][0]["group_id"] == day.a.id
    assert stopped.value.params["alternatives"][0]["free"] > 0
    assert slot.starts_at.isoformat()[:10] in stopped.value.params["alternatives"][0]["starts_at"]


def test_never_refuses_the_green_channel_or_standby_for_want_of_room(session):
    day = open_hall(session, planned=1)
    green = day.take(at("16:59"), green_reason="disabled")
    standby = day.take(at("16:59"), track="standby")
    assert (green.track, green.due_at, green.promised_at) == ("green", at("16:59"), None)
    assert (standby.track, standby.promised_at) == ("standby", None)
    with pytest.raises(WalkInsStopped):
        day.take(at("16:59"))


def test_a_line_that_is_over_serves_nobody(session):
    day = open_hall(session)
    for values in ({}, {"green_reason": "urgent"}, {"track": "standby"}):
        with pytest.raises(LineClosed):
            day.take(at("17:00"), **values)


def test_a_closure_ends_the_day_early(session):
    day = open_hall(session)
    session.add(PlanLine(group_id=day.a.id, on_date=build.TODAY, kind="replace", starts=at("09:00").time(),
                         ends=at("09:00").time().replace(hour=11), counters=1))  # fmt: skip
    session.flush()
    with pytest.raises(LineClosed):
        day.take(at("19:00"))


def test_the_duty_officer_may_admit_beyond_the_day(session):
    day = open_hall(session, planned=1)
    officer = officer_of(build.make_staff(session), "duty_officer")
    command = IssueTicket(day.hall.id, day.a.id, override=True)
    ticket = issue(session, command, actor=officer, now=at("16:59"))
    assert ticket.promised_at == at("17:19")
    entry = session.scalars(select(AuditEntry).where(AuditEntry.subject_id == ticket.id)).one()
    assert entry.details["ground"] == "duty_officer"
    with pytest.raises(Forbidden):
        issue(session, command, actor=KIOSK, now=at("16:59"))


def test_keeps_the_phone_sealed_and_findable(session):
    ticket = open_hall(session).take(at("09:00"), phone="+8613800138000", language="en")
    assert b"138" not in ticket.phone_sealed
    assert cipher().decrypt(ticket.phone_sealed, "ticket.phone") == "+8613800138000"
    assert ticket.phone_index == cipher().blind_index("+8613800138000", "phone")


def test_refuses_what_does_not_exist(session):
    day = open_hall(session)
    other = build.make_group(session, build.make_hall(session))
    with pytest.raises(GroupUnknown):
        day.take(at("09:00"), other)
    with pytest.raises(TrackUnknown):
        day.take(at("09:00"), track="booked")
    for reason in (None, "tired"):
        with pytest.raises(GreenReasonUnknown):
            day.take(at("09:00"), track="green", green_reason=reason)


def test_a_kiosk_of_another_hall_gives_no_numbers_here(session):
    day = open_hall(session)
    stranger = Actor("device", 2, frozenset({"ticket.issue"}), frozenset({day.hall.id + 1}))
    with pytest.raises(Forbidden):
        issue(session, IssueTicket(day.hall.id, day.a.id), actor=stranger, now=at("09:00"))


def test_tells_it_once(session):
    ticket = open_hall(session).take(at("09:00"), press_key="x")
    told = session.scalars(select(OutboxEvent).where(OutboxEvent.name == "TicketIssued")).one()
    assert told.payload["ticket_id"] == ticket.id
    assert told.payload["topics"] == [f"hall:{ticket.hall_id}", f"ticket:{ticket.id}"]
