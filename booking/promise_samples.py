"""Looking, every quarter of an hour, whether the promise of three working days holds.

One row per line for any free number, and one for each count of numbers that a service of the line takes: a
service that takes two in a row cannot be booked with one. What a service takes is looked up when the rows are
read (`booking.service_units`), so a row serves all services alike. The rows are what 3WD% and TNA are counted
from (`analytics.promise_kept`).
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from booking.availability import DayCount, day_counts
from booking.hall_rules import rules_of
from booking.models import PromiseSample
from booking.promise import promise_on
from booking.service_units import units_of_services
from halls.models import Hall
from halls.queries import calendar, list_groups, list_halls
from halls.workdays import Calendar, add_working_days, working_days_between

_THIRD = 3
_STALE = timedelta(minutes=15)


def take_samples(session: Session, *, due_at: datetime, now: datetime) -> int:
    """Sample every line of every hall where booking is open by the hall's clock; how many rows are new.

    A look that comes a quarter of an hour late says nothing about its time and is left out.
    """
    if now - due_at >= _STALE:
        return 0
    days = calendar(session)
    rows = [
        row for hall in list_halls(session) for row in _of_hall(session, hall, days, due_at=due_at, now=now)
    ]
    if not rows:
        return 0
    added = insert(PromiseSample).on_conflict_do_nothing().returning(PromiseSample.group_id)
    return len(session.scalars(added, rows).all())


def _of_hall(
    session: Session, hall: Hall, days: Calendar, *, due_at: datetime, now: datetime
) -> list[dict[str, object]]:
    policy = rules_of(hall).policy
    local = due_at.astimezone(ZoneInfo(hall.time_zone))
    if local.time() < policy.booking_opens:
        return []
    today = local.date()
    horizon = policy.horizon_working_days
    promise = promise_on(today, days)
    last_on = max(promise.last_on, add_working_days(today, horizon, days))
    groups = [group.id for group in list_groups(session, hall.id, active=True)]
    beyond = add_working_days(today, horizon + 1, days)
    rows = []
    for units, lines in _lines_by_units(session, hall.id, groups).items():
        counts = day_counts(session, lines, first_on=today, last_on=last_on, now=now, needed=units)
        for group_id in lines:
            mine = [count for count in counts if count.group_id == group_id]
            with_numbers = [count.on_date for count in mine]
            third_on = _third_on(mine) or beyond
            rows.append(
                {
                    "group_id": group_id,
                    "sampled_at": due_at,
                    "units": units,
                    "hall_id": hall.id,
                    "available": promise.kept_by(with_numbers),
                    "available_with_today": promise.kept_by(with_numbers) or today in with_numbers,
                    "third_after": working_days_between(today, third_on, days),
                    "third_after_days": (third_on - today).days,
                }
            )
    return rows


def _lines_by_units(session: Session, hall_id: int, group_ids: Sequence[int]) -> dict[int, list[int]]:
    """How many numbers → the lines in which a visit may take so many; one number in every line."""
    found = {1: list(group_ids)}
    for each in units_of_services(session, hall_id):
        lines = found.setdefault(each.units, [])
        if each.group_id not in lines:
            lines.append(each.group_id)
    return found


def _third_on(counts: Sequence[DayCount]) -> date | None:
    """The day that holds the third free visit: the first two are often chance."""
    free = 0
    for count in sorted(counts, key=lambda each: each.on_date):
        free += count.free
        if free >= _THIRD:
            return count.on_date
    return None
