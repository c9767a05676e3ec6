"""Whether dates can be booked in a year whose State Council notice (放假调休) is known to nobody here yet."""

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from booking.hall_rules import rules_of
from booking.policy import last_bookable_on
from halls.models import CalendarDay
from halls.queries import calendar, list_halls
from halls.state_calendar import is_announced


def years_without_notice(session: Session, *, now: datetime) -> list[int]:
    """The years, up to the last date that any hall can be booked on, of which only the festivals are known.

    A year counts as known once the city's own table has a day worked in it: every notice so far moved at
    least one weekend.
    """
    halls = list_halls(session)
    if not halls:
        return []
    days, rules = calendar(session), [rules_of(hall) for hall in halls]
    first = min(each.date_of(now) for each in rules).year
    last = max(last_bookable_on(now, policy=each.policy, calendar=days, tz=each.tz) for each in rules).year
    unknown = [year for year in range(first, last + 1) if not is_announced(year)]
    return [year for year in unknown if not _entered(session, year)]


def _entered(session: Session, year: int) -> bool:
    of_year = CalendarDay.on_date.between(date(year, 1, 1), date(year, 12, 31))
    return (
        session.scalar(select(CalendarDay.on_date).where(of_year, CalendarDay.working).limit(1)) is not None
    )
