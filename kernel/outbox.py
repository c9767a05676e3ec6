"""Events, written in the same transaction as the change they tell of.

`emit` adds an outbox row. The relay (runtime) turns each row into one `event_delivery` per subscribed
handler and sees that each is carried out exactly once: a handler's effects and its `done_at` commit
together.
"""

from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import clock
from kernel.db import Base


class OutboxEvent(Base):
    """One thing that happened. `payload` holds ids, codes and a hall's public words; never personal data."""

    __tablename__ = "outbox_event"
    __table_args__ = (
        Index("ix_outbox_event_undispatched", "id", postgresql_where=text("dispatched_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    dispatched_at: Mapped[datetime | None]


class EventDelivery(Base):
    """One handler's turn at one event. Times here are real time: they are retries and leases."""

    __tablename__ = "event_delivery"
    __table_args__ = (
        UniqueConstraint("event_id", "handler"),
        Index("ix_event_delivery_due", "next_at", postgresql_where=text("done_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("outbox_event.id"), type_=BigInteger)
    handler: Mapped[str] = mapped_column(String(96))
    next_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(String(200))


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events: frozen dataclasses with a past-tense name and JSON-friendly facts.

    `topics` names the live pages that should refetch, for example `hall:3`.
    """

    @classmethod
    def name(cls) -> str:
        """The stable name: the class's own."""
        return cls.__name__

    def topics(self) -> list[str]:
        """Live topics touched by this event."""
        hall_id = getattr(self, "hall_id", None)
        return [f"hall:{hall_id}"] if hall_id is not None else []


def values(event: Event, *, now: datetime) -> dict[str, Any]:
    """The columns of an outbox row, for `emit` and for statements that write it with their own change."""
    payload = {each.name: _plain(getattr(event, each.name)) for each in fields(event)}
    return {
        "name": event.name(),
        "payload": {**payload, "topics": event.topics()},
        "occurred_at": now,
        "recorded_at": clock.real_now(),
    }


def emit(session: Session, event: Event, *, now: datetime) -> OutboxEvent:
    """Append `event` to the outbox; it is carried out after the commit, or never happened."""
    row = OutboxEvent(**values(event, now=now))
    session.add(row)
    return row


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value


def all_events(base: type[Event] = Event) -> list[type[Event]]:
    """Every event class that has been imported, for the subscription table and its test."""
    found: list[type[Event]] = []
    for child in base.__subclasses__():
        found += [child, *all_events(child)]
    return found
