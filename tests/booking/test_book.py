from datetime import date, timedelta

import pytest
from sqlalchemy import event, func, select

from booking import book as book_module
from booking import codes
from booking.book import Book, book
from booking.errors import HoldExpired
from booking.hold import HoldSlot, find_draft, hold, save_form
from booking.models import Appointment, Number
from booking.policy import AlreadyBookedThatDay, DocumentNotBookable, InPast, SuspendedForNoShows, TooManyOpen
from booking.queries import phone_of
from halls.models import Hall
from kernel.actor import ANONYMOUS
from kernel.audit import AuditEntry
from kernel.outbox import OutboxEvent
from people.citizens import name_of, number_of, phone_index
from people.identity import IdentityChecksumWrong
from people.models import Citizen
from people.sample_ids import sample_resident_id
from people.staff import actor_of
from tests.build import (
    TODAY,
    at,
    make_appointment,
    make_group,
    make_hall,
    make_service,
    make_slot,
    make_staff,
)

PHONE = "+8613800138000"
TEN = at("10:00")


@pytest.fixture
def group(session):
    return make_group(session, make_hall(session, "h1"))


@pytest.fixture
def service(session, group):
    return make_service(session, group)


def held(session, now, service, starts_at=TEN):
    return hold(session, HoldSlot("h1", (service.code,), starts_at), actor=ANONYMOUS, now=now)


def who(token, seed=1, **values):
    facts = {
        "token": token,
        "name": "张三",
        "identity_kind": "resident_id",
        "identity_number": sample_resident_id(seed),
        "phone": PHONE,
    }
    return Book(**facts | values)


def book_one(session, now, service, starts_at=TEN, seed=1, **values):
    token = held(session, now, service, starts_at).token
    return book(session, who(token, seed, **values), actor=ANONYMOUS, now=now)


def test_a_held_number_becomes_an_appointment(session, now, group, service):
    slot = make_slot(session, group, TEN, numbers=2)

    appointment = book_one(session, now, service)

    assert (appointment.state, appointment.slot_id, appointment.on_date) == ("booked", slot.id, TODAY)
    assert (appointment.service_ids, appointment.booked_at) == ([service.id], now)
    assert len(appointment.code) == 6
    assert appointment.code.isdigit()
    number = session.scalars(select(Number).where(Number.appointment_id == appointment.id)).one()
    assert (number.hold_token, number.held_until) == (None, None)
    assert phone_of(appointment) == PHONE


def test_it_is_told_in_audit_and_outbox_by_ids_only(session, now, group, service):
    make_slot(session, group, TEN)
    appointment = book_one(session, now, service)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "appointment.book")).one()
    assert (entry.subject_kind, entry.subject_id, entry.from_state, entry.to_state) == (
        "appointment",
        appointment.id,
        None,
        "booked",
    )
    told = session.scalars(select(OutboxEvent)).one()
    assert told.name == "AppointmentBooked"
    assert told.payload == {
        "appointment_id": appointment.id,
        "hall_id": group.hall_id,
        "group_id": group.id,
        "topics": [f"hall:{group.hall_id}"],
    }


def test_personal_data_is_unreadable_at_rest(session, now, group, service):
    make_slot(session, group, TEN)
    appointment = book_one(session, now, service)
    citizen = session.get_one(Citizen, appointment.citizen_id)
    stored = citizen.number_sealed + citizen.name_sealed + citizen.phone_sealed + appointment.phone_sealed
    for secret in (sample_resident_id(1), "张三", PHONE, PHONE[3:]):
        assert secret.encode() not in stored
    assert (name_of(citizen), number_of(citizen)) == ("张三", sample_resident_id(1))


def test_the_same_token_gives_the_same_appointment(session, now, group, service):
    make_slot(session, group, TEN)
    token = held(session, now, service).token
    first = book(session, who(token), actor=ANONYMOUS, now=now)
    again = book(session, who(token), actor=ANONYMOUS, now=now + timedelta(hours=1))
    assert again.id == first.id
    assert (
        session.scalar(select(func.count()).select_from(Number).where(Number.appointment_id == first.id)) == 1
    )
    assert session.scalar(select(func.count()).select_from(OutboxEvent)) == 1


def test_who_types_slowly_keeps_a_number_that_is_still_there(session, now, group, service):
    make_slot(session, group, TEN, numbers=1)
    token = held(session, now, service).token
    assert book(session, who(token), actor=ANONYMOUS, now=now + timedelta(minutes=25))


def test_a_hold_that_ran_out_and_was_taken_is_gone(session, now, group, service):
    make_slot(session, group, TEN, numbers=1)
    token = held(session, now, service).token
    save_form(session, token, {"name": "张三"}, now=now)
    later = now + timedelta(minutes=11)
    held(session, later, service)
    with pytest.raises(HoldExpired):
        book(session, who(token), actor=ANONYMOUS, now=later)
    assert session.scalar(select(func.count()).select_from(Citizen)) == 0
    draft = find_draft(session, token, now=later)
    assert draft is not None
    assert draft.form_sealed is not None


def test_a_visit_that_lost_one_of_its_numbers_is_not_booked(session, now, group):
    long_visit = make_service(session, group, minutes=20)
    make_slot(session, group, TEN, numbers=2)
    token = held(session, now, long_visit).token
    later = now + timedelta(minutes=11)
    held(session, later, make_service(session, group))
    with pytest.raises(HoldExpired):
        book(session, who(token), actor=ANONYMOUS, now=later)


def test_a_visit_binds_all_its_numbers(session, now, group):
    make_slot(session, group, TEN, numbers=2)
    appointment = book_one(session, now, make_service(session, group, minutes=20))
    bound = session.scalars(select(Number.ordinal).where(Number.appointment_id == appointment.id))
    assert sorted(bound) == [1, 2]


def test_refuses_an_unknown_token_a_wrong_number_and_a_slot_that_has_begun(session, now, group, service):
    make_slot(session, group, TEN)
    token = held(session, now, service).token
    with pytest.raises(HoldExpired):
        book(session, who("unknown"), actor=ANONYMOUS, now=now)
    wrong = sample_resident_id(1)[:-1] + ("1" if sample_resident_id(1)[-1] != "1" else "2")
    with pytest.raises(IdentityChecksumWrong):
        book(session, who(token, identity_number=wrong), actor=ANONYMOUS, now=now)
    with pytest.raises(InPast):
        book(session, who(token), actor=ANONYMOUS, now=TEN)


def test_one_open_appointment_per_person_group_and_day(session, now, group, service):
    make_slot(session, group, TEN)
    make_slot(session, group, at("11:00"))
    make_slot(session, group, at("10:00", date(2026, 3, 3)))
    book_one(session, now, service)
    with pytest.raises(AlreadyBookedThatDay):
        book_one(session, now, service, at("11:00"))
    assert book_one(session, now, service, at("10:00", date(2026, 3, 3)))
    assert book_one(session, now, service, at("11:00"), seed=2)


def test_the_constraint_itself_refuses_a_second_appointment(session, now, group, service, monkeypatch):
    make_slot(session, group, TEN)
    monkeypatch.setattr(book_module, "ensure_may_book", lambda *args, **values: None)
    book_one(session, now, service)
    with pytest.raises(DocumentNotBookable):
        book_one(session, now, service)


def test_open_appointments_are_limited(session, now, group, service):
    days = [date(2026, 3, day) for day in (2, 3, 4, 5, 6, 9)]
    for day in days:
        make_slot(session, group, at("10:00", day))
    for day in days[:5]:
        book_one(session, now, service, at("10:00", day))
    with pytest.raises(TooManyOpen):
        book_one(session, now, service, at("10:00", days[5]))


def test_three_missed_appointments_suspend_online_booking(session, now, group, service):
    slot = make_slot(session, group, TEN, numbers=9)
    first = book_one(session, now, service)
    first.state = "fulfilled"
    citizen = session.get_one(Citizen, first.citizen_id)
    missed_on = [date(2026, 2, day) for day in (9, 10)]
    for day in missed_on:
        make_appointment(session, slot, citizen, state="no_show", on_date=day, starts_at=at("10:00", day))
    make_appointment(
        session,
        slot,
        citizen,
        state="cancelled",
        cancel_reason="hall_closed",
        on_date=date(2026, 2, 11),
        starts_at=at("10:00", date(2026, 2, 11)),
        cancelled_at=at("09:30", date(2026, 2, 11)),
    )
    assert book_one(session, now, service)  # the hall's own cancellation does not count
    late = make_appointment(
        session,
        slot,
        citizen,
        state="cancelled",
        cancel_reason="citizen",
        on_date=date(2026, 2, 12),
        starts_at=at("10:00", date(2026, 2, 12)),
        cancelled_at=at("09:01", date(2026, 2, 12)),
    )
    session.scalars(select(Appointment).where(Appointment.state == "booked")).one().state = "fulfilled"
    session.flush()
    with pytest.raises(SuspendedForNoShows) as refused:
        book_one(session, now, service)
    assert "2026-03-14" in refused.value.sentence("zh")
    late.cancelled_at = at("09:00", date(2026, 2, 12))  # exactly sixty minutes ahead
    session.flush()
    assert book_one(session, now, service)


def test_a_code_that_is_taken_is_drawn_again(session, now, group, service, monkeypatch):
    make_slot(session, group, TEN)
    drawn = iter(["111111", "111111", "222222"])
    monkeypatch.setattr(codes, "new_code", lambda: next(drawn))
    first = book_one(session, now, service)
    second = book_one(session, now, service, seed=2)
    assert (first.code, second.code) == ("111111", "222222")


STRANGER = "+8613900139000"


def test_a_stranger_with_the_number_of_a_document_changes_nothing_of_its_owner(session, now, group, service):
    make_slot(session, group, TEN)
    tomorrow = at("10:00", date(2026, 3, 3))
    make_slot(session, group, tomorrow)
    mine = book_one(session, now, service)
    theirs = book_one(session, now, service, tomorrow, name="李四", phone=STRANGER, language="en")
    owner = session.get(Citizen, mine.citizen_id, populate_existing=True)
    assert theirs.citizen_id == owner.id
    assert (phone_of(mine), phone_of(theirs)) == (PHONE, STRANGER)
    assert (name_of(owner), owner.phone_index, owner.language) == ("张三", phone_index(PHONE), "zh")


def test_without_an_open_booking_or_with_its_phone_the_newest_name_counts(session, now, group, service):
    make_slot(session, group, TEN)
    days = [at("10:00", date(2026, 3, day)) for day in (3, 4)]
    for starts_at in days:
        make_slot(session, group, starts_at)
    mine = book_one(session, now, service)
    again = book_one(session, now, service, days[0], name="张珊")
    owner = session.get(Citizen, mine.citizen_id, populate_existing=True)
    assert name_of(owner) == "张珊"
    for each in (mine, again):
        each.state = "fulfilled"
    book_one(session, now, service, days[1], name="张三", phone=STRANGER)
    session.refresh(owner)
    assert (name_of(owner), owner.phone_index) == ("张三", phone_index(STRANGER))


def test_staff_who_have_seen_the_document_write_what_stands_on_it(session, now, group, service):
    make_slot(session, group, TEN)
    tomorrow = at("10:00", date(2026, 3, 3))
    make_slot(session, group, tomorrow)
    mine = book_one(session, now, service)
    command = who(held(session, now, service, tomorrow).token, name="张珊", phone=STRANGER)
    book(session, command, actor=actor_of(make_staff(session)), now=now)
    owner = session.get(Citizen, mine.citizen_id, populate_existing=True)
    assert (name_of(owner), owner.phone_index) == ("张珊", phone_index(STRANGER))


def statements_of_booking(session, now, service, starts_at=TEN):
    token = held(session, now, service, starts_at).token
    said = []

    def note(*facts):
        said.append(facts[2])

    event.listen(session.connection(), "before_cursor_execute", note)
    try:
        book(session, who(token), actor=ANONYMOUS, now=now)
    finally:
        event.remove(session.connection(), "before_cursor_execute", note)
    return len(said)


def test_booking_takes_two_statements(session, now, group, service):
    make_slot(session, group, TEN)
    make_slot(session, group, at("10:00", date(2026, 3, 3)))
    assert statements_of_booking(session, now, service) == 2
    assert statements_of_booking(session, now, service, at("10:00", date(2026, 3, 3))) == 2


def test_the_rules_are_asked_about_whoever_is_not_plainly_free_to_book(session, now, group, service):
    make_slot(session, group, TEN)
    elsewhere = make_group(session, session.get_one(Hall, group.hall_id), "B")
    make_slot(session, elsewhere, at("11:00"))
    book_one(session, now, service)
    another = make_service(session, elsewhere)
    assert statements_of_booking(session, now, another, at("11:00")) == 4  # standing, and the write again
    assert session.scalar(select(func.count()).select_from(OutboxEvent)) == 2
