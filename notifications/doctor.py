"""Promises about messages, checked on the data: sent once, in states that the drawing allows."""

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from kernel.doctor import Violation
from notifications.kinds import KINDS, InDoubt
from notifications.models import Message, SimulatedSms
from notifications.states import FINAL, MessageState

_LIMIT = 100  # violations of one rule that are listed
_S = MessageState


def check(session: Session) -> list[Violation]:
    """Doubled messages, and rows whose columns contradict their state."""
    found = [
        Violation("message_sent_twice", f"message {reference}", f"{count} times")
        for reference, count in session.execute(_doubled())
    ]
    for rule, condition in _contradictions().items():
        ids = session.scalars(select(Message.id).where(condition).limit(_LIMIT))
        found += [Violation(rule, f"message {row_id}") for row_id in ids]
    return found


def _doubled() -> Select[str, int]:
    """By the simulated provider, which keeps everything it accepted."""
    return (
        select(SimulatedSms.message_reference, func.count())
        .group_by(SimulatedSms.message_reference)
        .having(func.count() > 1)
        .limit(_LIMIT)
    )


def _contradictions() -> dict[str, ColumnElement[bool]]:
    sent = Message.state.in_([_S.ACCEPTED, _S.DELIVERED, _S.UNDELIVERED])
    held = [name for name, kind in KINDS.items() if kind.in_doubt is InDoubt.HOLD]
    return {
        "message_state_unknown_to_us": Message.state.not_in(list(_S)),
        "message_sent_without_proof": and_(
            sent,
            or_(Message.provider_id.is_(None), Message.accepted_at.is_(None), Message.attempt == 0),
        ),
        "message_ended_without_time": and_(Message.state.in_(FINAL), Message.ended_at.is_(None)),
        "message_open_with_end": and_(Message.state.not_in(FINAL), Message.ended_at.is_not(None)),
        "message_sending_without_lease": and_(
            Message.state.in_([_S.SENDING, _S.UNKNOWN]), Message.lease_until.is_(None)
        ),
        "message_planned_without_time": and_(Message.state == _S.PLANNED, Message.plan_at.is_(None)),
        "message_held_against_policy": and_(Message.error == "held_by_policy", Message.template.not_in(held)),
    }
