"""What becomes of a booking whose ticket is given up."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from booking.cancel import cancel
from booking.fulfil import fulfil
from booking.models import Appointment
from booking.no_show import mark_no_show
from booking.queries import get_appointment_by_id, lock_appointment
from booking.states import OPEN
from kernel.actor import Actor
from queueing.models import Ticket


def open_booking(session: Session, ticket: Ticket) -> Appointment | None:
    """The ticket's booking, locked. One that has ended otherwise must not keep an officer from going on."""
    if ticket.appointment_id is None:
        return None
    appointment = lock_appointment(session, get_appointment_by_id(session, ticket.appointment_id))
    return appointment if appointment.state in OPEN else None


def end_booking(
    session: Session,
    appointment: Appointment,
    undone: Sequence[int],
    *,
    missed: bool,
    reason: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Missed, partly done (`undone` services of several lines are left), or cancelled."""
    if missed:
        mark_no_show(session, appointment, actor=actor, now=now)
    elif appointment.legs and 0 < len(undone) < len(appointment.service_ids):
        fulfil(session, appointment, actor=actor, now=now, undone=undone)
    else:
        cancel(session, appointment, reason=reason, actor=actor, now=now)
