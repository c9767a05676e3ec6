"""What people wait for, line by line: a counter that can help elsewhere, or prepare, sees it at a glance."""

from collections import Counter as Tally
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from catalog.models import Service
from catalog.queries import services_of
from halls.models import ServiceGroup
from halls.queries import list_groups
from queueing.models import Ticket
from queueing.states import TicketState


@dataclass(frozen=True, slots=True)
class LineWaits:
    """Who waits in a line: how many, the first of them since `since_at`, and for what, the most wanted first.

    `unnamed` did not say for what. Somebody with two matters counts in both.
    """

    group: ServiceGroup
    people: int
    since_at: datetime
    services: list[tuple[Service, int]]
    unnamed: int


def what_waits(session: Session, hall_id: int, *, on_date: date) -> list[LineWaits]:
    """Lines with somebody in them, in the order of the hall."""
    query = (
        select(Ticket.group_id, Ticket.service_ids, func.count(), func.min(Ticket.issued_at))
        .where(Ticket.hall_id == hall_id, Ticket.on_date == on_date, Ticket.state == TicketState.WAITING)
        .group_by(Ticket.group_id, Ticket.service_ids)
    )
    people, first, wanted = Tally[int](), dict[int, datetime](), dict[int, Tally[int]]()
    for group_id, service_ids, count, since_at in session.execute(query):
        people[group_id] += count
        first[group_id] = min(first.get(group_id, since_at), since_at)
        mine = wanted.setdefault(group_id, Tally())
        for service_id in set(service_ids) or {0}:
            mine[service_id] += count
    named = {service_id for each in wanted.values() for service_id in each if service_id}
    known = {service.id: service for service in services_of(session, named)}
    return [
        LineWaits(
            group,
            people[group.id],
            first[group.id],
            [(known[each], count) for each, count in wanted[group.id].most_common() if each in known],
            wanted[group.id][0],
        )
        for group in list_groups(session, hall_id)
        if group.id in people
    ]
