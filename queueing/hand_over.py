"""Hand a counter over to another officer, with whoever is being served there."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from halls.queries import get_counter
from kernel import audit
from kernel.actor import Actor
from kernel.outbox import emit
from queueing import events
from queueing.counters import end_session, ensure_own, lock_session, sit_down
from queueing.errors import NotOffered, NotYourCounter
from queueing.models import CounterSession, Ticket
from queueing.states import AT_COUNTER
from queueing.steps import ensure_in_hall, record


def offer_counter(
    session: Session, counter_id: int, *, wanted: bool = True, actor: Actor, now: datetime
) -> CounterSession:
    """Say that one wants to be relieved, or no longer. Work goes on meanwhile.

    Raises:
        CounterNotOpen, NotYourCounter
    """
    running = lock_session(session, counter_id)
    ensure_own(running, actor)
    if (running.offered_at is not None) != wanted:
        running.offered_at = now if wanted else None
        audit.record(
            session,
            "counter.offer",
            actor=actor,
            now=now,
            subject=("counter", counter_id),
            hall_id=running.hall_id,
            wanted=wanted,
        )
        emit(session, events.CounterOffered(counter_id=counter_id, hall_id=running.hall_id), now=now)
    return running


def take_over(session: Session, counter_id: int, *, actor: Actor, now: datetime) -> CounterSession:
    """Sit down at a counter that its officer has offered; the duty officer needs no offer.

    Who is called or served there stays, and is now served by the new officer. What could be undone there
    cannot be any more. Of two who take over at once the second finds the counter taken.

    Raises:
        CounterNotOpen, NotOffered, AlreadyAtCounter, NotYourCounter, Forbidden
    """
    hall_id = get_counter(session, counter_id).hall_id
    ensure_in_hall(actor, hall_id)
    if actor.kind != "staff" or actor.id is None:
        raise NotYourCounter
    before = lock_session(session, counter_id)
    if before.staff_id == actor.id:
        return before
    if before.offered_at is None and not actor.may("ticket.override", hall_id):
        raise NotOffered
    end_session(session, before, actor=actor, now=now)
    session.flush()
    running = sit_down(session, get_counter(session, counter_id), actor.id, actor=actor, now=now)
    _pass_ticket(session, counter_id, actor.id, before.staff_id, actor=actor, now=now)
    forgotten = update(Ticket).where(Ticket.step_counter_id == counter_id)
    session.execute(forgotten.values(step=None, step_counter_id=None, stepped_at=None))
    return running


def _pass_ticket(
    session: Session, counter_id: int, staff_id: int, from_staff_id: int, *, actor: Actor, now: datetime
) -> None:
    there = select(Ticket).where(Ticket.counter_id == counter_id, Ticket.state.in_(AT_COUNTER))
    locked = there.with_for_update().execution_options(populate_existing=True)
    ticket = session.scalars(locked).one_or_none()
    if ticket is not None:
        ticket.staff_id = staff_id
        record(session, ticket, "ticket.hand_over", actor=actor, now=now, from_staff_id=from_staff_id)
        session.flush()
