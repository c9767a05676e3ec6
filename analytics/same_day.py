"""现场申请当日办: of those who came without a booking today, how many were served or are at a counter."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from analytics.today import local_day
from halls.models import Hall
from queueing.close_day import REASON


@dataclass(frozen=True, slots=True)
class SameDay:
    """Those who still wait are in neither, nor those who gave the number up themselves.

    `turned_away`: refused, and took no standby number instead; or not served when the day was closed.
    """

    served: int
    turned_away: int
    waiting: int
    extra_open: int

    @property
    def share(self) -> float | None:
        """Served ÷ (served + turned away); None before the first."""
        decided = self.served + self.turned_away
        return self.served / decided if decided else None


_COUNTS = text("""
SELECT t.served, t.waiting,
  GREATEST(0, (SELECT count(*) FROM walk_in_refusal r WHERE r.hall_id = :hall_id AND r.on_date = :day)
    - t.standby) + t.let_go + t.left_over AS turned_away,
  (SELECT count(*) FROM extra_time e WHERE e.hall_id = :hall_id AND e.on_date = :day AND e.state = 'open')
    AS extra_open
FROM (
  SELECT count(*) FILTER (WHERE state IN ('completed', 'serving', 'called', 'parked')) AS served,
         count(*) FILTER (WHERE state = 'waiting') AS waiting,
         count(*) FILTER (WHERE track = 'standby' OR promoted_at IS NOT NULL) AS standby,
         count(*) FILTER (WHERE track = 'standby' AND state = 'abandoned') AS let_go,
         count(*) FILTER (WHERE track <> 'standby' AND state = 'abandoned' AND EXISTS (
           SELECT 1 FROM audit_entry a
           WHERE a.subject_kind = 'ticket' AND a.subject_id = ticket.id
             AND a.to_state = 'abandoned' AND a.details ->> 'reason' = :day_closed)) AS left_over
  FROM ticket WHERE hall_id = :hall_id AND on_date = :day AND appointment_id IS NULL
) t
""")


def same_day(session: Session, hall: Hall, *, now: datetime) -> SameDay:
    """The figure of a hall on its own date of today."""
    facts = {"hall_id": hall.id, "day": local_day(hall, now), "day_closed": REASON}
    row = session.execute(_COUNTS, facts).one()
    return SameDay(row.served, row.turned_away, row.waiting, row.extra_open)
