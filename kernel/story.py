"""Audit entry and event in one statement, where every round trip counts (booking, calling)."""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert
from sqlalchemy.orm import Session

from kernel import audit, outbox
from kernel.actor import Actor

_ENTRY = (
    "at",
    "recorded_at",
    "actor_kind",
    "actor_id",
    "action",
    "subject_kind",
    "subject_id",
    "hall_id",
    "from_state",
    "to_state",
    "details",
)
_EVENT = ("name", "payload", "occurred_at", "recorded_at")
_RECORD = insert(audit.AuditEntry).values({name: bindparam(name) for name in _ENTRY}).cte("recorded")
_TELL = (
    insert(outbox.OutboxEvent).values({name: bindparam(f"event_{name}") for name in _EVENT}).add_cte(_RECORD)
)


def tell(
    session: Session,
    event: outbox.Event,
    action: str,
    *,
    actor: Actor,
    now: datetime,
    subject: tuple[str, int | None],
    hall_id: int | None = None,
    states: tuple[str | None, str | None] = (None, None),
    **details: Any,
) -> None:
    """What `audit.record` and `outbox.emit` do, at once."""
    entry = audit.values(
        action, actor=actor, now=now, subject=subject, hall_id=hall_id, states=states, **details
    )
    told = {f"event_{name}": value for name, value in outbox.values(event, now=now).items()}
    session.connection().execute(_TELL, {**entry, **told})
