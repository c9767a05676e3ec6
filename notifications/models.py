"""Messages and their fate.

Leases, retries, receipts and expiry are in real time; `plan_at` and what phones show are in business time.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base


class Message(Base):
    """One message to one person. Its text is written when it is sent; `facts` hold no personal data.

    `event_key` names what it tells of (`appointment:12:booked`); the unique key makes planning it twice
    harmless. The phone is sealed (purpose `message.phone`) and gone some time after the end. States:
    docs/messages.md.

    `lease_until` is the end of the sender's turn while sending, and the time of the next look-up while
    unknown; `lookups` counts look-ups that could not tell. `text_index` is a keyed hash of the text sent,
    by which it is known again in the provider's list.
    """

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("event_key", "recipient_index", "channel", "template"),
        Index("ix_message_due", "next_at", postgresql_where=text("state IN ('queued', 'retry')")),
        Index("ix_message_planned", "plan_at", postgresql_where=text("state = 'planned'")),
        Index("ix_message_lease", "lease_until", postgresql_where=text("state IN ('sending', 'unknown')")),
        Index("ix_message_accepted", "accepted_at", postgresql_where=text("state = 'accepted'")),
        Index(
            "ix_message_expires",
            "expires_at",
            postgresql_where=text("state IN ('planned', 'queued', 'retry')"),
        ),
        Index("ix_message_subject", "subject_kind", "subject_id"),
        Index("ix_message_recipient", "recipient_index", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    reference: Mapped[str] = mapped_column(String(32), unique=True)
    event_key: Mapped[str] = mapped_column(String(80))
    channel: Mapped[str] = mapped_column(String(8), default="sms")
    template: Mapped[str] = mapped_column(String(32))
    language: Mapped[str] = mapped_column(String(8), default="zh")
    recipient_index: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    hall_id: Mapped[int | None] = mapped_column(BigInteger)
    subject_kind: Mapped[str] = mapped_column(String(16))
    subject_id: Mapped[int] = mapped_column(BigInteger)
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    state: Mapped[str] = mapped_column(String(12), default="queued")
    plan_at: Mapped[datetime | None]
    next_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    attempt: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    lookups: Mapped[int] = mapped_column(default=0)
    provider: Mapped[str | None] = mapped_column(String(16))
    provider_id: Mapped[str | None] = mapped_column(String(64), index=True)
    error: Mapped[str | None] = mapped_column(String(64))
    text_index: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    segments: Mapped[int | None]
    created_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class MessageReceipt(Base):
    """What a provider told us about a message, as it came; applied by id, forward only."""

    __tablename__ = "message_receipt"
    __table_args__ = (
        UniqueConstraint("provider", "provider_id", "status"),
        Index("ix_message_receipt_waiting", "id", postgresql_where=text("applied_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    provider: Mapped[str] = mapped_column(String(16))
    provider_id: Mapped[str] = mapped_column(String(64))
    message_reference: Mapped[str | None] = mapped_column(String(32))
    status: Mapped[str] = mapped_column(String(24))
    error: Mapped[str | None] = mapped_column(String(64))
    received_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]


class InboundReply(Base):
    """An SMS from a citizen; text (purpose `reply.text`) and phone (`reply.phone`) are sealed.

    `received_at` is business time, like the texts and surveys that it answers.
    """

    __tablename__ = "inbound_reply"
    __table_args__ = (UniqueConstraint("provider", "provider_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    provider: Mapped[str] = mapped_column(String(16))
    provider_id: Mapped[str] = mapped_column(String(64))
    phone_index: Mapped[bytes] = mapped_column(LargeBinary(16), index=True)
    phone_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    text_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime]
    understood_as: Mapped[str | None] = mapped_column(String(24))


class OptOut(Base):
    """A phone that wants no more surveys and reminders; one-time codes and calls still go."""

    __tablename__ = "opt_out"

    phone_index: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    since_at: Mapped[datetime]


class SimulatedSms(Base):
    """What the console gateway accepted, as a provider would keep it: the SMS simulator shows it.

    Written in its own transaction, like a far system; sealed with purpose `simulator.phone` and
    `simulator.text`. `accepted_at` is business time: what the phone's own clock shows.
    """

    __tablename__ = "simulated_sms"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    provider_id: Mapped[str] = mapped_column(String(64), unique=True)
    message_reference: Mapped[str] = mapped_column(String(32), index=True)
    phone_index: Mapped[bytes] = mapped_column(LargeBinary(16), index=True)
    phone_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    text_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    accepted_at: Mapped[datetime]
