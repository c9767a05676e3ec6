"""Demand: everybody who wanted to be served on a day, whether there was a number or not.

Bookings made, looks that found nothing within three working days, and tickets without a booking. Each is
counted on the day on which people asked, not on the day of the visit.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from booking.attempts import count_looks


@dataclass(frozen=True, slots=True)
class Demand:
    """Counts between two dates. See docs/indicators.md for what each leaves out."""

    booked: int
    failed: int
    walk_ins: int

    @property
    def total(self) -> int:
        """All who asked."""
        return self.booked + self.failed + self.walk_ins


_ASKED = text("""
SELECT (
    SELECT count(*) FROM appointment JOIN hall ON hall.id = appointment.hall_id
    WHERE (CAST(:hall_id AS bigint) IS NULL OR appointment.hall_id = :hall_id)
      AND (appointment.booked_at AT TIME ZONE hall.time_zone)::date BETWEEN :first_on AND :last_on
) AS booked, (
    SELECT count(*) FROM ticket
    WHERE (CAST(:hall_id AS bigint) IS NULL OR ticket.hall_id = :hall_id)
      AND ticket.on_date BETWEEN :first_on AND :last_on AND ticket.appointment_id IS NULL
) AS walk_ins
""")


def demand(session: Session, *, first_on: date, last_on: date, hall_id: int | None = None) -> Demand:
    """The demand of a hall, or of the city, between two dates, both included."""
    facts = {"hall_id": hall_id, "first_on": first_on, "last_on": last_on}
    asked = session.execute(_ASKED, facts).one()
    looks = count_looks(session, first_on=first_on, last_on=last_on, hall_id=hall_id)
    return Demand(asked.booked, looks.failed, asked.walk_ins)


@dataclass(frozen=True, slots=True)
class FailedLooks:
    """Looks for a service on a day in a hall (`hall_id` 0: in all halls together), and how many failed."""

    on_date: date
    hall_id: int
    service_id: int
    looked: int
    failed: int


_FAILED = text("""
SELECT on_date, hall_id, service_id, count(*), count(*) FILTER (WHERE NOT found) AS failed
FROM attempt
WHERE hall_id = ANY(CAST(:hall_ids AS bigint[])) AND on_date BETWEEN :first_on AND :last_on
GROUP BY on_date, hall_id, service_id
HAVING count(*) FILTER (WHERE NOT found) > 0
ORDER BY on_date DESC, failed DESC, hall_id, service_id
LIMIT :most
""")


def failed_looks(
    session: Session, *, first_on: date, last_on: date, hall_ids: Collection[int], most: int | None = None
) -> list[FailedLooks]:
    """Per day, service and hall, the newest day first and there the most sought; without those that found.

    A visitor counts once a day, service and hall, as in `count_looks`.
    """
    facts = {"hall_ids": list(hall_ids), "first_on": first_on, "last_on": last_on, "most": most}
    return [FailedLooks(*row) for row in session.execute(_FAILED, facts)]
