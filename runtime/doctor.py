"""The deep check: every package's promises, and that every event took effect exactly once."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session

import booking.doctor
import feedback.doctor
import notifications.doctor
import people.doctor
import queueing.doctor
from kernel import clock
from kernel.doctor import Violation
from kernel.outbox import EventDelivery, OutboxEvent
from runtime.deliveries import ATTEMPTS
from runtime.subscriptions import SUBSCRIPTIONS, name_of

LATE = timedelta(seconds=30)  # real time after which an effect is late
_LIMIT = 100  # violations of one rule that are listed


def check_all(session: Session) -> list[Violation]:
    """All broken promises; an empty list is good health."""
    return [violation for check in CHECKS for violation in check(session)]


def check_events(session: Session) -> list[Violation]:
    """Every event was handed to each of its handlers, and each is done. That none is done twice is a key."""
    late = clock.real_now() - LATE
    found = _list(session, "event_not_dispatched", _undispatched(late))
    found += _list(session, "delivery_dead", _pending().where(EventDelivery.attempts >= ATTEMPTS))
    found += _list(
        session,
        "delivery_late",
        _pending().where(EventDelivery.attempts < ATTEMPTS, OutboxEvent.recorded_at < late),
    )
    for event, handlers in SUBSCRIPTIONS.items():
        for handler in handlers:
            found += _list(session, "delivery_missing", _missing(event.name(), name_of(handler)))
    return found


def _undispatched(late: datetime) -> Select[int, str]:
    return select(OutboxEvent.id, OutboxEvent.name).where(
        OutboxEvent.dispatched_at.is_(None), OutboxEvent.recorded_at < late
    )


def _pending() -> Select[int, str]:
    what = OutboxEvent.name + " → " + EventDelivery.handler + " " + func.coalesce(EventDelivery.error, "")
    return (
        select(EventDelivery.event_id, what)
        .join(OutboxEvent, OutboxEvent.id == EventDelivery.event_id)
        .where(EventDelivery.done_at.is_(None))
    )


def _missing(name: str, handler: str) -> Select[int, str]:
    """Dispatched, but never handed to this handler; events from before it existed do not count."""
    first = select(func.min(EventDelivery.event_id)).where(EventDelivery.handler == handler)
    handed = exists().where(EventDelivery.event_id == OutboxEvent.id, EventDelivery.handler == handler)
    return select(OutboxEvent.id, OutboxEvent.name + f" → {handler}").where(
        OutboxEvent.name == name,
        OutboxEvent.dispatched_at.is_not(None),
        OutboxEvent.id > func.coalesce(first.scalar_subquery(), 0),
        ~handed,
    )


def _list(session: Session, rule: str, statement: Select[int, str]) -> list[Violation]:
    rows = session.execute(statement.limit(_LIMIT))
    return [Violation(rule, f"event {event_id}", detail.strip()) for event_id, detail in rows]


CHECKS: Sequence[Callable[[Session], Sequence[Violation]]] = (
    people.doctor.check,
    booking.doctor.check,
    queueing.doctor.check,
    notifications.doctor.check,
    feedback.doctor.check,
    check_events,
)
