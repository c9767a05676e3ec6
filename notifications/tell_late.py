"""Whose promised latest time will not be kept is told so before it passes: once, and only where it matters.

Who still waits when the windows of their line have closed is told that, once, whatever their track.

The page of the ticket shows every minute (`queueing.estimate`). A message is worth its while for who is away
from the hall and would come back too early: not for a few minutes, nor for who is told "three ahead" next.
"""

from datetime import datetime, timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from notifications.models import Message
from notifications.phones import phone_of_ticket
from notifications.tell import plan_for_ticket
from notifications.tell_soon import AHEAD
from queueing.estimate import Estimate
from queueing.left_behind import list_left
from queueing.models import Ticket
from queueing.queries import estimates
from queueing.states import TicketState
from queueing.today import today_of

#: Later than promised by so much is worth a message; the ticket's page says less.
WORTH_TELLING = timedelta(minutes=5)
_MINUTE = timedelta(minutes=1)


def tell_late(session: Session, *, now: datetime) -> int:
    """Look at every line where somebody waits with a promise and a phone; returns how many were told."""
    told = 0
    for (hall_id, group_id), tickets in _untold(session).items():
        today = today_of(session, hall_id, now=now)
        found = estimates(session, today, group_id, now=now)
        for ticket in tickets:
            stands = found.get(ticket.id)
            if stands is not None and _matters(ticket, stands, now):
                facts = {"promised_at": ticket.due_at.isoformat(), "latest_at": stands.latest_at.isoformat()}
                key = f"ticket:{ticket.id}:promise_late"
                plan_for_ticket(session, ticket, "promise_late", key, now=now, facts=facts)
                told += 1
    return told


def tell_closed(session: Session, *, now: datetime) -> int:
    """Look at every hall where somebody waits; returns how many were told."""
    halls = select(Ticket.hall_id).where(Ticket.state == TicketState.WAITING)
    told = 0
    for hall_id in session.scalars(halls.distinct().order_by(Ticket.hall_id)).all():
        left = [each.ticket for each in list_left(session, hall_id, now=now)]
        known = _told_of(session, "line_closed", left)
        for ticket in left:
            if ticket.id not in known and phone_of_ticket(session, ticket) is not None:
                plan_for_ticket(session, ticket, "line_closed", f"ticket:{ticket.id}:line_closed", now=now)
                told += 1
    return told


def _told_of(session: Session, template: str, tickets: list[Ticket]) -> set[int]:
    of_theirs = Message.subject_kind == "ticket", Message.subject_id.in_([each.id for each in tickets])
    return set(session.scalars(select(Message.subject_id).where(*of_theirs, Message.template == template)))


def _matters(ticket: Ticket, stands: Estimate, now: datetime) -> bool:
    late_by = now + stands.expected_minutes * _MINUTE - ticket.due_at
    return stands.promise_at_risk and late_by >= WORTH_TELLING and stands.people_ahead > AHEAD


def _untold(session: Session) -> dict[tuple[int, int], list[Ticket]]:
    """Who waits with a promise and a phone and has not been told, by hall and line."""
    known = exists().where(
        Message.subject_kind == "ticket", Message.subject_id == Ticket.id, Message.template == "promise_late"
    )
    query = select(Ticket).where(
        Ticket.state == TicketState.WAITING,
        Ticket.track == "walk_in",
        Ticket.returned_at.is_(None),
        Ticket.phone_sealed.is_not(None),
        ~known,
    )
    lines: dict[tuple[int, int], list[Ticket]] = {}
    for ticket in session.scalars(query.order_by(Ticket.id)):
        lines.setdefault((ticket.hall_id, ticket.group_id), []).append(ticket)
    return lines
