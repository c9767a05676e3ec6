"""The six digits that people type at the kiosk; one of a kind in a hall on a day."""

import secrets
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from booking.models import Appointment

DIGITS = 6
TRIES = 20


def new_code() -> str:
    """Six random digits."""
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"


def free_code(session: Session, hall_id: int, on_date: date, *, wish: str) -> str:
    """A code that nobody has in this hall that day: `wish` if it is free."""
    for candidate in [wish, *(new_code() for _ in range(TRIES))]:
        taken = select(Appointment.id).where(
            Appointment.hall_id == hall_id, Appointment.on_date == on_date, Appointment.code == candidate
        )
        if session.scalar(taken) is None:
            return candidate
    raise NoFreeCode


class NoFreeCode(RuntimeError):
    """Cannot happen: a hall does not have a million appointments a day."""
