"""PURE: 3 个工作日内有号, the days that the promise of a number soon speaks of; today is none of them.

The one definition of it, for the cockpit, 3WD%, attempts that failed, the kiosk and the citizens' pages: from
tomorrow to the third working day of the city's calendar, with the days between them that are no working days
(a session on a Saturday is a number that somebody can have).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from halls.workdays import Calendar, add_working_days, next_working_days

PROMISE_DAYS = 3


@dataclass(frozen=True, slots=True)
class Promise:
    """From tomorrow to the third working day, both included."""

    first_on: date
    last_on: date

    def holds(self, on_date: date) -> bool:
        """Whether a number on this day keeps the promise."""
        return self.first_on <= on_date <= self.last_on

    def working_days(self, calendar: Calendar) -> list[date]:
        """The days that a page shows in any case."""
        return next_working_days(self.first_on - timedelta(days=1), PROMISE_DAYS, calendar)

    def kept_by(self, on_dates: Iterable[date]) -> bool:
        """Whether any of these days, all with a number, keeps it."""
        return any(self.holds(on_date) for on_date in on_dates)


def promise_on(today: date, calendar: Calendar) -> Promise:
    """The promise as it stands on a day."""
    return Promise(today + timedelta(days=1), add_working_days(today, PROMISE_DAYS, calendar))
