from datetime import date, timedelta

import pytest
from sqlalchemy import select

from booking.cancel import cancel
from booking.no_show import mark_no_show
from booking.policy import CheckInOnAnotherDay, CheckInTooEarly
from kernel.actor import ANONYMOUS, SYSTEM
from kernel.crypto import cipher
from kernel.outbox import OutboxEvent
from people.citizens import find_or_create
from people.identity import check as read_identity
from queueing import serve
from queueing.check_in import CheckIn, check_in
from queueing.doctor import check
from queueing.errors import NothingToCheckIn, TooLate, WalkInsStopped, WrongHall
from queueing.leave import leave_with_booking
from tests import build
from tests.build import at
from tests.queueing.hall_day import KIOSK, officer_of, open_hall

RESIDENT_ID = "11010519491231002X"


def booked_for(session, day, slot_at, **values):
    slot = build.make_slot(session, day.a, slot_at)
    return build.make_appointment(session, slot, **values)


def scan(day, appointment, now, actor=KIOSK):
    command = CheckIn(day.hall.id, reference=appointment.reference)
    return check_in(day.session, command, actor=actor, now=now)


def test_the_lead_of_a_hall_stands_in_the_key(session):
    day = open_hall(session)
    day.hall.policy = {"queue": {"booked_lead_seconds": 120}}
    ticket = scan(day, booked_for(session, day, at("10:00")), at("09:45"))
    assert (ticket.due_at, ticket.slot_starts_at) == (at("09:58"), at("10:00"))


def test_the_booking_becomes_a_ticket_with_the_slot_as_its_key(session):
    day = open_hall(session)
    appointment = booked_for(session, day, at("10:00"), service_ids=[7], language="en")
    ticket = scan(day, appointment, at("09:45"))
    assert (ticket.label, ticket.track, ticket.due_at, ticket.late) == ("A001", "booked", at("10:00"), False)
    assert (ticket.appointment_id, ticket.citizen_id) == (appointment.id, appointment.citizen_id)
    assert (ticket.service_ids, ticket.language, ticket.slot_starts_at) == ([7], "en", at("10:00"))
    assert cipher().decrypt(ticket.phone_sealed, "ticket.phone") == "+8613800138000"
    assert (appointment.state, appointment.checked_in_at) == ("checked_in", at("09:45"))
    names = session.scalars(select(OutboxEvent.name)).all()
    assert names.count("AppointmentCheckedIn") == names.count("TicketIssued") == 1
    assert check(session) == []


def test_checking_in_again_gives_the_same_ticket(session):
    day = open_hall(session)
    appointment = booked_for(session, day, at("10:00"))
    first = scan(day, appointment, at("09:45"))
    assert scan(day, appointment, at("09:50")) is first
    assert day.call(at("10:00")) is first
    assert scan(day, appointment, at("10:01")) is first


@pytest.mark.parametrize("minutes", [-30, 0, 15])
def test_is_punctual_from_half_an_hour_before_to_a_quarter_after(session, minutes):
    day = open_hall(session)
    appointment = booked_for(session, day, at("10:00"))
    ticket = scan(day, appointment, at("10:00") + timedelta(minutes=minutes))
    assert (ticket.due_at, ticket.late) == (at("10:00"), False)


def test_earlier_tells_when_but_staff_may(session):
    day = open_hall(session)
    appointment = booked_for(session, day, at("10:00"))
    with pytest.raises(CheckInTooEarly) as early:
        scan(day, appointment, at("09:29"))
    assert "09:30" in early.value.sentence("zh")
    assert appointment.state == "booked"
    officer = officer_of(build.make_staff(session))
    assert scan(day, appointment, at("09:29"), officer).due_at == at("10:00")


def test_late_people_are_due_a_quarter_after_they_came(session):
    day = open_hall(session)
    ticket = scan(day, booked_for(session, day, at("10:00")), at("10:16"))
    assert (ticket.track, ticket.due_at, ticket.late) == ("booked", at("10:31"), True)


def test_beyond_the_half_day_it_is_a_walk_in_number(session):
    day = open_hall(session)
    ticket = scan(day, booked_for(session, day, at("10:00")), at("13:30"))
    assert (ticket.track, ticket.promised_at, ticket.due_at) == ("walk_in", at("13:50"), at("13:50"))
    assert check(session) == []


def test_beyond_the_half_day_and_the_days_room_it_is_refused(session):
    day = open_hall(session, planned=1)
    appointment = booked_for(session, day, at("10:00"))
    with pytest.raises(WalkInsStopped):
        scan(day, appointment, at("16:59"))
    assert appointment.state == "booked"


def test_a_booking_closed_as_missed_leads_to_a_walk_in_number(session):
    day = open_hall(session)
    appointment = booked_for(session, day, at("10:00"))
    mark_no_show(session, appointment, actor=SYSTEM, now=at("13:00"))
    with pytest.raises(TooLate):
        scan(day, appointment, at("13:30"))


def test_checks_in_by_code_on_the_day_in_the_hall(session):
    day = open_hall(session)
    appointment = booked_for(session, day, at("10:00"), code="482913")
    command = CheckIn(day.hall.id, code=" 482913 ")
    assert check_in(session, command, actor=KIOSK, now=at("09:50")).appointment_id == appointment.id
    with pytest.raises(NothingToCheckIn):
        check_in(session, command, actor=KIOSK, now=at("09:50") + timedelta(days=1))


def test_checks_in_by_identity_number_the_next_booking_first(session):
    day = open_hall(session)
    identity = read_identity("resident_id", RESIDENT_ID, today=date(2026, 3, 2))
    citizen = find_or_create(
        session, identity, name="张三", phone="+8613800138000", language="zh", now=at("08:00")
    )
    second = booked_for(session, day, at("11:00"), citizen=citizen)
    slot = build.make_slot(session, day.b, at("10:00"))
    first = build.make_appointment(session, slot, citizen=citizen)
    command = CheckIn(day.hall.id, identity="110105 19491231 002x")
    assert check_in(session, command, actor=KIOSK, now=at("09:50")).appointment_id == first.id
    assert check_in(session, command, actor=KIOSK, now=at("10:50")).appointment_id == second.id
    assert check_in(session, command, actor=KIOSK, now=at("10:51")).appointment_id == first.id


@pytest.mark.parametrize(
    "shown",
    [
        {},
        {"reference": "unknown"},
        {"reference": "\x00'; DROP TABLE ticket; --"},
        {"code": "000000"},
        {"code": "१२३"},
        {"code": "\x00"},
        {"identity": RESIDENT_ID},
        {"identity": "<b>😀</b>\x00"},
    ],
)
def test_the_answer_is_the_same_for_whatever_is_not_there(session, shown):
    day = open_hall(session)
    with pytest.raises(NothingToCheckIn):
        check_in(session, CheckIn(day.hall.id, **shown), actor=KIOSK, now=at("09:50"))


def test_the_answer_is_the_same_for_a_cancelled_booking(session):
    day = open_hall(session)
    appointment = booked_for(session, day, at("10:00"))
    cancel(session, appointment, reason="citizen", actor=ANONYMOUS, now=at("09:00"))
    with pytest.raises(NothingToCheckIn):
        scan(day, appointment, at("09:50"))


def test_another_hall_or_day_is_named(session):
    day = open_hall(session)
    appointment = booked_for(session, day, at("10:00"))
    other = build.make_hall(session)
    command = CheckIn(other.id, reference=appointment.reference)
    with pytest.raises(WrongHall) as wrong:
        check_in(session, command, actor=KIOSK, now=at("09:50"))
    assert day.hall.name_zh in wrong.value.sentence("zh")
    with pytest.raises(CheckInOnAnotherDay) as tomorrow:
        scan(day, appointment, at("09:50") - timedelta(days=1))
    assert "2026-03-02" in tomorrow.value.sentence("en")


def test_completing_the_visit_fulfils_the_booking(session):
    day = open_hall(session)
    appointment = booked_for(session, day, at("10:00"))
    ticket = scan(day, appointment, at("09:45"))
    day.call(at("10:00"))
    for verb, now in ((serve.start_serving, at("10:01")), (serve.complete, at("10:11"))):
        verb(session, ticket, actor=day.officers[0], now=now)
    assert (appointment.state, appointment.fulfilled_at) == ("fulfilled", at("10:11"))
    assert check(session) == []


def test_who_leaves_ends_the_booking_and_who_misses_the_call_missed_it(session):
    day = open_hall(session)
    left = booked_for(session, day, at("10:00"))
    missed = booked_for(session, day, at("09:30"))
    serve.abandon(session, scan(day, left, at("09:45")), actor=KIOSK, now=at("09:50"))
    assert (left.state, left.cancel_reason) == ("cancelled", "left")
    ticket = scan(day, missed, at("09:40"))
    day.call(at("09:55"))
    serve.mark_absent(session, ticket, actor=day.officers[0], now=at("09:58"))
    assert missed.state == "checked_in"  # the second chance is still open
    serve.abandon(session, ticket, actor=day.officers[0], now=at("10:40"))
    assert missed.state == "no_show"


def test_who_cancels_after_check_in_leaves_the_line(session):
    day = open_hall(session)
    appointment = booked_for(session, day, at("10:00"))
    ticket = scan(day, appointment, at("09:45"))
    cancel(session, appointment, reason="citizen", actor=ANONYMOUS, now=at("09:50"))
    for _ in range(2):
        leave_with_booking(session, {"appointment_id": appointment.id}, now=at("09:50"))
    assert ticket.state == "abandoned"
    assert day.call(at("10:00")) is None


def test_an_officer_may_finish_although_the_booking_ended_otherwise(session):
    day = open_hall(session)
    appointment = booked_for(session, day, at("10:00"))
    ticket = scan(day, appointment, at("09:45"))
    day.call(at("09:50"))
    cancel(session, appointment, reason="citizen", actor=ANONYMOUS, now=at("09:51"))
    leave_with_booking(session, {"appointment_id": appointment.id}, now=at("09:51"))
    for verb, now in ((serve.start_serving, at("10:01")), (serve.complete, at("10:11"))):
        verb(session, ticket, actor=day.officers[0], now=now)
    assert (ticket.state, appointment.state) == ("completed", "cancelled")
