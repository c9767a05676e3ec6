"""Fulfil: what was booked has been handled."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from booking.events import AppointmentFulfilled, AppointmentPartlyDone
from booking.models import Appointment
from booking.queries import lock_appointment
from booking.states import AppointmentState, ensure_can_become
from kernel import audit, outbox
from kernel.actor import Actor


def fulfil(
    session: Session,
    appointment: Appointment,
    *,
    actor: Actor,
    now: datetime,
    undone: Sequence[int] = (),
) -> None:
    """Mark a checked-in appointment as handled; doing it twice changes nothing.

    `undone`: services of later legs that its owner still wants and nobody came to handle. The visit ends as
    partly done, and they are told.

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
    appointment.undone_service_ids = list(undone)
    audit.record(
        session,
        "appointment.fulfil",
        actor=actor,
        now=now,
        subject=("appointment", appointment.id),
        hall_id=appointment.hall_id,
        states=(before, AppointmentState.FULFILLED),
        **({"undone": len(undone)} if undone else {}),
    )
    kind = AppointmentPartlyDone if undone else AppointmentFulfilled
    outbox.emit(session, kind(appointment.id, appointment.hall_id, appointment.group_id), now=now)
