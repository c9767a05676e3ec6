"""The first answer to a request is given again for 24 hours: same key and body, same answer.

Everything happens in the request's own transaction. The key is locked while the first request runs, so a
second one is told to wait (409) instead of doing it twice; a process that dies leaves no key behind.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from booking.errors import IdempotencyKeyReused, RequestInProgress
from booking.models import IdempotencyKey
from kernel.crypto import cipher
from kernel.db import lock_key
from kernel.direct import Direct, Statement

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
    if not session.scalar(select(func.pg_try_advisory_xact_lock(lock_key(hashed)))):
        raise RequestInProgress
    # Read after the lock, in a statement of its own: whoever held it before has committed by now.
    kept = select(IdempotencyKey.request_hash, IdempotencyKey.status, IdempotencyKey.answer_sealed).where(
        IdempotencyKey.key_hash == hashed, IdempotencyKey.created_at > real_now - KEPT_FOR
    )
    return _replay(session.execute(kept).one_or_none(), request_hash)


_LOCK = Statement("SELECT pg_try_advisory_xact_lock(CAST(:lock AS bigint))")
_KEPT = Statement("""
SELECT request_hash, status, answer_sealed FROM idempotency_key WHERE key_hash = :key AND created_at > :since
""")
_KEEP = Statement("""
INSERT INTO idempotency_key (key_hash, request_hash, created_at, status, answer_sealed)
VALUES (:key, :request_hash, :created_at, :status, :answer_sealed)
ON CONFLICT (key_hash) DO UPDATE
SET request_hash = :request_hash, created_at = :created_at, status = :status, answer_sealed = :answer_sealed
""")


def begin_at_once(
    direct: Direct, key: str, scope: str, request_hash: bytes, *, real_now: datetime
) -> Replay | None:
    """As `begin`, in a transaction past SQLAlchemy."""
    hashed = _key_hash(key, scope)
    if not direct.find(_LOCK, {"lock": lock_key(hashed)})[0]:
        raise RequestInProgress
    return _replay(direct.find(_KEPT, {"key": hashed, "since": real_now - KEPT_FOR}), request_hash)


def finish_at_once(
    direct: Direct, key: str, scope: str, request_hash: bytes, *, status: int, body: str, real_now: datetime
) -> None:
    """As `finish`, in a transaction past SQLAlchemy."""
    direct.run(_KEEP, {"key": _key_hash(key, scope), **_values(request_hash, status, body, real_now)})


def _replay(row: Sequence[Any] | None, request_hash: bytes) -> Replay | None:
    if row is None:
        return None
    asked, status, sealed = row
    if asked != request_hash:
        raise IdempotencyKeyReused
    if status is None or sealed is None:
        return None
    return Replay(status, cipher().decrypt(sealed, "idempotency_key.answer"))


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
    values = _values(request_hash, status, body, real_now)
    statement = insert(IdempotencyKey).values(key_hash=_key_hash(key, scope), **values)
    session.execute(statement.on_conflict_do_update(index_elements=[IdempotencyKey.key_hash], set_=values))


def _values(request_hash: bytes, status: int, body: str, real_now: datetime) -> dict[str, Any]:
    return {
        "request_hash": request_hash,
        "created_at": real_now,
        "status": status,
        "answer_sealed": cipher().encrypt(body, "idempotency_key.answer"),
    }


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
