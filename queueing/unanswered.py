"""Calls that nobody answers: repeated by the program, and after the last of them the ticket is absent (过号).

`find_unanswered` looks at everybody who is called, in one query, and tells an event for each whose time has
come; `follow_up` does it in a transaction of its own. What an officer did meanwhile wins: everything is
looked at again with the ticket locked.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from halls import queries as halls
from halls.models import Hall
from kernel import clock
from kernel.actor import SYSTEM
from kernel.audit import AuditEntry
from kernel.outbox import emit
from queueing.events import CallUnanswered
from queueing.models import Call, Ticket
from queueing.policy import QueuePolicy
from queueing.recall import NextStep, Step, next_step
from queueing.serve import mark_absent, recall
from queueing.states import TicketState
from queueing.steps import lock
from queueing.today import today_of

#: No sooner than this in real time, while the call can still be taken back: on a demonstration clock
#: that runs quickly, 150 seconds are over before an officer has found the key.
_HANDS_OFF = timedelta(seconds=10)
#: An officer who took this back knows better than the clock.
_BY_HAND = ("ticket.undo_start", "ticket.undo_absent")

_LAST_CALL = select(func.max(Call.id)).where(Call.ticket_id == Ticket.id).correlate(Ticket).scalar_subquery()


def find_unanswered(session: Session, *, now: datetime) -> int:
    """Tell `CallUnanswered` for every call of today whose next step is due; returns how many.

    One that is told twice, because the first has not been followed yet, does nothing the second time.
    """
    query = (
        select(Ticket, Call.last_called_at, Hall)
        .join(Call, Call.id == _LAST_CALL)
        .join(Hall, Hall.id == Ticket.hall_id)
        .where(
            Ticket.state == TicketState.CALLED,
            Ticket.on_date == func.date(func.timezone(Hall.time_zone, now)),
        )
        .order_by(Ticket.id)
    )
    found = 0
    for ticket, last_called_at, hall in session.execute(query):
        policy = QueuePolicy.from_mapping(halls.policy(hall, "queue"))
        step = step_of(ticket, last_called_at, policy)
        if step is not None and step.at <= now and _may_be_followed(session, ticket):
            emit(session, CallUnanswered(ticket.id), now=now)
            found += 1
    return found


def follow_up(session: Session, event: Mapping[str, Any], *, now: datetime) -> None:
    """Do what is due for this ticket, if it still is (handler of CallUnanswered)."""
    ticket = session.get(Ticket, event["ticket_id"])
    if ticket is None:
        return
    ticket = lock(session, ticket)
    today = today_of(session, ticket.hall_id, now=now)
    if ticket.state != TicketState.CALLED or ticket.on_date != today.on_date:
        return
    last = select(Call.last_called_at).where(Call.ticket_id == ticket.id).order_by(Call.id.desc()).limit(1)
    step = step_of(ticket, session.scalars(last).one(), today.policy)
    if step is None or step.at > now or not _may_be_followed(session, ticket):
        return
    act = recall if step.what is Step.RECALL else mark_absent
    act(session, ticket, actor=SYSTEM, now=now)


def foresee(
    session: Session, ticket: Ticket, last_called_at: datetime, policy: QueuePolicy
) -> NextStep | None:
    """What the program will do next about this ticket, for the officer to know; None: nothing by itself."""
    if ticket.state != TicketState.CALLED or _is_by_hand(session, ticket):
        return None
    return step_of(ticket, last_called_at, policy)


def step_of(ticket: Ticket, last_called_at: datetime, policy: QueuePolicy) -> NextStep | None:
    """What follows by the rule for a ticket that is called."""
    if ticket.called_at is None:
        return None
    return next_step(ticket.called_at, last_called_at=last_called_at, recalls=ticket.recalls, policy=policy)


def _may_be_followed(session: Session, ticket: Ticket) -> bool:
    """Not while the last press is fresh, and not after an officer took a start or an absence back."""
    if ticket.stepped_at is not None and clock.real_now() - ticket.stepped_at < _HANDS_OFF:
        return False
    return not _is_by_hand(session, ticket)


def _is_by_hand(session: Session, ticket: Ticket) -> bool:
    undone = select(AuditEntry.id).where(
        AuditEntry.subject_kind == "ticket",
        AuditEntry.subject_id == ticket.id,
        AuditEntry.action.in_(_BY_HAND),
        AuditEntry.at >= ticket.called_at,
    )
    return session.scalars(undone.limit(1)).first() is not None
