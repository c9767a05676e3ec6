"""Send one message: claim, perform, settle.

1. `claim` takes due rows by compare-and-swap and writes their texts; its transaction commits before
   anything leaves the house.
2. `perform` hands one text to the gateway; no database connection is held meanwhile.
3. `settle` writes the outcome where the attempt is still ours.

A crash between any two steps leaves a row that `notifications.sweep` and `notifications.reconcile` settle.
"""

import logging
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, bindparam, case, or_, select, text, update
from sqlalchemy.orm import Session

from kernel.crypto import cipher
from notifications.gateways.base import Accepted, Gateway, Outcome, Outgoing, Rejected, RetryLater, Unknown
from notifications.kinds import OPTIONAL, URGENT
from notifications.models import Message, OptOut
from notifications.phones import phone_of_message
from notifications.render import Later, Rendered, Skip, Wording, prefetch, render
from notifications.retry import ATTEMPTS, delay_after
from notifications.segments import segments
from notifications.states import MessageState

MARGIN = 3.0  # seconds that a lease lasts beyond the gateway's own timeout
_SPARE = 0.5  # of which so much is left when a send begins at the last moment
# Written out, so that the planner may use the partial indexes whatever the parameters.
DUE = text("message.state IN ('queued', 'retry')")

_MESSAGE = cast("Table", Message.__table__)
# That the provider accepted is the truth, even when the lease ran out meanwhile.
_ACCEPT = update(_MESSAGE).where(
    _MESSAGE.c.id == bindparam("its_id"),
    _MESSAGE.c.attempt == bindparam("its_attempt"),
    text("message.state IN ('sending', 'unknown', 'retry', 'undetermined')"),
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Claimed:
    """One message that is ours to send. `begin_before` is monotonic: later the lease is too short."""

    id: int
    attempt: int
    outgoing: Outgoing
    begin_before: float


@dataclass(frozen=True, slots=True)
class Settled:
    """An outcome to be written; None: the sender did not begin, the lease will run out."""

    claimed: Claimed
    outcome: Outcome | None


def claim(
    session: Session, gateway: Gateway, *, limit: int, wording: Wording, now: datetime, real_now: datetime
) -> list[Claimed]:
    """Take up to `limit` due messages, urgent ones first. Commit before performing.

    Claim no more than can begin at once: the lease runs from now.
    """
    lease = gateway.capabilities.timeout + MARGIN
    begin_before = time.monotonic() + MARGIN - _SPARE
    rows = _take(session, limit, lease_until=real_now + timedelta(seconds=lease), real_now=real_now)
    kept = prefetch(session, rows)
    unwanted = _unwanted(session, rows)
    claimed = []
    with session.no_autoflush:  # what is noted on all of them is written at the end, at once
        for message in rows:
            if message.id in unwanted:
                written: Rendered = Skip(MessageState.SUPPRESSED, "opted_out")
            else:
                written = _text_of(session, message, wording, now=now)
            if isinstance(written, Skip):
                _end(message, written, real_now=real_now)
            elif isinstance(written, Later):
                _put_off(message, written, real_now=real_now)
            else:
                claimed.append(_prepare(message, written, begin_before, real_now=real_now))
    kept.clear()
    return claimed


def _take(session: Session, limit: int, *, lease_until: datetime, real_now: datetime) -> Sequence[Message]:
    unexpired = or_(Message.expires_at.is_(None), Message.expires_at > real_now)
    urgency = case((Message.template.in_(URGENT), 0), else_=1)
    due = (
        select(Message.id)
        .where(DUE, Message.next_at <= real_now, unexpired)
        .order_by(urgency, Message.next_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    taken = update(Message).where(Message.id.in_(select(due.c.id)), DUE)
    return session.scalars(
        taken.values(
            state=MessageState.SENDING, attempt=Message.attempt + 1, lease_until=lease_until, lookups=0
        ).returning(Message)
    ).all()


def _unwanted(session: Session, messages: Sequence[Message]) -> set[int]:
    """Optional messages to phones that opted out since they were planned."""
    optional = [message for message in messages if message.template in OPTIONAL]
    if not optional:
        return set()
    phones = {message.recipient_index for message in optional}
    out = set(session.scalars(select(OptOut.phone_index).where(OptOut.phone_index.in_(phones))))
    return {message.id for message in optional if message.recipient_index in out}


def _text_of(session: Session, message: Message, wording: Wording, *, now: datetime) -> Rendered:
    try:
        return render(session, message, wording=wording, now=now)
    except Exception as error:  # noqa: BLE001  # one message that cannot be written must not stop the rest
        log.error("message %s cannot be written: %s", message.id, type(error).__name__)  # noqa: TRY400
        return Skip(MessageState.FAILED, f"unwritable_{type(error).__name__}"[:64])


def _end(message: Message, skip: Skip, *, real_now: datetime) -> None:
    """Nothing (more) to send: the row says why."""
    message.state, message.error = skip.state, skip.why
    message.ended_at, message.lease_until = real_now, None


def _put_off(message: Message, later: Later, *, real_now: datetime) -> None:
    """Nobody was asked to send it, so it was no attempt."""
    message.state, message.attempt = MessageState.RETRY, message.attempt - 1
    message.next_at, message.lease_until = real_now + later.wait, None


def _prepare(message: Message, written: str, begin_before: float, *, real_now: datetime) -> Claimed:
    message.segments = segments(written)
    message.text_index = text_index(written)
    left = message.expires_at - real_now if message.expires_at else None
    phone = phone_of_message(message)
    outgoing = Outgoing(message.reference, phone, written, left)
    return Claimed(message.id, message.attempt, outgoing, begin_before)


def text_index(written: str) -> bytes:
    """A keyed hash of a text, by which it is known again in the provider's list."""
    return cipher().blind_index(written, "message.text")


def perform(gateway: Gateway, claimed: Claimed) -> Settled:
    """Hand it over. Called without a transaction; never raises."""
    if time.monotonic() > claimed.begin_before:
        return Settled(claimed, None)
    try:
        return Settled(claimed, gateway.send(claimed.outgoing))
    except Exception as error:  # noqa: BLE001  # a fault of the gateway: it may have sent it
        log.error("gateway failed: %s", type(error).__name__)  # noqa: TRY400  # no texts in logs
        return Settled(claimed, Unknown(type(error).__name__))


def settle(session: Session, results: Sequence[Settled], *, gateway: Gateway, real_now: datetime) -> None:
    """Write the outcomes of our attempts, in the order of rows that everybody locks by."""
    ordered = sorted(results, key=lambda each: each.claimed.id)
    accepted = [
        {
            "its_id": each.claimed.id,
            "its_attempt": each.claimed.attempt,
            **accepted_values(
                each.outcome.provider_id, provider=gateway.capabilities.name, real_now=real_now
            ),
        }
        for each in ordered
        if isinstance(each.outcome, Accepted)
    ]
    if accepted:
        session.connection().execute(_ACCEPT, accepted)
    for each in ordered:
        if each.outcome is not None and not isinstance(each.outcome, Accepted):
            settle_one(session, each.claimed, each.outcome, gateway=gateway, real_now=real_now)


def settle_one(
    session: Session,
    claimed: Claimed,
    outcome: Rejected | RetryLater | Unknown,
    *,
    gateway: Gateway,
    real_now: datetime,
) -> None:
    """Write an outcome other than acceptance, where nobody else has decided meanwhile."""
    session.execute(
        update(Message)
        .where(
            Message.id == claimed.id,
            Message.attempt == claimed.attempt,
            text("message.state IN ('sending', 'unknown')"),
        )
        .values(**_values_of(outcome, claimed.attempt, gateway, real_now))
    )


def accepted_values(provider_id: str, *, provider: str, real_now: datetime) -> dict[str, object]:
    """The columns of a message that the provider took."""
    return {
        "state": MessageState.ACCEPTED,
        "provider": provider,
        "provider_id": provider_id,
        "accepted_at": real_now,
        "ended_at": None,
        "lease_until": None,
        "error": None,
    }


def _values_of(
    outcome: Rejected | RetryLater | Unknown, attempt: int, gateway: Gateway, real_now: datetime
) -> dict[str, object]:
    if isinstance(outcome, Unknown):
        look_at = real_now + timedelta(seconds=gateway.capabilities.settles_within)
        return {"state": MessageState.UNKNOWN, "lease_until": look_at, "error": outcome.code[:64]}
    if isinstance(outcome, RetryLater) and attempt < ATTEMPTS:
        wait = delay_after(attempt, random.random(), wanted=outcome.after)  # noqa: S311  # jitter
        return {
            "state": MessageState.RETRY,
            "next_at": real_now + wait,
            "lease_until": None,
            "error": outcome.code[:64],
        }
    if isinstance(outcome, Rejected) and not outcome.number_is_bad:
        log.error("the SMS provider refuses our messages: %s", outcome.code)
    return {
        "state": MessageState.FAILED,
        "ended_at": real_now,
        "lease_until": None,
        "error": outcome.code[:64],
    }
