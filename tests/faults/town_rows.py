"""The rows of a town's numbers and visits, as interleavings name them."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from booking.models import Appointment, Number

#: A number, whatever its row: line, start, ordinal. What a closure took away comes back as the same place.
Place = tuple[int, datetime, int]
PLACE = (Number.group_id, Number.starts_at, Number.ordinal)


def appointment_of(session: Session, reference: str) -> Appointment:
    return session.scalars(select(Appointment).where(Appointment.reference == reference)).one()


def places_of(session: Session, appointment: Appointment) -> tuple[Place, ...]:
    """The numbers that a visit has."""
    session.flush()
    mine = select(*PLACE).where(Number.appointment_id == appointment.id)
    return tuple(tuple(row) for row in session.execute(mine))
