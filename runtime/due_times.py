"""PURE: when the jobs of the schedule are due, in the business time of a hall."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Daily:
    """Each day at a time of the hall's clock. `catch_up`: so many missed days are made up for."""

    at: time
    catch_up: int = 1


@dataclass(frozen=True, slots=True)
class Every:
    """At each multiple of so much time of the day (UTC); missed ones are not made up for."""

    minutes: int = 0
    seconds: int = 0

    @property
    def step(self) -> timedelta:
        """The time from one to the next."""
        return timedelta(minutes=self.minutes, seconds=self.seconds)


When = Daily | Every


def due_times(when: When, *, last: datetime | None, now: datetime, tz: ZoneInfo) -> list[datetime]:
    """The times (UTC, oldest first) that have come since `last` and are still to be worked off.

    Without a last time only the newest counts: a program that starts has missed nothing.
    """
    if isinstance(when, Every):
        newest = _floor(now, when.step)
        return [newest] if last is None or newest > last else []
    today = now.astimezone(tz).date()
    days = [today - back * _DAY for back in range(max(when.catch_up, 1), -1, -1)]
    come = [at for day in days if (at := datetime.combine(day, when.at, tz).astimezone(UTC)) <= now]
    if last is None:
        return come[-1:]
    return [at for at in come if at > last][-max(when.catch_up, 1) :]


def _floor(now: datetime, step: timedelta) -> datetime:
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (now - midnight) // step * step
