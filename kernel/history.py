"""What edited content was before: one row per saved state, with who and when, so that any can be had back.

For content that people write (plans, services, guides, packages, policies): the audit says that something was
done, this says what it looked like afterwards. Never holds personal data of citizens.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, String, UniqueConstraint, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.actor import Actor
from kernel.db import Base
from kernel.errors import NotFound


class RevisionUnknown(NotFound):
    """There is no such saved state."""

    code = "revision_unknown"
    zh = "没有这个历史版本，请刷新页面后再试。"
    en = "There is no such earlier version. Please reload the page."


class Revision(Base):
    """The `number`-th state of one thing (`kind`, `key`), counted from 1; `content` is whole."""

    __tablename__ = "revision"
    __table_args__ = (UniqueConstraint("kind", "key", "number"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[str] = mapped_column(String(24))
    key: Mapped[str] = mapped_column(String(64))
    number: Mapped[int]
    at: Mapped[datetime]
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[int | None] = mapped_column(BigInteger)
    note: Mapped[str] = mapped_column(String(200), default="")
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)


def keep(
    session: Session,
    subject: tuple[str, str],
    content: dict[str, Any],
    *,
    actor: Actor,
    now: datetime,
    note: str = "",
) -> Revision | None:
    """Keep this state of (kind, key); None when it is the same as the newest one.

    The caller holds a lock on the thing itself (two editors at once would want the same number).
    """
    kind, key = subject
    newest = find_newest(session, kind, key)
    if newest is not None and newest.content == content:
        return None
    revision = Revision(
        kind=kind,
        key=key,
        number=(newest.number if newest else 0) + 1,
        at=now,
        actor_kind=actor.kind,
        actor_id=actor.id,
        note=note,
        content=content,
    )
    session.add(revision)
    session.flush()
    return revision


def find_newest(session: Session, kind: str, key: str) -> Revision | None:
    """The state that holds now; None when nothing was kept yet."""
    return session.scalar(
        select(Revision)
        .where(Revision.kind == kind, Revision.key == key)
        .order_by(Revision.number.desc())
        .limit(1)
    )


def list_revisions(session: Session, kind: str, key: str, *, limit: int = 50) -> list[Revision]:
    """The states kept, newest first."""
    return list(
        session.scalars(
            select(Revision)
            .where(Revision.kind == kind, Revision.key == key)
            .order_by(Revision.number.desc())
            .limit(limit)
        )
    )


def get_revision(session: Session, kind: str, key: str, number: int) -> Revision:
    """One state; raises RevisionUnknown."""
    found = session.scalar(
        select(Revision).where(Revision.kind == kind, Revision.key == key, Revision.number == number)
    )
    if found is None:
        raise RevisionUnknown
    return found
