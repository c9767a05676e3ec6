"""Take the last step at a counter back, for ten seconds of real time.

Call, start, finish, missed, put aside, resumed, back in line, reinstated, transfer, void.

Nothing is taken back that others have built upon: every later step of the ticket, whoever takes it, forgets
what could be undone, and a counter that serves somebody else keeps serving them.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from booking.queries import get_appointment_by_id
from booking.reopen import reopen
from booking.states import AppointmentState
from kernel.actor import Actor
from kernel.outbox import emit
from queueing import events, snapshot
from queueing.counters import ensure_free, ensure_own, lock_session
from queueing.errors import CannotUndo
from queueing.models import Ticket
from queueing.states import AT_COUNTER, TicketState
from queueing.steps import ensure_in_hall, lock, move, not_before, take_call_back

UNDO_WITHIN = timedelta(seconds=10)
_S = TicketState
_BACK = {
    "ticket.start_serving": "ticket.undo_start",
    "ticket.mark_absent": "ticket.undo_absent",
    "ticket.park": "ticket.undo_park",
    "ticket.resume": "ticket.undo_resume",
    "ticket.return_to_line": "ticket.undo_return",
    "ticket.reinstate": "ticket.undo_reinstate",
    "ticket.transfer": "ticket.undo_transfer",
    "ticket.next_leg": "ticket.undo_transfer",
    "ticket.complete": "ticket.undo_complete",
    "ticket.abandon": "ticket.undo_abandon",
}


def find_undoable(session: Session, counter_id: int, *, real_now: datetime) -> Ticket | None:
    """The ticket whose last step was pressed at this counter just now."""
    query = (
        select(Ticket)
        .where(Ticket.step_counter_id == counter_id, Ticket.stepped_at > real_now - UNDO_WITHIN)
        .order_by(Ticket.stepped_at.desc())
        .limit(1)
    )
    return session.scalars(query).first()


def undo(session: Session, ticket: Ticket, *, actor: Actor, now: datetime, real_now: datetime) -> Ticket:
    """Take the last step of this ticket back, as if it had not been. It can be done once.

    Locks in the order of all verbs: the counter's session, then the ticket.

    Raises:
        CannotUndo: too late, or somebody has gone on from there
        CounterNotOpen, CounterBusy, NotYourCounter, Forbidden
    """
    ensure_in_hall(actor, ticket.hall_id)
    counter_id = ticket.step_counter_id
    if counter_id is None:
        raise CannotUndo(label=ticket.label)
    ensure_own(lock_session(session, counter_id), actor)
    ticket = lock(session, ticket)
    last = find_undoable(session, counter_id, real_now=real_now)
    if last is None or last.id != ticket.id or ticket.step is None:
        raise CannotUndo(label=ticket.label)
    step, now = ticket.step, not_before(ticket, now)
    if step["action"] == "ticket.call":
        take_call_back(session, ticket, actor=actor, now=now)
    else:
        _restore(session, ticket, step, counter_id, actor=actor, now=now)
    forgotten = update(Ticket).where(Ticket.step_counter_id == counter_id)
    session.flush()
    session.execute(forgotten.values(step=None, step_counter_id=None, stepped_at=None))
    return ticket


def _restore(
    session: Session, ticket: Ticket, step: dict[str, Any], counter_id: int, *, actor: Actor, now: datetime
) -> None:
    """Back to what the step found. The counter must be free for whoever comes back to it."""
    before, kept = TicketState(ticket.state), step["before"]
    if before not in AT_COUNTER and kept["state"] in AT_COUNTER:
        ensure_free(session, counter_id)
    _reopen_booking(session, ticket, step, actor=actor, now=now)
    action = _BACK[step["action"]]
    move(session, ticket, TicketState(kept["state"]), action, actor=actor, now=now)
    snapshot.restore(ticket, kept)
    key = ticket.id, ticket.hall_id, ticket.group_id
    over = before == _S.COMPLETED
    undone = step["action"].removeprefix("ticket.")
    emit(session, events.CompletionUndone(*key) if over else events.StepUndone(*key, step=undone), now=now)


def _reopen_booking(
    session: Session, ticket: Ticket, step: dict[str, Any], *, actor: Actor, now: datetime
) -> None:
    """What ended with the step; a booking that had ended before a void stays as it was."""
    if ticket.appointment_id is None:
        return
    appointment, numbers = get_appointment_by_id(session, ticket.appointment_id), step.get("numbers")
    ended = ticket.state == _S.COMPLETED and appointment.state == AppointmentState.FULFILLED
    voided = ticket.state == _S.ABANDONED and numbers is not None
    if (ended or voided) and not reopen(session, appointment, number_ids=numbers or (), actor=actor, now=now):
        raise CannotUndo(label=ticket.label)
