"""Check in: who booked is here."""

from datetime import datetime

from sqlalchemy.orm import Session

from booking.events import AppointmentCheckedIn, CheckInUndone
from booking.hall_rules import rules_of
from booking.models import Appointment
from booking.policy import Punctuality, ensure_can_check_in
from booking.queries import lock_appointment
from booking.states import ARRIVAL_TAKEN_BACK, AppointmentState, ensure_can_become
from halls.queries import get_hall_by_id
from kernel import audit, outbox
from kernel.actor import Actor


def mark_checked_in(session: Session, appointment: Appointment, *, actor: Actor, now: datetime) -> bool:
    """Mark it; True when the person is late. Who is checked in already stays so.

    Raises:
        AppointmentStateConflict, CheckInOnAnotherDay, CheckInTooEarly (unless staff does it)
    """
    lock_appointment(session, appointment)
    rules = rules_of(get_hall_by_id(session, appointment.hall_id))
    arrived_at = appointment.checked_in_at
    if appointment.state == AppointmentState.CHECKED_IN and arrived_at is not None:
        return arrived_at > appointment.starts_at + rules.policy.check_in_closes
    ensure_can_become(appointment.state, AppointmentState.CHECKED_IN)
    found = ensure_can_check_in(
        appointment.starts_at, now=now, policy=rules.policy, tz=rules.tz, by_staff=actor.kind == "staff"
    )
    late = found is Punctuality.LATE
    appointment.state = AppointmentState.CHECKED_IN
    appointment.checked_in_at = now
    audit.record(
        session,
        "appointment.check_in",
        actor=actor,
        now=now,
        subject=("appointment", appointment.id),
        hall_id=appointment.hall_id,
        states=(AppointmentState.BOOKED, AppointmentState.CHECKED_IN),
        punctuality=str(found),
    )
    event = AppointmentCheckedIn(appointment.id, appointment.hall_id, appointment.group_id, late)
    outbox.emit(session, event, now=now)
    return late


def take_check_in_back(session: Session, appointment: Appointment, *, actor: Actor, now: datetime) -> None:
    """A locked booking that is checked in, and has no ticket, is booked as before."""
    before, after = ARRIVAL_TAKEN_BACK
    if appointment.state != before:
        ensure_can_become(appointment.state, after)
    appointment.state, appointment.checked_in_at = after, None
    audit.record(
        session,
        "appointment.undo_check_in",
        actor=actor,
        now=now,
        subject=("appointment", appointment.id),
        hall_id=appointment.hall_id,
        states=(before, after),
    )
    told = CheckInUndone(appointment.id, appointment.hall_id, appointment.group_id)
    outbox.emit(session, told, now=now)
