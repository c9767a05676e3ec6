"""Corrections: the slip and nothing else, by who may, while the appointment is open."""

import pytest
from sqlalchemy import select

from booking.book import Book
from booking.book_by_staff import StaffBooking, book_at_counter
from booking.correct import Correction, CorrectionTooLate, NeedsAnotherTime, NothingToCorrect, correct
from booking.delivery import Delivery, sealed
from booking.ladder import Channel
from booking.models import Number
from booking.policy import AlreadyBookedThatDay
from booking.queries import name_on
from kernel.audit import AuditEntry
from kernel.errors import Forbidden
from kernel.outbox import OutboxEvent
from people.citizens import find_by_identity, name_of, number_of, phone_index, phone_of
from people.models import Citizen
from people.sample_ids import sample_resident_id
from people.staff import actor_of
from tests import build
from tests.build import at

TEN = at("10:00")


class Desk:
    def __init__(self, session):
        self.hall = build.make_hall(session)
        self.group = build.make_group(session, self.hall)
        self.short, self.same = (
            build.make_service(session, self.group, minutes=minutes) for minutes in (10, 8)
        )
        self.long = build.make_service(session, self.group, minutes=25)
        self.elsewhere_group = build.make_group(session, self.hall, "B")
        self.elsewhere = build.make_service(session, self.elsewhere_group)
        build.make_slot(session, self.group, TEN)
        self.officer = actor_of(build.make_staff(session, hall_ids=[self.hall.id]))

    def book(self, session, now, n=1, name="张三", phone="+8613800138000"):
        who = Book("", name, "resident_id", sample_resident_id(n), phone)
        wish = StaffBooking(
            self.hall.id, self.group.id, (self.short.id,), TEN, (Channel.ONLINE,), "needs_help", who
        )
        return book_at_counter(session, wish, actor=self.officer, now=now)


@pytest.fixture
def desk(session):
    return Desk(session)


def fix(session, desk, booked, now, **values):
    command = Correction(**{"reason": "typing_slip"} | values)
    return correct(session, booked, command, actor=desk.officer, now=now)


def test_a_name_is_corrected_alone(session, desk, now):
    booked = desk.book(session, now)
    assert fix(session, desk, booked, now, name="张珊") == ["name"]
    citizen = session.get(Citizen, booked.citizen_id)
    assert (name_of(citizen), number_of(citizen)) == ("张珊", sample_resident_id(1))


def test_another_document_makes_it_that_persons(session, desk, now):
    booked = desk.book(session, now)
    before = booked.citizen_id
    values = {"identity_kind": "resident_id", "identity_number": sample_resident_id(2)}
    assert fix(session, desk, booked, now, **values) == ["document"]
    assert booked.citizen_id != before
    assert number_of(session.get(Citizen, booked.citizen_id)) == sample_resident_id(2)
    assert number_of(session.get(Citizen, before)) == sample_resident_id(1)


def test_nobody_gets_two_of_a_line_by_a_correction(session, desk, now):
    booked, _other = desk.book(session, now), desk.book(session, now, 2)
    values = {"identity_kind": "resident_id", "identity_number": sample_resident_id(2)}
    with pytest.raises(AlreadyBookedThatDay):
        fix(session, desk, booked, now, **values)


def test_a_later_leg_that_day_counts_for_a_correction_too(session, desk, now):
    booked, visit = desk.book(session, now), desk.book(session, now, 2)
    first = desk.elsewhere_group.id
    visit.group_id, visit.legs = first, [{"group_id": first}, {"group_id": desk.group.id}]
    session.flush()
    values = {"identity_kind": "resident_id", "identity_number": sample_resident_id(2)}
    with pytest.raises(AlreadyBookedThatDay):
        fix(session, desk, booked, now, **values)


def test_a_service_of_the_same_line_that_takes_no_longer(session, desk, now):
    booked = desk.book(session, now)
    assert fix(session, desk, booked, now, service_code=desk.same.code) == ["service"]
    assert booked.service_ids == [desk.same.id]
    for other in (desk.long, desk.elsewhere):
        with pytest.raises(NeedsAnotherTime):
            fix(session, desk, booked, now, service_code=other.code)
    held = session.scalars(select(Number).where(Number.appointment_id == booked.id)).all()
    assert len(held) == 1


def test_what_is_the_same_is_no_correction(session, desk, now):
    booked = desk.book(session, now)
    for same in ({"name": "张三"}, {"phone": "+8613800138000"}, {"service_code": desk.short.code}, {}):
        with pytest.raises(NothingToCorrect):
            fix(session, desk, booked, now, **same)


def test_ended_ones_stay_as_they_are(session, desk, now):
    booked = desk.book(session, now)
    booked.state = "cancelled"
    with pytest.raises(CorrectionTooLate):
        fix(session, desk, booked, now, name="李四")


@pytest.mark.parametrize("role", ["manager", "desk", "kiosk", "display"])
def test_who_lacks_the_permission_corrects_nothing(session, desk, role, now):
    booked = desk.book(session, now)
    stranger = actor_of(build.make_staff(session, roles=(role,), hall_ids=[desk.hall.id]))
    with pytest.raises(Forbidden):
        correct(session, booked, Correction("typing_slip", name="李四"), actor=stranger, now=now)


def test_the_audit_says_what_kind_of_thing_and_why_but_not_what(session, desk, now):
    booked = desk.book(session, now)
    fix(session, desk, booked, now, name="张珊", phone="+8613900139000", reason="phone_changed")
    session.flush()
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "appointment.correct")).one()
    assert entry.details == {"reason": "phone_changed", "fields": ["name", "phone"]}
    assert (entry.actor_id, entry.subject_id) == (desk.officer.id, booked.id)


def test_what_cannot_be_posted_is_not_posted_after_a_correction(session, desk, now):
    booked = desk.book(session, now)
    booked.delivery_sealed = sealed(Delivery("张三", "+8613800138000", "云州市安民路 8 号"))
    assert fix(session, desk, booked, now, service_code=desk.same.code) == ["service", "delivery"]
    assert booked.delivery_sealed is None
    desk.short.by_post = True
    booked.delivery_sealed = sealed(Delivery("张三", "+8613800138000", "云州市安民路 8 号"))
    assert fix(session, desk, booked, now, service_code=desk.short.code) == ["service"]
    assert booked.delivery_sealed is not None


def test_those_who_keep_copies_are_told_what_kind_of_thing_was_corrected(session, desk, now):
    booked = desk.book(session, now)
    fix(session, desk, booked, now, name="张珊", phone="+8613900139000")
    session.flush()
    event = session.scalars(select(OutboxEvent).where(OutboxEvent.name == "AppointmentCorrected")).one()
    assert (event.payload["appointment_id"], event.payload["fields"]) == (booked.id, ["name", "phone"])


OWNER, STRANGER = "+8613900139000", "+8613800138000"


@pytest.fixture
def mistyped(session, desk, now):
    """Somebody booked with a document of another, who has booked with it in another line since."""
    booked = desk.book(session, now, name="王五", phone=STRANGER)
    build.make_slot(session, desk.elsewhere_group, TEN)
    who = Book("", "张三", "resident_id", sample_resident_id(1), OWNER)
    facts = (desk.hall.id, desk.elsewhere_group.id, (desk.elsewhere.id,), TEN)
    wish = StaffBooking(*facts, (Channel.ONLINE,), "needs_help", who)
    book_at_counter(session, wish, actor=desk.officer, now=now)
    session.expire_all()
    assert phone_of(session.get(Citizen, booked.citizen_id)) == OWNER
    return booked


def test_another_document_takes_along_the_name_and_phone_of_the_booking(session, desk, mistyped, now):
    values = {"identity_kind": "resident_id", "identity_number": sample_resident_id(2)}
    assert fix(session, desk, mistyped, now, **values) == ["document"]
    right = session.get(Citizen, mistyped.citizen_id)
    assert (name_of(right), phone_of(right)) == ("王五", STRANGER)
    assert (name_on(session, mistyped), mistyped.phone_index) == ("王五", phone_index(STRANGER))
    other = find_by_identity(session, "resident_id", sample_resident_id(1))
    assert (name_of(other), phone_of(other)) == ("张三", OWNER)


def test_a_phone_is_compared_with_that_of_the_booking(session, desk, mistyped, now):
    with pytest.raises(NothingToCorrect):
        fix(session, desk, mistyped, now, phone=STRANGER)
    assert fix(session, desk, mistyped, now, phone=OWNER, reason="phone_changed") == ["phone"]
    assert mistyped.phone_index == phone_index(OWNER)
    owner = session.get(Citizen, mistyped.citizen_id)
    assert (name_of(owner), name_on(session, mistyped)) == ("张三", "王五")


def test_document_name_and_phone_are_corrected_at_once(session, desk, mistyped, now):
    document = {"identity_kind": "resident_id", "identity_number": sample_resident_id(2)}
    said = fix(session, desk, mistyped, now, name="王伍", phone="+8613700137000", **document)
    assert said == ["name", "phone", "document"]
    right = session.get(Citizen, mistyped.citizen_id)
    assert (name_of(right), phone_of(right)) == ("王伍", "+8613700137000")
    assert name_on(session, mistyped) == "王伍"
    other = find_by_identity(session, "resident_id", sample_resident_id(1))
    assert (name_of(other), phone_of(other)) == ("张三", OWNER)
