"""End a hall's day: nobody stays in a line overnight."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from halls.queries import get_hall_by_id
from kernel import audit
from kernel.actor import SYSTEM, Actor
from kernel.outbox import emit
from queueing import day_report
from queueing.counters import end_session
from queueing.errors import DayNotOver
from queueing.events import HallDayClosed
from queueing.models import CounterSession, Ticket
from queueing.serve import abandon, complete_visit
from queueing.states import FINAL, TicketState
from queueing.village import end_in_villages

#: The code in the audit of tickets and bookings that ended with the day.
REASON = "day_closed"
_OPEN = sorted(set(TicketState) - FINAL)


@dataclass(frozen=True, slots=True)
class DayClosed:
    """How many tickets ended and counters were closed; zeros when it had been done before.

    Tickets that an earlier day had left open are counted too; its own report names them.
    """

    hall_id: int
    on_date: date
    abandoned: int
    completed: int
    counters_closed: int


def close_day(
    session: Session, hall_id: int, *, on_date: date, now: datetime, actor: Actor = SYSTEM
) -> DayClosed:
    """Complete who is being served, let all others go, close the counters. Safe to repeat.

    1. Lock the counters' sessions: nobody calls while the day is being closed. Whoever was checked in at a
       mobile session was served there.
    2. End the tickets, also those of days before: a number given after that day was closed, or of a day that
       the job missed, would never end. In the order of their ids. A booking whose owner was here and could
       not be served is cancelled, not missed; one whose owner did not answer the call is missed; a visit of
       several lines that was served in some of them is partly done.
    3. Close the counters.
    4. Keep the report of each day (`queueing.day_report`): which numbers were ended in which state.

    Raises:
        DayNotOver: for a day that has not come
    """
    zone = ZoneInfo(get_hall_by_id(session, hall_id).time_zone)
    if on_date > now.astimezone(zone).date():
        raise DayNotOver(on_date=on_date.isoformat())
    running = _running_sessions(session, hall_id, before=_midnight_after(on_date, zone))
    away = end_in_villages(session, hall_id, until=on_date, actor=actor, now=now)
    found: dict[date, list[Ticket]] = {on_date: []}
    for ticket in _open_tickets(session, hall_id, until=on_date):
        found.setdefault(ticket.on_date, []).append(ticket)
    ends = {each: _end_tickets(session, found[each], actor=actor, now=now) for each in sorted(found)}
    for each in running:
        end_session(session, each, actor=actor, now=now)
    for of_day, end in ends.items():
        counters = len(running) if of_day == on_date else 0
        closed = DayClosed(hall_id, of_day, end.abandoned, end.completed, counters)
        if end.states or counters:
            _tell(session, closed, actor=actor, now=now)
        day_report.keep(session, hall_id, on_date=of_day, ended=end.states, counters_closed=counters, now=now)
    abandoned, completed = (
        sum(getattr(end, name) for end in ends.values()) for name in ("abandoned", "completed")
    )
    return DayClosed(hall_id, on_date, abandoned, completed + away, len(running))


@dataclass(slots=True)
class _Ended:
    """The tickets of one day that were ended: how many of each kind, and their labels by the state before."""

    abandoned: int = 0
    completed: int = 0
    states: dict[str, list[str]] = field(default_factory=dict)


def _end_tickets(session: Session, tickets: Iterable[Ticket], *, actor: Actor, now: datetime) -> _Ended:
    ended = _Ended()
    for ticket in tickets:
        ended.states.setdefault(ticket.state, []).append(ticket.label)
        if ticket.state == TicketState.SERVING:
            complete_visit(session, ticket, actor=actor, now=now, wanted=True)
            ended.completed += 1
        else:
            abandon(session, ticket, actor=actor, now=now, reason=REASON)
            ended.abandoned += 1
    return ended


def _midnight_after(on_date: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(on_date + timedelta(days=1), time.min, zone)


def _running_sessions(session: Session, hall_id: int, *, before: datetime) -> list[CounterSession]:
    query = (
        select(CounterSession)
        .where(
            CounterSession.hall_id == hall_id,
            CounterSession.closed_at.is_(None),
            CounterSession.opened_at < before,
        )
        .order_by(CounterSession.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(session.scalars(query))


def _open_tickets(session: Session, hall_id: int, *, until: date) -> list[Ticket]:
    # The open states by name, so that the index alone passes over the ended ones of all the years.
    query = (
        select(Ticket)
        .where(Ticket.hall_id == hall_id, Ticket.on_date <= until, Ticket.state.in_(_OPEN))
        .order_by(Ticket.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(session.scalars(query))


def _tell(session: Session, closed: DayClosed, *, actor: Actor, now: datetime) -> None:
    audit.record(
        session,
        "hall.close_day",
        actor=actor,
        now=now,
        subject=("hall", closed.hall_id),
        hall_id=closed.hall_id,
        on_date=closed.on_date.isoformat(),
        abandoned=closed.abandoned,
        completed=closed.completed,
        counters_closed=closed.counters_closed,
    )
    emit(session, HallDayClosed(closed.hall_id, closed.on_date.isoformat()), now=now)
