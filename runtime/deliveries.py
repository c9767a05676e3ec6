"""Events become effects, exactly once.

An event becomes one delivery per subscribed handler; a delivery's effects and its `done_at` commit
together. So a delivery may be attempted by several processes and as often as need be: it takes effect once.
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.event import listen
from sqlalchemy.orm import Session

from kernel import audit, clock
from kernel.actor import Actor
from kernel.db import Database, DatabaseDown
from kernel.outbox import EventDelivery, OutboxEvent

ATTEMPTS = 10  # after so many the delivery is dead: it stays, for the doctor to show and to retry
LEASE = timedelta(seconds=5)  # so long a delivery handed to a worker is left alone
_LONGEST_WAIT = timedelta(minutes=5)

_UNDISPATCHED = text("outbox_event.dispatched_at IS NULL")
_NOT_DONE = text("event_delivery.done_at IS NULL")

Handler = Callable[..., None]
HandlersOf = Callable[[str], tuple[str, ...]]
_NONE: Mapping[str, Handler] = MappingProxyType({})

log = logging.getLogger(__name__)


class HandlerUnknown(Exception):
    """A delivery names a handler that this version does not have."""


@dataclass(frozen=True, slots=True)
class Dispatched:
    """What one round of dispatching found: how many events, their live topics, the deliveries to make.

    `later_ids`: those for which nobody waits.
    """

    events: int
    topics: tuple[str, ...]
    delivery_ids: tuple[int, ...]
    later_ids: tuple[int, ...] = ()


def dispatch(
    session: Session,
    handlers_of: HandlersOf,
    *,
    real_now: datetime,
    limit: int = 200,
    later: Collection[str] = (),
) -> Dispatched:
    """Turn new events, the oldest first, into deliveries. Publish nudges and enqueue after the commit.

    `later`: handlers for whose work nobody waits.
    """
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
    made: list[tuple[int, str]] = []
    if rows:
        added = insert(EventDelivery).on_conflict_do_nothing()
        told = session.execute(added.returning(EventDelivery.id, EventDelivery.handler), rows)
        made = sorted((row[0], row[1]) for row in told)
    session.execute(
        update(OutboxEvent)
        .where(OutboxEvent.id.in_([event.id for event in events]))
        .values(dispatched_at=real_now)
    )
    topics = dict.fromkeys(topic for event in events for topic in event.payload.get("topics", ()))
    return Dispatched(
        len(events),
        tuple(topics),
        tuple(each for each, handler in made if handler not in later),
        tuple(each for each, handler in made if handler in later),
    )


def take_overdue(
    session: Session,
    *,
    real_now: datetime,
    limit: int = 200,
    only: Collection[str] | None = None,
    but: Collection[str] = (),
) -> list[int]:
    """Deliveries that should have been made by now, given a new lease: Redis may have lost their jobs.

    `only` those of some handlers, or all `but` those of some.
    """
    wanted = [EventDelivery.handler.not_in(but)] if but else []
    if only is not None:
        wanted.append(EventDelivery.handler.in_(only))
    overdue = (
        select(EventDelivery.id)
        .where(_NOT_DONE, EventDelivery.next_at <= real_now, EventDelivery.attempts < ATTEMPTS, *wanted)
        .order_by(EventDelivery.next_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("overdue")
    )
    taken = update(EventDelivery).where(EventDelivery.id.in_(select(overdue.c.id)), _NOT_DONE)
    return sorted(session.scalars(taken.values(next_at=real_now + LEASE).returning(EventDelivery.id)))


def retry_dead(session: Session, *, actor: Actor, now: datetime, real_now: datetime) -> int:
    """Give every dead delivery a fresh start; returns how many. The relay hands them out again."""
    dead = update(EventDelivery).where(_NOT_DONE, EventDelivery.attempts >= ATTEMPTS)
    ids = sorted(session.scalars(dead.values(attempts=0, next_at=real_now).returning(EventDelivery.id)))
    for delivery_id in ids:
        audit.record(session, "delivery.retry", actor=actor, now=now, subject=("delivery", delivery_id))
    return len(ids)


def deliver_all(
    database: Database,
    delivery_ids: Sequence[int],
    handlers: Mapping[str, Handler],
    *,
    now: datetime,
    apart: frozenset[str] = frozenset(),
    of_many: Mapping[str, Handler] = _NONE,
) -> None:
    """Make deliveries, together in one transaction while all goes well.

    Half of what one delivery costs is its own transaction. When a handler fails, the whole transaction
    rolls back and each delivery is made by itself, so that only the failing one is noted as failed.

    Args:
        database: where they are.
        delivery_ids: those that are done, or at which another process is, are passed over.
        handlers: by name.
        now: business time.
        apart: handlers that hold locks for long; each of their deliveries has its own transaction.
        of_many: what to call instead of a handler when there are several of its deliveries: with all events.

    Raises:
        DatabaseDown: nothing was done and nothing can be noted; they stay due.
    """
    single = list(delivery_ids)
    if len(single) > 1:
        try:
            with database.transaction() as session:
                single = _run_together(session, single, handlers, now=now, apart=apart, of_many=of_many)
        except DatabaseDown:
            raise
        except Exception as error:  # noqa: BLE001  # found again, and noted, below
            log.info("together: %s", type(error).__name__)
    for delivery_id in single:
        deliver(database, delivery_id, handlers, now=now)


def deliver(
    database: Database, delivery_id: int, handlers: Mapping[str, Handler], *, now: datetime
) -> Exception | None:
    """Make one delivery, unless it is done or another process is at it; returns what went wrong.

    Raises:
        DatabaseDown: nothing was done and nothing can be noted; it stays due.
    """
    try:
        with database.transaction() as session:
            _run_together(session, [delivery_id], handlers, now=now)
    except DatabaseDown:
        raise
    except Exception as error:  # noqa: BLE001  # whatever a handler does wrong is noted and tried again
        _note_failure(database, delivery_id, error)
        return error
    return None


def _run_together(
    session: Session,
    delivery_ids: Sequence[int],
    handlers: Mapping[str, Handler],
    *,
    now: datetime,
    apart: frozenset[str] = frozenset(),
    of_many: Mapping[str, Handler] = _NONE,
) -> list[int]:
    """Run what is ours of these deliveries; returns those that are to run apart."""
    _hold_what_is_read(session)
    taken = session.execute(
        select(EventDelivery.id, EventDelivery.handler, OutboxEvent)
        .join(OutboxEvent, OutboxEvent.id == EventDelivery.event_id)
        .where(EventDelivery.id.in_(delivery_ids), _NOT_DONE, EventDelivery.handler.not_in(apart))
        .order_by(EventDelivery.id)
        .with_for_update(skip_locked=True, of=EventDelivery)
    ).all()
    # All of a handler when its first is due: whatever came before in the same matter still comes before.
    batches: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for _delivery_id, name, event in taken:
        batches.setdefault((name, 0 if name in of_many else event.id), []).append(facts_of(event))
    for (name, _event_id), events in batches.items():
        _handle(session, name, events, handlers, of_many, now=now)
    if taken:
        done = update(EventDelivery).where(EventDelivery.id.in_([row.id for row in taken]))
        session.execute(done.values(done_at=clock.real_now(), error=None))
    if not apart:
        return []
    others = select(EventDelivery.id).where(
        EventDelivery.id.in_(delivery_ids), EventDelivery.handler.in_(apart)
    )
    return list(session.scalars(others))


def _handle(
    session: Session,
    name: str,
    events: Sequence[Mapping[str, Any]],
    handlers: Mapping[str, Handler],
    of_many: Mapping[str, Handler],
    *,
    now: datetime,
) -> None:
    if len(events) > 1:
        of_many[name](session, events, now=now)
        return
    handler = handlers.get(name)
    if handler is None:
        raise HandlerUnknown
    handler(session, events[0], now=now)


def _hold_what_is_read(session: Session) -> None:
    """Keep the rows that handlers read until the transaction ends: the next mostly wants the same hall."""
    held: list[object] = []
    listen(session, "loaded_as_persistent", lambda _session, row: held.append(row))


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
