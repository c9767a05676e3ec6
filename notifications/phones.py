"""The phone that a message about something goes to, if one is known."""

from sqlalchemy.orm import Session

from booking.models import Appointment
from kernel.crypto import cipher
from queueing.models import Ticket


def phone_of_appointment(appointment: Appointment) -> str:
    """E.164; who books has shown that the phone is theirs."""
    return cipher().decrypt(appointment.phone_sealed, "appointment.phone")


def phone_of_ticket(session: Session, ticket: Ticket) -> str | None:
    """E.164: the one given with the ticket, else that of its appointment, else None."""
    if ticket.phone_sealed is not None:
        return cipher().decrypt(ticket.phone_sealed, "ticket.phone")
    if ticket.appointment_id is None:
        return None
    appointment = session.get(Appointment, ticket.appointment_id)
    return phone_of_appointment(appointment) if appointment else None
