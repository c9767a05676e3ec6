"""The SMS simulator: what the console gateway accepted, as the phones would show it, and their answers."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel import ids
from kernel.crypto import cipher
from kernel.phone import normalise
from notifications import replies
from notifications.gateways.console import NAME
from notifications.models import InboundReply, SimulatedSms

TOPIC = "sms"  # the live topic of its page


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message on a phone; `from_citizen` tells who wrote it. `at` is business time, as phones show."""

    id: int
    phone: str
    text: str
    at: datetime
    from_citizen: bool


def list_simulated(
    session: Session, phone: str | None = None, *, limit: int = 50, after_id: int = 0
) -> list[Bubble]:
    """Messages that went out, the newest first; of one phone, or after a known one, where asked for.

    Raises:
        PhoneMalformed: `phone` is not a number.
    """
    wanted = select(SimulatedSms).where(SimulatedSms.id > after_id)
    if phone is not None:
        wanted = wanted.where(SimulatedSms.phone_index == _index(phone))
    rows = session.scalars(wanted.order_by(SimulatedSms.id.desc()).limit(limit))
    return [
        Bubble(
            row.id,
            cipher().decrypt(row.phone_sealed, "simulator.phone"),
            cipher().decrypt(row.text_sealed, "simulator.text"),
            row.accepted_at,
            from_citizen=False,
        )
        for row in rows
    ]


def conversation(session: Session, phone: str, *, limit: int = 50) -> list[Bubble]:
    """What went to and came from a phone, the oldest first."""
    wanted = select(InboundReply).where(InboundReply.phone_index == _index(phone))
    rows = session.scalars(wanted.order_by(InboundReply.id.desc()).limit(limit))
    answers = [
        Bubble(row.id, replies.phone_of(row), replies.text_of(row), row.received_at, from_citizen=True)
        for row in rows
    ]
    both = list_simulated(session, phone, limit=limit) + answers
    return sorted(both, key=lambda bubble: (bubble.at, bubble.from_citizen))[-limit:]


def answer(session: Session, phone: str, text: str, *, now: datetime) -> InboundReply:
    """Answer from a phone, as its owner would."""
    return replies.receive(session, NAME, f"IN{ids.new_reference()}", phone, text, now=now)


def _index(phone: str) -> bytes:
    return cipher().blind_index(normalise(phone), "phone")
