"""The first answer to a request is given again for 24 hours: same key and body, same answer.

Everything happens in the request's own transaction. The key is locked while the first request runs, so a
second one is told to wait (409) instead of doing it twice; a process that dies leaves no key behind.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from booking.errors import IdempotencyKeyReused, RequestInProgress
from booking.models import IdempotencyKey
from kernel.crypto import cipher

KEPT_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Replay:
    """What was answered the first time."""

    status: int
    body: str


def begin(
    session: Session, key: str, scope: str, request_hash: bytes, *, real_now: datetime
) -> Replay | None:
    """None for a new request (do it, then `finish`), or the answer to give again.

    `scope` separates callers and operations; `request_hash` is a SHA-256 of the body.

    Raises:
        IdempotencyKeyReused: the key came with another body.
        RequestInProgress: the first request still runs.
    """
    hashed = _key_hash(key, scope)
    lock = int.from_bytes(hashed[:8], signed=True)
    if not session.scalar(select(func.pg_try_advisory_xact_lock(lock))):
        raise RequestInProgress
    # Read after the lock, in a statement of its own: whoever held it before has committed by now.
    row = session.scalar(
        select(IdempotencyKey).where(
            IdempotencyKey.key_hash == hashed, IdempotencyKey.created_at > real_now - KEPT_FOR
        )
    )
    if row is None:
        return None
    if row.request_hash != request_hash:
        raise IdempotencyKeyReused
    if row.status is None or row.answer_sealed is None:
        return None
    return Replay(row.status, cipher().decrypt(row.answer_sealed, "idempotency_key.answer"))


def finish(
    session: Session,
    key: str,
    scope: str,
    request_hash: bytes,
    *,
    status: int,
    body: str,
    real_now: datetime,
) -> None:
    """Keep the answer, encrypted, in the transaction that did the work."""
    values = {
        "request_hash": request_hash,
        "created_at": real_now,
        "status": status,
        "answer_sealed": cipher().encrypt(body, "idempotency_key.answer"),
    }
    statement = insert(IdempotencyKey).values(key_hash=_key_hash(key, scope), **values)
    session.execute(statement.on_conflict_do_update(index_elements=[IdempotencyKey.key_hash], set_=values))


def remove_old(session: Session, *, real_now: datetime) -> int:
    """Remove answers older than a day; how many."""
    removed = session.scalars(
        delete(IdempotencyKey)
        .where(IdempotencyKey.created_at <= real_now - KEPT_FOR)
        .returning(IdempotencyKey.key_hash)
    )
    return len(removed.all())


def _key_hash(key: str, scope: str) -> bytes:
    return hashlib.sha256(f"{scope}\x00{key}".encode()).digest()
