"""No-shows: who neither came nor cancelled, found at the end of the half-day."""

from datetime import datetime

from sqlalchemy.orm import Session

from booking.models import Appointment
from kernel.actor import Actor


def close_no_shows(session: Session, *, now: datetime) -> int:
    """Close every booked appointment whose half-day is over; how many."""
    raise NotImplementedError


def mark_no_show(session: Session, appointment: Appointment, *, actor: Actor, now: datetime) -> None:
    """Close one: also somebody who checked in and never answered a call.

    Raises:
        AppointmentStateConflict
    """
    raise NotImplementedError
