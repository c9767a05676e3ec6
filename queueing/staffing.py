"""Capacity of a group today, as the pure rules want it; a handful of bounded reads.

Capacity is the plan of the hall (`halls.day_plan`), except for the half-hour that is running: as soon as
anybody sits at a counter of the hall, what counts there is who really is open, for a counter may be missing
or added. A counter that somebody has left stays missing until it is opened again (`queueing.shortfall`). A
counter with several skills counts for each of its groups in the shares that the plan has now. The counters
of a mobile session stand in its village: they call nobody here and count for nothing.
When the plan has just stepped up, counters that are not open yet have ten minutes to open: one early
officer must not make the first promises of the morning late for the whole day, since promises never go back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from booking.slot_cutting import Closed, CutSlot, PlannedLine, cut_slots
from halls.day_plan import DayPlan, day_plans
from halls.models import CounterSkill, PlanLine
from halls.queries import list_groups
from queueing.capacity import Capacity, Opening
from queueing.forecast_models import FLEX, ExtraTime
from queueing.models import CounterSession
from queueing.shortfall import TO_SIT_DOWN, Staff, as_it_is, next_half_hour, part_believed
from queueing.today import Today

#: Who takes a break or a meal is believed to be back so soon.
_BREAK, _BREAKS = timedelta(minutes=30), ("break", "meal")


class Staffed(Capacity):
    """The capacity of a line; `parts`: counter where somebody works → its part in the line, 0 if paused."""

    __slots__ = ("parts",)

    def __init__(
        self, openings: Iterable[Opening], parts: Mapping[int, float], *, until: datetime | None
    ) -> None:
        super().__init__(openings, until=until)
        self.parts = parts


@dataclass(slots=True)
class _Seat:
    """A counter where somebody sits, or has sat today; `since`: when it was opened, paused or closed."""

    state: str
    since: datetime
    reason: str | None
    skills: list[int] = field(default_factory=list)

    def is_left(self, now: datetime) -> bool:
        """Whether it is not open, and has not been for longer than people may be away."""
        if self.state == "open":
            return False
        on_break = self.state == "paused" and self.reason in _BREAKS
        return now >= self.since + (_BREAK if on_break else TO_SIT_DOWN)


def capacity_of(session: Session, today: Today, group_id: int, *, now: datetime) -> Staffed:
    """The open counter-minutes of a group today."""
    return capacities_of(session, today, [group_id], now=now)[group_id]


def capacities_of(
    session: Session, today: Today, group_ids: Iterable[int], *, now: datetime
) -> dict[int, Staffed]:
    """The same for several groups of a hall, whose plan is read once."""
    all_ids = [group.id for group in list_groups(session, today.hall.id)]
    plans = day_plans(session, today.hall.id, all_ids, on=today.on_date, tz=today.zone)
    staffing = _Staffing(today, plans, _seats(session, today), _extra(session, today), now)
    return {group_id: staffing.capacity(group_id) for group_id in group_ids}


@dataclass(slots=True)
class _Staffing:
    """What is planned and agreed to, and who is there."""

    today: Today
    plans: Mapping[int, DayPlan]
    seats: Mapping[int, _Seat]
    extra: Sequence[ExtraTime]
    now: datetime

    def capacity(self, group_id: int) -> Staffed:
        """What can be counted on from now on."""
        slots = _slots(self.today, self.plans[group_id])
        planned = [Opening(each.starts_at, each.ends_at, float(each.counters)) for each in slots]
        due = [_opening(each) for each in self._added(group_id) if self._is_due(each)]
        other = [_opening(each) for each in self._added(group_id) if not self._is_due(each)]
        running = [seat for seat in self.seats.values() if seat.state in {"open", "paused"}]
        if not self.seats:
            return Staffed([*planned, *due, *other], {}, until=None)
        shares = {each: self._needed(each, self.now) for each in {group_id, *_shared(running)}}
        parts = {
            counter_id: _share(group_id, seat.skills, shares) if seat.state == "open" else 0.0
            for counter_id, seat in self.seats.items()
            if seat in running
        }
        slot_now = next((each for each in slots if each.starts_at <= self.now < each.ends_at), None)
        open_now = sum(parts.values())
        if slot_now is not None and _planned_at(slots, self.now - TO_SIT_DOWN) < slot_now.counters:
            open_now = max(open_now, float(slot_now.counters))
        until = next_half_hour(self.now) if slot_now is None else slot_now.ends_at
        part = part_believed(group_id, self._staff(), self._needed_by_now, self._unopened)
        believed = as_it_is([*planned, *due], self.now, until=until, open_now=open_now, part=part)
        last = max((each.ends_at for each in planned), default=None)
        return Staffed([*believed, *other], parts, until=last)

    def _staff(self) -> Staff:
        """Who is there, without those who opened a counter for added time that has just begun."""
        there = [seat for seat in self.seats.values() if not seat.is_left(self.now)]
        for each in self.extra:
            if each.kind != FLEX or self._is_due(each):
                continue
            decided_at = each.decided_at or each.proposed_at
            new = [
                s for s in there if each.group_id in s.skills and s.state == "open" and s.since >= decided_at
            ]
            for seat in new[: each.counters]:
                there.remove(seat)
        left = [seat.skills for seat in self.seats.values() if seat.is_left(self.now)]
        return Staff([seat.skills for seat in there], left)

    def _needed(self, group_id: int, at: datetime) -> float:
        """Counters planned for a moment, and those agreed to that had time to open."""
        added = sum(each.counters for each in self._due_at(group_id, at))
        return _planned_exactly(self.plans[group_id], at, self.today) + added

    def _needed_by_now(self, group_id: int) -> float:
        before = self._needed(group_id, self.now - TO_SIT_DOWN)
        return min(before, self._needed(group_id, self.now))

    def _unopened(self, group_id: int) -> float:
        return sum(each.counters for each in self._due_at(group_id, self.now))

    def _due_at(self, group_id: int, at: datetime) -> list[ExtraTime]:
        added = self._added(group_id)
        return [each for each in added if self._is_due(each) and each.starts_at <= at < each.ends_at]

    def _added(self, group_id: int) -> list[ExtraTime]:
        return [each for each in self.extra if each.group_id == group_id]

    def _is_due(self, each: ExtraTime) -> bool:
        """Whether a counter that was added had time to open: from then on only who is there counts."""
        return each.kind == FLEX and self.now >= each.starts_at + TO_SIT_DOWN


def _opening(each: ExtraTime) -> Opening:
    return Opening(each.starts_at, each.ends_at, float(each.counters))


def _extra(session: Session, today: Today) -> list[ExtraTime]:
    """What the duty officer has agreed to today."""
    query = select(ExtraTime).where(
        ExtraTime.hall_id == today.hall.id, ExtraTime.on_date == today.on_date, ExtraTime.state == "accepted"
    )
    return list(session.scalars(query))


def _seats(session: Session, today: Today) -> dict[int, _Seat]:
    """Counter → where somebody sits or has sat today, by its last session."""
    midnight = datetime.combine(today.on_date, time.min, today.zone)
    last = (
        select(CounterSession)
        .where(CounterSession.hall_id == today.hall.id)
        .where(or_(CounterSession.closed_at.is_(None), CounterSession.closed_at >= midnight))
        .order_by(CounterSession.counter_id, CounterSession.id.desc())
        .ext(distinct_on(CounterSession.counter_id))
        .subquery()
    )
    query = select(last, CounterSkill.group_id).join(
        CounterSkill, CounterSkill.counter_id == last.c.counter_id
    )
    seats: dict[int, _Seat] = {}
    for row in session.execute(query):
        if row.counter_id not in seats:
            since = {"open": row.opened_at, "paused": row.paused_at, "closed": row.closed_at}[row.state]
            seats[row.counter_id] = _Seat(row.state, since or row.opened_at, row.pause_reason)
        seats[row.counter_id].skills.append(row.group_id)
    return seats


def _shared(running: Iterable[_Seat]) -> set[int]:
    """Groups that share a counter with another: only their plans decide about shares."""
    return {group_id for seat in running if len(seat.skills) > 1 for group_id in seat.skills}


def _share(group_id: int, skills: list[int], planned: Mapping[int, float]) -> float:
    if group_id not in skills:
        return 0.0
    if len(skills) == 1:
        return 1.0
    total = sum(planned[each] for each in skills)
    return planned[group_id] / total if total else 1 / len(skills)


def _planned_at(slots: Iterable[CutSlot], at: datetime) -> float:
    return next((float(slot.counters) for slot in slots if slot.starts_at <= at < slot.ends_at), 0.0)


def _planned_exactly(plan: DayPlan, at: datetime, today: Today) -> float:
    """What the plan needs at a moment, not on average over the half-hour."""
    if any(each.starts_at <= at < each.ends_at for each in plan.closures):
        return 0.0
    clock = at.astimezone(today.zone).time()
    lines = [each for each in plan.in_hall if each.starts <= clock]
    return float(sum(each.counters for each in lines if clock < each.ends or each.ends == time.min))


def _slots(today: Today, plan: DayPlan) -> list[CutSlot]:
    return cut_slots(
        today.on_date,
        map(_line, plan.in_hall),
        tz=today.zone,
        closures=[Closed(each.starts_at, each.ends_at) for each in plan.closures],
    )


def _line(line: PlanLine) -> PlannedLine:
    return PlannedLine(line.starts, line.ends, line.counters)
