"""Silent calling: the owner of a ticket is not called out; screens show the number, the phone tells."""

from datetime import datetime

from sqlalchemy.orm import Session

from kernel.actor import Actor
from queueing.models import Ticket
from queueing.states import FINAL
from queueing.steps import ensure_in_hall, lock, moved, not_before, record


def set_silent(session: Session, ticket: Ticket, *, silent: bool, actor: Actor, now: datetime) -> Ticket:
    """Call without sound from now on, or aloud again; twice is once.

    Raises:
        TicketMoved: the visit is over
        Forbidden: the actor works in other halls
    """
    ticket = lock(session, ticket)
    ensure_in_hall(actor, ticket.hall_id)
    if ticket.state in FINAL:
        raise moved(ticket)
    if ticket.silent != silent:
        ticket.silent = silent
        now = not_before(ticket, now)
        record(session, ticket, "ticket.set_silent", actor=actor, now=now, silent=silent)
    return ticket
