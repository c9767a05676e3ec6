"""Reschedule: the old numbers are kept until the new ones are bound."""

from datetime import datetime

from sqlalchemy.orm import Session

from booking.models import Appointment
from kernel.actor import Actor


def reschedule(
    session: Session,
    appointment: Appointment,
    *,
    token: str,
    actor: Actor,
    now: datetime,
    fraction: float | None = None,
) -> None:
    """Move a booked appointment to the slot that `token` holds, in the same hall and group.

    Raises:
        AppointmentStateConflict, OtherGroup, HoldExpired, InPast, AlreadyBookedThatDay
    """
    raise NotImplementedError
