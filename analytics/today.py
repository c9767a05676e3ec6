"""How a hall stands today: released, booked, arrived and handled per group, and who waits.

Definitions are those of docs/indicators.md: 放号量, 预约量, 办理量, 实际办理率.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from booking.policy import BookingPolicy
from halls import queries as halls
from halls.models import Hall


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
        """Everyone who took a ticket."""
        return self.arrived_booked + self.arrived_walk_in

    @property
    def handled(self) -> int:
        """办理量: completed visits of both tracks."""
        return self.handled_booked + self.handled_walk_in

    @property
    def actual_rate(self) -> float | None:
        """实际办理率 = completed booked visits ÷ booked; None while nothing is booked."""
        return self.handled_booked / self.booked if self.booked else None


_COUNTS = text("""
SELECT g.id AS group_id, g.code, g.name_zh, g.name_en,
  (SELECT count(*) FROM number n WHERE n.group_id = g.id AND n.on_date = :day AND n.released_at <= :now)
    AS released,
  (SELECT count(*) FROM appointment a WHERE a.hall_id = g.hall_id AND a.on_date = :day AND a.group_id = g.id
     AND (a.cancelled_at IS NULL OR a.cancel_reason IN ('citizen', 'reply', 'link')
          AND a.cancelled_at > a.starts_at - CAST(:cutoff AS interval))) AS booked,
  b.arrived_booked, t.arrived_walk_in, b.handled_booked, t.handled_walk_in, t.waiting,
  (SELECT count(*) FROM counter_session s JOIN counter_skill k ON k.counter_id = s.counter_id
     WHERE k.group_id = g.id AND s.closed_at IS NULL AND s.state = 'open') AS open_counters
FROM service_group g
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE appointment_id IS NULL) AS arrived_walk_in,
         count(*) FILTER (WHERE state = 'completed' AND appointment_id IS NULL) AS handled_walk_in,
         count(*) FILTER (WHERE state = 'waiting') AS waiting
  FROM ticket WHERE ticket.group_id = g.id AND ticket.on_date = :day
) t
CROSS JOIN LATERAL (
  SELECT count(*) AS arrived_booked, count(*) FILTER (WHERE state = 'completed') AS handled_booked
  FROM ticket WHERE ticket.issued_group_id = g.id AND ticket.on_date = :day AND appointment_id IS NOT NULL
) b
WHERE g.hall_id = :hall_id ORDER BY g.position, g.id
""")


def hall_today(session: Session, hall: Hall, *, now: datetime) -> list[GroupToday]:
    """The counts of every group of `hall` on its own date of today, counted from the rows."""
    facts = {"hall_id": hall.id, "day": local_day(hall, now), "now": now, "cutoff": _cutoff(hall)}
    return [GroupToday(**row) for row in session.execute(_COUNTS, facts).mappings()]


def local_day(hall: Hall, now: datetime) -> date:
    """The date in the hall at `now`."""
    return now.astimezone(ZoneInfo(hall.time_zone)).date()


def _cutoff(hall: Hall) -> str:
    rules = BookingPolicy.from_mapping(halls.policy(hall, "booking"))
    return f"{int(rules.cancellation_cutoff.total_seconds())} seconds"


def total(groups: Sequence[GroupToday], name: str) -> int:
    """The sum of one count over groups."""
    return sum(getattr(group, name) for group in groups)
