"""Who cancels a booking after check-in leaves the line with it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from booking.queries import get_appointment_by_id
from booking.states import AppointmentState
from kernel.actor import SYSTEM
from queueing.queries import find_ticket_of_appointment
from queueing.serve import abandon
from queueing.states import TicketState
from queueing.steps import lock

#: Whoever is called or served is a matter between the citizen and the officer.
_MAY_LEAVE = (TicketState.WAITING, TicketState.PARKED, TicketState.ABSENT)


def leave_with_booking(session: Session, event: Mapping[str, Any], *, now: datetime) -> None:
    """Give up the ticket of a cancelled appointment; nothing where it has ended already.

    A handler of AppointmentCancelled: the booking does not know lines.
    """
    appointment = get_appointment_by_id(session, event["appointment_id"])
    if appointment.state != AppointmentState.CANCELLED:
        return  # an officer took it back before we came to it
    ticket = find_ticket_of_appointment(session, appointment.id)
    if ticket is not None and lock(session, ticket).state in _MAY_LEAVE:
        abandon(session, ticket, actor=SYSTEM, now=now, reason="booking_cancelled")
