"""Who was passed on to one counter waits for it alone: what they are told, and which counter it is."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from math import ceil

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from halls.models import Counter, CounterSkill
from queueing.capacity import Capacity, Opening
from queueing.counters import list_group_ids, session_of_counter
from queueing.estimate import Estimate, estimate
from queueing.loads import expected_by_line
from queueing.models import CounterSession, Ticket
from queueing.ordering import Waiting
from queueing.policy import QueuePolicy
from queueing.promise import Expected, Load
from queueing.states import AT_COUNTER
from queueing.today import Today
from queueing.waiting import all_waiting, calls_of, recent_calls


def find_counter(session: Session, ticket: Ticket) -> Counter | None:
    """The counter that a waiting ticket waits for; None once nobody works there: any other may call it."""
    if ticket.to_counter_id is None:
        return None
    running = session_of_counter(session, ticket.to_counter_id)
    if running is None or running.state != "open":
        return None
    return session.get(Counter, ticket.to_counter_id)


def estimates_at(
    session: Session,
    today: Today,
    waiting: Collection[Waiting],
    *,
    capacity: Capacity,
    load: Load,
    policy: QueuePolicy,
    now: datetime,
) -> dict[int, Estimate]:
    """What those of `waiting` are told who wait for one counter, by ticket id.

    `capacity`, `load` and `policy` are those of their line.
    """
    told: dict[int, Estimate] = {}
    for counter_id in {ticket.to_counter for ticket in waiting if ticket.to_counter is not None}:
        alone = _alone(capacity, now)
        rule = _between_others(policy, capacity.counters_at(now))
        told |= _at(session, today, counter_id, capacity=alone, load=load, policy=rule, now=now)
    return told


def _at(
    session: Session,
    today: Today,
    counter_id: int,
    *,
    capacity: Capacity,
    load: Load,
    policy: QueuePolicy,
    now: datetime,
) -> dict[int, Estimate]:
    """Roll the rule forward for this counter alone, over all whom it may call."""
    group_ids = list_group_ids(session, counter_id)
    made = calls_of(session, group_ids, on_date=today.on_date)
    everybody = all_waiting(session, made, on_date=today.on_date)
    mine = [ticket for ticket in everybody if ticket.to_counter in (None, counter_id)]
    recent = recent_calls(session, group_ids, on_date=today.on_date, policy=policy)
    busy = select(Ticket.id).where(Ticket.counter_id == counter_id, Ticket.state.in_(AT_COUNTER))
    works = 0.0 if session.scalar(busy) is None else 1.0
    coming = _coming(session, today, group_ids, now=now)
    load = replace(load, waiting=len(mine), busy=works, busy_minutes=None, idle=0, expected=coming)
    told = estimate(mine, recent, now, capacity=capacity, load=load, policy=policy)
    return {ticket.ticket_id: told[ticket.ticket_id] for ticket in mine if ticket.to_counter == counter_id}


def _coming(session: Session, today: Today, group_ids: Collection[int], *, now: datetime) -> list[Expected]:
    """Booked people who may yet come to this counter: of those of each line its part among all open there."""
    counters = _counters_open(session, group_ids)
    return [
        Expected(each.slot_starts_at, each.numbers / max(1, counters.get(group_id, 1)))
        for group_id, slots in expected_by_line(session, today, group_ids, now=now).items()
        for each in slots
    ]


def _counters_open(session: Session, group_ids: Collection[int]) -> dict[int, int]:
    """Group → the counters where somebody works who may call its people."""
    query = (
        select(CounterSkill.group_id, func.count())
        .join(CounterSession, CounterSession.counter_id == CounterSkill.counter_id)
        .where(CounterSkill.group_id.in_(group_ids), CounterSession.closed_at.is_(None))
        .where(CounterSession.state == "open")
        .group_by(CounterSkill.group_id)
    )
    counters: dict[int, int] = dict(session.execute(query).all())
    return counters


def _alone(capacity: Capacity, now: datetime) -> Capacity:
    """One counter, as long as the line is open."""
    closes_at = capacity.closes_at
    return Capacity([] if closes_at is None or closes_at <= now else [Opening(now, closes_at)])


def _between_others(policy: QueuePolicy, counters: float) -> QueuePolicy:
    """A return goes first in one of three calls of the line, and most of these are made by other counters."""
    return replace(policy, return_every=max(1, ceil(policy.return_every / max(1.0, counters))))
