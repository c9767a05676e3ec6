"""Check in who booked: the booking becomes a ticket with its place in line."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from kernel.actor import Actor
from queueing.models import Ticket


@dataclass(frozen=True, slots=True)
class CheckIn:
    """One of: `reference` (QR), `code` (six digits), `identity` (text of the document's number)."""

    hall_id: int
    reference: str | None = None
    code: str | None = None
    identity: str | None = None


def check_in(session: Session, command: CheckIn, *, actor: Actor, now: datetime) -> Ticket:
    """Check in and issue the ticket; who is checked in already gets the same ticket again.

    Raises:
        NothingToCheckIn, WrongHall, WrongDay, TooEarly, TooLate, WalkInsStopped
    """
    raise NotImplementedError
