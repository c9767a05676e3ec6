"""Who was put aside: at a counter while it is open, then at every counter that serves their line."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from halls.models import Counter, ServiceGroup
from halls.queries import get_counter
from queueing.counters import list_group_ids, session_of_counter
from queueing.models import CounterSession, Ticket
from queueing.states import TicketState
from queueing.today import today_of

_HERE_NOW = exists().where(CounterSession.counter_id == Ticket.counter_id, CounterSession.closed_at.is_(None))


@dataclass(frozen=True, slots=True)
class Parked:
    """A ticket put aside in its line. `closed`: nobody sits any more at the counter that did it."""

    ticket: Ticket
    group: ServiceGroup
    counter_number: int | None
    closed: bool


def list_parked(session: Session, counter_id: int, *, now: datetime) -> list[Parked]:
    """Today's tickets that a counter may go on with: its own, then those of closed counters of its lines.

    Each the longest put aside first.
    """
    orphaned = and_(Ticket.group_id.in_(list_group_ids(session, counter_id)), ~_HERE_NOW)
    found = _read(
        session, get_counter(session, counter_id).hall_id, or_(Ticket.counter_id == counter_id, orphaned), now
    )
    return sorted(found, key=lambda each: each.ticket.counter_id != counter_id)


def list_all_parked(session: Session, hall_id: int, *, now: datetime) -> list[Parked]:
    """Everybody put aside in a hall today, the longest first."""
    return _read(session, hall_id, Ticket.hall_id == hall_id, now)


def is_left_alone(session: Session, ticket: Ticket) -> bool:
    """Whether it was put aside at a counter where nobody sits any more."""
    if ticket.state != TicketState.PARKED or ticket.counter_id is None:
        return False
    return session_of_counter(session, ticket.counter_id) is None


def count_parked(session: Session, hall_ids: Iterable[int], *, now: datetime) -> dict[int, int]:
    """How many are put aside today, by hall."""
    query = select(func.count()).select_from(Ticket)
    return {
        hall_id: session.scalar(query.where(_of_today(session, hall_id, now))) or 0 for hall_id in hall_ids
    }


def _read(session: Session, hall_id: int, which: ColumnElement[bool], now: datetime) -> list[Parked]:
    query = (
        select(Ticket, ServiceGroup, Counter.number, ~_HERE_NOW)
        .join(ServiceGroup, ServiceGroup.id == Ticket.group_id)
        .outerjoin(Counter, Counter.id == Ticket.counter_id)
        .where(which, _of_today(session, hall_id, now))
        .order_by(Ticket.since_at, Ticket.id)
    )
    return [Parked(ticket, group, number, closed) for ticket, group, number, closed in session.execute(query)]


def _of_today(session: Session, hall_id: int, now: datetime) -> ColumnElement[bool]:
    on_date = today_of(session, hall_id, now=now).on_date
    return and_(Ticket.hall_id == hall_id, Ticket.on_date == on_date, Ticket.state == TicketState.PARKED)
