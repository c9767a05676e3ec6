"""When a hall is open, as citizens read it: per day the hours of each line, sessions elsewhere, closures."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from halls.day_plan import DayPlan, day_plans_between
from halls.models import Closure, Hall, PlanLine, ServiceGroup
from halls.sessions import ExtraSession, list_sessions

_DAY_MINUTES = 24 * 60

Span = tuple[time, time]


@dataclass(frozen=True, slots=True)
class ClosedSpan:
    """What a closure takes of one day: [starts, ends) in minutes of the hall's wall clock."""

    closure: Closure
    starts: int
    ends: int

    @property
    def all_day(self) -> bool:
        """Whether it neither begins nor ends on this day."""
        return self.starts == 0 and self.ends == _DAY_MINUTES

    @property
    def span(self) -> str:
        """`12:00–24:00`."""
        return "–".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (self.starts, self.ends))


@dataclass(frozen=True, slots=True)
class OpenDay:
    """A hall-local date. `hours` are [start, end) per line (group id), empty where a line rests.

    A session held elsewhere (`place_zh`) is not among the hours of the hall. `closures` take something of
    what is planned for the day.
    """

    on_date: date
    hours: dict[int, list[Span]]
    sessions: list[ExtraSession]
    closures: list[ClosedSpan]

    @property
    def together(self) -> list[tuple[list[int], list[Span]]]:
        """Lines that have the same hours, named together; those that rest are left out."""
        found: dict[tuple[Span, ...], list[int]] = {}
        for group_id, spans in self.hours.items():
            if spans:
                found.setdefault(tuple(spans), []).append(group_id)
        return [(group_ids, list(spans)) for spans, group_ids in found.items()]

    def is_open(self, group_id: int, wall: time) -> bool:
        """Whether a line is served at this time of the day."""
        return any(starts <= wall < ends for starts, ends in self.hours.get(group_id, ()))

    def opens_later(self, group_id: int, wall: time) -> time | None:
        """When a line opens next on this day; None when it does not."""
        return next((starts for starts, _ends in self.hours.get(group_id, ()) if starts > wall), None)


def opening_days(
    session: Session, hall: Hall, groups: Sequence[ServiceGroup], *, first_on: date, days: int = 7
) -> list[OpenDay]:
    """So many days from `first_on`, from the plan with its seasons, sessions, holidays and closures."""
    zone = ZoneInfo(hall.time_zone)
    ids = [group.id for group in groups]
    last_on = first_on + timedelta(days=days - 1)
    plans = day_plans_between(session, hall.id, ids, first_on=first_on, last_on=last_on, tz=zone)
    extra = list_sessions(session, ids, first_on=first_on, last_on=last_on)
    return [
        OpenDay(
            on_date=on,
            hours={group_id: _hours(of_groups[group_id], on, zone) for group_id in ids},
            sessions=[each for each in extra if each.on_date == on],
            closures=_closed(of_groups.values(), on, zone),
        )
        for on, of_groups in plans.items()
    ]


def spans_of(planned: Iterable[tuple[int, int]], closed: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The minutes of a day in which anything planned is not closed, as few stretches as possible."""
    shut = list(closed)
    minutes = {
        minute
        for starts, ends in planned
        for minute in range(starts, ends)
        if not any(first <= minute < last for first, last in shut)
    }
    starts = sorted(minute for minute in minutes if minute - 1 not in minutes)
    ends = sorted(minute + 1 for minute in minutes if minute + 1 not in minutes)
    return list(zip(starts, ends, strict=True))


def _hours(plan: DayPlan, on: date, zone: ZoneInfo) -> list[Span]:
    planned = [_minutes(line) for line in plan.in_hall if line.counters > 0]
    closed = [_minutes_closed(each, on, zone) for each in plan.closures]
    return [(_time(starts), _time(ends)) for starts, ends in spans_of(planned, closed)]


def _closed(plans: Iterable[DayPlan], on: date, zone: ZoneInfo) -> list[ClosedSpan]:
    """What the closures of all lines take of their plans, each once; none where nothing was planned."""
    found: dict[int, ClosedSpan] = {}
    for plan in plans:
        planned = [_minutes(line) for line in [*plan.lines, *plan.extra] if line.counters > 0]
        for each in plan.closures:
            first, last = _minutes_closed(each, on, zone)
            if any(starts < last and first < ends for starts, ends in planned):
                found[each.id] = ClosedSpan(each, first, last)
    return list(found.values())


def _minutes(line: PlanLine) -> tuple[int, int]:
    return _minute(line.starts), _minute(line.ends) or _DAY_MINUTES


def _minutes_closed(closure: Closure, on: date, zone: ZoneInfo) -> tuple[int, int]:
    """The part of a closure that lies on this day."""
    starts, ends = _minute_of(closure.starts_at, on, zone), _minute_of(closure.ends_at, on, zone)
    return max(starts, 0), min(ends, _DAY_MINUTES)


def _minute(wall: time) -> int:
    return wall.hour * 60 + wall.minute


def _minute_of(moment: datetime, on: date, zone: ZoneInfo) -> int:
    local = moment.astimezone(zone)
    return (local.date() - on).days * _DAY_MINUTES + _minute(local.time())


def _time(minute: int) -> time:
    return time(minute % _DAY_MINUTES // 60, minute % 60)
