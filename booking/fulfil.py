"""Fulfil: what was booked has been handled."""

from datetime import datetime

from sqlalchemy.orm import Session

from booking.events import AppointmentFulfilled
from booking.models import Appointment
from booking.queries import lock_appointment
from booking.states import AppointmentState, ensure_can_become
from kernel import audit, outbox
from kernel.actor import Actor


def fulfil(session: Session, appointment: Appointment, *, actor: Actor, now: datetime) -> None:
    """Mark a checked-in appointment as handled; doing it twice changes nothing.

    Raises:
        AppointmentStateConflict
    """
    lock_appointment(session, appointment)
    before = appointment.state
    if before == AppointmentState.FULFILLED:
        return
    ensure_can_become(before, AppointmentState.FULFILLED)
    appointment.state = AppointmentState.FULFILLED
    appointment.fulfilled_at = now
    audit.record(
        session,
        "appointment.fulfil",
        actor=actor,
        now=now,
        subject=("appointment", appointment.id),
        hall_id=appointment.hall_id,
        states=(before, AppointmentState.FULFILLED),
    )
    event = AppointmentFulfilled(appointment.id, appointment.hall_id, appointment.group_id)
    outbox.emit(session, event, now=now)
