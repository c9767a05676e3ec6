"""Exact counts of a hall's day: 放号量, 预约量, 办理量, 爽约, from the rows themselves.

Definitions are those of `docs/indicators.md`. Walk-ins are counted by `analytics`: the booking does not
know tickets.
"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Interval, and_, func, literal, not_, or_, select, text
from sqlalchemy.orm import Session

from booking.hall_rules import rules_of
from booking.ladder import OVERBOOKED_ABOVE
from booking.missed import BY_CITIZEN, cancelled_late
from booking.models import Appointment
from booking.states import AppointmentState
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
    `late_cancelled` are those that count as missed (`booking.missed`), `no_shows` those to which nobody came.
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
    cancelled = Appointment.state == AppointmentState.CANCELLED
    by_citizen = and_(cancelled, Appointment.cancel_reason.in_(BY_CITIZEN))
    late = cancelled_late(literal(rules_of(hall).policy.cancellation_cutoff, Interval))
    no_show, fulfilled = (
        Appointment.state == state for state in (AppointmentState.NO_SHOW, AppointmentState.FULFILLED)
    )
    came = or_(
        Appointment.state == AppointmentState.CHECKED_IN, fulfilled, Appointment.checked_in_at.is_not(None)
    )
    query = (
        select(
            Appointment.group_id,
            func.count().filter(or_(not_(cancelled), came, late)),
            func.count().filter(Appointment.state == AppointmentState.BOOKED),
            func.count().filter(came),
            func.count().filter(fulfilled, Appointment.undone_service_ids == []),
            func.count().filter(no_show, not_(came)),
            func.count().filter(late, not_(came)),
            func.count().filter(cancelled, not_(by_citizen), not_(came)),
            func.count().filter(came, or_(cancelled, no_show)),
        )
        .where(Appointment.hall_id == hall.id, Appointment.on_date == on_date)
        .group_by(Appointment.group_id)
        .order_by(Appointment.group_id)
    )
    return [BookingCount(*row) for row in session.execute(query)]


def release_steps(session: Session, hall: Hall, *, on_date: date) -> list[Step]:
    """The release ladder of a day as it is written in its numbers, returned and hand-released ones too."""
    facts = {"hall_id": hall.id, "on_date": on_date}
    return [Step(*row) for row in session.execute(_STEPS, facts)]
