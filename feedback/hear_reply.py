"""Understand an SMS from a citizen and answer it (handler of ReplyReceived).

Digits rate and do nothing else; words leave, come back or wish to cancel; what is not plain is kept for
people to read, with one polite answer a day at most.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from feedback.grades import is_bad
from feedback.rate import ReplyOutcome, rate_by_reply
from notifications.models import InboundReply, Message
from notifications.plan import plan
from notifications.replies import opt_in, opt_out, phone_of, text_of
from notifications.reply_parsing import CancelWish, OptIn, OptOut, Rating, Unclear, parse_reply

_CONTACT_DAYS = 1


def hear(session: Session, event: Mapping[str, Any], *, now: datetime) -> None:
    """Act on the reply and note how it was understood."""
    reply = session.get_one(InboundReply, event["reply_id"])
    meaning = parse_reply(text_of(reply))
    match meaning:
        case Rating(grade=grade):
            reply.understood_as = _hear_rating(session, reply, grade, now=now)
        case OptOut():
            opt_out(session, reply.phone_index, now=now)
            reply.understood_as = "opt_out"
            _answer(session, reply, "opted_out", now=now)
        case OptIn():
            opt_in(session, reply.phone_index)
            reply.understood_as = "opt_in"
        case CancelWish() | Unclear():
            reply.understood_as = "cancel_wish" if isinstance(meaning, CancelWish) else "unclear"
            _help(session, reply, now=now)


def _hear_rating(session: Session, reply: InboundReply, grade: int, *, now: datetime) -> str:
    outcome = rate_by_reply(session, reply.phone_index, grade, now=now)
    if outcome is ReplyOutcome.RATED:
        _answer(session, reply, "reply_sorry" if is_bad(grade) else "reply_thanks", now=now)
    elif outcome is ReplyOutcome.ALREADY_RATED:
        _answer(session, reply, "reply_known", now=now)
    else:
        _help(session, reply, now=now)
    return f"rating_{outcome}"[:24]


def _help(session: Session, reply: InboundReply, *, now: datetime) -> None:
    """Once a day and phone: two machines must not write to each other for ever."""
    _answer(session, reply, "reply_help", now=now, event_key=f"reply-help:{now:%Y%m%d}")


def _answer(
    session: Session, reply: InboundReply, template: str, *, now: datetime, event_key: str = ""
) -> None:
    plan(
        session,
        template,
        event_key=event_key or f"reply:{reply.id}",
        phone=phone_of(reply),
        language=_language_of(session, reply.phone_index),
        subject=("reply", reply.id),
        hall_id=None,
        facts={"days": _CONTACT_DAYS},
        now=now,
    )


def _language_of(session: Session, phone_index: bytes) -> str:
    """The language of the last message to this phone."""
    last = select(Message.language).where(Message.recipient_index == phone_index)
    return session.scalar(last.order_by(Message.id.desc()).limit(1)) or "zh"
