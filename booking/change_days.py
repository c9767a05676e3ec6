"""Change the city's working days with the bookings of all halls in view, and publish these days at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from booking.affected import Affected
from booking.change_plan import BookingsStranded, follow, list_stranded, published_days
from booking.change_reasons import UNSAID, Because
from booking.close import Then
from booking.rehouse import Rehoused
from booking.turns import stop_moves
from halls.calendar_days import remove_day
from halls.edit import save_calendar
from halls.models import Hall
from halls.plan_rows import CalendarRow
from halls.queries import list_halls
from kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class DaysChange:
    """Days to write into the city's own calendar, and days to take out of it."""

    rows: tuple[CalendarRow, ...] = ()
    removed: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class _Touched:
    """A hall that had published some of these days, and its bookings without a place on them."""

    hall: Hall
    days: Sequence[tuple[date, date]]
    stranded: Sequence[Affected]


def preview_days(session: Session, change: DaysChange, *, actor: Actor, now: datetime) -> list[Affected]:
    """The bookings, in every hall, for which no place would be left. Nothing stays changed."""
    attempt = session.begin_nested()
    try:
        return [each for touched in _save(session, change, actor, now) for each in touched.stranded]
    finally:
        attempt.rollback()


def change_days(
    session: Session,
    change: DaysChange,
    *,
    then: Then | None,
    because: Because = UNSAID,
    actor: Actor,
    now: datetime,
) -> Rehoused:
    """Save the days, publish them anew in every hall that had, and move, cancel or keep who is stranded.

    Raises:
        BookingsStranded: some are, and `then` is None; whoever calls rolls back.
    """
    touched = _save(session, change, actor, now)
    count = sum(len(each.stranded) for each in touched)
    if count and then is None:
        raise BookingsStranded(count=count)
    done = [
        follow(
            session,
            each.hall,
            each.days,
            each.stranded,
            then=then,
            because=because,
            actor=actor,
            now=now,
        ).rehoused
        for each in touched
    ]
    return Rehoused(sum(each.moved for each in done), sum(each.cancelled for each in done))


def _save(session: Session, change: DaysChange, actor: Actor, now: datetime) -> list[_Touched]:
    save_calendar(session, change.rows, actor=actor, now=now)
    for on_date in change.removed:
        remove_day(session, on_date, actor=actor, now=now)
    named = sorted({row.on_date for row in change.rows} | set(change.removed))
    halls = list_halls(session)
    stop_moves(session, *(hall.id for hall in halls))
    return [_touched(session, hall, named, now) for hall in halls]


def _touched(session: Session, hall: Hall, named: Sequence[date], now: datetime) -> _Touched:
    published = published_days(session, hall, now=now)
    days = [(on, on) for on in named if any(first_on <= on <= last_on for first_on, last_on in published)]
    return _Touched(hall, days, list_stranded(session, hall, days, now=now))
