"""Settle what is unknown: ask the provider, and only where it cannot tell decide by written policy.

A message comes here when a timeout, a 5xx or a killed process left it open whether the provider took it.
Sending it again unasked would double one in five; giving it up would lose as many.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from kernel import clock
from kernel.db import Database
from notifications.gateways.base import Absent, CannotTell, Found, Gateway, Sighting, Sought
from notifications.kinds import KINDS, InDoubt
from notifications.models import Message
from notifications.phones import phone_of_message
from notifications.retry import ATTEMPTS, LOOKUPS, lookup_delay_after
from notifications.send import MARGIN, accepted_values, text_index
from notifications.states import MessageState

_AT_ONCE = 10
_DOUBTED = text("message.state = 'unknown'")


@dataclass(frozen=True, slots=True)
class Doubt:
    """One message to be looked up by us: (id, attempt) must still match when the answer is written."""

    id: int
    attempt: int
    sought: Sought


def reconcile_due(database: Database, gateway: Gateway, *, seconds: float = 2.0) -> int:
    """Look doubtful messages up, a few at once, for about `seconds`; returns how many were looked at."""
    until = time.monotonic() + seconds
    looked = 0
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="lookup") as pool:
        while time.monotonic() < until:
            with database.transaction() as session:
                doubts = take(session, gateway, limit=_AT_ONCE, real_now=clock.real_now())
            if not doubts:
                break
            sightings = list(pool.map(lambda doubt: _look_up(gateway, doubt.sought), doubts))
            with database.transaction() as session:
                for doubt, sighting in zip(doubts, sightings, strict=True):
                    apply(session, doubt, sighting, gateway=gateway, real_now=clock.real_now())
            looked += len(doubts)
    return looked


def take(session: Session, gateway: Gateway, *, limit: int, real_now: datetime) -> list[Doubt]:
    """Claim doubtful messages whose time has come: the next look-up moves beyond our own time-out."""
    due = (
        select(Message.id)
        .where(_DOUBTED, Message.lease_until <= real_now)
        .order_by(Message.lease_until)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    until = real_now + timedelta(seconds=gateway.capabilities.timeout + MARGIN)
    taken = update(Message).where(Message.id.in_(select(due.c.id)), _DOUBTED)
    rows = session.scalars(taken.values(lease_until=until).returning(Message))
    return sorted((_doubt(message) for message in rows), key=lambda doubt: doubt.id)


def _doubt(message: Message) -> Doubt:
    wanted = message.text_index
    sought = Sought(
        reference=message.reference,
        phone=phone_of_message(message),
        since=message.next_at,
        matches=lambda written: text_index(written) == wanted,
    )
    return Doubt(message.id, message.attempt, sought)


def _look_up(gateway: Gateway, sought: Sought) -> Sighting:
    if not gateway.capabilities.can_look_up:
        return CannotTell("no_lookup")
    try:
        return gateway.lookup(sought)
    except Exception as error:  # noqa: BLE001  # whatever broke, it proves nothing about the message
        return CannotTell(type(error).__name__)


def apply(
    session: Session, doubt: Doubt, sighting: Sighting, *, gateway: Gateway, real_now: datetime
) -> bool:
    """Write what was seen, where the message is still the one in doubt; False where it has moved on."""
    message = session.scalar(
        select(Message)
        .where(Message.id == doubt.id, Message.attempt == doubt.attempt, _DOUBTED)
        .with_for_update()
    )
    if message is None:
        return False
    for column, value in _decide(session, message, sighting, gateway, real_now).items():
        setattr(message, column, value)
    return True


def _decide(
    session: Session, message: Message, sighting: Sighting, gateway: Gateway, real_now: datetime
) -> dict[str, object]:
    if isinstance(sighting, Found):
        free = _not_taken(session, message, sighting.provider_ids)
        if free:
            return accepted_values(free[0], provider=gateway.capabilities.name, real_now=real_now)
        sighting = Absent()
    if isinstance(sighting, Absent):
        return _again(message, real_now)
    if gateway.capabilities.can_look_up and message.lookups + 1 < LOOKUPS:
        wait = lookup_delay_after(message.lookups)
        return {"lookups": message.lookups + 1, "lease_until": real_now + wait}
    if KINDS[message.template].in_doubt is InDoubt.RESEND:
        return _again(message, real_now)
    return _ended(MessageState.UNDETERMINED, "held_by_policy", real_now)


def _again(message: Message, real_now: datetime) -> dict[str, object]:
    """It was not sent (or policy says so): send it, if it is still worth it."""
    if message.expires_at is not None and message.expires_at <= real_now:
        return _ended(MessageState.EXPIRED, message.error, real_now)
    if message.attempt >= ATTEMPTS:
        return _ended(MessageState.FAILED, "gave_up", real_now)
    return {"state": MessageState.RETRY, "next_at": real_now, "lease_until": None}


def _ended(state: MessageState, error: str | None, real_now: datetime) -> dict[str, object]:
    return {"state": state, "ended_at": real_now, "lease_until": None, "error": error}


def _not_taken(session: Session, message: Message, provider_ids: Sequence[str]) -> list[str]:
    """Without those that are known to be other messages: equal texts to one phone look alike."""
    others = set(
        session.scalars(
            select(Message.provider_id).where(Message.provider_id.in_(provider_ids), Message.id != message.id)
        )
    )
    return [each for each in provider_ids if each not in others]
