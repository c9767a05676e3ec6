"""Fulfil: what was booked has been handled."""

from datetime import datetime

from sqlalchemy.orm import Session

from booking.models import Appointment
from kernel.actor import Actor


def fulfil(session: Session, appointment: Appointment, *, actor: Actor, now: datetime) -> None:
    """Mark a checked-in appointment as handled; doing it twice changes nothing.

    Raises:
        AppointmentStateConflict
    """
    raise NotImplementedError
