"""PURE: working days and how to count them.

A calendar is Monday to Friday with exceptions in both directions: holidays, and weekends worked in
exchange (调休). The State Council's exceptions come from `halls.state_calendar`; a hall may add its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

_DAY = timedelta(days=1)
_MONDAY_TO_FRIDAY = frozenset(range(5))


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which days are worked: `weekdays` (Monday is 0) but for the exceptions."""

    working: frozenset[date] = frozenset()
    resting: frozenset[date] = frozenset()
    weekdays: frozenset[int] = _MONDAY_TO_FRIDAY

    def __post_init__(self) -> None:
        """Refuse a calendar that contradicts itself or in which a count would never end."""
        if self.working & self.resting:
            raise ValueError("a day is both worked and not worked")
        if not self.weekdays or not self.weekdays <= frozenset(range(7)):
            raise ValueError("at least one weekday, 0 to 6, must be worked")

    def is_working(self, day: date) -> bool:
        """Whether this day is worked."""
        return day in self.working or (day.weekday() in self.weekdays and day not in self.resting)

    def with_exceptions(self, exceptions: Mapping[date, bool]) -> "Calendar":
        """This calendar with `exceptions` on top (True: worked); they win over what was there."""
        worked = frozenset(day for day, is_working in exceptions.items() if is_working)
        rested = frozenset(exceptions) - worked
        return Calendar((self.working | worked) - rested, (self.resting | rested) - worked, self.weekdays)


def is_working(day: date, calendar: Calendar) -> bool:
    """Whether `day` is a working day."""
    return calendar.is_working(day)


@lru_cache(maxsize=4096)
def add_working_days(day: date, count: int, calendar: Calendar) -> date:
    """The `count`-th working day strictly after `day` (before it, if negative); `day` itself for 0.

    D−7 working days is `add_working_days(d, -7, calendar)`, also where D itself is not worked. Remembered:
    every hold asks for its date's.
    """
    if count == 0:
        return day
    walk = _walk(day, _DAY if count > 0 else -_DAY, calendar)
    return next(found for nth, found in enumerate(walk, start=1) if nth == abs(count))


def next_working_days(day: date, count: int, calendar: Calendar) -> list[date]:
    """The first `count` working days strictly after `day`, in order."""
    walk = _walk(day, _DAY, calendar)
    return [next(walk) for _ in range(count)]


def working_days_between(start: date, end: date, calendar: Calendar) -> int:
    """How many working days lead from `start` to `end`: those in (start, end], 0 on the same day.

    Negative, counting [end, start), when `end` lies before; so it undoes `add_working_days`.
    """
    if end < start:
        return -sum(calendar.is_working(end + n * _DAY) for n in range((start - end).days))
    return sum(calendar.is_working(start + n * _DAY) for n in range(1, (end - start).days + 1))


def _walk(day: date, step: timedelta, calendar: Calendar) -> Iterator[date]:
    while True:
        day += step
        if calendar.is_working(day):
            yield day
