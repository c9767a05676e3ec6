"""A hall's day in one table: released, booked, handled of both tracks, and how the promise was kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from analytics.promise_kept import (
    Attempts,
    PromiseKept,
    attempts_by_line,
    attempts_by_service,
    promise_kept,
)
from analytics.today import handled_walk_ins
from booking.counts import NOTHING_BOOKED, BookingCount, ChannelCount, booking_counts, channel_counts
from halls.models import Hall, ServiceGroup
from halls.queries import list_groups

NOBODY_LOOKED = Attempts(0, 0)


@dataclass(frozen=True, slots=True)
class LineDay:
    """One line: `walk_ins` are completed tickets without a booking; `day` and `month` its promise.

    `looks` are those of the month for any of its services.
    """

    group: ServiceGroup
    channels: Sequence[ChannelCount]
    bookings: BookingCount
    walk_ins: int
    day: PromiseKept | None
    month: PromiseKept | None
    looks: Attempts = NOBODY_LOOKED

    @property
    def released(self) -> int:
        """放号量: what could be booked so far, over all channels."""
        return sum(each.released for each in self.channels)


def day_numbers(
    session: Session, hall: Hall, *, on_date: date, since_on: date, now: datetime
) -> list[LineDay]:
    """Every line of a hall on one day; `month` is summed from `since_on` to that day."""
    channels = channel_counts(session, hall, on_date=on_date, now=now)
    bookings = {each.group_id: each for each in booking_counts(session, hall, on_date=on_date)}
    walk_ins = handled_walk_ins(session, hall, on_date=on_date)
    day = {each.group_id: each for each in promise_kept(session, hall, first_on=on_date, last_on=on_date)}
    month = {each.group_id: each for each in promise_kept(session, hall, first_on=since_on, last_on=on_date)}
    at_work = {*bookings, *walk_ins, *(each.group_id for each in channels)}
    looks = attempts_by_line(attempts_by_service(session, hall, first_on=since_on, last_on=on_date))
    return [
        LineDay(
            group,
            [each for each in channels if each.group_id == group.id],
            bookings.get(group.id, NOTHING_BOOKED),
            walk_ins.get(group.id, 0),
            day.get(group.id),
            month.get(group.id),
            looks.get(group.id, NOBODY_LOOKED),
        )
        for group in list_groups(session, hall.id)
        if group.active or group.id in at_work
    ]
