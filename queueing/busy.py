"""How busy a hall is now, in words for people who think of coming."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from halls.models import Hall, ServiceGroup
from halls.queries import list_groups
from queueing.capacity import Capacity
from queueing.estimate import estimate
from queueing.models import Ticket
from queueing.ordering import Track, Waiting
from queueing.outlook import outlook_of
from queueing.staffing import capacities_of, load_of
from queueing.today import Today, today_of
from queueing.waiting import all_waiting, calls_of, recent_calls

#: The ticket that is not there: behind all others.
_MINE, _LAST = 0, 10**9

#: A call within a quarter of an hour is little to wait, beyond forty minutes it is much.
QUIET_UNTIL, MODERATE_UNTIL = timedelta(minutes=15), timedelta(minutes=40)


class Level(StrEnum):
    """How busy a line is; OVER: it serves nobody (any more) today, FULL: it gives no numbers now."""

    QUIET = "quiet"
    MODERATE = "moderate"
    BUSY = "busy"
    FULL = "full"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class LineNow:
    """A line as somebody without a booking would meet it.

    `low_min` to `high_min`: how long they would probably wait, None where they would get no number.
    """

    group_id: int
    waiting: int
    low_min: int | None
    high_min: int | None
    level: Level


def level_of(wait: timedelta | None, *, is_over: bool) -> Level:
    """The word for a wait; None where no number would be given."""
    if is_over:
        return Level.OVER
    if wait is None:
        return Level.FULL
    if wait <= QUIET_UNTIL:
        return Level.QUIET
    return Level.MODERATE if wait <= MODERATE_UNTIL else Level.BUSY


def lines_now(session: Session, hall_id: int, *, now: datetime) -> list[LineNow]:
    """Every line of a hall in its order on screens; asks the same rule as the kiosk."""
    today = today_of(session, hall_id, now=now)
    groups = list_groups(session, hall_id, active=True)
    capacities = capacities_of(session, today, [group.id for group in groups], now=now)
    return [_line(session, today, group, capacities[group.id], now=now) for group in groups]


def _line(
    session: Session, today: Today, group: ServiceGroup, capacity: Capacity, *, now: datetime
) -> LineNow:
    load = load_of(session, today, group, now=now)
    told = outlook_of(session, today, capacity, load, group_id=group.id, now=now)
    if told.latest_at is None:
        return LineNow(group.id, told.waiting, None, None, level_of(None, is_over=told.is_over))
    made = calls_of(session, [group.id], on_date=today.on_date)
    waiting = all_waiting(session, made, on_date=today.on_date) if load.waiting else []
    recent = recent_calls(session, [group.id], on_date=today.on_date, policy=today.policy) if waiting else []
    # The estimate of the ticket that would be issued.
    mine = Waiting(_MINE, "", Track.WALK_IN, told.latest_at, now, _LAST)
    load = replace(load, waiting=len(waiting) + 1)
    policy = today.policy_for(capacity)
    guess = estimate([*waiting, mine], recent, now, capacity=capacity, load=load, policy=policy)[_MINE]
    level = level_of(timedelta(minutes=guess.expected_minutes), is_over=False)
    return LineNow(group.id, told.waiting, guess.low_minutes, guess.high_minutes, level)


def waiting_by_line(session: Session, days: Mapping[int, date]) -> dict[int, int]:
    """Group id → how many wait in that line, on the day given for it; lines without anybody are left out."""
    rows = session.execute(
        select(Ticket.group_id, func.count())
        .where(Ticket.state == "waiting", tuple_(Ticket.group_id, Ticket.on_date).in_(list(days.items())))
        .group_by(Ticket.group_id)
    )
    return {row[0]: row[1] for row in rows}


def waiting_by_hall(session: Session, halls: Sequence[Hall], *, now: datetime) -> dict[int, int]:
    """Hall id → how many wait there, in one statement for a whole city."""
    today = [(hall.id, today_of(session, hall.id, now=now).on_date) for hall in halls]
    rows = session.execute(
        select(Ticket.hall_id, func.count())
        .where(Ticket.state == "waiting", tuple_(Ticket.hall_id, Ticket.on_date).in_(today))
        .group_by(Ticket.hall_id)
    )
    return {row[0]: row[1] for row in rows}
