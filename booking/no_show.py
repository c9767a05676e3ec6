"""No-shows: who neither came nor cancelled, found at the end of the half-day; in a village, of the day."""

from datetime import datetime, time

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from booking.events import AppointmentNoShow
from booking.hall_rules import HallRules, rules_of
from booking.models import Appointment
from booking.queries import lock_appointment
from booking.states import AppointmentState, ensure_can_become
from halls.models import Hall
from halls.queries import policy
from kernel import audit, outbox
from kernel.actor import SYSTEM, Actor

_BATCH = 500


def close_no_shows(session: Session, *, now: datetime) -> int:
    """Close every booked appointment whose half-day is over, at most 500 of a hall; how many."""
    return sum(_close_in(session, hall, now=now) for hall in session.scalars(select(Hall)).all())


def mark_no_show(session: Session, appointment: Appointment, *, actor: Actor, now: datetime) -> None:
    """Close one: also somebody who checked in and never answered a call. Twice changes nothing.

    Its numbers stay with it: their time is over.

    Raises:
        AppointmentStateConflict
    """
    lock_appointment(session, appointment)
    before = appointment.state
    if before == AppointmentState.NO_SHOW:
        return
    ensure_can_become(before, AppointmentState.NO_SHOW)
    appointment.state = AppointmentState.NO_SHOW
    appointment.closed_as_no_show_at = now
    audit.record(
        session,
        "appointment.no_show",
        actor=actor,
        now=now,
        subject=("appointment", appointment.id),
        hall_id=appointment.hall_id,
        states=(before, AppointmentState.NO_SHOW),
    )
    event = AppointmentNoShow(appointment.id, appointment.hall_id, appointment.group_id)
    outbox.emit(session, event, now=now)


def _close_in(session: Session, hall: Hall, *, now: datetime) -> int:
    splits_at = time.fromisoformat(str(policy(hall, "queue").get("half_day_splits_at", "13:00")))
    candidates = session.scalars(
        select(Appointment)
        .where(
            Appointment.hall_id == hall.id,
            Appointment.starts_at < _half_day_starts_at(now, splits_at, rules_of(hall)),
            Appointment.state == AppointmentState.BOOKED,
            # A village may have no network: officers may check in until the evening.
            or_(Appointment.place_zh == "", Appointment.on_date < rules_of(hall).date_of(now)),
        )
        .order_by(Appointment.id)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)  # somebody is checking in or cancelling: the next run looks again
    ).all()
    for appointment in candidates:
        mark_no_show(session, appointment, actor=SYSTEM, now=now)
    return len(candidates)


def _half_day_starts_at(now: datetime, splits_at: time, rules: HallRules) -> datetime:
    """The start of the half-day that is running: slots before it are over."""
    local = now.astimezone(rules.tz)
    starts = splits_at if local.time() >= splits_at else time.min
    return datetime.combine(local.date(), starts, rules.tz)
