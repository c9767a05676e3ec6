"""3WD% and TNA, summed from the samples of `booking.promise_samples` and from citizens' own attempts.

3WD% of a service in a hall and day: the share of the quarter-hours at which it could be booked within three
working days, with as many numbers in a row as it takes; of a line the same for any free number. Weighted by
attempts, of a service in a hall: the share of the visitors and days on which it was looked for and a number
was seen. TNA: working days to the third free number (or visit), taken daily at 10:00 by the hall's clock;
beside it the same in calendar days.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from booking.service_units import units_of_services
from halls.models import Hall

TNA_AT = time(10)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PromiseKept:
    """Of a line over some days, for visits of so many `units`; None where nothing was looked at."""

    group_id: int
    samples: int
    three_days: float | None
    three_days_with_today: float | None
    third_median: float | None
    third_p90: float | None
    third_median_days: float | None
    third_p90_days: float | None
    units: int = 1


@dataclass(frozen=True, slots=True)
class ServiceKept:
    """The promise of one service of a hall over some days, by the numbers that it takes now."""

    service_id: int
    kept: PromiseKept


@dataclass(frozen=True, slots=True)
class Attempts:
    """Visitors and days on which somebody looked for a number in a hall, and saw one within the promise."""

    looked: int
    found: int

    @property
    def share(self) -> float | None:
        """Attempt-weighted 3WD%."""
        return self.found / self.looked if self.looked else None


@dataclass(frozen=True, slots=True)
class ServiceAttempts:
    """The attempts at one service of a hall; its line, None when the hall offers it no more."""

    service_id: int
    group_id: int | None
    attempts: Attempts


_KEPT = text("""
SELECT group_id, count(*) AS samples,
       avg(available::int)::float8, avg(available_with_today::int)::float8,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY third_after)
           FILTER (WHERE (sampled_at AT TIME ZONE :zone)::time = :at),
       percentile_disc(0.9) WITHIN GROUP (ORDER BY third_after)
           FILTER (WHERE (sampled_at AT TIME ZONE :zone)::time = :at),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY third_after_days)
           FILTER (WHERE (sampled_at AT TIME ZONE :zone)::time = :at),
       percentile_disc(0.9) WITHIN GROUP (ORDER BY third_after_days)
           FILTER (WHERE (sampled_at AT TIME ZONE :zone)::time = :at),
       units
FROM promise_sample
WHERE hall_id = :hall_id AND sampled_at >= :starts_at AND sampled_at < :ends_at
  AND (:every OR units = 1)
GROUP BY group_id, units
ORDER BY group_id, units
""")

_ATTEMPTS = text("""
SELECT count(*), count(*) FILTER (WHERE found)
FROM (
    SELECT bool_or(found) AS found
    FROM attempt
    WHERE hall_id = :hall_id AND on_date BETWEEN :first_on AND :last_on
    GROUP BY visitor, on_date, service_id
) AS person_days
""")

_BY_SERVICE = text("""
SELECT attempt.service_id, offered.group_id, count(*), count(*) FILTER (WHERE attempt.found)
FROM attempt
LEFT JOIN hall_service AS offered
       ON offered.hall_id = attempt.hall_id AND offered.service_id = attempt.service_id
WHERE attempt.hall_id = :hall_id AND attempt.on_date BETWEEN :first_on AND :last_on
GROUP BY attempt.service_id, offered.group_id
ORDER BY avg(attempt.found::int), count(*) DESC, attempt.service_id
""")


def promise_kept(session: Session, hall: Hall, *, first_on: date, last_on: date) -> list[PromiseKept]:
    """Per line of a hall, for any free number, over hall-local dates, both included."""
    return _kept(session, hall, first_on=first_on, last_on=last_on, every=False)


def promise_kept_by_service(
    session: Session, hall: Hall, *, first_on: date, last_on: date
) -> list[ServiceKept]:
    """Per service that can be booked in the hall, the same; the worst first. Without samples: left out."""
    every = _kept(session, hall, first_on=first_on, last_on=last_on, every=True)
    by_units = {(each.group_id, each.units): each for each in every}
    found = [
        ServiceKept(each.service_id, by_units[each.group_id, each.units])
        for each in units_of_services(session, hall.id)
        if (each.group_id, each.units) in by_units
    ]
    return sorted(found, key=lambda each: each.kept.three_days or 0.0)


def _kept(session: Session, hall: Hall, *, first_on: date, last_on: date, every: bool) -> list[PromiseKept]:
    zone = ZoneInfo(hall.time_zone)
    facts = {
        "hall_id": hall.id,
        "every": every,
        "zone": hall.time_zone,
        "at": TNA_AT,
        "starts_at": datetime.combine(first_on, time.min, zone),
        "ends_at": datetime.combine(last_on + _DAY, time.min, zone),
    }
    return [PromiseKept(*row) for row in session.execute(_KEPT, facts)]


def attempts(session: Session, hall: Hall, *, first_on: date, last_on: date) -> Attempts:
    """Person-days whose search in this hall saw an eligible number, over all of its services."""
    facts = {"hall_id": hall.id, "first_on": first_on, "last_on": last_on}
    return Attempts(*session.execute(_ATTEMPTS, facts).one())


def attempts_by_service(
    session: Session, hall: Hall, *, first_on: date, last_on: date
) -> list[ServiceAttempts]:
    """The same per service, for which the indicator is defined; the worst first, of these the most sought."""
    facts = {"hall_id": hall.id, "first_on": first_on, "last_on": last_on}
    return [
        ServiceAttempts(row[0], row[1], Attempts(row[2], row[3]))
        for row in session.execute(_BY_SERVICE, facts)
    ]


def attempts_by_line(of_services: Sequence[ServiceAttempts]) -> dict[int, Attempts]:
    """Line → the attempts at all of its services together."""
    looked: Counter[int] = Counter()
    found: Counter[int] = Counter()
    for each in of_services:
        if each.group_id is not None:
            looked[each.group_id] += each.attempts.looked
            found[each.group_id] += each.attempts.found
    return {group_id: Attempts(count, found[group_id]) for group_id, count in looked.items()}
