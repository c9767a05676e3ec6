"""Cancel: the appointment ends, its numbers come back at a moment nobody can foresee."""

from datetime import datetime

from sqlalchemy.orm import Session

from booking.models import Appointment
from kernel.actor import Actor


def cancel(
    session: Session,
    appointment: Appointment,
    *,
    reason: str,
    actor: Actor,
    now: datetime,
    fraction: float | None = None,
) -> None:
    """Cancel; doing it twice changes nothing. `reason` is a code such as `citizen`, `reply`, `hall_closed`.

    `fraction` in [0, 1) places the numbers' return within the hall's window; random unless given.

    Raises:
        AppointmentStateConflict, CancellationTooLate (a citizen, once the slot has begun)
    """
    raise NotImplementedError
