"""What the queue knows of people: the phone that is called. Wiped when they ask or when it is old."""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from booking.queries import undone_of
from catalog.queries import services_of
from people.citizens import phone_index
from people.retention import Retention
from queueing.models import Ticket
from queueing.owed import owed_of
from queueing.states import FINAL, TicketState

_NOTHING: dict[str, Any] = {"phone_sealed": None, "phone_index": None}


def collect(session: Session, phone: str, *, language: str = "zh") -> dict[str, Any]:
    """The tickets that this phone (E.164) was called for, with what was done and what was not."""
    mine = select(Ticket).where(Ticket.phone_index == phone_index(phone)).order_by(Ticket.issued_at)
    rows = session.scalars(mine).all()
    left = undone_of(session, [row.appointment_id for row in rows if row.appointment_id is not None])
    steps = {row.id: _steps(row, left.get(row.appointment_id or 0, [])) for row in rows}
    ids = {service_id for done, undone in steps.values() for service_id in (*done, *undone)}
    names = {
        each.id: (each.name_en if language == "en" else "") or each.name_zh
        for each in services_of(session, ids)
    }
    papers = owed_of(session, list(steps))
    return {
        "tickets": [
            {
                "on": row.on_date,
                "number": row.label,
                "state": row.state,
                "issued_at": row.issued_at,
                "done": [names[each] for each in steps[row.id][0] if each in names],
                "undone": [names[each] for each in steps[row.id][1] if each in names],
                "papers_owed": [
                    (each.name_en if language == "en" else "") or each.name_zh
                    for each in papers
                    if each.ticket_id == row.id and each.state == "owed"
                ],
                "silent": row.silent,
            }
            for row in rows
        ]
    }


def _steps(ticket: Ticket, left: list[int]) -> tuple[list[int], list[int]]:
    """The services that were done, and those that were not; `left`: of a booking that ended before them."""
    if ticket.state == TicketState.COMPLETED:
        return ticket.service_ids, left
    later = [service_id for leg in ticket.legs for service_id in leg["service_ids"]]
    return ticket.done_service_ids, [*ticket.service_ids, *later]


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
