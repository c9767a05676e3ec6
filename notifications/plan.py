"""Plan a message: one row, written with the change it tells of. Nothing is sent here."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from kernel import clock, ids
from kernel.crypto import cipher
from notifications.kinds import KINDS
from notifications.models import Message, OptOut
from notifications.states import MAY_BE_READ, WAITING, MessageState

# The statement as it is: one row needs no ORM around it.
_MESSAGES = cast("Table", Message.__table__)


def plan(
    session: Session,
    template: str,
    *,
    event_key: str,
    phone: str,
    language: str,
    subject: tuple[str, int],
    hall_id: int | None,
    now: datetime,
    facts: Mapping[str, Any] | None = None,
    plan_at: datetime | None = None,
    expires_in: timedelta | None = None,
) -> None:
    """Add the message unless it was planned before (`row_of` says what of)."""
    row = row_of(
        template,
        event_key=event_key,
        phone=phone,
        language=language,
        subject=subject,
        hall_id=hall_id,
        now=now,
        facts=facts,
        plan_at=plan_at,
        expires_in=expires_in,
    )
    plan_rows(session, [row])


def plan_rows(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add messages, all at once, but for those planned before."""
    if rows:
        session.execute(insert(_MESSAGES).on_conflict_do_nothing(), rows)


def row_of(
    template: str,
    *,
    event_key: str,
    phone: str,
    language: str,
    subject: tuple[str, int],
    hall_id: int | None,
    now: datetime,
    facts: Mapping[str, Any] | None = None,
    plan_at: datetime | None = None,
    expires_in: timedelta | None = None,
) -> dict[str, Any]:
    """The row of a message to plan: (event_key, phone, channel, template) is unique.

    Whether its owner wants it is asked when it is sent.

    Args:
        template: one of `notifications.kinds.KINDS`.
        event_key: what it tells of, for example `appointment:12:booked`.
        phone: E.164.
        language: `zh` or `en`.
        subject: the row that its text is written from when it is sent, as (kind, id).
        hall_id: whose message it is.
        now: business time.
        facts: more for the text; never personal data, which is read from the subject when sending.
        plan_at: business time to send it at; None for at once.
        expires_in: how long it is worth sending (default: as its kind says), counted from `plan_at`.
    """
    real_now = clock.real_now()
    lifetime = expires_in if expires_in is not None else KINDS[template].lifetime
    later = plan_at is not None and plan_at > now
    wait = plan_at - now if plan_at is not None and later else timedelta(0)
    return {
        "reference": ids.new_reference(),
        "event_key": event_key,
        "channel": "sms",
        "template": template,
        "language": "en" if language.startswith("en") else "zh",
        "recipient_index": cipher().blind_index(phone, "phone"),
        "phone_sealed": cipher().encrypt(phone, "message.phone"),
        "hall_id": hall_id,
        "subject_kind": subject[0],
        "subject_id": subject[1],
        "facts": dict(facts or {}),
        "state": MessageState.PLANNED if later else MessageState.QUEUED,
        "plan_at": plan_at or now,
        "next_at": real_now,
        "expires_at": real_now + wait + lifetime,
        "attempt": 0,
        "lookups": 0,
        "created_at": real_now,
    }


def cancel_pending(session: Session, subject: tuple[str, int], *, templates: frozenset[str]) -> int:
    """Cancel what is not being sent yet about `subject`, and count it.

    A message that a sender has claimed meanwhile is sent: one of the two outcomes is recorded, never both.
    """
    mine = Message.subject_kind == subject[0], Message.subject_id == subject[1]
    return _cancel(session, *mine, Message.template.in_(templates))


def withdraw(session: Session, event_key: str) -> bool:
    """Cancel what is not being sent yet under this key; whether its phone has the message, or may have it."""
    mine = Message.event_key == event_key
    _cancel(session, mine)
    return bool(session.scalar(select(exists().where(mine, Message.state.in_(MAY_BE_READ)))))


def _cancel(session: Session, *which: ColumnElement[bool]) -> int:
    waiting = session.execute(
        update(Message)
        .where(*which, Message.state.in_(WAITING))
        .values(state=MessageState.CANCELLED, ended_at=clock.real_now())
        .returning(Message.id)
    )
    return len(waiting.all())


def find_sent(session: Session, subject: tuple[str, int], *, templates: frozenset[str]) -> int | None:
    """The id of the newest message about `subject`, where its phone has it, or may have it; else None.

    After `cancel_pending`: what a sender has claimed meanwhile is found here.
    """
    mine = Message.subject_kind == subject[0], Message.subject_id == subject[1]
    query = select(Message.id, Message.state).where(*mine, Message.template.in_(templates))
    newest = session.execute(query.order_by(Message.id.desc()).limit(1)).one_or_none()
    return newest.id if newest is not None and newest.state in MAY_BE_READ else None


def redirect_pending(session: Session, subject: tuple[str, int], *, phone: str) -> None:
    """Send what is not being sent yet about `subject` to this phone (E.164) instead.

    What was planned for it before is not planned twice: the copy for the other phone is cancelled.
    """
    index, known = cipher().blind_index(phone, "phone"), aliased(Message)
    mine = (
        Message.subject_kind == subject[0],
        Message.subject_id == subject[1],
        Message.state.in_(WAITING),
        Message.recipient_index != index,
    )
    same = exists().where(
        known.event_key == Message.event_key,
        known.recipient_index == index,
        known.channel == Message.channel,
        known.template == Message.template,
    )
    session.execute(
        update(Message)
        .where(*mine, same)
        .values(state=MessageState.CANCELLED, ended_at=clock.real_now())
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(Message)
        .where(*mine)
        .values(recipient_index=index, phone_sealed=cipher().encrypt(phone, "message.phone"))
        .execution_options(synchronize_session=False)
    )


def has_opted_out(session: Session, phone_index: bytes) -> bool:
    """Whether this phone asked for no more reminders and surveys."""
    return bool(session.scalar(select(exists().where(OptOut.phone_index == phone_index))))
