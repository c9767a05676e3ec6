"""A phone for a ticket: whom the officer asks for one is told how it goes, and asked afterwards."""

from datetime import datetime

from sqlalchemy.orm import Session

from kernel.actor import Actor
from kernel.crypto import cipher
from kernel.phone import normalise
from queueing.models import Ticket
from queueing.serve import lock_own
from queueing.states import FINAL
from queueing.steps import moved, record


def set_phone(session: Session, ticket: Ticket, *, phone: str, actor: Actor, now: datetime) -> Ticket:
    """Keep the phone, encrypted, with the ticket; a later one replaces it.

    Raises:
        PhoneMalformed
        TicketMoved: the visit is over
        NotYourCounter: the citizen stands at another officer's counter
        Forbidden: the actor works in other halls
    """
    number = normalise(phone)
    ticket = lock_own(session, ticket, actor=actor)
    if ticket.state in FINAL:
        raise moved(ticket)
    ticket.phone_sealed = cipher().encrypt(number, "ticket.phone")
    ticket.phone_index = cipher().blind_index(number, "phone")
    record(session, ticket, "ticket.set_phone", actor=actor, now=now)
    return ticket


def phone_of(ticket: Ticket) -> str | None:
    """The phone in E.164, if one is known."""
    return cipher().decrypt(ticket.phone_sealed, "ticket.phone") if ticket.phone_sealed else None
