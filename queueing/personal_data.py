"""What the queue knows of people: the phone that is called. Wiped when they ask or when it is old."""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from people.citizens import phone_index
from people.retention import Retention
from queueing.models import Ticket
from queueing.states import FINAL

_NOTHING: dict[str, Any] = {"phone_sealed": None, "phone_index": None}


def collect(session: Session, phone: str) -> dict[str, Any]:
    """The tickets that this phone (E.164) was called for."""
    rows = session.scalars(
        select(Ticket).where(Ticket.phone_index == phone_index(phone)).order_by(Ticket.issued_at)
    )
    return {
        "tickets": [
            {"on": row.on_date, "number": row.label, "state": row.state, "issued_at": row.issued_at}
            for row in rows
        ]
    }


def has_running(session: Session, phone: str) -> bool:
    """Whether somebody with this phone is in a line now."""
    running = select(Ticket.id).where(Ticket.phone_index == phone_index(phone), Ticket.state.not_in(FINAL))
    return session.scalar(running.limit(1)) is not None


def forget(session: Session, phone: str) -> None:
    """Wipe the phone from its tickets."""
    session.execute(update(Ticket).where(Ticket.phone_index == phone_index(phone)).values(_NOTHING))


def forget_old(session: Session, spans: Retention, *, now: datetime) -> None:
    """Wipe the phones of tickets that are older than they are kept."""
    session.execute(
        update(Ticket)
        .where(Ticket.phone_index.is_not(None), Ticket.issued_at < spans.before("phone", now))
        .values(_NOTHING)
    )
