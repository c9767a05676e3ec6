"""What owed papers and back-office tasks have in common: both are left of a visit, for a day, in one hall."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from halls.queries import calendar
from kernel.actor import Actor
from kernel.outbox import Event
from kernel.story import tell
from queueing.after_models import BackTask, OwedPaper
from queueing.models import Ticket
from queueing.serve import lock_own
from queueing.states import TicketState
from queueing.steps import moved, not_before
from queueing.task_states import due_date
from queueing.today import today_of

Left = TypeVar("Left", OwedPaper, BackTask)


def lock_served(session: Session, ticket: Ticket, *, actor: Actor, now: datetime) -> tuple[Ticket, datetime]:
    """The ticket of the person being served by this officer, locked, and the moment: never before its last.

    Raises:
        TicketMoved, NotYourCounter
    """
    ticket = lock_own(session, ticket, actor=actor)
    if ticket.state != TicketState.SERVING:
        raise moved(ticket)
    return ticket, not_before(ticket, now)


def left_of(
    session: Session, ticket: Ticket, service_id: int, due_on: date | None, *, actor: Actor, now: datetime
) -> dict[str, Any]:
    """The columns that both have; raises DueDateUnfit."""
    today = today_of(session, ticket.hall_id, now=now).on_date
    return {
        "hall_id": ticket.hall_id,
        "ticket_id": ticket.id,
        "appointment_id": ticket.appointment_id,
        "service_id": service_id,
        "due_on": due_date(today, due_on, calendar(session)),
        "created_at": now,
        "created_by": actor.id,
    }


def find_in_hall(session: Session, kind: type[Left], reference: str, *, hall_id: int) -> Left | None:
    """What staff of a hall call by its reference, if it is there."""
    return session.scalars(
        select(kind).where(kind.reference == reference, kind.hall_id == hall_id)
    ).one_or_none()


def left_of_visits(session: Session, kind: type[Left], ticket_ids: Sequence[int]) -> list[Left]:
    """All that these visits left, also what is done with."""
    if not ticket_ids:
        return []
    return list(session.scalars(select(kind).where(kind.ticket_id.in_(ticket_ids)).order_by(kind.id)))


def tell_of(
    session: Session,
    left: OwedPaper | BackTask,
    event: Event,
    action: str,
    *,
    actor: Actor,
    now: datetime,
    states: tuple[str | None, str],
    **details: str,
) -> None:
    """Write down a step of it, with the day it is due, and tell it."""
    tell(
        session,
        event,
        action,
        actor=actor,
        now=now,
        subject=(left.__tablename__, left.id),
        hall_id=left.hall_id,
        states=states,
        due_on=left.due_on.isoformat(),
        **details,
    )
