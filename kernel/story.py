"""Audit entry and event in one statement, where every round trip counts (booking, calling)."""

from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from kernel import audit, outbox
from kernel.actor import Actor


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
    recorded = insert(audit.AuditEntry).values(entry).cte("recorded")
    session.connection().execute(
        insert(outbox.OutboxEvent).values(outbox.values(event, now=now)).add_cte(recorded)
    )
