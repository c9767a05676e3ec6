"""Which bookings a change of a hall's time touches: those in closed time, and those beyond a new plan."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, bindparam, text
from sqlalchemy.orm import Session

from booking.planned_days import places_of, plan_days, villages_of


@dataclass(frozen=True, slots=True)
class Affected:
    """A booked appointment whose owner has not come yet; `legs` as in `Appointment`.

    `village` is where they were told to come, empty for the hall.
    """

    appointment_id: int
    citizen_id: int
    group_id: int
    on_date: date
    starts_at: datetime
    code: str
    needed: int
    legs: list[dict[str, Any]]
    village: str

    @property
    def lines(self) -> tuple[tuple[int, int], ...]:
        """(line, numbers) of each leg in order."""
        legs = tuple((leg["group_id"], leg["needed"]) for leg in self.legs)
        return legs or ((self.group_id, self.needed),)


@dataclass(frozen=True, slots=True)
class ClosedTime:
    """[starts_at, ends_at) of a hall, or of one line."""

    hall_id: int
    group_id: int | None
    starts_at: datetime
    ends_at: datetime


# Through the numbers: a visit may reach into closed time from before, or with a later leg.
# `OFFSET 0`: each booking's own numbers are looked up by their index, however few rows PostgreSQL believes
# there are. As a join it went through all numbers for every booking where its statistics were older.
_IN_CLOSED_TIME = """
SELECT appointment.id, appointment.citizen_id, appointment.group_id, appointment.on_date,
       appointment.starts_at, appointment.code,
       (SELECT count(*) FROM number WHERE number.appointment_id = appointment.id) AS needed,
       appointment.legs, appointment.place_zh AS village
FROM appointment
WHERE appointment.state = 'booked' AND appointment.hall_id = :hall_id
  AND appointment.on_date BETWEEN CAST(:starts_at AS date) - 2 AND CAST(:ends_at AS date) + 1
  AND EXISTS (
      SELECT FROM (
          SELECT number.slot_id, number.group_id
          FROM number WHERE number.appointment_id = appointment.id OFFSET 0
      ) AS own JOIN slot ON slot.id = own.slot_id
      WHERE (CAST(:group_id AS bigint) IS NULL OR own.group_id = :group_id)
        AND slot.starts_at < :ends_at AND slot.ends_at > greatest(CAST(:starts_at AS timestamptz), :now))
ORDER BY appointment.starts_at, appointment.id
"""
_SEE, _LOCK = (
    text(statement).bindparams(bindparam("group_id", type_=BigInteger))
    for statement in (_IN_CLOSED_TIME, _IN_CLOSED_TIME + "FOR UPDATE OF appointment")
)

_BEYOND_PLAN = text("""
SELECT appointment.id, appointment.citizen_id, appointment.group_id, appointment.on_date,
       appointment.starts_at, appointment.code,
       (SELECT count(*) FROM number WHERE number.appointment_id = appointment.id) AS needed,
       appointment.legs, appointment.place_zh AS village
FROM appointment
WHERE appointment.id IN (
    SELECT ranked.appointment_id
    FROM (
        SELECT number.appointment_id, number.group_id, number.starts_at,
               row_number() OVER (PARTITION BY number.slot_id ORDER BY booked.booked_at, number.id) AS place,
               slot.place_zh
        FROM number JOIN appointment AS booked ON booked.id = number.appointment_id
        JOIN slot ON slot.id = number.slot_id
        WHERE number.hall_id = :hall_id AND number.on_date BETWEEN :first_on AND :last_on
          AND number.starts_at > :now AND booked.state = 'booked'
    ) AS ranked
    LEFT JOIN unnest(CAST(:group_ids AS bigint[]), CAST(:starts AS timestamptz[]), CAST(:counts AS integer[]),
                     CAST(:villages AS varchar[]))
              AS planned(group_id, starts_at, places, place_zh)
           ON planned.group_id = ranked.group_id AND planned.starts_at = ranked.starts_at
              AND planned.place_zh = ranked.place_zh
    WHERE ranked.place > coalesce(planned.places, 0))
ORDER BY appointment.starts_at, appointment.id
FOR UPDATE OF appointment
""")


def list_in_closed_time(session: Session, closed: ClosedTime, *, now: datetime) -> list[Affected]:
    """The bookings that fall into closed time and are still to come, locked until the commit.

    The caller has the hall's gate (`booking.turns`): who moves a booking takes that first.
    """
    return _affected(session.connection().execute(_LOCK, _facts(closed, now)))


def see_in_closed_time(session: Session, closed: ClosedTime, *, now: datetime) -> list[Affected]:
    """The same, for who only looks: nothing is locked, and nobody waits for it."""
    return _affected(session.connection().execute(_SEE, _facts(closed, now)))


def _facts(closed: ClosedTime, now: datetime) -> dict[str, Any]:
    return {
        "hall_id": closed.hall_id,
        "group_id": closed.group_id,
        "starts_at": closed.starts_at,
        "ends_at": closed.ends_at,
        "now": now,
    }


def list_beyond_plan(
    session: Session, hall_id: int, *, first_on: date, last_on: date, now: datetime
) -> list[Affected]:
    """The bookings of these days for which the plan, as it stands in this transaction, has no place.

    A slot serves as many as it has numbers of any channel: who booked earlier is served, who booked later
    is stranded, and so is everybody where the slot is now held in another place. Locked until the commit.
    """
    days = plan_days(session, hall_id, first_on=first_on, last_on=last_on, now=now)
    planned, villages = places_of(days), villages_of(days)
    facts = {
        "hall_id": hall_id,
        "first_on": first_on,
        "last_on": last_on,
        "now": now,
        "group_ids": [group_id for group_id, _ in planned],
        "starts": [starts_at for _, starts_at in planned],
        "counts": list(planned.values()),
        "villages": [villages[key] for key in planned],
    }
    return _affected(session.connection().execute(_BEYOND_PLAN, facts))


def _affected(rows: Iterable[Any]) -> list[Affected]:
    return [Affected(*row) for row in rows]
