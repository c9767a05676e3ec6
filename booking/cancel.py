"""Cancel: the appointment ends, its numbers come back at a moment nobody can foresee."""

from datetime import datetime

from sqlalchemy.orm import Session

from booking.errors import CancellationCounts
from booking.events import AppointmentCancelled, CancellationBegun
from booking.giving_back import give_back
from booking.hall_rules import rules_of
from booking.missed import BY_CITIZEN, counts_as_missed
from booking.models import Appointment
from booking.policy import ensure_cancellable
from booking.queries import lock_appointment
from booking.states import AppointmentState, ensure_can_become
from booking.turns import wait_for_hall
from booking.undo_cancel import keep
from halls.queries import get_hall_by_id
from kernel import audit, outbox
from kernel.actor import Actor


def cancel(
    session: Session,
    appointment: Appointment,
    *,
    reason: str,
    actor: Actor,
    now: datetime,
    fraction: float | None = None,
    may_undo: bool = False,
    despite_late: bool = True,
) -> None:
    """Cancel; doing it twice changes nothing.

    `reason` is a code: `citizen`, `reply`, `link` are the citizen's own (see `booking.missed`), others,
    such as `hall_closed`, never count against anybody. `fraction` in [0, 1) places the numbers' return
    within the hall's window; random unless given.

    `may_undo`: a booking that is cancelled in time keeps its numbers for as long as its owner may take that
    back (`booking.undo_cancel`); only then they return. `despite_late`: its owner knows, where it is so, that
    it counts as missed.

    Raises:
        AppointmentStateConflict, CancellationTooLate (a citizen, once the slot has begun),
        CancellationCounts (late, and not `despite_late`)
    """
    wait_for_hall(session, appointment.hall_id)
    lock_appointment(session, appointment)
    before = appointment.state
    if before == AppointmentState.CANCELLED:
        return
    ensure_can_become(before, AppointmentState.CANCELLED)
    rules = rules_of(get_hall_by_id(session, appointment.hall_id))
    late = counts_as_missed(appointment, policy=rules.policy, now=now)
    if reason in BY_CITIZEN:
        ensure_cancellable(appointment.starts_at, now=now)
        if late and not despite_late:
            raise CancellationCounts
    appointment.state = AppointmentState.CANCELLED
    appointment.cancelled_at = now
    appointment.cancel_reason = reason
    undoable = may_undo and not late and before == AppointmentState.BOOKED
    if undoable:
        keep(session, appointment, rules=rules, now=now, fraction=fraction)
    else:
        wanted = reason in BY_CITIZEN
        give_back(session, appointment.id, rules=rules, now=now, fraction=fraction, to_waitlist=wanted)
    audit.record(
        session,
        "appointment.cancel",
        actor=actor,
        now=now,
        subject=("appointment", appointment.id),
        hall_id=appointment.hall_id,
        states=(before, AppointmentState.CANCELLED),
        reason=reason,
    )
    facts = appointment.id, appointment.hall_id, appointment.group_id
    event = CancellationBegun(*facts) if undoable else AppointmentCancelled(*facts, reason)
    outbox.emit(session, event, now=now)
