"""What a group has to do today, as the pure rules want it; a handful of bounded reads."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, and_, case, exists, func, literal, select, union_all
from sqlalchemy.orm import Session

from booking.models import Appointment, Number, Slot
from booking.states import OPEN
from halls.models import CounterSkill, ServiceGroup
from queueing.matter import minutes_by_line
from queueing.models import CounterSession, Ticket
from queueing.pace import LAST_CASES, pace_of
from queueing.promise import AtCounter, Expected, Load, busy_with
from queueing.shows import show_probability_of
from queueing.staffing import Staffed
from queueing.states import AT_COUNTER
from queueing.taken import minutes_taken
from queueing.today import Today

#: Group → tickets, and what is expected for them.
_Counted = Mapping[int, Any]


def load_of(
    session: Session,
    today: Today,
    group: ServiceGroup,
    *,
    now: datetime,
    capacity: Staffed | None = None,
) -> Load:
    """What the group has to do now. Standby tickets are counted apart: they wait for what others leave.

    `capacity` tells the line's part in counters that serve others too; without it they are left out.
    """
    known = {} if capacity is None else {group.id: capacity}
    return loads_of(session, today, [group], now=now, capacities=known)[group.id]


def loads_of(
    session: Session,
    today: Today,
    groups: Sequence[ServiceGroup],
    *,
    now: datetime,
    capacities: Mapping[int, Staffed] = MappingProxyType({}),
) -> dict[int, Load]:
    """The same for several groups of a hall, in as many statements as for one."""
    means = minutes_by_line(session, groups)
    waiting, at_counters, idle = _there(session, today, means)
    cases, expected = _cases(session, today, means, now=now), expected_by_line(session, today, means, now=now)
    shows = show_probability_of(session, today.hall.id)
    loads = {}
    for group_id, mean in means.items():
        row, capacity = waiting.get(group_id), capacities.get(group_id)
        busy, busy_minutes = busy_with(_parts(at_counters.get(group_id, ()), capacity), mean)
        loads[group_id] = Load(
            service_minutes=mean,
            waiting=0 if row is None else int(row.tickets),
            busy=busy,
            busy_minutes=busy_minutes,
            idle=idle.get(group_id, 0),
            expected=expected.get(group_id, []),
            show_probability=shows,
            pace=pace_of([(known or mean, took) for known, took in cases.get(group_id, [])], mean),
            pace_cases=len(cases.get(group_id, [])),
            waiting_minutes=_minutes(row, mean),
            standby=0 if row is None else int(row.standby),
        )
    return loads


def _parts(at_counters: Iterable[Any], capacity: Staffed | None) -> Iterable[AtCounter]:
    for row in at_counters:
        part = float(row.own) if capacity is None else capacity.parts.get(row.counter_id, float(row.own))
        yield AtCounter(part, 0.0 if row.own else float(row.minutes))


def _there(
    session: Session, today: Today, group_ids: Collection[int]
) -> tuple[_Counted, Mapping[int, list[Any]], Mapping[int, int]]:
    """By group, in one statement: who waits; whom its counters serve, of any line; its free open counters.

    A ticket at no counter of the hall counts for its own line.
    """
    found: dict[int, Any] = {}
    at_counters: dict[int, list[Any]] = {}
    idle: dict[int, int] = {}
    for row in session.execute(_statement(today, group_ids)):
        if row.what == "waiting":
            found[row.group_id] = row
        elif row.what == "busy":
            at_counters.setdefault(row.group_id, []).append(row)
        else:
            idle[row.group_id] = row.tickets
    return found, at_counters, idle


def _statement(today: Today, group_ids: Collection[int]) -> CompoundSelect[Any]:
    """What `_there` reads: rows of three kinds, by line."""
    line = func.coalesce(CounterSkill.group_id, Ticket.group_id)
    promised = Ticket.track != "standby"
    of_day = and_(Ticket.hall_id == today.hall.id, Ticket.on_date == today.on_date)
    waiting = (
        select(
            literal("waiting").label("what"),
            Ticket.group_id.label("group_id"),
            literal(0).label("counter_id"),
            literal(True).label("own"),
            func.count().filter(promised).label("tickets"),
            func.coalesce(func.sum(Ticket.minutes).filter(promised), 0.0).label("minutes"),
            func.count().filter(promised, Ticket.minutes == 0).label("unknown"),
            func.count().filter(~promised).label("standby"),
        )
        .where(of_day, Ticket.state == "waiting", Ticket.group_id.in_(group_ids))
        .group_by(Ticket.group_id)
    )
    busy = (
        select(
            literal("busy"),
            line,
            Ticket.counter_id,
            Ticket.group_id == line,
            literal(1),
            _EXPECTED,
            literal(0),
            literal(0),
        )
        .select_from(Ticket)
        .outerjoin(CounterSkill, CounterSkill.counter_id == Ticket.counter_id)
        .join(ServiceGroup, ServiceGroup.id == Ticket.group_id)
        .where(of_day, Ticket.state.in_(AT_COUNTER), line.in_(group_ids))
        .where(Ticket.counter_id.is_not(None))  # else served in a village
    )
    at_work = exists().where(Ticket.counter_id == CounterSession.counter_id, Ticket.state.in_(AT_COUNTER))
    free = (
        select(
            literal("idle"),
            CounterSkill.group_id,
            literal(0),
            literal(True),
            func.count(),
            literal(0.0),
            literal(0),
            literal(0),
        )
        .join(CounterSession, CounterSession.counter_id == CounterSkill.counter_id)
        .where(CounterSession.closed_at.is_(None), CounterSession.state == "open", ~at_work)
        .where(CounterSkill.group_id.in_(group_ids))
        .group_by(CounterSkill.group_id)
    )
    return union_all(waiting, busy, free)


#: What the person at a counter is expected to take: what is known of the matter, else the line's usual time.
_EXPECTED: ColumnElement[float] = case((Ticket.minutes > 0, Ticket.minutes), else_=ServiceGroup.mean_minutes)


def _minutes(row: Any, mean: float) -> float:
    """What is expected for these tickets; where their services are not known, the mean of the line."""
    return 0.0 if row is None else float(row.minutes) + mean * int(row.unknown)


def _cases(
    session: Session, today: Today, group_ids: Collection[int], *, now: datetime
) -> dict[int, list[tuple[float, float]]]:
    """Group → (minutes expected, 0 if nothing was known; minutes it took) of its last cases, latest first."""
    last = func.row_number().over(partition_by=Ticket.group_id, order_by=Ticket.ended_at.desc())
    done = (
        select(Ticket.group_id, Ticket.minutes, minutes_taken().label("took"), last.label("last"))
        .where(Ticket.hall_id == today.hall.id, Ticket.on_date == today.on_date, Ticket.state == "completed")
        .where(Ticket.group_id.in_(group_ids), Ticket.counter_id.is_not(None), Ticket.ended_at <= now)
        .subquery()
    )
    found: dict[int, list[tuple[float, float]]] = {}
    query = select(done).where(done.c.last <= LAST_CASES).order_by(done.c.group_id, done.c.last)
    for row in session.execute(query):
        found.setdefault(row.group_id, []).append((float(row.minutes), float(row.took)))
    return found


def expected_by_line(
    session: Session, today: Today, group_ids: Collection[int], *, now: datetime
) -> dict[int, list[Expected]]:
    """Numbers booked for later today whose owners have not come to this line, and the duty officer's reserve.

    An appointment counts at least one. Later legs of a visit count where they were booked, also once its
    owner is in the hall. Duty numbers count until they flow to walk-ins (`booking.duty_flow`). Numbers of a
    mobile session are called in its village, and nobody waits for them here.
    """
    villages = select(Slot.id).where(
        Slot.group_id.in_(group_ids), Slot.on_date == today.on_date, Slot.place_zh != ""
    )
    in_first = and_(Number.appointment_id == Appointment.id, Number.group_id == Appointment.group_id)
    booked = (
        select(Appointment.group_id, Appointment.starts_at, func.count())
        .outerjoin(Number, in_first)
        .where(Appointment.hall_id == today.hall.id, Appointment.on_date == today.on_date)
        .where(
            Appointment.starts_at > now, Appointment.group_id.in_(group_ids), Appointment.state == "booked"
        )
        .where(Appointment.place_zh == "")
        .group_by(Appointment.group_id, Appointment.starts_at)
    )
    came = exists().where(Ticket.appointment_id == Appointment.id, Ticket.group_id == Number.group_id)
    later = (
        select(Number.group_id, Number.starts_at, func.count())
        .join(Appointment, Appointment.id == Number.appointment_id)
        .where(Appointment.hall_id == today.hall.id, Appointment.on_date == today.on_date)
        .where(Number.starts_at > now, Number.group_id.in_(group_ids), Number.slot_id.not_in(villages))
        .where(Appointment.group_id != Number.group_id, Appointment.state.in_(OPEN))
        .where(func.jsonb_array_length(Appointment.legs) > 0, ~came)
        .group_by(Number.group_id, Number.starts_at)
    )
    reserved = (
        select(Number.group_id, Number.starts_at, func.count())
        .where(Number.group_id.in_(group_ids), Number.on_date == today.on_date, Number.starts_at > now)
        .where(Number.channel == "duty", Number.appointment_id.is_(None), Number.slot_id.not_in(villages))
        .group_by(Number.group_id, Number.starts_at)
    )
    found: dict[int, list[Expected]] = {}
    for group_id, starts_at, count in session.execute(union_all(booked, later, reserved)):
        found.setdefault(group_id, []).append(Expected(starts_at, count))
    return found
