"""How many of those who booked came: what a hall's overbooking should go by, counted from the rows."""

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from booking.hall_rules import rules_of
from booking.missed import BY_CITIZEN
from booking.show_share import ShowRate
from halls.models import Hall

WEEKS = 8

# As 预约量 is counted (`booking.counts`): who cancelled in time left the number to others, and whom the hall
# cancelled had no chance to come. Only that late goes by the clock alone here: what was cancelled in time
# after a late move counts as missed, but left no place empty. A day on which the whole hall saw nobody come,
# and a line's days before its first who came, say that checking in was not used then, not that all stayed
# away.
_COUNT = text("""
WITH told AS (
    SELECT group_id, on_date, state IN ('checked_in', 'fulfilled') OR checked_in_at IS NOT NULL AS came
    FROM appointment
    WHERE hall_id = :hall_id AND on_date >= :first_on AND on_date < :today
      AND (state IN ('checked_in', 'fulfilled', 'no_show') OR checked_in_at IS NOT NULL
           OR state = 'cancelled' AND cancel_reason = ANY(:by_citizen)
              AND starts_at - cancelled_at < CAST(:cutoff AS interval))
), seen AS (
    SELECT came, bool_or(came) OVER (PARTITION BY on_date) AS in_hall,
           on_date >= min(on_date) FILTER (WHERE came) OVER (PARTITION BY group_id) AS in_line
    FROM told
)
SELECT count(*) AS booked, count(*) FILTER (WHERE came) AS came
FROM seen
WHERE in_hall AND in_line
""")


def observed_show_rate(session: Session, hall: Hall, *, now: datetime, weeks: int = WEEKS) -> ShowRate:
    """Over the days of the last weeks before today, whose visits are all over, where checking in was used."""
    rules = rules_of(hall)
    today = rules.date_of(now)
    facts = {
        "hall_id": hall.id,
        "today": today,
        "first_on": today - timedelta(weeks=weeks),
        "by_citizen": list(BY_CITIZEN),
        "cutoff": rules.policy.cancellation_cutoff,
    }
    row = session.execute(_COUNT, facts).one()
    return ShowRate(row.booked, row.came)
