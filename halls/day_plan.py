"""What is planned for groups on one date: their plan lines in force, and the closures that cut into them."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from halls.models import Closure, PlanLine
from halls.queries import calendar
from halls.workdays import Calendar

_MONDAY, _FRIDAY = 1, 5


@dataclass(slots=True)
class DayPlan:
    """Of one group: `lines` (those of the week, or of the date instead), `extra` sessions, and closures."""

    lines: list[PlanLine] = field(default_factory=list)
    extra: list[PlanLine] = field(default_factory=list)
    closures: list[Closure] = field(default_factory=list)


def day_plans(
    session: Session, hall_id: int, group_ids: Collection[int], *, on: date, tz: ZoneInfo
) -> dict[int, DayPlan]:
    """The plan of each group on a hall-local date.

    Lines of the date ("replace") stand instead of the weekly ones; "extra" ones add to them. Weekly lines
    rest on public holidays; a weekend day that is worked in exchange (调休) has Monday's lines unless it
    has its own.
    """
    plans = {group_id: DayPlan() for group_id in group_ids}
    weekday = on.isoweekday()
    wanted = PlanLine.weekday.in_({weekday, _MONDAY})
    query = select(PlanLine).where(PlanLine.group_id.in_(plans), or_(wanted, PlanLine.on_date == on))
    rows: dict[int, list[PlanLine]] = {group_id: [] for group_id in plans}
    for line in session.scalars(query.order_by(PlanLine.id)):
        rows[line.group_id].append(line)
    days = calendar(session)
    closures = _closures(session, hall_id, on=on, tz=tz)
    for group_id, plan in plans.items():
        plan.lines = _in_force(rows[group_id], on, days)
        plan.extra = [line for line in rows[group_id] if line.on_date == on and line.kind == "extra"]
        plan.closures = [each for each in closures if each.group_id in (None, group_id)]
    return plans


def _in_force(rows: list[PlanLine], on: date, days: Calendar) -> list[PlanLine]:
    instead = [line for line in rows if line.on_date == on and line.kind == "replace"]
    if instead:
        return instead
    weekday, worked = on.isoweekday(), days.is_working(on)
    if weekday <= _FRIDAY and not worked:
        return []
    weekly = [line for line in rows if line.weekday == weekday]
    if weekly or weekday <= _FRIDAY or not worked:
        return weekly
    return [line for line in rows if line.weekday == _MONDAY]


def _closures(session: Session, hall_id: int, *, on: date, tz: ZoneInfo) -> list[Closure]:
    starts_at = datetime.combine(on, time.min, tz)
    ends_at = datetime.combine(on + timedelta(days=1), time.min, tz)
    query = select(Closure).where(
        Closure.hall_id == hall_id, Closure.starts_at < ends_at, Closure.ends_at > starts_at
    )
    return list(session.scalars(query))
