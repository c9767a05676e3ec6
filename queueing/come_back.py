"""Until when somebody who missed the call can come back into the line."""

from datetime import datetime

from sqlalchemy.orm import Session

from queueing.check_in import half_day_of
from queueing.models import Ticket
from queueing.recall import back_until
from queueing.states import TicketState
from queueing.today import Today


def can_return_until(session: Session, today: Today, ticket: Ticket, *, now: datetime) -> datetime | None:
    """The last moment for `serve.reinstate`; None where that refuses already, or nothing was missed."""
    if ticket.state != TicketState.ABSENT or ticket.absent_at is None or ticket.on_date != today.on_date:
        return None
    slot_at = ticket.slot_starts_at
    until = back_until(
        absent_at=ticket.absent_at,
        reinstated_before=ticket.reinstated,
        half_day_ends_at=None
        if slot_at is None
        else half_day_of(session, today, ticket.group_id, slot_at, now=now),
        policy=today.policy,
    )
    return until if until is not None and until > now else None
