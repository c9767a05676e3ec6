"""The message sweeper: finds in PostgreSQL alone what is due, whatever was lost elsewhere.

Each step is one statement and safe to run in several processes at once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BindParameter, bindparam, exists, select, text, update
from sqlalchemy.orm import Session

from notifications.models import Message, MessageReceipt
from notifications.send import DUE
from notifications.states import MessageState

NO_RECEIPT = timedelta(hours=72)  # after that nobody will tell us any more

_PLANNED = text("message.state = 'planned'")
_WAITING = text("message.state IN ('planned', 'queued', 'retry')")
_LEASED = text("message.state IN ('sending', 'unknown')")
_ACCEPTED = text("message.state = 'accepted'")
_RECEIPT = text("message_receipt.applied_at IS NULL")


_NOW: BindParameter[datetime] = bindparam("now")
_REAL_NOW: BindParameter[datetime] = bindparam("real_now")
_LEASE_OVER = Message.lease_until <= _REAL_NOW
# Built once: it is asked several times a second for as long as the program runs.
_LOOK = select(
    exists().where(_WAITING, Message.expires_at <= _REAL_NOW),
    exists().where(_PLANNED, Message.plan_at <= _NOW),
    exists().where(_LEASED, Message.state == MessageState.SENDING, _LEASE_OVER),
    exists().where(_ACCEPTED, Message.accepted_at <= bindparam("silent_since")),
    exists().where(DUE, Message.next_at <= _REAL_NOW),
    exists().where(_LEASED, Message.state == MessageState.UNKNOWN, _LEASE_OVER),
    exists(select(MessageReceipt.id).where(_RECEIPT)),
)


@dataclass(frozen=True, slots=True)
class Due:
    """What the sweeper found; all False on a quiet day, for the price of one statement."""

    expired: bool
    planned: bool
    lost: bool
    silent: bool
    to_send: bool
    to_look_up: bool
    receipts: bool


def look(session: Session, *, now: datetime, real_now: datetime) -> Due:
    """Whether anything is due; `now` is business time, `real_now` real time."""
    times = {"now": now, "real_now": real_now, "silent_since": real_now - NO_RECEIPT}
    return Due(*session.execute(_LOOK, times).one())


def sweep(session: Session, *, now: datetime, real_now: datetime) -> Due:
    """Move every message whose time has come; returns what now waits for a sender or a look-up."""
    due = look(session, now=now, real_now=real_now)
    moved = 0
    moved += _expire(session, real_now) if due.expired else 0
    moved += _promote(session, now, real_now) if due.planned else 0
    moved += _doubt(session, real_now) if due.lost else 0
    moved += _give_up_waiting(session, real_now) if due.silent else 0
    return look(session, now=now, real_now=real_now) if moved else due


def _expire(session: Session, real_now: datetime) -> int:
    """What is not worth sending any more: a call ten hours late is worse than none."""
    late = update(Message).where(_WAITING, Message.expires_at <= real_now)
    return _count(session, late.values(state=MessageState.EXPIRED, ended_at=real_now))


def _promote(session: Session, now: datetime, real_now: datetime) -> int:
    """What was planned for a time that has come."""
    come = update(Message).where(_PLANNED, Message.plan_at <= now)
    return _count(session, come.values(state=MessageState.QUEUED, next_at=real_now))


def _doubt(session: Session, real_now: datetime) -> int:
    """Senders that did not come back: the provider may have the message or not.

    A lease outlasts the gateway's timeout by a margin, so no sender is still speaking to the provider.
    """
    over = update(Message).where(
        _LEASED, Message.state == MessageState.SENDING, Message.lease_until <= real_now
    )
    return _count(session, over.values(state=MessageState.UNKNOWN, error="sender_lost", lookups=0))


def _give_up_waiting(session: Session, real_now: datetime) -> int:
    """Accepted, but no receipt for three days."""
    silent = update(Message).where(_ACCEPTED, Message.accepted_at <= real_now - NO_RECEIPT)
    return _count(session, silent.values(state=MessageState.UNDETERMINED, ended_at=real_now))


def _count(session: Session, statement: object) -> int:
    result = session.execute(statement.returning(Message.id))  # type: ignore[attr-defined]
    return len(result.all())
