"""Who has come to three ahead in a line, or fewer, is told by phone: once each in every line.

Two things bring people forward: a call, and somebody before them who leaves. Whatever else changes the order
(a transfer, the green channel, a call taken back) puts people behind, and nobody is told the same twice.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from notifications.tell import plan_for_ticket
from queueing.left_behind import closed_lines
from queueing.models import Ticket
from queueing.queries import next_in_line
from queueing.today import today_of

AHEAD = 3
#: So long what the kiosk said is fresh in mind: who was that far forward from the beginning knows it.
_FRESH = timedelta(minutes=10)

Facts = Mapping[str, Any]


def three_ahead(session: Session, event: Facts, *, now: datetime) -> None:
    """After a call, or after somebody has left: who stands near the front of that line now."""
    line = event["hall_id"], event["group_id"]
    if closed_lines(session, today_of(session, line[0], now=now), [line[1]], now=now):
        return  # nobody is called any more: `notifications.tell_late` says so
    counter_id = event.get("counter_id")
    near = next_in_line(session, *line, counter_id=counter_id, now=now, limit=AHEAD + 1)
    fresh = [ticket for ticket in near if ticket.issued_at > now - _FRESH]
    gone = _gone_before(session, fresh)
    for ahead, ticket in enumerate(near):
        if ticket in fresh and ahead + gone.get(ticket.id, 0) <= AHEAD:
            continue
        again = "" if ticket.group_id == ticket.issued_group_id else f":{ticket.group_id}"
        key = f"ticket:{ticket.id}:three_ahead{again}"
        plan_for_ticket(session, ticket, "three_ahead", key, now=now, facts={"ahead": AHEAD})


def _gone_before(session: Session, tickets: Sequence[Ticket]) -> dict[int, int]:
    """Ticket id → how many were called, or left, in its line since it was issued."""
    if not tickets:
        return {}
    other = aliased(Ticket)
    gone = or_(
        other.called_at > Ticket.issued_at,
        and_(other.state == "abandoned", other.called_at.is_(None), other.ended_at > Ticket.issued_at),
    )
    query = (
        select(Ticket.id, func.count())
        .join(other, and_(other.hall_id == Ticket.hall_id, other.on_date == Ticket.on_date))
        .where(Ticket.id.in_([ticket.id for ticket in tickets]), other.group_id == Ticket.group_id)
        .where(other.state != "waiting", gone)
        .group_by(Ticket.id)
    )
    return {row[0]: row[1] for row in session.execute(query)}
