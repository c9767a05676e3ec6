"""An officer took a step back: what was to be sent about it is withdrawn, what has been sent is put right.

Whether a correction is still true is asked when it is sent, like of every message (`notifications.render`).
Bookings that had not ended: `notifications.tell.reopened`; surveys: `feedback.ask.take_back`.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy.orm import Session

from notifications.plan import cancel_pending, find_sent
from notifications.tell import plan_for_ticket
from queueing.models import Ticket

Facts = Mapping[str, Any]

#: Step → the message that told of it. Others tell nobody.
_TOLD: Mapping[str, str] = MappingProxyType({"next_leg": "next_leg", "mark_absent": "missed"})


def call_undone(session: Session, event: Facts, *, now: datetime) -> None:
    """Nobody goes to a counter where they are not expected."""
    _put_right(session, event["ticket_id"], "called", now=now)


def step_undone(session: Session, event: Facts, *, now: datetime) -> None:
    """Nobody goes on to the next line, or asks to be let in again, who need not."""
    template = _TOLD.get(event["step"])
    if template is not None:
        _put_right(session, event["ticket_id"], template, now=now)


def _put_right(session: Session, ticket_id: int, template: str, *, now: datetime) -> None:
    """One correction for each message that should not have been."""
    about, wrong_ones = ("ticket", ticket_id), frozenset({template})
    cancel_pending(session, about, templates=wrong_ones)
    wrong = find_sent(session, about, templates=wrong_ones)
    if wrong is not None:
        ticket = session.get_one(Ticket, ticket_id)
        plan_for_ticket(session, ticket, f"{template}_undone", f"message:{wrong}:undone", now=now)
