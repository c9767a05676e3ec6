"""The days for which a special request can be had: published, open for every line of the visit, not yet over.

A form offers of these the ones on which the reserve of every line still has the numbers that the visit takes;
where no day has, all of them, for the duty officer may find a way (somebody cancels, more numbers are
published) and has to answer in any case.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from booking.ladder import Channel
from booking.models import Number, Slot
from kernel.errors import Conflict

#: Where the numbers of those who are approved come from, the reserve first.
CHANNELS = (Channel.DUTY, Channel.WALK_IN)


class NoTimesThatDay(Conflict):
    """The hall is closed that day for what is asked, or its last time has begun."""

    code = "no_times_that_day"
    zh = "这一天安排不了：大厅不开放这项业务，或者当天的时间已过。请从列出的日子里另选一天。"
    en = "Nothing can be arranged that day: the hall is closed for this, or the day’s times are over. Please choose another of the days that are listed."  # noqa: E501


@dataclass(frozen=True, slots=True)
class RequestDay:
    """A day on which every line of a visit has a coming time. `reserve`: each has enough reserve numbers."""

    on_date: date
    reserve: bool


def request_days(session: Session, needs: Mapping[int, int], *, now: datetime) -> list[RequestDay]:
    """The coming days, in order. `needs`: line → how many numbers the visit takes there."""
    free = (
        Number.appointment_id.is_(None)
        & or_(Number.held_until.is_(None), Number.held_until <= now)
        & Number.channel.in_([str(each) for each in CHANNELS])
    )
    rows = session.execute(
        select(Slot.on_date, Slot.group_id, func.count(Number.id).filter(free))
        .outerjoin(Number, Number.slot_id == Slot.id)
        .where(Slot.group_id.in_(list(needs)), Slot.starts_at > now, Slot.counters > 0)
        .group_by(Slot.on_date, Slot.group_id)
    )
    found: dict[date, dict[int, int]] = {}
    for on_date, group_id, count in rows:
        found.setdefault(on_date, {})[group_id] = count
    return [
        RequestDay(on_date, all(lines[line] >= needed for line, needed in needs.items()))
        for on_date, lines in sorted(found.items())
        if len(lines) == len(needs)
    ]


def to_offer(days: Sequence[RequestDay]) -> list[date]:
    """What a form offers of them."""
    return [day.on_date for day in days if day.reserve] or [day.on_date for day in days]
