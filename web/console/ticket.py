"""Which ticket a form of the console is about."""

import re

from flask import request
from sqlalchemy.orm import Session

from halls.queries import get_counter
from queueing.errors import TicketUnknown
from queueing.models import Ticket
from queueing.steps import lock, moved

_ROW = re.compile(r"[0-9]{1,18}")


def ticket_named(session: Session, counter_id: int) -> Ticket:
    """The ticket of this hall that the form names by its row.

    Its reference stays with the citizen: it leads to the survey about the officer.
    """
    named = request.form.get("ticket", "")
    ticket = session.get(Ticket, int(named)) if _ROW.fullmatch(named) else None
    if ticket is None or ticket.hall_id != get_counter(session, counter_id).hall_id:
        raise TicketUnknown
    return ticket


def ticket_here(session: Session, counter_id: int) -> Ticket:
    """The ticket that the form shows, if it still is at this counter: a page may be older than the truth."""
    ticket = lock(session, ticket_named(session, counter_id))
    if ticket.counter_id != counter_id:
        raise moved(ticket)
    return ticket
