"""Reads about tickets: for the citizen's page, the console and the kiosk."""

from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import BindParameter, ColumnElement, Select, and_, select
from sqlalchemy.orm import Session

from halls.models import Counter, ServiceGroup
from halls.queries import get_counter, get_group
from queueing.capacity import Capacity
from queueing.counters import list_group_ids
from queueing.errors import TicketUnknown
from queueing.estimate import Estimate, estimate
from queueing.left_behind import closed_lines, has_closed
from queueing.lineup import Lineup
from queueing.loads import load_of
from queueing.models import Ticket
from queueing.one_counter import estimates_at, find_counter
from queueing.ordering import RecentCall, Track, next_from_heads
from queueing.place import OpenLine
from queueing.reasons import Reason
from queueing.staffing import capacity_of
from queueing.states import AT_COUNTER, TicketState
from queueing.today import Today, today_of
from queueing.waiting import all_waiting, calls_of, first_waiting, recent_calls


@dataclass(frozen=True, slots=True)
class TicketView:
    """What its owner may see.

    Minutes are None unless the ticket waits; `latest_at` is the promise or the upper end of the range
    (None for a standby, who has neither), `is_promised` says which;
    `counter_number` is set while called or served, `to_counter_number` while it waits for one counter alone.
    `next_lines` are those still to pass after this one. `line_closed`: it waits, but its windows have closed
    for today (`closed_at`, where there was a plan), so nobody can say when it is called, if at all.
    """

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
    is_promised: bool
    counter_number: int | None
    called_at: datetime | None
    next_lines: tuple[ServiceGroup, ...] = ()
    to_counter_number: int | None = None
    line_closed: bool = False
    closed_at: datetime | None = None


def get_ticket(session: Session, reference: str) -> Ticket:
    """The ticket; raises TicketUnknown."""
    # The text comes from an address, where anything can stand; PostgreSQL does not even take every character.
    known = reference if reference.isprintable() else ""
    ticket = session.scalars(select(Ticket).where(Ticket.reference == known)).one_or_none()
    if ticket is None:
        raise TicketUnknown
    return ticket


def find_ticket_of_appointment(session: Session, appointment_id: int) -> Ticket | None:
    """The ticket that a check-in gave, unless it was abandoned."""
    return session.scalars(select(Ticket).where(of_appointment(appointment_id))).one_or_none()


def of_appointment(appointment_id: int | BindParameter[int]) -> ColumnElement[bool]:
    """The condition that finds this one ticket."""
    return and_(Ticket.appointment_id == appointment_id, Ticket.state != TicketState.ABANDONED)


def ticket_view(
    session: Session, ticket: Ticket, *, now: datetime, line: OpenLine | None = None
) -> TicketView:
    """How the ticket stands, with people ahead and the range of minutes while it waits.

    `line` is the ticket's line as it was read a moment ago to give the ticket; it spares reading it again.
    """
    group = get_group(session, ticket.group_id)
    waits = ticket.state == TicketState.WAITING
    told = _estimate_of(session, ticket, now=now, line=line) if waits else None
    closed = _closing_of(session, ticket, now=now) if waits and told is None else {}
    is_closed = ticket.group_id in closed
    latest_at = _latest_of(ticket, told, is_closed=is_closed)
    at_counter = ticket.state in AT_COUNTER and ticket.counter_id is not None
    counter = session.get(Counter, ticket.counter_id) if at_counter else None
    only = find_counter(session, ticket) if waits else None
    return TicketView(
        reference=ticket.reference,
        label=ticket.label,
        track=ticket.track,
        late=ticket.late,
        state=ticket.state,
        hall_id=ticket.hall_id,
        group_id=group.id,
        group_name_zh=group.name_zh,
        group_name_en=group.name_en,
        issued_at=ticket.issued_at,
        slot_starts_at=ticket.slot_starts_at,
        ahead=told.people_ahead if told else None,
        low_min=told.low_minutes if told else None,
        high_min=told.high_minutes if told else None,
        latest_at=latest_at,
        promise_at_risk=told.promise_at_risk if told else False,
        is_promised=latest_at is not None and latest_at == ticket.promised_at,
        counter_number=counter.number if counter else None,
        called_at=ticket.called_at,
        next_lines=tuple(get_group(session, leg["group_id"]) for leg in ticket.legs),
        to_counter_number=only.number if only else None,
        line_closed=is_closed,
        closed_at=closed.get(ticket.group_id),
    )


def _latest_of(ticket: Ticket, told: Estimate | None, *, is_closed: bool) -> datetime | None:
    """None where nobody said that it is called today at all: a standby, a line whose windows have closed."""
    if is_closed:
        return None
    return ticket.promised_at if told is None or ticket.track == Track.STANDBY else told.latest_at


def current_ticket(session: Session, counter_id: int) -> Ticket | None:
    """The ticket called to or served at a counter."""
    query = select(Ticket).where(Ticket.counter_id == counter_id, Ticket.state.in_(AT_COUNTER))
    return session.scalars(query).one_or_none()


def list_missed(session: Session, hall_id: int, *, now: datetime) -> list[Ticket]:
    """Today's tickets that missed their call, the latest first: for "the citizen is back"."""
    query = _of_today(session, hall_id, TicketState.ABSENT, now=now)
    return list(session.scalars(query.order_by(Ticket.absent_at.desc())))


def upcoming(
    session: Session, counter_id: int, *, now: datetime, limit: int = 5
) -> list[tuple[Ticket, Reason]]:
    """Who would be called next at a counter, with the reasons, if it alone called now."""
    today = today_of(session, get_counter(session, counter_id).hall_id, now=now)
    return _next_calls(
        session, today, list_group_ids(session, counter_id), counter_id=counter_id, now=now, limit=limit
    )


def next_in_line(
    session: Session, hall_id: int, group_id: int, *, counter_id: int | None, now: datetime, limit: int
) -> list[Ticket]:
    """Who would be called next in one line, whichever counters call: those with the fewest ahead of them.

    Who waits for one counter alone is among them only for that `counter_id`.
    """
    today = today_of(session, hall_id, now=now)
    found = _next_calls(session, today, [group_id], counter_id=counter_id, now=now, limit=limit)
    return [ticket for ticket, _reason in found]


def _next_calls(
    session: Session,
    today: Today,
    group_ids: list[int],
    *,
    counter_id: int | None,
    now: datetime,
    limit: int,
) -> list[tuple[Ticket, Reason]]:
    """The rule rolled forward over the first of these lines."""
    if not group_ids or limit < 1:
        return []
    made = calls_of(session, group_ids, on_date=today.on_date)
    waiting = first_waiting(
        session, made, on_date=today.on_date, policy=today.policy, each=limit, counter_id=counter_id
    )
    recent = recent_calls(session, group_ids, on_date=today.on_date, policy=today.policy)
    line, calls = (
        Lineup(waiting),
        deque(recent, maxlen=max(today.policy.green_run, today.policy.return_every)),
    )
    chosen: list[tuple[int, Reason]] = []
    while len(chosen) < limit and (choice := next_from_heads(line.heads(), tuple(calls), now, today.policy)):
        called = line.remove(choice.ticket_id)
        line.count_call()
        calls.appendleft(RecentCall(called.track, called.returned_at is not None))
        chosen.append((choice.ticket_id, choice.reason))
    tickets = session.scalars(select(Ticket).where(Ticket.id.in_([each for each, _ in chosen])))
    by_id = {ticket.id: ticket for ticket in tickets}
    return [(by_id[ticket_id], reason) for ticket_id, reason in chosen]


def _of_today(session: Session, hall_id: int, state: TicketState, *, now: datetime) -> Select[Ticket]:
    today = today_of(session, hall_id, now=now)
    return select(Ticket).where(
        Ticket.hall_id == hall_id, Ticket.on_date == today.on_date, Ticket.state == state
    )


def _estimate_of(
    session: Session, ticket: Ticket, *, now: datetime, line: OpenLine | None
) -> Estimate | None:
    today = today_of(session, ticket.hall_id, now=now)
    if ticket.on_date != today.on_date:
        return None  # nobody closed that day; the ticket is void
    known = line if line is not None and line.group.id == ticket.group_id else None
    return estimates(session, today, ticket.group_id, now=now, line=known).get(ticket.id)


def _closing_of(session: Session, ticket: Ticket, *, now: datetime) -> dict[int, datetime | None]:
    today = today_of(session, ticket.hall_id, now=now)
    if ticket.on_date != today.on_date:
        return {}
    return closed_lines(session, today, [ticket.group_id], now=now)


def estimates(
    session: Session, today: Today, group_id: int, *, now: datetime, line: OpenLine | None = None
) -> dict[int, Estimate]:
    """What everybody who waits in a group is told, by ticket id: the rule rolled forward once for all.

    Nobody is told anything once the windows have closed (`queueing.left_behind`).
    """
    made = {group_id: line.row.calls} if line else calls_of(session, [group_id], on_date=today.on_date)
    waiting = all_waiting(session, made, on_date=today.on_date)
    if not waiting:
        return {}
    recent = recent_calls(session, [group_id], on_date=today.on_date, policy=today.policy)
    if line is None:
        capacity: Capacity = (staffed := capacity_of(session, today, group_id, now=now))
        if has_closed(session, group_id, capacity, now=now):
            return {}
        load = load_of(session, today, get_group(session, group_id), now=now, capacity=staffed)
    else:
        capacity, load = line.capacity, line.load
        if has_closed(session, group_id, capacity, now=now):
            return {}
    load, policy = replace(load, waiting=len(waiting)), today.policy_for(capacity)
    told = estimate(waiting, recent, now, capacity=capacity, load=load, policy=policy)
    alone = estimates_at(session, today, waiting, capacity=capacity, load=load, policy=policy, now=now)
    return told | alone
