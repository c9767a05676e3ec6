"""End a hall's day: nobody stays in a line overnight."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from kernel.actor import SYSTEM, Actor


@dataclass(frozen=True, slots=True)
class DayClosed:
    """How many tickets ended and counters were closed; zeros when it had been done before."""

    hall_id: int
    on_date: date
    abandoned: int
    completed: int
    counters_closed: int


def close_day(
    session: Session, hall_id: int, *, on_date: date, now: datetime, actor: Actor = SYSTEM
) -> DayClosed:
    """Complete who is being served, let all others go, close the counters. Safe to repeat.

    Raises:
        DayNotOver: for a day that has not come
    """
    raise NotImplementedError
