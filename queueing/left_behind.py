"""Who still waits in a line whose windows have closed for today: nobody calls them unless one opens again.

A line has closed when its plan of today is over, with what the duty officer has agreed to, and nobody sits at
a counter that serves it. Until the day is closed (`queueing.close_day`) they stay in line: who opens a window
goes on calling them.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from halls.models import CounterSkill, ServiceGroup
from queueing.capacity import Capacity
from queueing.models import CounterSession, Ticket
from queueing.staffing import capacities_of
from queueing.states import TicketState
from queueing.today import Today, today_of


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody who waits in a closed line. `closed_at`: the plan ended then; None where there was none."""

    ticket: Ticket
    group: ServiceGroup
    closed_at: datetime | None


def attended(group_id: ColumnElement[int] | Any) -> ColumnElement[bool]:
    """The condition that somebody sits at a counter of the line, also who pauses."""
    return exists().where(
        CounterSession.counter_id == CounterSkill.counter_id,
        CounterSession.closed_at.is_(None),
        CounterSkill.group_id == group_id,
    )


def has_closed(session: Session, group_id: int, capacity: Capacity, *, now: datetime) -> bool:
    """Whether nobody is to be called any more in a line; asks for who is there only once the plan is over."""
    if capacity.closes_at is not None and capacity.closes_at > now:
        return False
    return not session.scalar(select(attended(group_id)))


def closed_lines(
    session: Session, today: Today, group_ids: Collection[int], *, now: datetime
) -> dict[int, datetime | None]:
    """Of these lines those that have closed, with the end of their plan."""
    query = select(ServiceGroup.id).where(ServiceGroup.id.in_(group_ids), ~attended(ServiceGroup.id))
    empty = session.scalars(query).all() if group_ids else ()
    if not empty:
        return {}
    ends = {
        group_id: each.closes_at for group_id, each in capacities_of(session, today, empty, now=now).items()
    }
    return {group_id: at for group_id, at in ends.items() if at is None or at <= now}


def list_left(session: Session, hall_id: int, *, now: datetime) -> list[Left]:
    """Who waits in the closed lines of a hall, line by line in the order of their numbers."""
    today = today_of(session, hall_id, now=now)
    query = (
        select(Ticket, ServiceGroup)
        .join(ServiceGroup, ServiceGroup.id == Ticket.group_id)
        .where(
            Ticket.hall_id == hall_id, Ticket.on_date == today.on_date, Ticket.state == TicketState.WAITING
        )
        .where(~attended(ServiceGroup.id))
        .order_by(ServiceGroup.position, ServiceGroup.id, Ticket.issued_at, Ticket.id)
    )
    found = session.execute(query).all()
    closed = closed_lines(session, today, {group.id for _ticket, group in found}, now=now)
    return [Left(ticket, group, closed[group.id]) for ticket, group in found if group.id in closed]


def count_left(session: Session, hall_ids: Iterable[int], *, now: datetime) -> Counter[int]:
    """How many wait in closed lines, by hall."""
    return Counter({hall_id: len(list_left(session, hall_id, now=now)) for hall_id in hall_ids})
