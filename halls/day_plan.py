"""What is planned for groups on one date: their plan lines in force, and the closures that cut into them."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.orm import Session

from halls.models import Closure, PlanLine, PlanSeason
from halls.queries import calendar
from halls.workdays import Calendar

_MONDAY, _FRIDAY = 1, 5
_DAY = timedelta(days=1)


@dataclass(slots=True)
class DayPlan:
    """Of one group: `lines` (those of the week, or of the date instead), `extra` sessions, and closures."""

    lines: list[PlanLine] = field(default_factory=list)
    extra: list[PlanLine] = field(default_factory=list)
    closures: list[Closure] = field(default_factory=list)

    @property
    def in_hall(self) -> list[PlanLine]:
        """What is worked in the hall itself: counters of a mobile session stand in its village."""
        return [*self.lines, *(line for line in self.extra if not line.place_zh)]


def day_plans(
    session: Session, hall_id: int, group_ids: Collection[int], *, on: date, tz: ZoneInfo
) -> dict[int, DayPlan]:
    """The plan of each group on a hall-local date.

    Lines of the date ("replace") stand instead of the weekly ones; "extra" ones add to them. Weekly lines
    rest on public holidays; a weekend day that is worked in exchange (调休) has Monday's lines unless it
    has its own. Inside a season of the hall, the season's weekly lines stand instead of the usual ones.
    """
    return day_plans_between(session, hall_id, group_ids, first_on=on, last_on=on, tz=tz)[on]


def day_plans_between(
    session: Session, hall_id: int, group_ids: Collection[int], *, first_on: date, last_on: date, tz: ZoneInfo
) -> dict[date, dict[int, DayPlan]]:
    """The same for each date from `first_on` to `last_on`, both included, read at once."""
    lines, seasons = _lines(session, hall_id, group_ids, first_on=first_on, last_on=last_on)
    closures = _closures(session, hall_id, first_on=first_on, last_on=last_on, tz=tz)
    days = calendar(session)
    found = {}
    for on in (first_on + n * _DAY for n in range((last_on - first_on).days + 1)):
        season_id = next((each.id for each in seasons if each.first_on <= on <= each.last_on), None)
        shut = [each for each in closures if _touches(each, on, tz)]
        found[on] = {
            group_id: DayPlan(
                lines=_in_force(rows, on, days, season_id),
                extra=[line for line in rows if line.on_date == on and line.kind == "extra"],
                closures=[each for each in shut if each.group_id in (None, group_id)],
            )
            for group_id, rows in lines.items()
        }
    return found


@dataclass(frozen=True, slots=True)
class _Season:
    id: int
    first_on: date
    last_on: date


#: The seasons of a hall in one column, read beside its lines: most halls have none.
_SEASONS = (
    select(func.jsonb_agg(func.jsonb_build_array(PlanSeason.id, PlanSeason.first_on, PlanSeason.last_on)))
    .where(PlanSeason.hall_id == bindparam("hall_id"))
    .scalar_subquery()
)


def _lines(
    session: Session, hall_id: int, group_ids: Collection[int], *, first_on: date, last_on: date
) -> tuple[dict[int, list[PlanLine]], list[_Season]]:
    of_dates = PlanLine.on_date.between(first_on, last_on)
    query = select(PlanLine, _SEASONS).where(
        PlanLine.group_id.in_(group_ids), or_(PlanLine.weekday.is_not(None), of_dates)
    )
    rows: dict[int, list[PlanLine]] = {group_id: [] for group_id in group_ids}
    seasons: list[_Season] = []
    for line, found in session.execute(query.order_by(PlanLine.id), {"hall_id": hall_id}):
        rows[line.group_id].append(line)
        seasons = seasons or [
            _Season(season_id, date.fromisoformat(first), date.fromisoformat(last))
            for season_id, first, last in found or []
        ]
    return rows, seasons


def _in_force(rows: list[PlanLine], on: date, days: Calendar, season_id: int | None) -> list[PlanLine]:
    instead = [line for line in rows if line.on_date == on and line.kind == "replace"]
    if instead:
        return instead
    weekday, worked = on.isoweekday(), days.is_working(on)
    if weekday <= _FRIDAY and not worked:
        return []
    usual = [line for line in rows if line.season_id == season_id]
    weekly = [line for line in usual if line.weekday == weekday]
    if weekly or weekday <= _FRIDAY or not worked:
        return weekly
    return [line for line in usual if line.weekday == _MONDAY]


def _closures(
    session: Session, hall_id: int, *, first_on: date, last_on: date, tz: ZoneInfo
) -> list[Closure]:
    query = select(Closure).where(
        Closure.hall_id == hall_id,
        Closure.lifted_at.is_(None),
        Closure.starts_at < datetime.combine(last_on + _DAY, time.min, tz),
        Closure.ends_at > datetime.combine(first_on, time.min, tz),
    )
    return list(session.scalars(query))


def _touches(closure: Closure, on: date, tz: ZoneInfo) -> bool:
    starts_at = datetime.combine(on, time.min, tz)
    return closure.starts_at < datetime.combine(on + _DAY, time.min, tz) and closure.ends_at > starts_at
