"""One step in the life of a ticket: allowed by the drawing, written to the audit."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from kernel import audit, clock
from kernel.actor import Actor
from kernel.errors import Forbidden
from kernel.outbox import emit
from queueing import durations, snapshot
from queueing.errors import TicketMoved, TicketUnknown
from queueing.events import CallUndone
from queueing.models import Call, Ticket
from queueing.states import AT_COUNTER, TRANSITIONS, TicketState

NAMES_ZH: dict[TicketState, str] = {
    TicketState.WAITING: "等候中",
    TicketState.CALLED: "已叫号",
    TicketState.SERVING: "办理中",
    TicketState.PARKED: "已暂挂",
    TicketState.ABSENT: "已过号",
    TicketState.COMPLETED: "已办结",
    TicketState.ABANDONED: "已作废",
}
NAMES_EN: dict[TicketState, str] = {
    TicketState.WAITING: "waiting",
    TicketState.CALLED: "called",
    TicketState.SERVING: "being served",
    TicketState.PARKED: "put aside",
    TicketState.ABSENT: "missed",
    TicketState.COMPLETED: "completed",
    TicketState.ABANDONED: "given up",
}


def lock(session: Session, ticket: Ticket) -> Ticket:
    """The same ticket, locked until the commit and read afresh: what was read before may be old."""
    query = select(Ticket).where(Ticket.id == ticket.id).with_for_update()
    found = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise TicketUnknown
    return found


def not_before(ticket: Ticket, now: datetime) -> datetime:
    """`now`, unless more has happened to the locked ticket since: a press may wait for one made after it."""
    happened = (
        ticket.issued_at,
        ticket.called_at,
        ticket.started_at,
        ticket.absent_at,
        ticket.returned_at,
        ticket.ended_at,
        ticket.since_at,
    )
    return max(now, *(each for each in happened if each is not None))


def ensure_in_hall(actor: Actor, hall_id: int) -> None:
    """Refuse who works in other halls only; raises Forbidden."""
    if actor.hall_ids is not None and hall_id not in actor.hall_ids:
        raise Forbidden


def moved(ticket: Ticket) -> TicketMoved:
    """The refusal for a ticket that is not where a verb begins."""
    state = TicketState(ticket.state)
    return TicketMoved(
        label=ticket.label, state=ticket.state, state_zh=NAMES_ZH[state], state_en=NAMES_EN[state]
    )


def move(
    session: Session,
    ticket: Ticket,
    after: TicketState,
    action: str,
    *,
    actor: Actor,
    now: datetime,
    pressed_at: int | None = None,
    **details: Any,
) -> None:
    """Take a locked ticket to its next state and record it, with what taking it back would need.

    `action` names the verb of the arrow. `pressed_at` is the counter whose officer can take it back, where
    the ticket stands at none.

    Raises:
        TicketMoved: the drawing of states has no such arrow, or another verb on it
        Forbidden: the actor works in other halls
    """
    ensure_in_hall(actor, ticket.hall_id)
    before = TicketState(ticket.state)
    if action.removeprefix("ticket.") not in TRANSITIONS.get((before, after), ()):
        raise moved(ticket)
    where = ticket.counter_id if before in AT_COUNTER else pressed_at
    able = action in snapshot.UNDOABLE and where is not None
    keep = {"action": action, "before": snapshot.take(ticket)} if able else None
    ticket.step = keep
    ticket.step_counter_id = where if keep else None
    ticket.stepped_at = clock.real_now() if keep else None
    durations.spend(ticket, before, after, now)
    ticket.state = after.value
    record(session, ticket, action, actor=actor, now=now, states=(before.value, after.value), **details)


def take_call_back(session: Session, ticket: Ticket, *, actor: Actor, now: datetime) -> None:
    """A called, locked ticket waits again as before; its call uses up no turn of the rule.

    Calls of the line (`line.calls`) stay as they are: they only grow, and locking the line here could meet
    who locks it before the ticket.
    """
    move(session, ticket, TicketState.WAITING, "ticket.undo_call", actor=actor, now=now)
    last = select(func.max(Call.id)).where(Call.ticket_id == ticket.id).scalar_subquery()
    session.execute(update(Call).where(Call.id == last).values(undone=True))
    ticket.counter_id = ticket.staff_id = None
    emit(session, CallUndone(ticket.id, ticket.hall_id, ticket.group_id), now=now)


def forget_step(ticket: Ticket) -> None:
    """Work has gone on from the last step: it cannot be taken back any more."""
    ticket.step = ticket.step_counter_id = ticket.stepped_at = None


def record(
    session: Session,
    ticket: Ticket,
    action: str,
    *,
    actor: Actor,
    now: datetime,
    states: tuple[str | None, str | None] = (None, None),
    **details: Any,
) -> None:
    """Write what was done with a ticket to the audit."""
    audit.record(
        session,
        action,
        actor=actor,
        now=now,
        subject=("ticket", ticket.id),
        hall_id=ticket.hall_id,
        states=states,
        **details,
    )


def staff_id_of(actor: Actor) -> int | None:
    """The member of staff who acts; None for devices and the system."""
    return actor.id if actor.kind == "staff" else None
