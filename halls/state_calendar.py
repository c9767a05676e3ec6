"""The State Council's working days: public holidays and the weekends worked in exchange (调休).

The `holidays` package carries each year's notice, which comes out in the November before. For a year
without its notice the package knows the festivals only; `is_announced` tells, so that somebody looks (the
doctor and the page of working days say it, by `booking.notice_years`), and the editable table of exceptions
(passed in, it wins) carries what the package does not know yet.
"""

from collections.abc import Mapping
from datetime import date
from functools import cache

import holidays

from halls.workdays import Calendar


def state_exceptions(first_year: int, last_year: int) -> dict[date, bool]:
    """Days that differ from Monday to Friday, both years included; True means worked."""
    found: dict[date, bool] = {}
    for year in range(first_year, last_year + 1):
        found.update(_exceptions_of(year))
    return found


def state_calendar(first_year: int, last_year: int, *, table: Mapping[date, bool] | None = None) -> Calendar:
    """The calendar of these years, with the exceptions of the editable `table` on top."""
    return Calendar().with_exceptions({**state_exceptions(first_year, last_year), **(table or {})})


def is_announced(year: int) -> bool:
    """Whether the package knows this year's notice: every notice so far moved at least one weekend."""
    return any(_exceptions_of(year).values())


@cache
def _exceptions_of(year: int) -> dict[date, bool]:
    public = holidays.country_holidays("CN", years=year)
    worked = {day: True for day in public.weekend_workdays if day.year == year}
    rested = {day: False for day in public if day.year == year}
    return {**rested, **worked}
