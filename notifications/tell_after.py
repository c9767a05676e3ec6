"""What people are told about what is left to do after the counter."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from halls.queries import get_hall_by_id
from notifications.phones import phone_of_ticket
from notifications.plan import plan
from notifications.timing import sendable_at
from queueing.models import Ticket

Facts = Mapping[str, Any]


def paper_owed(session: Session, event: Facts, *, now: datetime) -> None:
    """Say which paper is owed, and until when."""
    _plan(session, event, "paper_owed", ("owed_paper", event["owed_id"]), "owed", now=now)


def paper_due(session: Session, event: Facts, *, now: datetime) -> None:
    """Remind of a paper that is due on the next day."""
    _plan(session, event, "paper_due", ("owed_paper", event["owed_id"]), "due", now=now)


def result_ready(session: Session, event: Facts, *, now: datetime) -> None:
    """Say that the result can be collected, and where. Again when it went back to work in between."""
    what = f"ready:{event['event_id']}"
    _plan(session, event, "result_ready", ("back_task", event["task_id"]), what, now=now)


def _plan(
    session: Session, event: Facts, template: str, subject: tuple[str, int], what: str, *, now: datetime
) -> None:
    ticket = session.get_one(Ticket, event["ticket_id"])
    phone = phone_of_ticket(session, ticket)
    if phone is None:
        return
    zone = ZoneInfo(get_hall_by_id(session, ticket.hall_id).time_zone)
    plan(
        session,
        template,
        event_key=f"{subject[0]}:{subject[1]}:{what}",
        phone=phone,
        language=ticket.language,
        subject=subject,
        hall_id=ticket.hall_id,
        now=now,
        plan_at=sendable_at(template, wanted_at=now, tz=zone),
    )
