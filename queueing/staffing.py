"""Capacity and load of a group today, as the pure rules want them; a handful of bounded reads.

Capacity is the plan of the hall (`halls.day_plan`), except for the half-hour that is running: as soon as
anybody sits at a counter of the hall, what counts there is who really is open, for a counter may be missing
or added. A counter with several skills counts for each of its groups in the shares that the plan has now.
When the plan has just stepped up, counters that are not open yet have ten minutes to open: one early
officer must not make the first promises of the morning late for the whole day, since promises never go back.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, exists, func, select, union_all
from sqlalchemy.orm import Session

from booking.models import Appointment, Number
from booking.slot_cutting import Closed, CutSlot, PlannedLine, cut_slots
from booking.states import OPEN
from halls.day_plan import DayPlan, day_plans
from halls.models import Counter, CounterSkill, PlanLine, ServiceGroup
from halls.queries import list_groups
from queueing.capacity import Capacity, Opening
from queueing.forecast_models import FLEX, ExtraTime
from queueing.matter import minutes_by_line
from queueing.models import CounterSession, Ticket
from queueing.pace import LAST_CASES, pace_of
from queueing.promise import Expected, Load
from queueing.shows import show_probability_of
from queueing.taken import minutes_taken
from queueing.today import Today

_TO_SIT_DOWN = timedelta(minutes=10)
_SLOT = timedelta(minutes=30)

#: Counter → (open rather than paused, the groups it can serve).
Running = dict[int, tuple[bool, list[int]]]
#: (Group, state) → tickets, and what is expected for them.
_Counted = Mapping[tuple[int, str], Any]


def capacity_of(session: Session, today: Today, group_id: int, *, now: datetime) -> Capacity:
    """The open counter-minutes of a group today."""
    return capacities_of(session, today, [group_id], now=now)[group_id]


def capacities_of(
    session: Session, today: Today, group_ids: Iterable[int], *, now: datetime
) -> dict[int, Capacity]:
    """The same for several groups of a hall, whose plan is read once."""
    all_ids = [group.id for group in list_groups(session, today.hall.id)]
    plans = day_plans(session, today.hall.id, all_ids, on=today.on_date, tz=today.zone)
    running = _running_sessions(session, today)
    extra = _extra(session, today)
    return {
        group_id: Capacity(
            [
                *_openings(today, plans, running, group_id, now=now),
                *_added(extra, group_id, running, now),
            ]
        )
        for group_id in group_ids
    }


def _extra(session: Session, today: Today) -> list[ExtraTime]:
    """What the duty officer has agreed to today."""
    query = select(ExtraTime).where(
        ExtraTime.hall_id == today.hall.id, ExtraTime.on_date == today.on_date, ExtraTime.state == "accepted"
    )
    return list(session.scalars(query))


def _added(extra: Iterable[ExtraTime], group_id: int, running: Running, now: datetime) -> Iterable[Opening]:
    """Counters added for the day. Once they had time to open, what counts now is who is at a counter."""
    for each in extra:
        if each.group_id != group_id:
            continue
        starts_at = each.starts_at
        if running and each.kind == FLEX and now >= starts_at + _TO_SIT_DOWN:
            starts_at = _next_half_hour(now)
        yield Opening(starts_at, each.ends_at, float(each.counters))


def _next_half_hour(now: datetime) -> datetime:
    return now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0) + _SLOT


def _openings(
    today: Today, plans: Mapping[int, DayPlan], running: Running, group_id: int, *, now: datetime
) -> list[Opening]:
    slots = _slots(today, plans[group_id])
    if not running:
        return [Opening(s.starts_at, s.ends_at, float(s.counters)) for s in slots]
    planned = {each: _planned_at(_slots(today, plans[each]), now) for each in _groups_of(running)}
    planned[group_id] = _planned_at(slots, now)
    open_now = sum(_share(group_id, skills, planned) for is_open, skills in running.values() if is_open)
    stepped_up = _planned_at(slots, now - _TO_SIT_DOWN) < planned[group_id]
    if stepped_up:
        open_now = max(open_now, planned[group_id])
    return [
        Opening(s.starts_at, s.ends_at, open_now if s.starts_at <= now < s.ends_at else float(s.counters))
        for s in slots
    ]


def load_of(session: Session, today: Today, group: ServiceGroup, *, now: datetime) -> Load:
    """What the group has to do now. Standby tickets wait for what others leave, so they do not count."""
    return loads_of(session, today, [group], now=now)[group.id]


def loads_of(
    session: Session, today: Today, groups: Sequence[ServiceGroup], *, now: datetime
) -> dict[int, Load]:
    """The same for several groups of a hall, in as many statements as for one."""
    means = minutes_by_line(session, groups)
    active = (
        select(
            Ticket.group_id,
            Ticket.state,
            func.count().label("tickets"),
            func.sum(Ticket.minutes).label("minutes"),
            func.count().filter(Ticket.minutes == 0).label("unknown"),
        )
        .where(Ticket.hall_id == today.hall.id, Ticket.on_date == today.on_date)
        .where(Ticket.state.in_(("waiting", "called", "serving")), Ticket.group_id.in_(means))
        .where((Ticket.track != "standby") | (Ticket.state != "waiting"))
        .group_by(Ticket.group_id, Ticket.state)
    )
    rows: _Counted = {(row.group_id, row.state): row for row in session.execute(active)}
    cases, expected = _cases(session, today, means, now=now), expected_by_line(session, today, means, now=now)
    shows = show_probability_of(session, today.hall.id)
    return {
        group_id: Load(
            service_minutes=mean,
            waiting=_tickets(rows, group_id, "waiting"),
            busy=_tickets(rows, group_id, "called") + _tickets(rows, group_id, "serving"),
            expected=expected.get(group_id, []),
            show_probability=shows,
            pace=pace_of([(known or mean, took) for known, took in cases.get(group_id, [])], mean),
            pace_cases=len(cases.get(group_id, [])),
            waiting_minutes=_minutes(rows.get((group_id, "waiting")), mean),
        )
        for group_id, mean in means.items()
    }


def _tickets(rows: _Counted, group_id: int, state: str) -> int:
    row = rows.get((group_id, state))
    return int(row.tickets) if row is not None else 0


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
        .where(Ticket.group_id.in_(group_ids), Ticket.called_at.is_not(None), Ticket.ended_at <= now)
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
    owner is in the hall. Duty numbers count until they flow to walk-ins (`booking.duty_flow`).
    """
    in_first = and_(Number.appointment_id == Appointment.id, Number.group_id == Appointment.group_id)
    booked = (
        select(Appointment.group_id, Appointment.starts_at, func.count())
        .outerjoin(Number, in_first)
        .where(Appointment.hall_id == today.hall.id, Appointment.on_date == today.on_date)
        .where(
            Appointment.starts_at > now, Appointment.group_id.in_(group_ids), Appointment.state == "booked"
        )
        .group_by(Appointment.group_id, Appointment.starts_at)
    )
    came = exists().where(Ticket.appointment_id == Appointment.id, Ticket.group_id == Number.group_id)
    later = (
        select(Number.group_id, Number.starts_at, func.count())
        .join(Appointment, Appointment.id == Number.appointment_id)
        .where(Appointment.hall_id == today.hall.id, Appointment.on_date == today.on_date)
        .where(Number.starts_at > now, Number.group_id.in_(group_ids))
        .where(Appointment.group_id != Number.group_id, Appointment.state.in_(OPEN))
        .where(func.jsonb_array_length(Appointment.legs) > 0, ~came)
        .group_by(Number.group_id, Number.starts_at)
    )
    reserved = (
        select(Number.group_id, Number.starts_at, func.count())
        .where(Number.group_id.in_(group_ids), Number.on_date == today.on_date, Number.starts_at > now)
        .where(Number.channel == "duty", Number.appointment_id.is_(None))
        .group_by(Number.group_id, Number.starts_at)
    )
    found: dict[int, list[Expected]] = {}
    for group_id, starts_at, count in session.execute(union_all(booked, later, reserved)):
        found.setdefault(group_id, []).append(Expected(starts_at, count))
    return found


def _running_sessions(session: Session, today: Today) -> Running:
    """Counter → (open rather than paused, the groups it can serve), for counters where somebody sits."""
    query = (
        select(Counter.id, CounterSession.state, CounterSkill.group_id)
        .join(CounterSession, CounterSession.counter_id == Counter.id)
        .join(CounterSkill, CounterSkill.counter_id == Counter.id)
        .where(Counter.hall_id == today.hall.id, CounterSession.closed_at.is_(None))
    )
    running: Running = {}
    for counter_id, state, group_id in session.execute(query):
        running.setdefault(counter_id, (state == "open", []))[1].append(group_id)
    return running


def _groups_of(running: Running) -> set[int]:
    """Groups that share a counter with another: only their plans decide about shares."""
    return {group_id for _, skills in running.values() if len(skills) > 1 for group_id in skills}


def _share(group_id: int, skills: list[int], planned: Mapping[int, float]) -> float:
    if group_id not in skills:
        return 0.0
    if len(skills) == 1:
        return 1.0
    total = sum(planned[each] for each in skills)
    return planned[group_id] / total if total else 1 / len(skills)


def _planned_at(slots: Iterable[CutSlot], at: datetime) -> float:
    return next((float(slot.counters) for slot in slots if slot.starts_at <= at < slot.ends_at), 0.0)


def _slots(today: Today, plan: DayPlan) -> list[CutSlot]:
    return cut_slots(
        today.on_date,
        map(_line, plan.lines),
        tz=today.zone,
        extra=map(_line, plan.extra),
        closures=[Closed(each.starts_at, each.ends_at) for each in plan.closures],
    )


def _line(line: PlanLine) -> PlannedLine:
    return PlannedLine(line.starts, line.ends, line.counters)
