"""What counts as missed: one definition for rules about a person, for appeals and for the counts of a day.

Nobody came, or its owner cancelled it late: so close to its start that hardly anybody could use the number,
or after moving it so late (docs/fairness.md). What the hall cancels never counts against anybody.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_

from booking.models import Appointment
from booking.policy import BookingPolicy, counts_as_no_show
from booking.states import AppointmentState

# Reasons of cancelling that are the citizen's own.
BY_CITIZEN = ("citizen", "reply", "link")

#: From when on it counts: after a late move the slot may be weeks ahead, so then from the cancellation on.
MISSED_AT = func.least(Appointment.starts_at, Appointment.cancelled_at)


def counts_as_missed(appointment: Appointment, *, policy: BookingPolicy, now: datetime) -> bool:
    """Whether its owner, cancelling now, has missed it: it is close, or was when they moved it."""
    close = counts_as_no_show(appointment.starts_at, cancelled_at=now, policy=policy)
    return close or appointment.moved_late_at is not None


def was_missed(appointment: Appointment, *, policy: BookingPolicy) -> bool:
    """Whether nobody came or its owner cancelled it late, excused or not."""
    if appointment.state == AppointmentState.NO_SHOW:
        return True
    return (
        appointment.state == AppointmentState.CANCELLED
        and appointment.cancel_reason in BY_CITIZEN
        and appointment.cancelled_at is not None
        and counts_as_missed(appointment, policy=policy, now=appointment.cancelled_at)
    )


def cancelled_late(cutoff: ColumnElement[timedelta]) -> ColumnElement[bool]:
    """The condition that its owner cancelled it within `cutoff` of its start, or after a late move."""
    close = Appointment.starts_at - Appointment.cancelled_at < cutoff
    return and_(
        Appointment.state == AppointmentState.CANCELLED,
        Appointment.cancel_reason.in_(BY_CITIZEN),
        or_(close, Appointment.moved_late_at.is_not(None)),
    )


def missed(cutoff: ColumnElement[timedelta]) -> ColumnElement[bool]:
    """The condition that it counts against its owner: missed, and not excused."""
    lost = or_(Appointment.state == AppointmentState.NO_SHOW, cancelled_late(cutoff))
    return and_(Appointment.excused_at.is_(None), lost)
