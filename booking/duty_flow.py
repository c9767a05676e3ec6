"""Unused duty numbers of today go to people who come without a booking, at the hour that the hall has set.

The admission of walk-ins counts duty numbers as taken until then (`queueing.staffing`), so that the duty
officer always has some to give in the morning.
"""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from booking.events import NumbersChanged
from booking.hall_rules import rules_of
from booking.ladder import Channel
from booking.models import Number
from booking.number_changes import is_unheld
from halls.models import Hall
from halls.queries import list_halls
from kernel.actor import SYSTEM
from kernel.story import tell


def flow_duty(session: Session, *, now: datetime) -> int:
    """Hand over the duty numbers of every hall whose hour has come; how many. Twice changes nothing."""
    return sum(_flow_in(session, hall, now=now) for hall in list_halls(session))


def _flow_in(session: Session, hall: Hall, *, now: datetime) -> int:
    rules = rules_of(hall)
    local = now.astimezone(rules.tz)
    if local.time() < rules.policy.duty_flows_at:
        return 0
    unused = (
        select(Number.id)
        .where(
            Number.hall_id == hall.id,
            Number.on_date == local.date(),
            Number.starts_at > now,
            Number.channel == Channel.DUTY,
            Number.appointment_id.is_(None),
            is_unheld(now),
        )
        .with_for_update(skip_locked=True)
    )
    flowed = session.scalars(
        update(Number)
        .where(Number.id.in_(unused))
        .values(channel=Channel.WALK_IN, released_at=None)
        .returning(Number.id)
        .execution_options(synchronize_session=False)
    ).all()
    if flowed:
        tell(
            session,
            NumbersChanged(hall.id, local.date(), len(flowed)),
            "numbers.duty_flow",
            actor=SYSTEM,
            now=now,
            subject=("hall", hall.id),
            hall_id=hall.id,
            on=local.date().isoformat(),
            count=len(flowed),
        )
    return len(flowed)
