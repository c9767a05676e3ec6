"""What a correction at the counter leaves behind: nothing that still goes to the old phone."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from booking.correct import Correction, correct
from booking.events import AppointmentBooked
from booking.models import Appointment, Number
from kernel import outbox
from kernel.crypto import cipher
from notifications import simulator
from people.citizens import phone_index
from people.sample_ids import sample_resident_id
from people.staff import actor_of
from queueing.contact import phone_of
from queueing.models import Ticket
from runtime.drain import drain
from tests import build
from tests.build import at
from tests.conftest import NOW

OLD, NEW = "+8613800138000", "+8613900139000"


class Counter:
    """Somebody has booked tomorrow at 10:00 with a phone that was mistyped."""

    def __init__(self, session):
        hall = build.make_hall(session)
        self.group = build.make_group(session, hall)
        self.service, self.other = (build.make_service(session, self.group) for _ in range(2))
        slot = build.make_slot(session, self.group, at("10:00") + timedelta(days=1))
        self.booked = build.make_appointment(session, slot, phone=OLD, service_ids=[self.service.id])
        session.scalars(select(Number).limit(1)).one().appointment_id = self.booked.id
        self.officer = actor_of(build.make_staff(session, hall_ids=[hall.id]))
        event = AppointmentBooked(self.booked.id, hall.id, self.group.id)
        outbox.emit(session, event, now=NOW)


@pytest.fixture
def counter(parts):
    with parts.database.transaction() as session:
        made = Counter(session)
    drain(parts, now=NOW)
    return made


def fix(parts, counter, now=NOW, **values):
    with parts.database.transaction() as session:
        appointment = session.get_one(Appointment, counter.booked.id)
        command = Correction(**{"reason": "typing_slip"} | values)
        correct(session, appointment, command, actor=counter.officer, now=now)
    drain(parts, now=now)


def remind(parts):
    drain(parts, now=at("18:00"))
    drain(parts, now=at("08:00") + timedelta(days=1))


def texts_to(parts, phone):
    with parts.database.transaction() as session:
        return [bubble.text for bubble in reversed(simulator.list_simulated(session, phone))]


def reminders_to(parts, phone):
    return sum("提醒" in text for text in texts_to(parts, phone))


def test_reminders_go_to_the_corrected_phone_and_not_to_the_old_one(parts, counter):
    fix(parts, counter, phone=NEW)
    (confirmation,) = texts_to(parts, NEW)
    assert f"/b/{counter.booked.reference}" in confirmation
    remind(parts)
    assert (reminders_to(parts, OLD), reminders_to(parts, NEW)) == (0, 2)


def test_a_phone_that_is_corrected_back_is_reminded_once_of_each(parts, counter):
    fix(parts, counter, phone=NEW)
    fix(parts, counter, phone=OLD)
    remind(parts)
    assert (reminders_to(parts, OLD), reminders_to(parts, NEW)) == (2, 0)
    assert len(texts_to(parts, OLD)) == 3


def test_another_correction_leaves_the_messages_alone(parts, counter):
    fix(parts, counter, name="张珊")
    remind(parts)
    assert (reminders_to(parts, OLD), len(texts_to(parts, OLD))) == (2, 3)


def ticket_of(parts, counter, **values):
    with parts.database.transaction() as session:
        session.get_one(Appointment, counter.booked.id).state = "checked_in"
        facts = {
            "appointment_id": counter.booked.id,
            "citizen_id": counter.booked.citizen_id,
            "service_ids": [counter.service.id],
            "phone_sealed": cipher().encrypt(OLD, "ticket.phone"),
            "phone_index": phone_index(OLD),
        }
        build.make_ticket(session, counter.group, **facts | values)


def test_the_ticket_follows_person_phone_and_service(parts, counter):
    ticket_of(parts, counter)
    document = {"identity_kind": "resident_id", "identity_number": sample_resident_id(7)}
    fix(parts, counter, phone=NEW, service_code=counter.other.code, **document)
    with parts.database.transaction() as session:
        ticket = session.scalars(select(Ticket)).one()
        owner = session.get_one(Appointment, counter.booked.id).citizen_id
        assert owner != counter.booked.citizen_id
        assert (ticket.citizen_id, ticket.service_ids) == (owner, [counter.other.id])
        assert (phone_of(ticket), ticket.phone_index) == (NEW, phone_index(NEW))


def test_a_ticket_keeps_what_was_not_corrected_and_an_ended_one_everything(parts, counter):
    ticket_of(parts, counter, service_ids=[counter.other.id], phone_sealed=None, phone_index=None)
    fix(parts, counter, name="张珊")
    with parts.database.transaction() as session:
        ticket = session.scalars(select(Ticket)).one()
        assert (ticket.service_ids, ticket.phone_sealed) == ([counter.other.id], None)
        ticket.state = "completed"
    fix(parts, counter, phone=NEW)
    with parts.database.transaction() as session:
        assert session.scalars(select(Ticket)).one().phone_sealed is None
