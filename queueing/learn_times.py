"""Learn from the last weeks how long the services of a hall take at its counters (every night)."""

from collections import defaultdict
from datetime import date, datetime, timedelta

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from catalog.models import HallService, Service
from halls.queries import list_groups
from queueing.forecast_models import LearnedTime
from queueing.models import Ticket
from queueing.service_times import Case, learn
from queueing.states import TicketState
from queueing.stays import Spent, by_line
from queueing.taken import minutes_taken

#: So far back cases are looked at: people and rules change.
WINDOW = timedelta(days=60)
_SHORTEST = 0.2  # minutes: pressed by mistake


def learn_times(session: Session, hall_id: int, *, on_date: date, now: datetime) -> int:
    """Learn anew from the cases of the days before `on_date`; returns how many figures."""
    cases, planned = _cases(session, hall_id, on_date=on_date), _planned(session, hall_id)
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
        for each in learn(cases[group.id], line_minutes=group.mean_minutes, planned=planned[group.id])
    ]
    session.execute(delete(LearnedTime).where(LearnedTime.hall_id == hall_id))
    if rows:
        session.execute(insert(LearnedTime), rows)
    return len(rows)


def _planned(session: Session, hall_id: int) -> dict[int, dict[int, float]]:
    """Group → minutes of the catalogue of what its line offers.

    What others are sent there for is a part of their matter: of that the line's own minutes are believed.
    """
    query = (
        select(HallService.group_id, Service.id, Service.minutes)
        .join(Service, Service.id == HallService.service_id)
        .where(HallService.hall_id == hall_id)
    )
    planned: dict[int, dict[int, float]] = defaultdict(dict)
    for group_id, service_id, minutes in session.execute(query):
        planned[group_id][service_id] = minutes
    return planned


def _cases(session: Session, hall_id: int, *, on_date: date) -> dict[int, list[Case]]:
    """What completed visits took in each line that did one service for them: of several nothing is known."""
    query = (
        select(
            Ticket.group_id,
            Ticket.counter_id,
            Ticket.service_ids,
            Ticket.stays,
            Ticket.group_id != Ticket.issued_group_id,
            minutes_taken(),
        )
        .where(Ticket.hall_id == hall_id, Ticket.on_date < on_date, Ticket.on_date >= on_date - WINDOW)
        .where(Ticket.state == TicketState.COMPLETED)
        .where(Ticket.called_at.is_not(None), Ticket.counter_id.is_not(None))
    )
    cases: dict[int, list[Case]] = defaultdict(list)
    for group_id, counter_id, service_ids, stays, moved, taken in session.execute(query):
        if moved and not stays:
            continue  # of before stays were kept
        for spent in by_line(stays) or [Spent(group_id, counter_id, service_ids, float(taken))]:
            if len(spent.service_ids) == 1 and spent.counter_id is not None and spent.minutes >= _SHORTEST:
                cases[spent.group_id].append(Case(spent.service_ids[0], spent.counter_id, spent.minutes))
    return cases
