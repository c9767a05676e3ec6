"""The phone that a message about something goes to, if one is known."""

from sqlalchemy.orm import Session

from booking.models import Appointment
from booking.queries import phone_of
from kernel.crypto import CannotDecrypt, cipher
from notifications.models import Message
from queueing.models import Ticket


def phone_of_message(message: Message) -> str:
    """E.164. Raises CannotDecrypt when it was erased, which happens to settled messages only."""
    if message.phone_sealed is None:
        raise CannotDecrypt("message.phone")
    return cipher().decrypt(message.phone_sealed, "message.phone")


def phone_of_ticket(session: Session, ticket: Ticket) -> str | None:
    """E.164: the one given with the ticket, else that of its appointment, else None."""
    if ticket.phone_sealed is not None:
        return cipher().decrypt(ticket.phone_sealed, "ticket.phone")
    if ticket.appointment_id is None:
        return None
    appointment = session.get(Appointment, ticket.appointment_id)
    return phone_of(appointment) if appointment else None
