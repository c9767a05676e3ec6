"""Take back, within the seconds of an undo, that a booking had ended: its owner is in the hall after all.

Its owner may have booked anew since it ended, also with a later leg: so this locks what booking locks, in the
same order (`docs/booking.md`).
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from booking.events import AppointmentReopened
from booking.models import Appointment, Number
from booking.queries import groups_of, lock_appointment
from booking.standing import lock_person, others_that_day
from booking.states import TAKEN_BACK, AppointmentState
from booking.turns import wait_for_hall
from kernel import audit, outbox
from kernel.actor import Actor
from people.models import Citizen

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

    Once its owner has booked one of its lines anew for that day, the end stays; of a cancelled one also when
    somebody has one of the numbers, which came back to everybody. A booking that is open, or stands
    otherwise, is left as it is: True.
    """
    wait_for_hall(session, appointment.hall_id)
    lock_appointment(session, appointment)
    before = AppointmentState(appointment.state)
    if before not in TAKEN_BACK:
        return True
    lock_person(session, session.get_one(Citizen, appointment.citizen_id).identity_index)
    lines, on_date = groups_of(appointment), appointment.on_date
    if others_that_day(session, appointment, group_ids=lines, on_date=on_date):
        return False
    if before == AppointmentState.CANCELLED and not _take_again(session, appointment, number_ids, now=now):
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


def _take_again(
    session: Session, appointment: Appointment, number_ids: Collection[int], *, now: datetime
) -> bool:
    """All of them, or none. What somebody else is taking at this moment is theirs: it is not waited for."""
    free = select(Number.id).where(
        Number.id.in_(number_ids),
        Number.appointment_id.is_(None),
        or_(Number.held_until.is_(None), Number.held_until <= now),
    )
    with session.begin_nested() as savepoint:
        mine = session.scalars(free.with_for_update(skip_locked=True)).all()
        if len(mine) < len(number_ids):
            savepoint.rollback()
            return False
        again = update(Number).where(Number.id.in_(mine))
        session.execute(again.values(appointment_id=appointment.id, held_until=None, hold_token=None))
    return True
