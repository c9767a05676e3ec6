"""How busy a hall is now, in words for people who think of coming."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from halls.models import Hall
from halls.queries import list_groups
from queueing.capacity import Capacity
from queueing.estimate import estimate
from queueing.loads import loads_of
from queueing.models import Line, Ticket
from queueing.ordering import RecentCall, Track, Waiting
from queueing.outlook import Outlook, outlook_of
from queueing.promise import Load
from queueing.staffing import capacities_of
from queueing.today import Today, today_of
from queueing.waiting import recent_by_line, tickets_by_line

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
    """Every line of a hall in its order on screens, by the rule of the kiosk; always so many statements."""
    today = today_of(session, hall_id, now=now)
    groups = list_groups(session, hall_id, active=True)
    ids = [group.id for group in groups]
    capacities = capacities_of(session, today, ids, now=now)
    loads = loads_of(session, today, groups, now=now, capacities=capacities)
    lines = select(Line).where(Line.group_id.in_(ids), Line.on_date == today.on_date)
    rows = {line.group_id: line for line in session.scalars(lines)}
    made = {group_id: rows[group_id].calls if group_id in rows else 0 for group_id in ids}
    waiting = tickets_by_line(session, made, on_date=today.on_date)
    recent = recent_by_line(session, ids, on_date=today.on_date, policy=today.policy)
    found = []
    for each in ids:
        previous = rows[each].last_promise_at if each in rows else None
        told = outlook_of(today, capacities[each], loads[each], previous=previous, now=now)
        line = _Line(capacities[each], loads[each], waiting.get(each, []), recent.get(each, []))
        found.append(_line_now(today, each, line, told, now=now))
    return found


@dataclass(frozen=True, slots=True)
class _Line:
    """A line as it stands: who waits, whom it called last, and what can be done."""

    capacity: Capacity
    load: Load
    waiting: Sequence[Waiting]
    recent: Sequence[RecentCall]


def _line_now(today: Today, group_id: int, line: _Line, told: Outlook, *, now: datetime) -> LineNow:
    if told.latest_at is None:
        return LineNow(group_id, told.waiting, None, None, level_of(None, is_over=told.is_over))
    # The estimate of the ticket that would be issued.
    mine = Waiting(_MINE, "", Track.WALK_IN, told.latest_at, now, _LAST)
    load = replace(line.load, waiting=len(line.waiting) + 1)
    policy = today.policy_for(line.capacity)
    everybody = [*line.waiting, mine]
    guess = estimate(everybody, line.recent, now, capacity=line.capacity, load=load, policy=policy)[_MINE]
    level = level_of(timedelta(minutes=guess.expected_minutes), is_over=False)
    return LineNow(group_id, told.waiting, guess.low_minutes, guess.high_minutes, level)


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
