"""The first answer to a request is given again for 24 hours: same key and body, same answer.

Everything happens in the request's own transaction. The key is locked while the first request runs, so a
second one is told to wait (409) instead of doing it twice; a process that dies leaves no key behind.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

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
    raise NotImplementedError


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
    raise NotImplementedError


def remove_old(session: Session, *, real_now: datetime) -> int:
    """Remove answers older than a day; how many."""
    raise NotImplementedError
