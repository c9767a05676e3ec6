"""Finding appointments."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from booking.errors import AppointmentUnknown
from booking.models import Appointment, Draft
from booking.states import OPEN
from kernel.crypto import cipher
from people.citizens import identity_indexes, name_of, phone_index
from people.models import Citizen


def get_appointment(session: Session, reference: str) -> Appointment:
    """The appointment of this public reference; raises AppointmentUnknown."""
    appointment = session.scalar(select(Appointment).where(Appointment.reference == reference))
    if appointment is None:
        raise AppointmentUnknown
    return appointment


def get_appointment_by_id(session: Session, appointment_id: int) -> Appointment:
    """The appointment of this id; raises AppointmentUnknown."""
    appointment = session.get(Appointment, appointment_id)
    if appointment is None:
        raise AppointmentUnknown
    return appointment


def references_of(session: Session, appointment_ids: Collection[int]) -> dict[int, str]:
    """Id → public reference, of those that are there."""
    query = select(Appointment.id, Appointment.reference).where(Appointment.id.in_(appointment_ids))
    return {row[0]: row[1] for row in session.execute(query)}


def undone_of(session: Session, appointment_ids: Collection[int]) -> dict[int, list[int]]:
    """Id → the services that a visit which has ended was not handled for."""
    query = select(Appointment.id, Appointment.undone_service_ids).where(Appointment.id.in_(appointment_ids))
    return {row[0]: row[1] for row in session.execute(query)}


def lock_appointment(session: Session, appointment: Appointment) -> Appointment:
    """The same appointment as it is now, locked until the commit: whoever changes its state calls this."""
    session.flush()  # reading anew would drop what this transaction has changed and not yet written
    session.refresh(appointment, with_for_update=True)
    return appointment


def groups_of(visit: Appointment | Draft | Row[Any]) -> frozenset[int]:
    """The lines that a visit passes: those of its legs, or its only one."""
    return frozenset(leg["group_id"] for leg in visit.legs) or frozenset([visit.group_id])


def find_by_code(session: Session, hall_id: int, on_date: date, code: str) -> Appointment | None:
    """The hall's appointment of that day with this six-digit code, in any state."""
    return session.scalar(
        select(Appointment).where(
            Appointment.hall_id == hall_id, Appointment.on_date == on_date, Appointment.code == code
        )
    )


def find_today_by_identity(session: Session, hall_id: int, on_date: date, number: str) -> list[Appointment]:
    """The open appointments of that day of whoever shows a document with this number, earliest first.

    `number` is as typed or read: the kind of document need not be known.
    """
    return list(
        session.scalars(
            select(Appointment)
            .join(Citizen, Citizen.id == Appointment.citizen_id)
            .where(
                Citizen.identity_index.in_(identity_indexes(number, today=on_date)),
                Appointment.hall_id == hall_id,
                Appointment.on_date == on_date,
                Appointment.state.in_(OPEN),
            )
            .order_by(Appointment.starts_at)
        )
    )


def list_of_phone(session: Session, phone: str, *, since_on: date) -> Sequence[Appointment]:
    """Appointments booked with this phone (E.164) on or after a date, in order of time."""
    return session.scalars(
        select(Appointment)
        .where(Appointment.phone_index == phone_index(phone), Appointment.on_date >= since_on)
        .order_by(Appointment.starts_at)
    ).all()


def person_of(session: Session, appointment: Appointment) -> bytes | None:
    """The keyed hash of the document of whoever comes; None once they were forgotten."""
    return session.scalar(select(Citizen.identity_index).where(Citizen.id == appointment.citizen_id))


def name_on(session: Session, appointment: Appointment) -> str:
    """The name that this booking was made with; empty once it was erased.

    Never what somebody else's booking said of the same document: who booked reads this.
    """
    if appointment.name_sealed is not None:
        return cipher().decrypt(appointment.name_sealed, "appointment.name")
    citizen = session.get_one(Citizen, appointment.citizen_id)
    own = citizen.phone_index is not None and citizen.phone_index == appointment.phone_index
    return name_of(citizen) if own else ""


def phone_of(appointment: Appointment) -> str | None:
    """The phone in E.164 that messages about this appointment go to; None once it was erased."""
    sealed = appointment.phone_sealed
    return cipher().decrypt(sealed, "appointment.phone") if sealed else None
