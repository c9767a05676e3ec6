"""What somebody wrote when they booked, for the officer who serves them."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from people.citizens import name_of, number_of, phone_of
from people.models import Citizen
from queueing import contact
from queueing.models import Ticket
from queueing.states import TicketState


@dataclass(frozen=True, slots=True)
class Prefilled:
    """In full: the officer compares it with the document on the table. `phone` is E.164 or empty.

    Who was shown it is in the audit (`queueing.desk_more`).
    """

    name: str
    identity_kind: str
    number: str
    phone: str


def find_prefilled(session: Session, ticket: Ticket) -> Prefilled | None:
    """Only while its owner is being served; None without a booking, or once they asked to be forgotten."""
    if ticket.state != TicketState.SERVING or ticket.citizen_id is None:
        return None
    citizen = session.get(Citizen, ticket.citizen_id)
    if citizen is None or citizen.erased_at is not None:
        return None
    phone = contact.phone_of(ticket) or phone_of(citizen) or ""
    return Prefilled(name_of(citizen), citizen.identity_kind, number_of(citizen), phone)
