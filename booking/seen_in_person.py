"""Whether somebody has shown their document to us, and with which phone they came.

Anybody can type somebody else's name and number, so a form and a verified phone prove nothing. What counts is
a visit that was booked from this phone and served at a counter, where the officer has the document in hand.
"""

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from booking.models import Appointment
from booking.states import AppointmentState
from people.citizens import phone_index
from people.models import Citizen


def was_seen(session: Session, person: bytes, phone: str) -> bool:
    """Whether the owner of a document (its keyed hash) was served after a booking from this phone."""
    mine = select(Citizen.id).join(Appointment, Appointment.citizen_id == Citizen.id).where(*_served(phone))
    return session.scalar(mine.where(Citizen.identity_index == person).limit(1)) is not None


def list_seen(session: Session, phone: str) -> list[bytes]:
    """The documents (their keyed hashes) whose owners were served after bookings from this phone."""
    found = select(Citizen.identity_index).join(Appointment, Appointment.citizen_id == Citizen.id)
    return [each for each in session.scalars(found.where(*_served(phone)).distinct()) if each is not None]


def _served(phone: str) -> tuple[ColumnElement[bool], ...]:
    return (
        Appointment.phone_index == phone_index(phone),
        Appointment.state == AppointmentState.FULFILLED,
        Citizen.erased_at.is_(None),
        Citizen.identity_index.is_not(None),
    )
