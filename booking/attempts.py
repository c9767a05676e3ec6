"""Who looked for a number and found none: demand that bookings alone hide.

One row per visitor, day, service and hall (0: the whole city). It says whether any look of that day saw a
number within the promise of three working days (`booking.promise`), and nothing about who looked: `visitor`
is a keyed hash of a random text, made anew each day, so that nobody can be followed from day to day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ARRAY, BigInteger, LargeBinary, bindparam, delete, func, select, text
from sqlalchemy.orm import Session

from booking.models import Attempt
from kernel.crypto import cipher

#: The hall of a look at all halls together.
WHOLE_CITY = 0
KEPT_FOR = timedelta(days=400)

# A look that tells nothing new writes nothing, not even a lock: people look many times.
_RECORD = text("""
INSERT INTO attempt (on_date, visitor, service_id, hall_id, found, first_at)
SELECT :on_date, :visitor, wanted.service_id, :hall_id, :found, :now
FROM unnest(:service_ids) AS wanted(service_id)
WHERE NOT EXISTS (
    SELECT FROM attempt
    WHERE attempt.on_date = :on_date AND attempt.visitor = :visitor AND attempt.hall_id = :hall_id
      AND attempt.service_id = wanted.service_id AND (attempt.found OR NOT :found)
)
ON CONFLICT (on_date, visitor, service_id, hall_id)
    DO UPDATE SET found = true WHERE excluded.found AND NOT attempt.found
""").bindparams(bindparam("service_ids", type_=ARRAY(BigInteger)), bindparam("visitor", type_=LargeBinary))


@dataclass(frozen=True, slots=True)
class Looks:
    """How many looked for a service on their days, and how many of these found nothing soon enough."""

    looked: int
    failed: int


def visitor_of(name: str, on_date: date) -> bytes:
    """The visitor of a day from the random text that a browser or program shows."""
    return cipher().blind_index(f"{on_date.isoformat()}:{name}", "attempt.visitor")


def record_look(
    session: Session,
    visitor: bytes,
    *,
    service_ids: Sequence[int],
    hall_id: int,
    on_date: date,
    found: bool,
    now: datetime,
) -> None:
    """Remember that somebody looked; one statement. `found`: a number within three working days was there."""
    facts = {"service_ids": sorted(set(service_ids)), "hall_id": hall_id, "on_date": on_date, "now": now}
    session.execute(_RECORD, {**facts, "visitor": visitor, "found": found})


def count_looks(session: Session, *, first_on: date, last_on: date, hall_id: int | None = None) -> Looks:
    """Visitors of services between two dates, both included, a visitor once a day and service.

    In a hall: who looked there. In the city (None): a visitor who found a number in any hall has found one.
    """
    looks = (
        select(func.bool_or(Attempt.found).label("found"))
        .where(Attempt.on_date.between(first_on, last_on))
        .group_by(Attempt.on_date, Attempt.visitor, Attempt.service_id)
    )
    if hall_id is not None:
        looks = looks.where(Attempt.hall_id == hall_id)
    each = looks.subquery()
    row = session.execute(select(func.count(), func.count().filter(~each.c.found)).select_from(each)).one()
    return Looks(row[0], row[1])


def remove_old_looks(session: Session, *, today: date) -> int:
    """Remove what is older than 400 days (a year and what is compared with it); how many."""
    removed = delete(Attempt).where(Attempt.on_date < today - KEPT_FOR).returning(Attempt.service_id)
    return len(session.scalars(removed).all())
