"""What staff do with a ticket after the call. Each verb locks the ticket and goes one step of its life.

All raise TicketMoved (409) when the ticket is not where the verb begins.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from kernel.actor import Actor
from queueing.models import Ticket


def recall(session: Session, ticket: Ticket, *, actor: Actor, now: datetime) -> Ticket:
    """Call once more; screens announce again."""
    raise NotImplementedError


def mark_absent(session: Session, ticket: Ticket, *, actor: Actor, now: datetime) -> Ticket:
    """Nobody came: 过号."""
    raise NotImplementedError


def reinstate(session: Session, ticket: Ticket, *, actor: Actor, now: datetime) -> Ticket:
    """Take back who missed the call: after the next 3 calls, once, within 30 minutes.

    Raises:
        TakeNewNumber: later or for the second time, without a booking of this half-day
    """
    raise NotImplementedError


def start_serving(session: Session, ticket: Ticket, *, actor: Actor, now: datetime) -> Ticket:
    """The citizen is at the counter."""
    raise NotImplementedError


def complete(session: Session, ticket: Ticket, *, actor: Actor, now: datetime) -> Ticket:
    """The matter is done; a booking is fulfilled; emits VisitCompleted once."""
    raise NotImplementedError


def undo_call(session: Session, ticket: Ticket, *, actor: Actor, now: datetime) -> Ticket:
    """Take a call back: the ticket waits again with its key."""
    raise NotImplementedError


def park(session: Session, ticket: Ticket, *, actor: Actor, now: datetime) -> Ticket:
    """Put aside while a paper is fetched; the counter is free for others."""
    raise NotImplementedError


def resume(
    session: Session, ticket: Ticket, *, actor: Actor, now: datetime, counter_id: int | None = None
) -> Ticket:
    """Serve a parked ticket again, at the officer's own counter (or `counter_id`).

    Raises:
        CounterNotOpen, CounterBusy
    """
    raise NotImplementedError


def return_to_line(session: Session, ticket: Ticket, *, actor: Actor, now: datetime) -> Ticket:
    """A parked citizen is back with the paper: waits with the first key, first at one of the next calls."""
    raise NotImplementedError


def transfer(session: Session, ticket: Ticket, *, group_id: int, actor: Actor, now: datetime) -> Ticket:
    """Pass on to another line of the hall with the first key.

    Raises:
        LineUnknown, SameLine
    """
    raise NotImplementedError


def abandon(session: Session, ticket: Ticket, *, actor: Actor, now: datetime) -> Ticket:
    """The citizen left, or gives the number up."""
    raise NotImplementedError
