"""How many of everything there are, by state: what a played day is compared with."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from booking.models import Appointment, Number
from feedback.models import FollowUpCase, Rating, Survey
from notifications.models import Message
from queueing.models import Ticket

Column = InstrumentedAttribute[Any]

#: thing → (its state, its hall); ratings have no state, their grade stands for it.
_THINGS: dict[str, tuple[Column, Column]] = {
    "numbers": (Number.channel, Number.hall_id),
    "appointments": (Appointment.state, Appointment.hall_id),
    "tickets": (Ticket.state, Ticket.hall_id),
    "messages": (Message.state, Message.hall_id),
    "surveys": (Survey.channel, Survey.hall_id),
    "ratings": (Rating.grade, Rating.hall_id),
    "cases": (FollowUpCase.state, FollowUpCase.hall_id),
}


def count_everything(session: Session, *, hall_id: int | None = None) -> dict[str, dict[str, int]]:
    """Thing → state → how many, of one hall or of all. Messages of no hall (codes) count in all only."""
    found = {}
    for name, (state, hall) in _THINGS.items():
        wanted = select(state, func.count()).group_by(state)
        rows = session.execute(wanted if hall_id is None else wanted.where(hall == hall_id)).all()
        found[name] = {str(key): count for key, count in rows}
    return found
