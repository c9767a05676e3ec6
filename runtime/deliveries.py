"""Events become effects, exactly once.

An event becomes one delivery per subscribed handler; a delivery's effects and its `done_at` commit
together. So a delivery may be attempted by several processes and as often as need be: it takes effect once.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kernel import clock
from kernel.db import Database, DatabaseDown
from kernel.outbox import EventDelivery, OutboxEvent

ATTEMPTS = 10  # after so many the delivery is dead: it stays, for the doctor to show
LEASE = timedelta(seconds=5)  # so long a delivery handed to a worker is left alone
_LONGEST_WAIT = timedelta(minutes=5)

_UNDISPATCHED = text("outbox_event.dispatched_at IS NULL")
_NOT_DONE = text("event_delivery.done_at IS NULL")

Handler = Callable[..., None]
HandlersOf = Callable[[str], tuple[str, ...]]

log = logging.getLogger(__name__)


class HandlerUnknown(Exception):
    """A delivery names a handler that this version does not have."""


@dataclass(frozen=True, slots=True)
class Dispatched:
    """What one round of dispatching found: how many events, their live topics, the deliveries to make."""

    events: int
    topics: tuple[str, ...]
    delivery_ids: tuple[int, ...]


def dispatch(
    session: Session, handlers_of: HandlersOf, *, real_now: datetime, limit: int = 200
) -> Dispatched:
    """Turn new events, the oldest first, into deliveries. Publish nudges and enqueue after the commit."""
    events = session.execute(
        select(OutboxEvent.id, OutboxEvent.name, OutboxEvent.payload)
        .where(_UNDISPATCHED)
        .order_by(OutboxEvent.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    if not events:
        return Dispatched(0, (), ())
    rows = [
        {"event_id": event.id, "handler": handler, "next_at": real_now + LEASE, "attempts": 0}
        for event in events
        for handler in handlers_of(event.name)
    ]
    made: list[int] = []
    if rows:
        added = insert(EventDelivery).on_conflict_do_nothing().returning(EventDelivery.id)
        made = sorted(session.scalars(added, rows))
    session.execute(
        update(OutboxEvent)
        .where(OutboxEvent.id.in_([event.id for event in events]))
        .values(dispatched_at=real_now)
    )
    topics = dict.fromkeys(topic for event in events for topic in event.payload.get("topics", ()))
    return Dispatched(len(events), tuple(topics), tuple(made))


def take_overdue(session: Session, *, real_now: datetime, limit: int = 200) -> list[int]:
    """Deliveries that should have been made by now, given a new lease: Redis may have lost their jobs."""
    overdue = (
        select(EventDelivery.id)
        .where(_NOT_DONE, EventDelivery.next_at <= real_now, EventDelivery.attempts < ATTEMPTS)
        .order_by(EventDelivery.next_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("overdue")
    )
    taken = update(EventDelivery).where(EventDelivery.id.in_(select(overdue.c.id)), _NOT_DONE)
    return sorted(session.scalars(taken.values(next_at=real_now + LEASE).returning(EventDelivery.id)))


def deliver(
    database: Database, delivery_id: int, handlers: Mapping[str, Handler], *, now: datetime
) -> Exception | None:
    """Make one delivery, unless it is done or another process is at it; returns what went wrong.

    Raises:
        DatabaseDown: nothing was done and nothing can be noted; it stays due.
    """
    try:
        with database.transaction() as session:
            _run(session, delivery_id, handlers, now=now)
    except DatabaseDown:
        raise
    except Exception as error:  # noqa: BLE001  # whatever a handler does wrong is noted and tried again
        _note_failure(database, delivery_id, error)
        return error
    return None


def _run(session: Session, delivery_id: int, handlers: Mapping[str, Handler], *, now: datetime) -> None:
    delivery = session.scalar(
        select(EventDelivery)
        .where(EventDelivery.id == delivery_id, _NOT_DONE)
        .with_for_update(skip_locked=True)
    )
    if delivery is None:
        return
    handler = handlers.get(delivery.handler)
    if handler is None:
        raise HandlerUnknown
    event = session.get_one(OutboxEvent, delivery.event_id)
    handler(session, facts_of(event), now=now)
    delivery.done_at, delivery.error = clock.real_now(), None


def facts_of(event: OutboxEvent) -> dict[str, Any]:
    """What a handler is given: the payload, with `event_id` and `occurred_at` (ISO text)."""
    return {**event.payload, "event_id": event.id, "occurred_at": event.occurred_at.isoformat()}


def _note_failure(database: Database, delivery_id: int, error: Exception) -> None:
    """Only the class of the error: its text may hold what was in the rows."""
    name = type(error).__name__
    with database.transaction() as session:
        delivery = session.scalar(
            select(EventDelivery).where(EventDelivery.id == delivery_id, _NOT_DONE).with_for_update()
        )
        if delivery is None:
            return
        delivery.attempts += 1
        delivery.error = name[:200]
        wait = min(timedelta(seconds=2**delivery.attempts), _LONGEST_WAIT)
        delivery.next_at = clock.real_now() + wait
        log.warning("%s failed (%s), attempt %d", delivery.handler, name, delivery.attempts)
