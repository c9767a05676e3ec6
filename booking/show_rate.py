"""How many of those who booked came: what a hall's overbooking should go by, counted from the rows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt

from sqlalchemy import text
from sqlalchemy.orm import Session

from booking.hall_rules import rules_of
from halls.models import Hall

WEEKS = 8
#: From so many people on the share is known within a few percent: ± 7 % with 100 of whom 85 % come.
LEAST = 100
_Z = 1.96


@dataclass(frozen=True, slots=True)
class ShowRate:
    """Of `booked` people `came` so many."""

    booked: int
    came: int

    @property
    def enough(self) -> bool:
        """Whether there are enough people to go by."""
        return self.booked >= LEAST

    @property
    def share(self) -> float:
        """The share that came; 0 of nobody."""
        return self.came / self.booked if self.booked else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Within which the true share lies with 95 % (Wilson 1927)."""
        if not self.booked:
            return 0.0, 1.0
        n, p = self.booked, self.share
        middle, spread = p + _Z**2 / (2 * n), _Z * sqrt(p * (1 - p) / n + _Z**2 / (4 * n**2))
        return (middle - spread) / (1 + _Z**2 / n), (middle + spread) / (1 + _Z**2 / n)


# As 预约量 is counted (`booking.counts`): who cancelled in time left the number to others, and whom the hall
# cancelled had no chance to come.
_COUNT = text("""
SELECT count(*) AS booked,
       count(*) FILTER (WHERE state IN ('checked_in', 'fulfilled') OR checked_in_at IS NOT NULL) AS came
FROM appointment
WHERE hall_id = :hall_id AND on_date >= :first_on AND on_date < :today
  AND (state IN ('checked_in', 'fulfilled', 'no_show') OR checked_in_at IS NOT NULL
       OR state = 'cancelled' AND cancel_reason IN ('citizen', 'reply', 'link')
          AND starts_at - cancelled_at < CAST(:cutoff AS interval))
""")


def observed_show_rate(session: Session, hall: Hall, *, now: datetime, weeks: int = WEEKS) -> ShowRate:
    """Over the days of the last weeks before today, whose visits are all over."""
    rules = rules_of(hall)
    today = rules.date_of(now)
    facts = {"hall_id": hall.id, "today": today, "first_on": today - timedelta(weeks=weeks)}
    row = session.execute(_COUNT, facts | {"cutoff": rules.policy.cancellation_cutoff}).one()
    return ShowRate(row.booked, row.came)
