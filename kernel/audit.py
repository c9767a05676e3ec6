"""What was done, by whom, when: one row per change, written with the change.

Never holds names, numbers of documents or phones: subjects are ids, details are codes.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import clock
from kernel.actor import Actor
from kernel.db import Base


class AuditEntry(Base):
    """`from_state`/`to_state` are filled where the subject has states, so that no step can hide."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_subject", "subject_kind", "subject_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[int | None] = mapped_column(BigInteger)
    action: Mapped[str] = mapped_column(String(64), index=True)
    subject_kind: Mapped[str] = mapped_column(String(32))
    subject_id: Mapped[int | None] = mapped_column(BigInteger)
    hall_id: Mapped[int | None] = mapped_column(BigInteger)
    from_state: Mapped[str | None] = mapped_column(String(16))
    to_state: Mapped[str | None] = mapped_column(String(16))
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)


def values(
    action: str,
    *,
    actor: Actor,
    now: datetime,
    subject: tuple[str, int | None],
    hall_id: int | None = None,
    states: tuple[str | None, str | None] = (None, None),
    **details: Any,
) -> dict[str, Any]:
    """The columns of an entry, for `record` and for statements that write it with their own change."""
    return {
        "at": now,
        "recorded_at": clock.real_now(),
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "action": action,
        "subject_kind": subject[0],
        "subject_id": subject[1],
        "hall_id": hall_id,
        "from_state": states[0],
        "to_state": states[1],
        "details": details,
    }


def record(
    session: Session,
    action: str,
    *,
    actor: Actor,
    now: datetime,
    subject: tuple[str, int | None],
    hall_id: int | None = None,
    states: tuple[str | None, str | None] = (None, None),
    **details: Any,
) -> None:
    """Add an entry: `subject` is (kind, id), `states` is (from, to) of that subject."""
    entry = values(action, actor=actor, now=now, subject=subject, hall_id=hall_id, states=states, **details)
    session.add(AuditEntry(**entry))
