"""Demand: everybody who wanted to be served on a day, whether there was a number or not.

Bookings made, looks that found nothing within three working days, and tickets without a booking. Each is
counted on the day on which people asked, not on the day of the visit.
"""

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
