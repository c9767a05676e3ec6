"""Take back, within the seconds of an undo, that a booking had ended: its owner is in the hall after all."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from booking.events import AppointmentReopened
from booking.models import Appointment, Number
from booking.queries import lock_appointment
from booking.states import OPEN, TAKEN_BACK, AppointmentState
from kernel import audit, outbox
from kernel.actor import Actor

_ACTIONS = {
    AppointmentState.FULFILLED: "appointment.undo_fulfil",
    AppointmentState.CANCELLED: "appointment.undo_cancel",
    AppointmentState.NO_SHOW: "appointment.undo_no_show",
}


def numbers_of(session: Session, appointment_id: int) -> list[int]:
    """The rows of its numbers, to be taken again if the end is taken back."""
    mine = select(Number.id).where(Number.appointment_id == appointment_id).order_by(Number.id)
    return list(session.scalars(mine))


def reopen(
    session: Session,
    appointment: Appointment,
    *,
    number_ids: Collection[int] = (),
    actor: Actor,
    now: datetime,
) -> bool:
    """Checked in again, with the numbers that it had. False, and nothing changed, where that cannot be.

    Numbers come back to everybody when a booking is cancelled: once somebody has one of them, or its owner
    has booked anew, the end stays. A booking that is open, or stands otherwise, is left as it is: True.
    """
    lock_appointment(session, appointment)
    before = AppointmentState(appointment.state)
    if before not in TAKEN_BACK:
        return True
    if before == AppointmentState.CANCELLED and not (
        _is_alone(session, appointment) and _take_again(session, appointment, number_ids, now=now)
    ):
        return False
    appointment.state = AppointmentState.CHECKED_IN
    appointment.fulfilled_at = appointment.cancelled_at = appointment.closed_as_no_show_at = None
    appointment.cancel_reason, appointment.undone_service_ids = None, []
    audit.record(
        session,
        _ACTIONS[before],
        actor=actor,
        now=now,
        subject=("appointment", appointment.id),
        hall_id=appointment.hall_id,
        states=(before, AppointmentState.CHECKED_IN),
    )
    told = AppointmentReopened(appointment.id, appointment.hall_id, appointment.group_id)
    outbox.emit(session, told, now=now)
    return True


def _is_alone(session: Session, appointment: Appointment) -> bool:
    """Its owner has no other open booking of that line and day."""
    other = select(Appointment.id).where(
        Appointment.citizen_id == appointment.citizen_id,
        Appointment.group_id == appointment.group_id,
        Appointment.on_date == appointment.on_date,
        Appointment.state.in_(OPEN),
        Appointment.id != appointment.id,
    )
    return session.scalars(other.limit(1)).first() is None


def _take_again(
    session: Session, appointment: Appointment, number_ids: Collection[int], *, now: datetime
) -> bool:
    """All of them, or none."""
    with session.begin_nested() as savepoint:
        free = update(Number).where(
            Number.id.in_(number_ids),
            Number.appointment_id.is_(None),
            or_(Number.held_until.is_(None), Number.held_until <= now),
        )
        mine = free.values(appointment_id=appointment.id, held_until=None, hold_token=None)
        taken = session.execute(mine.returning(Number.id)).all()
        if len(taken) < len(number_ids):
            savepoint.rollback()
            return False
    return True
