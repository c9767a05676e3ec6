"""What somebody without a booking would be told, before they take a number."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from queueing.admission import admit
from queueing.capacity import Capacity
from queueing.loads import load_of
from queueing.models import Line
from queueing.promise import Load, promised_call
from queueing.staffing import capacity_of
from queueing.today import Today, get_group, today_of


@dataclass(frozen=True, slots=True)
class Outlook:
    """`latest_at`: the call would come until then; None where no number would be given.

    `is_over`: the line serves nobody (any more) today.
    """

    waiting: int
    latest_at: datetime | None
    is_over: bool


def outlook(session: Session, hall_id: int, group_id: int, *, now: datetime) -> Outlook:
    """Ask the rule without locking or writing: until the number is taken, others may be quicker.

    Raises:
        HallUnknown, GroupUnknown
    """
    today = today_of(session, hall_id, now=now)
    group = get_group(session, hall_id, group_id)
    capacity = capacity_of(session, today, group.id, now=now)
    load = load_of(session, today, group, now=now, capacity=capacity)
    last = select(Line.last_promise_at).where(Line.group_id == group.id, Line.on_date == today.on_date)
    return outlook_of(today, capacity, load, previous=session.scalar(last), now=now)


def outlook_of(
    today: Today, capacity: Capacity, load: Load, *, previous: datetime | None, now: datetime
) -> Outlook:
    """The same for a line whose capacity, load and last promise are known."""
    is_over = capacity.closes_at is None or capacity.closes_at <= now
    if is_over or not admit(capacity, load, now, policy=today.policy).admitted:
        return Outlook(load.waiting, None, is_over)
    policy = today.policy_for(capacity)
    ahead = load.with_more(load.standby)  # they get their promises first
    latest_at = promised_call(capacity, ahead, now, previous=previous, policy=policy)
    return Outlook(load.waiting, latest_at or capacity.closes_at, is_over)
