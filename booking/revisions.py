"""How often a booking has changed since it was made, for the calendars that keep a copy of it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from booking.models import Appointment
from kernel.audit import AuditEntry

#: What changes when and where somebody comes, for what, and whether at all.
_CHANGES = ("reschedule", "move", "correct", "cancel", "undo_cancel")


@dataclass(frozen=True, slots=True)
class Revision:
    """`number` is 0 for a booking as it was made, and never goes down; `at` is when it last changed."""

    number: int
    at: datetime


def revision_of(session: Session, appointment: Appointment) -> Revision:
    """What the history of a booking says of its changes, whoever made them."""
    query = select(func.count(AuditEntry.id), func.max(AuditEntry.at)).where(
        AuditEntry.subject_kind == "appointment",
        AuditEntry.subject_id == appointment.id,
        AuditEntry.action.in_([f"appointment.{change}" for change in _CHANGES]),
    )
    number, at = session.execute(query).one()
    return Revision(number, at or appointment.booked_at)
