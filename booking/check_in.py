"""Check in: who booked is here."""

from datetime import datetime

from sqlalchemy.orm import Session

from booking.models import Appointment
from kernel.actor import Actor


def mark_checked_in(session: Session, appointment: Appointment, *, actor: Actor, now: datetime) -> bool:
    """Mark it; True when the person is late. Who is checked in already stays so.

    Raises:
        AppointmentStateConflict, CheckInOnAnotherDay, CheckInTooEarly (unless staff does it)
    """
    raise NotImplementedError
