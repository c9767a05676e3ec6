"""Answers of citizens by SMS: kept sealed as they come, understood afterwards."""

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kernel import clock, outbox
from kernel.crypto import cipher
from kernel.phone import normalise
from notifications.events import ReplyReceived
from notifications.kinds import OPTIONAL
from notifications.models import InboundReply, Message, OptOut
from notifications.states import MessageState

_LONGEST_TEXT = 1000


def receive(
    session: Session, provider: str, provider_id: str, phone: str, text: str, *, now: datetime
) -> InboundReply:
    """Keep an SMS that a provider pushed; the same one pushed again is the same row and no second event.

    Raises:
        PhoneMalformed: the sender is not a phone.
    """
    number = normalise(phone)
    added = session.scalar(
        insert(InboundReply)
        .values(
            provider=provider,
            provider_id=provider_id[:64],
            phone_index=cipher().blind_index(number, "phone"),
            phone_sealed=cipher().encrypt(number, "reply.phone"),
            text_sealed=cipher().encrypt(text[:_LONGEST_TEXT], "reply.text"),
            received_at=now,
        )
        .on_conflict_do_nothing()
        .returning(InboundReply.id)
    )
    if added is not None:
        outbox.emit(session, ReplyReceived(added), now=now)
    same = (InboundReply.provider == provider, InboundReply.provider_id == provider_id[:64])
    return session.scalars(select(InboundReply).where(*same)).one()


def text_of(reply: InboundReply) -> str:
    """What the citizen wrote."""
    return cipher().decrypt(reply.text_sealed, "reply.text")


def phone_of(reply: InboundReply) -> str:
    """Who wrote it, in E.164."""
    return cipher().decrypt(reply.phone_sealed, "reply.phone")


def opt_out(session: Session, phone_index: bytes, *, now: datetime) -> int:
    """No more reminders and surveys to this phone; counts what was waiting and is now suppressed."""
    session.execute(insert(OptOut).values(phone_index=phone_index, since_at=now).on_conflict_do_nothing())
    waiting = session.execute(
        update(Message)
        .where(
            Message.recipient_index == phone_index,
            Message.template.in_(OPTIONAL),
            Message.state.in_(["planned", "queued", "retry"]),
        )
        .values(state=MessageState.SUPPRESSED, ended_at=clock.real_now(), error="opted_out")
        .returning(Message.id)
    )
    return len(waiting.all())


def opt_in(session: Session, phone_index: bytes) -> None:
    """Reminders and surveys again."""
    session.execute(delete(OptOut).where(OptOut.phone_index == phone_index))
