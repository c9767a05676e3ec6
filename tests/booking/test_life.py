from datetime import date, timedelta

import pytest
from sqlalchemy import select

from booking import doctor
from booking.book import Book, book
from booking.cancel import cancel
from booking.check_in import mark_checked_in
from booking.errors import AppointmentUnknown, HoldExpired, OtherGroup
from booking.fulfil import fulfil
from booking.hold import HoldSlot, hold
from booking.models import Appointment, Number
from booking.no_show import close_no_shows, mark_no_show
from booking.policy import AlreadyBookedThatDay, CancellationTooLate, CheckInOnAnotherDay, CheckInTooEarly
from booking.queries import find_by_code, find_today_by_identity, get_appointment, list_of_phone
from booking.reschedule import reschedule
from booking.states import AppointmentStateConflict
from kernel.actor import ANONYMOUS, SYSTEM, Actor
from kernel.audit import AuditEntry
from kernel.outbox import OutboxEvent
from people.sample_ids import sample_resident_id
from tests.build import TODAY, at, make_group, make_hall, make_service, make_slot

PHONE = "+8613800138000"
TEN, ELEVEN = at("10:00"), at("11:00")
OFFICER = Actor("staff", 1)


@pytest.fixture
def group(session):
    return make_group(session, make_hall(session, "h1"))


@pytest.fixture
def service(session, group):
    return make_service(session, group)


@pytest.fixture
def appointment(session, now, group, service):
    make_slot(session, group, TEN, numbers=1)
    make_slot(session, group, ELEVEN, numbers=1)
    return book_one(session, now, service)


def token_for(session, now, service, starts_at):
    return hold(session, HoldSlot("h1", (service.code,), starts_at), actor=ANONYMOUS, now=now).token


def book_one(session, now, service, starts_at=TEN, seed=1):
    command = Book(
        token_for(session, now, service, starts_at), "张三", "resident_id", sample_resident_id(seed), PHONE
    )
    return book(session, command, actor=ANONYMOUS, now=now)


def numbers_of(session, appointment):
    return session.scalars(select(Number.starts_at).where(Number.appointment_id == appointment.id)).all()


def told(session):
    return list(session.scalars(select(OutboxEvent.name).order_by(OutboxEvent.id)))


def test_cancelled_numbers_return_at_a_moment_nobody_foresees(session, now, appointment):
    cancel(session, appointment, reason="citizen", actor=ANONYMOUS, now=now, fraction=0.5)
    assert (appointment.state, appointment.cancelled_at) == ("cancelled", now)
    assert numbers_of(session, appointment) == []
    returned = session.scalars(select(Number.released_at).where(Number.starts_at == TEN)).one()
    assert returned == now + timedelta(minutes=5, microseconds=-1)  # never a whole minute
    assert told(session)[-1] == "AppointmentCancelled"
    assert doctor.check(session) == []


def test_the_moment_of_return_is_left_to_chance(session, now, appointment):
    cancel(session, appointment, reason="citizen", actor=ANONYMOUS, now=now)
    returned = session.scalars(select(Number.released_at).where(Number.starts_at == TEN)).one()
    assert now <= returned < now + timedelta(minutes=10)


def test_cancelling_twice_changes_nothing(session, now, appointment):
    cancel(session, appointment, reason="citizen", actor=ANONYMOUS, now=now)
    cancel(session, appointment, reason="reply", actor=ANONYMOUS, now=now + timedelta(minutes=1))
    assert (appointment.cancelled_at, appointment.cancel_reason) == (now, "citizen")
    assert told(session).count("AppointmentCancelled") == 1


def test_a_citizen_cancels_until_the_slot_begins_and_the_hall_at_any_time(session, now, appointment):
    with pytest.raises(CancellationTooLate):
        cancel(session, appointment, reason="citizen", actor=ANONYMOUS, now=TEN)
    cancel(session, appointment, reason="hall_closed", actor=OFFICER, now=TEN)
    assert appointment.state == "cancelled"


def test_a_freed_place_can_be_booked_by_the_same_person_again(session, now, service, appointment):
    cancel(session, appointment, reason="citizen", actor=ANONYMOUS, now=now, fraction=0)
    again = book_one(session, now, service)
    assert again.id != appointment.id
    assert doctor.check(session) == []


def test_moving_binds_the_new_number_and_gives_the_old_one_back(session, now, service, appointment):
    code = appointment.code
    token = token_for(session, now, service, ELEVEN)
    reschedule(session, appointment, token=token, actor=ANONYMOUS, now=now, fraction=0.5)
    assert (appointment.starts_at, appointment.state, appointment.code) == (ELEVEN, "booked", code)
    assert numbers_of(session, appointment) == [ELEVEN]
    old = session.scalars(select(Number).where(Number.starts_at == TEN)).one()
    assert (old.appointment_id, old.released_at) == (None, now + timedelta(minutes=5, microseconds=-1))
    assert told(session)[-1] == "AppointmentRescheduled"
    reschedule(session, appointment, token=token, actor=ANONYMOUS, now=now)
    assert told(session).count("AppointmentRescheduled") == 1
    assert doctor.check(session) == []


def test_a_refused_move_keeps_the_old_number(session, now, group, service, appointment):
    expired = token_for(session, now, service, ELEVEN)
    later = now + timedelta(minutes=11)
    token_for(session, later, service, ELEVEN)
    other_group = make_group(session, session.get_one(type(make_hall(session)), group.hall_id), "B")
    other = make_service(session, other_group)
    make_slot(session, other_group, TEN, numbers=1)
    refusals = [
        (HoldExpired, expired),
        (HoldExpired, "unknown"),
        (OtherGroup, token_for(session, later, other, TEN)),
    ]
    for error, token in refusals:
        with pytest.raises(error):
            reschedule(session, appointment, token=token, actor=ANONYMOUS, now=later)
    assert numbers_of(session, appointment) == [TEN]
    cancel(session, appointment, reason="citizen", actor=ANONYMOUS, now=later)
    with pytest.raises(AppointmentStateConflict):
        reschedule(session, appointment, token=expired, actor=ANONYMOUS, now=later)


def test_moving_onto_a_day_with_another_appointment_is_refused(session, now, group, service, appointment):
    tomorrow = at("10:00", date(2026, 3, 3))
    make_slot(session, group, tomorrow, numbers=2)
    book_one(session, now, service, tomorrow)
    token = token_for(session, now, service, tomorrow)
    with pytest.raises(AlreadyBookedThatDay):
        reschedule(session, appointment, token=token, actor=ANONYMOUS, now=now)


def test_a_code_taken_on_the_new_day_is_drawn_again(session, now, group, service, appointment):
    tomorrow = at("10:00", date(2026, 3, 3))
    make_slot(session, group, tomorrow, numbers=2)
    book_one(session, now, service, tomorrow, seed=2).code = appointment.code
    session.flush()
    code = appointment.code
    token = token_for(session, now, service, tomorrow)
    reschedule(session, appointment, token=token, actor=ANONYMOUS, now=now)
    assert appointment.code != code


def test_check_in_knows_who_is_late(session, now, service, appointment):
    second = book_one(session, now, service, ELEVEN, seed=2)
    assert mark_checked_in(session, appointment, actor=ANONYMOUS, now=at("09:30")) is False
    assert mark_checked_in(session, appointment, actor=ANONYMOUS, now=at("10:40")) is False
    assert mark_checked_in(session, second, actor=ANONYMOUS, now=at("11:16")) is True
    assert mark_checked_in(session, second, actor=ANONYMOUS, now=at("11:20")) is True
    assert told(session).count("AppointmentCheckedIn") == 2
    assert doctor.check(session) == []


def test_check_in_opens_half_an_hour_ahead_but_staff_may_do_it_earlier(session, appointment):
    with pytest.raises(CheckInTooEarly):
        mark_checked_in(session, appointment, actor=ANONYMOUS, now=at("09:29"))
    with pytest.raises(CheckInOnAnotherDay):
        mark_checked_in(session, appointment, actor=OFFICER, now=at("10:00", date(2026, 3, 3)))
    assert mark_checked_in(session, appointment, actor=OFFICER, now=at("08:30")) is False


def test_only_who_checked_in_is_fulfilled_and_once(session, appointment):
    with pytest.raises(AppointmentStateConflict):
        fulfil(session, appointment, actor=OFFICER, now=TEN)
    mark_checked_in(session, appointment, actor=ANONYMOUS, now=at("09:50"))
    fulfil(session, appointment, actor=OFFICER, now=TEN)
    fulfil(session, appointment, actor=OFFICER, now=ELEVEN)
    assert (appointment.state, appointment.fulfilled_at) == ("fulfilled", TEN)
    assert told(session).count("AppointmentFulfilled") == 1
    assert doctor.check(session) == []


def test_who_did_not_come_is_closed_at_the_end_of_the_half_day(session, now, group, service, appointment):
    afternoon = at("15:00")
    make_slot(session, group, afternoon, numbers=1)
    book_one(session, now, service, afternoon, seed=2)
    here = book_one(session, now, service, ELEVEN, seed=3)
    mark_checked_in(session, here, actor=ANONYMOUS, now=at("10:50"))

    assert close_no_shows(session, now=at("12:59")) == 0
    assert close_no_shows(session, now=at("13:00")) == 1
    assert close_no_shows(session, now=at("13:00")) == 0
    assert appointment.state == "no_show"
    assert close_no_shows(session, now=at("23:59")) == 0
    assert close_no_shows(session, now=at("00:00", date(2026, 3, 3))) == 1
    assert here.state == "checked_in"
    mark_no_show(session, here, actor=SYSTEM, now=at("17:00"))
    assert here.state == "no_show"
    assert doctor.check(session) == []


def test_appointments_are_found_by_reference_code_document_and_phone(
    session, now, group, service, appointment
):
    assert get_appointment(session, appointment.reference) is appointment
    with pytest.raises(AppointmentUnknown):
        get_appointment(session, "nothing")
    hall = group.hall_id
    assert find_by_code(session, hall, TODAY, appointment.code) is appointment
    assert find_by_code(session, hall, date(2026, 3, 3), appointment.code) is None
    typed = f" {sample_resident_id(1).lower()} "
    assert find_today_by_identity(session, hall, TODAY, typed) == [appointment]
    assert find_today_by_identity(session, hall, TODAY, "not a number") == []
    assert list_of_phone(session, PHONE, since_on=TODAY) == [appointment]
    assert list_of_phone(session, PHONE, since_on=date(2026, 3, 3)) == []
    assert list_of_phone(session, "+8613900139000", since_on=TODAY) == []


def test_the_doctor_sees_what_is_broken(session, now, service, appointment):
    assert doctor.check(session) == []
    number = session.scalars(select(Number).where(Number.appointment_id == appointment.id)).one()
    number.hold_token = b"x" * 32
    session.flush()
    assert rules(session) == {"number_held_twice"}
    number.hold_token, number.appointment_id = None, None
    session.flush()
    assert rules(session) == {"appointment_without_number"}
    number.appointment_id = 10**9
    session.flush()
    assert rules(session) == {"appointment_without_number", "number_held_wrongly"}
    number.appointment_id = appointment.id
    appointment.state = "fulfilled"
    session.flush()
    assert rules(session) == {"appointment_state_untold"}
    session.add(skip(appointment, now))
    session.flush()
    assert rules(session) == {"appointment_state_skipped"}


def rules(session):
    return {violation.rule for violation in doctor.check(session)}


def skip(appointment, now):
    return AuditEntry(
        at=now,
        recorded_at=now,
        actor_kind="system",
        action="appointment.fulfil",
        subject_kind="appointment",
        subject_id=appointment.id,
        from_state="booked",
        to_state="fulfilled",
        details={},
    )


def test_every_appointment_row_has_its_story(session, appointment):
    entries = session.scalars(select(AuditEntry).where(AuditEntry.subject_kind == "appointment")).all()
    assert [(entry.from_state, entry.to_state) for entry in entries] == [(None, "booked")]
    assert session.scalars(select(Appointment)).one() is appointment
