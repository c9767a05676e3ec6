"""What messages know of people: a phone. Wiped when they ask or when it is old, once a message is settled.

That somebody wants no more messages (a keyed hash) is kept: forgetting it would begin to disturb them again.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from kernel.crypto import cipher
from notifications.models import InboundReply, Message, SimulatedSms
from notifications.replies import text_of
from notifications.states import FINAL, WAITING, MessageState
from people.retention import Retention

_NOTHING: dict[str, Any] = {"recipient_index": None, "phone_sealed": None}


def collect(session: Session, phone: str) -> dict[str, Any]:
    """Every message to this phone (E.164), without its text, which is kept nowhere; and every reply."""
    index = _index(phone)
    sent = session.scalars(select(Message).where(Message.recipient_index == index).order_by(Message.id))
    heard = session.scalars(select(InboundReply).where(InboundReply.phone_index == index))
    return {
        "messages": [
            {"about": row.template, "state": row.state, "at": row.plan_at or row.created_at} for row in sent
        ],
        "replies": [{"text": text_of(row), "at": row.received_at} for row in heard],
    }


def forget(session: Session, phone: str, *, real_now: datetime) -> None:
    """Withdraw what is not sent yet, and wipe the phone from what is settled.

    A message that is on its way at this moment keeps it until it is old: only so can it be settled.
    """
    mine = Message.recipient_index == _index(phone)
    session.execute(
        update(Message)
        .where(mine, Message.state.in_(WAITING))
        .values(state=MessageState.CANCELLED, ended_at=real_now)
    )
    session.execute(
        update(Message).where(mine, Message.state.in_(FINAL | {MessageState.ACCEPTED})).values(_NOTHING)
    )
    session.execute(delete(InboundReply).where(InboundReply.phone_index == _index(phone)))
    session.execute(delete(SimulatedSms).where(SimulatedSms.phone_index == _index(phone)))


def forget_old(session: Session, spans: Retention, *, now: datetime, real_now: datetime) -> None:
    """Wipe what is older than it is kept."""
    old = spans.before("message", real_now)
    settled = Message.state.in_(FINAL | {MessageState.ACCEPTED})
    session.execute(
        update(Message)
        .where(settled, Message.created_at < old, Message.phone_sealed.is_not(None))
        .values(_NOTHING)
    )
    heard = InboundReply.understood_as.is_not(None)
    session.execute(
        delete(InboundReply).where(heard, InboundReply.received_at < spans.before("message", now))
    )
    session.execute(delete(SimulatedSms).where(SimulatedSms.accepted_at < spans.before("message", now)))


def _index(phone: str) -> bytes:
    return cipher().blind_index(phone, "phone")
