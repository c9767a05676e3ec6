"""Take the last press of an officer in a village back, for the ten seconds of the counters: arrived, or done.

What was pressed last is read from the audit, by the time of real clocks. As at a counter nothing is taken
back that others have built upon: a later step of the booking, whoever takes it, is the last one then.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from booking.check_in import take_check_in_back
from booking.models import Appointment
from booking.queries import get_appointment, lock_appointment
from booking.reopen import reopen
from booking.turns import wait_for_hall
from kernel.actor import Actor
from kernel.audit import AuditEntry
from kernel.outbox import emit
from queueing import events, snapshot
from queueing.errors import CannotUndo
from queueing.queries import find_ticket_of_appointment
from queueing.states import TicketState
from queueing.steps import ensure_in_hall, lock, move, not_before
from queueing.undo import UNDO_WITHIN
from queueing.village import ensure_in_village

_ARRIVED, _DONE = "appointment.check_in", "appointment.fulfil"


@dataclass(frozen=True, slots=True)
class LastPress:
    """What an officer has pressed for a booking and may take back for `left`."""

    appointment_id: int
    left: timedelta


def find_undoable_in_villages(
    session: Session, appointment_ids: Collection[int], *, actor: Actor, real_now: datetime
) -> LastPress | None:
    """The last of these bookings that this officer has just checked in or served."""
    step = _last_step(session, appointment_ids, real_now=real_now)
    if step is None or step.subject_id is None or not _is_own(step, actor):
        return None
    return LastPress(step.subject_id, step.recorded_at + UNDO_WITHIN - real_now)


def undo_in_village(
    session: Session, hall_id: int, reference: str, *, actor: Actor, now: datetime, real_now: datetime
) -> Appointment:
    """Who was checked in is only booked again; whose visit was ended is checked in. It can be done once.

    Locks in the order of bookings: the hall's gate, the booking, then its ticket.

    Raises:
        AppointmentUnknown, BookedInHall, Forbidden
        CannotUndo: too late, pressed by somebody else, or work has gone on from there
    """
    ensure_in_hall(actor, hall_id)
    wait_for_hall(session, hall_id)
    appointment = lock_appointment(session, get_appointment(session, reference))
    ensure_in_village(appointment, hall_id)
    step = _last_step(session, [appointment.id], real_now=real_now)
    if step is None or not _is_own(step, actor):
        raise CannotUndo(label=appointment.code)
    if step.action == _DONE:
        _reopen(session, appointment, actor=actor, now=now)
    else:
        take_check_in_back(session, appointment, actor=actor, now=now)
    return appointment


def _last_step(
    session: Session, appointment_ids: Collection[int], *, real_now: datetime
) -> AuditEntry | None:
    """The last change of state of any of them, where it can be taken back at all."""
    query = (
        select(AuditEntry)
        .where(
            AuditEntry.subject_kind == "appointment",
            AuditEntry.subject_id.in_(appointment_ids),
            AuditEntry.to_state.is_not(None),
        )
        .order_by(AuditEntry.id.desc())
        .limit(1)
    )
    step = session.scalars(query).first()
    if step is None or step.action not in (_ARRIVED, _DONE) or step.recorded_at <= real_now - UNDO_WITHIN:
        return None
    return step


def _is_own(step: AuditEntry, actor: Actor) -> bool:
    return (step.actor_kind, step.actor_id) == (actor.kind, actor.id)


def _reopen(session: Session, appointment: Appointment, *, actor: Actor, now: datetime) -> None:
    """The visit goes on: its ticket is served, at no counter, until it is ended again."""
    ticket = find_ticket_of_appointment(session, appointment.id)
    if ticket is None:
        raise CannotUndo(label=appointment.code)
    ticket = lock(session, ticket)
    step, now = ticket.step, not_before(ticket, now)
    if ticket.state != TicketState.COMPLETED or step is None:
        raise CannotUndo(label=appointment.code)
    if not reopen(session, appointment, actor=actor, now=now):
        raise CannotUndo(label=appointment.code)
    move(session, ticket, TicketState.SERVING, "ticket.undo_complete", actor=actor, now=now)
    snapshot.restore(ticket, step["before"])
    emit(session, events.CompletionUndone(ticket.id, ticket.hall_id, ticket.group_id), now=now)
