"""Learn from the last weeks how long the services of a hall take at its counters (every night)."""

from collections import defaultdict
from datetime import date, datetime, timedelta

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from catalog.models import Service
from halls.queries import list_groups
from queueing.forecast_models import LearnedTime
from queueing.models import Ticket
from queueing.service_times import Case, learn
from queueing.states import TicketState
from queueing.taken import minutes_taken

#: So far back cases are looked at: people and rules change.
WINDOW = timedelta(days=60)
_SHORTEST = 0.2  # minutes: pressed by mistake


def learn_times(session: Session, hall_id: int, *, on_date: date, now: datetime) -> int:
    """Learn anew from the cases of the days before `on_date`; returns how many figures."""
    cases = _cases(session, hall_id, on_date=on_date)
    planned: dict[int, float] = dict(session.execute(select(Service.id, Service.minutes)).all())
    rows = [
        {
            "hall_id": hall_id,
            "group_id": group.id,
            "service_id": each.service_id,
            "counter_id": each.counter_id,
            "cases": each.cases,
            "minutes": each.minutes,
            "learned_at": now,
        }
        for group in list_groups(session, hall_id)
        for each in learn(cases[group.id], line_minutes=group.mean_minutes, planned=planned)
    ]
    session.execute(delete(LearnedTime).where(LearnedTime.hall_id == hall_id))
    if rows:
        session.execute(insert(LearnedTime), rows)
    return len(rows)


def _cases(session: Session, hall_id: int, *, on_date: date) -> dict[int, list[Case]]:
    """Completed tickets of one service and one line: whoever has several says nothing about one of them."""
    minutes = minutes_taken()
    query = (
        select(Ticket.group_id, Ticket.service_ids[0].as_integer(), Ticket.counter_id, minutes)
        .where(Ticket.hall_id == hall_id, Ticket.on_date < on_date, Ticket.on_date >= on_date - WINDOW)
        .where(Ticket.state == TicketState.COMPLETED, Ticket.group_id == Ticket.issued_group_id)
        .where(Ticket.called_at.is_not(None), Ticket.counter_id.is_not(None), minutes >= _SHORTEST)
        .where(func.jsonb_array_length(Ticket.service_ids) == 1)
    )
    cases: dict[int, list[Case]] = defaultdict(list)
    for group_id, service_id, counter_id, taken in session.execute(query):
        cases[group_id].append(Case(service_id, counter_id, float(taken)))
    return cases
