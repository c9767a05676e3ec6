"""Exact counts of a hall's day: 放号量, 预约量, 办理量, 爽约, from the rows themselves.

Definitions are those of `docs/indicators.md`. Walk-ins are counted by `analytics`: the booking does not
know tickets.
"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from booking.hall_rules import rules_of
from booking.ladder import OVERBOOKED_ABOVE
from booking.taking import RETURNING
from halls.models import Hall


@dataclass(frozen=True, slots=True)
class ChannelCount:
    """The numbers of one line, day and channel.

    `planned` are all rows; `released` those that could be booked so far: booked ones and those that were
    given back and return within minutes are among them, and only a withdrawal takes one out again. `free` are
    those of slots to come that can be booked at this moment, for walk-ins and duty by staff; `overbooked`
    those beyond the quota.
    """

    group_id: int
    channel: str
    planned: int
    released: int
    booked: int
    held: int
    free: int
    overbooked: int


@dataclass(frozen=True, slots=True)
class BookingCount:
    """The appointments of one line and day; a cancellation by the hall is in none but `by_hall`.

    `booked` = `to_come` + `arrived` + `no_shows` + `late_cancelled`. Who came and was handled only in part
    has `arrived` and is not `handled`; who came and left, or never answered a call, is among the `unserved`.
    """

    group_id: int
    booked: int
    to_come: int
    arrived: int
    handled: int
    no_shows: int
    late_cancelled: int
    by_hall: int
    unserved: int

    @property
    def actual_rate(self) -> float | None:
        """实际办理率 = handled ÷ booked; None while nothing is booked."""
        return self.handled / self.booked if self.booked else None

    @property
    def no_show_rate(self) -> float | None:
        """爽约率 = neither came nor cancelled ÷ booked."""
        return self.no_shows / self.booked if self.booked else None


#: Of a line that has no appointment that day.
NOTHING_BOOKED = BookingCount(0, 0, 0, 0, 0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Step:
    """Numbers of a line that can be booked from one moment on; `booked` of them are."""

    group_id: int
    release_at: datetime
    count: int
    booked: int


# Through the slots of the day: their index finds its numbers among those of all years.
_BY_CHANNEL = text(f"""
SELECT group_id, channel, count(*) AS planned,
       count(*) FILTER (WHERE appointment_id IS NOT NULL OR {RETURNING}) AS released,
       count(appointment_id) AS booked,
       count(*) FILTER (WHERE appointment_id IS NULL AND held_until > :now) AS held,
       count(*) FILTER (WHERE appointment_id IS NULL AND starts_at > :now
                        AND (channel <> 'online' OR released_at <= :now)
                        AND (held_until IS NULL OR held_until <= :now)) AS free,
       count(*) FILTER (WHERE ordinal > :above) AS overbooked
FROM number
WHERE slot_id IN (SELECT id FROM slot WHERE hall_id = :hall_id AND on_date = :on_date)
GROUP BY group_id, channel
ORDER BY group_id, channel
""")  # noqa: S608  # our own words

_BOOKINGS = text("""
WITH told AS (
    SELECT group_id, state, undone_service_ids,
           state IN ('checked_in', 'fulfilled') OR checked_in_at IS NOT NULL AS came,
           state = 'cancelled' AND cancel_reason IN ('citizen', 'reply', 'link') AS by_citizen,
           state = 'cancelled' AND starts_at - cancelled_at < CAST(:cutoff AS interval) AS late
    FROM appointment
    WHERE hall_id = :hall_id AND on_date = :on_date
)
SELECT group_id,
       count(*) FILTER (WHERE state <> 'cancelled' OR came OR by_citizen AND late) AS booked,
       count(*) FILTER (WHERE state = 'booked') AS to_come,
       count(*) FILTER (WHERE came) AS arrived,
       count(*) FILTER (WHERE state = 'fulfilled' AND undone_service_ids = '[]') AS handled,
       count(*) FILTER (WHERE state = 'no_show' AND NOT came) AS no_shows,
       count(*) FILTER (WHERE by_citizen AND late AND NOT came) AS late_cancelled,
       count(*) FILTER (WHERE state = 'cancelled' AND NOT by_citizen AND NOT came) AS by_hall,
       count(*) FILTER (WHERE came AND state IN ('cancelled', 'no_show')) AS unserved
FROM told
GROUP BY group_id
ORDER BY group_id
""")

_STEPS = text("""
SELECT group_id, date_trunc('minute', released_at) AS release_at, count(*) AS count,
       count(appointment_id) AS booked
FROM number
WHERE hall_id = :hall_id AND on_date = :on_date AND channel = 'online' AND released_at IS NOT NULL
GROUP BY 1, 2
ORDER BY 1, 2
""")


def channel_counts(session: Session, hall: Hall, *, on_date: date, now: datetime) -> list[ChannelCount]:
    """Numbers per line and channel."""
    facts = {"hall_id": hall.id, "on_date": on_date, "now": now, "above": OVERBOOKED_ABOVE}
    return [ChannelCount(*row) for row in session.execute(_BY_CHANNEL, facts)]


def booking_counts(session: Session, hall: Hall, *, on_date: date) -> list[BookingCount]:
    """Appointments per line: 预约量 leaves out what was cancelled in time or by the hall."""
    cutoff = rules_of(hall).policy.cancellation_cutoff
    facts = {"hall_id": hall.id, "on_date": on_date, "cutoff": cutoff}
    return [BookingCount(*row) for row in session.execute(_BOOKINGS, facts)]


def release_steps(session: Session, hall: Hall, *, on_date: date) -> list[Step]:
    """The release ladder of a day as it is written in its numbers, returned and hand-released ones too."""
    facts = {"hall_id": hall.id, "on_date": on_date}
    return [Step(*row) for row in session.execute(_STEPS, facts)]
