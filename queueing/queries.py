"""Reads about tickets: for the citizen's page, the console and the kiosk."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from queueing.models import Ticket
from queueing.reasons import Reason


@dataclass(frozen=True, slots=True)
class TicketView:
    """What its owner may see. Minutes are None unless the ticket waits; `latest_at` is the promise or the
    upper end of the range; `counter_number` is set while called or served."""

    reference: str
    label: str
    track: str
    late: bool
    state: str
    hall_id: int
    group_id: int
    group_name_zh: str
    group_name_en: str
    issued_at: datetime
    slot_starts_at: datetime | None
    ahead: int | None
    low_min: int | None
    high_min: int | None
    latest_at: datetime | None
    promise_at_risk: bool
    counter_number: int | None
    called_at: datetime | None


def get_ticket(session: Session, reference: str) -> Ticket:
    """The ticket; raises TicketUnknown."""
    raise NotImplementedError


def lock_ticket(session: Session, reference: str) -> Ticket:
    """The ticket, locked and read afresh; raises TicketUnknown."""
    raise NotImplementedError


def find_ticket_of_appointment(session: Session, appointment_id: int) -> Ticket | None:
    """The ticket that a check-in gave, unless it was abandoned."""
    raise NotImplementedError


def ticket_view(session: Session, ticket: Ticket, *, now: datetime) -> TicketView:
    """How the ticket stands, with people ahead and the range of minutes while it waits."""
    raise NotImplementedError


def current_ticket(session: Session, counter_id: int) -> Ticket | None:
    """The ticket called to or served at a counter."""
    raise NotImplementedError


def list_parked(session: Session, counter_id: int) -> list[Ticket]:
    """Tickets put aside at a counter, the oldest first."""
    raise NotImplementedError


def list_missed(session: Session, hall_id: int, *, now: datetime) -> list[Ticket]:
    """Tickets of today that missed their call, the latest first: for "the citizen is back"."""
    raise NotImplementedError


def upcoming(
    session: Session, counter_id: int, *, now: datetime, limit: int = 5
) -> list[tuple[Ticket, Reason]]:
    """Who would be called next at a counter, with the reasons, if it alone called."""
    raise NotImplementedError
