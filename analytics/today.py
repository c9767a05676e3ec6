"""How a hall stands today: released, booked, arrived and handled per group, and who waits.

Definitions are those of docs/indicators.md: 放号量, 预约量, 办理量, 实际办理率. What is released and booked,
and who of the booked came and was handled, is counted by `booking.counts`, for the cockpit as for the pages
of administration.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from booking.counts import NOTHING_BOOKED, booking_counts, channel_counts
from halls.models import Hall
from queueing.models import Ticket
from queueing.states import TicketState


@dataclass(frozen=True, slots=True)
class GroupToday:
    """Counts of one service group on one date.

    `booked` leaves out cancellations made early enough not to count and those of the hall; `handled` is split
    by track. A booked visit counts in the line it was booked for, also when it ends in another.
    """

    group_id: int
    code: str
    name_zh: str
    name_en: str
    released: int
    booked: int
    arrived_booked: int
    arrived_walk_in: int
    handled_booked: int
    handled_walk_in: int
    waiting: int
    open_counters: int

    @property
    def arrived(self) -> int:
        """到场: booked people who checked in, and everyone who took a ticket without a booking."""
        return self.arrived_booked + self.arrived_walk_in

    @property
    def handled(self) -> int:
        """办理量: visits of both tracks; booked ones that ended with something undone are not among them."""
        return self.handled_booked + self.handled_walk_in

    @property
    def actual_rate(self) -> float | None:
        """实际办理率 = booked visits handled ÷ booked; None while nothing is booked."""
        return self.handled_booked / self.booked if self.booked else None


_COUNTS = text("""
SELECT g.id AS group_id, g.code, g.name_zh, g.name_en,
  t.arrived_walk_in, t.waiting,
  (SELECT count(*) FROM counter_session s JOIN counter_skill k ON k.counter_id = s.counter_id
     WHERE k.group_id = g.id AND s.closed_at IS NULL AND s.state = 'open') AS open_counters
FROM service_group g
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE appointment_id IS NULL) AS arrived_walk_in,
         count(*) FILTER (WHERE state = 'waiting') AS waiting
  FROM ticket WHERE ticket.group_id = g.id AND ticket.on_date = :day
) t
WHERE g.hall_id = :hall_id ORDER BY g.position, g.id
""")


def hall_today(session: Session, hall: Hall, *, now: datetime) -> list[GroupToday]:
    """The counts of every group of `hall` on its own date of today, counted from the rows."""
    today = local_day(hall, now)
    released: Counter[int] = Counter()
    for numbers in channel_counts(session, hall, on_date=today, now=now):
        released[numbers.group_id] += numbers.released
    bookings = {each.group_id: each for each in booking_counts(session, hall, on_date=today)}
    walk_ins = handled_walk_ins(session, hall, on_date=today)
    found = []
    for row in session.execute(_COUNTS, {"hall_id": hall.id, "day": today}).mappings():
        group_id = row["group_id"]
        booked = bookings.get(group_id, NOTHING_BOOKED)
        found.append(
            GroupToday(
                **row,
                released=released[group_id],
                booked=booked.booked,
                arrived_booked=booked.arrived,
                handled_booked=booked.handled,
                handled_walk_in=walk_ins.get(group_id, 0),
            )
        )
    return found


def handled_walk_ins(session: Session, hall: Hall, *, on_date: date) -> dict[int, int]:
    """Completed tickets without a booking, per line."""
    rows = session.execute(
        select(Ticket.group_id, func.count())
        .where(
            Ticket.hall_id == hall.id,
            Ticket.on_date == on_date,
            Ticket.state == TicketState.COMPLETED,
            Ticket.appointment_id.is_(None),
        )
        .group_by(Ticket.group_id)
    )
    return dict(rows.all())


def local_day(hall: Hall, now: datetime) -> date:
    """The date in the hall at `now`."""
    return now.astimezone(ZoneInfo(hall.time_zone)).date()


def total(groups: Sequence[GroupToday], name: str) -> int:
    """The sum of one count over groups."""
    return sum(getattr(group, name) for group in groups)
