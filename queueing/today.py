"""The hall's today: its date, clock and rule, and the locked rows of its lines."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from halls import queries as halls
from halls.models import Hall, ServiceGroup
from queueing.capacity import Capacity
from queueing.models import Line
from queueing.policy import QueuePolicy
from queueing.sizing import sized


@dataclass(frozen=True, slots=True)
class Today:
    """A hall on its local date."""

    hall: Hall
    zone: ZoneInfo
    on_date: date
    policy: QueuePolicy

    def policy_for(self, capacity: Capacity) -> QueuePolicy:
        """The rule of a line: what the hall does not set follows from the number of its counters."""
        return sized(self.policy, halls.policy(self.hall, "queue"), capacity.most_counters)


def today_of(session: Session, hall_id: int, *, now: datetime) -> Today:
    """The hall's day at `now`; raises HallUnknown."""
    hall = halls.get_hall_by_id(session, hall_id)
    zone = ZoneInfo(hall.time_zone)
    policy = QueuePolicy.from_mapping(halls.policy(hall, "queue"))
    return Today(hall, zone, now.astimezone(zone).date(), policy)


def get_group(session: Session, hall_id: int, group_id: int) -> ServiceGroup:
    """A group of this hall; raises GroupUnknown for any other."""
    group = halls.get_group(session, group_id)
    if group.hall_id != hall_id:
        raise halls.GroupUnknown
    return group


def lock_lines(session: Session, today: Today, group_ids: Iterable[int]) -> dict[int, Line]:
    """The lines of these groups today by group, locked until the commit and made where missing.

    Locks are taken in one order everywhere, so that nobody waits in a circle: counter sessions by id, the
    appointment of a check-in, lines by id, an existing ticket, the appointment of that ticket. (A check-in
    locks no existing ticket.) A day's line is made once, so the common case is one statement.
    """
    wanted = sorted(set(group_ids))
    lines = _locked(session, today, wanted)
    if len(lines) < len(wanted):
        rows = [
            {"hall_id": today.hall.id, "group_id": group_id, "on_date": today.on_date} for group_id in wanted
        ]
        session.execute(insert(Line).values(rows).on_conflict_do_nothing())
        lines = _locked(session, today, wanted)
    return lines


def _locked(session: Session, today: Today, group_ids: list[int]) -> dict[int, Line]:
    query = (
        select(Line)
        .where(Line.group_id.in_(group_ids), Line.on_date == today.on_date)
        .order_by(Line.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {line.group_id: line for line in session.scalars(query)}
