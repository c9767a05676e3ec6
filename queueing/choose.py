"""Call a chosen ticket out of turn: a matter of its own permission, with a reason, in the audit."""

from datetime import datetime

from sqlalchemy.orm import Session

from kernel.actor import Actor
from kernel.errors import Forbidden
from queueing import press
from queueing.call_next import called_by_press, take
from queueing.counters import ensure_own, groups_if_free, lock_session
from queueing.errors import ChosenReasonUnknown, CounterPaused, NotServedHere
from queueing.models import Ticket
from queueing.ordering import Choice
from queueing.reasons import Reason, ReasonCode
from queueing.steps import moved
from queueing.today import lock_lines, today_of

#: Why somebody may go before others.
REASONS = ("back_soon", "frail", "urgent", "mistake", "colleague", "other")


def call_chosen(
    session: Session,
    counter_id: int,
    ticket: Ticket,
    *,
    why: str,
    actor: Actor,
    now: datetime,
    press_key: str | None = None,
) -> Ticket:
    """Call this ticket to the counter, whoever is ahead of it. Locks and presses as in `call_next`.

    Raises:
        Forbidden: without the permission `ticket.choose`
        ChosenReasonUnknown, NotServedHere, TicketMoved
        CounterNotOpen, CounterPaused, CounterBusy, NotYourCounter, PressReused
    """
    running = lock_session(session, counter_id)
    ensure_own(running, actor)
    if not actor.may("ticket.choose", running.hall_id):
        raise Forbidden
    if why not in REASONS:
        raise ChosenReasonUnknown
    key = press.stored(press_key)
    before = called_by_press(session, counter_id, key)
    if before is not None:
        return before.ticket
    if running.state == "paused":
        raise CounterPaused
    if ticket.group_id not in groups_if_free(session, counter_id):
        raise NotServedHere(label=ticket.label)
    today = today_of(session, running.hall_id, now=now)
    lock_lines(session, today, [ticket.group_id])
    choice = Choice(ticket.id, Reason(ReasonCode.CHOSEN))
    if ticket.on_date != today.on_date or ticket.hall_id != running.hall_id:
        raise moved(ticket)
    taken = take(session, choice, running, key=key, actor=actor, now=now, why=why)
    if taken is None:
        session.refresh(ticket)
        raise moved(ticket)
    return taken
