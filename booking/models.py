"""The promise as rows: slots, numbers, drafts of bookings, appointments, and answered requests.

A number is a row: bookable means released, no appointment, no hold that still runs.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base


class Slot(Base):
    """A bookable half-hour [starts_at, ends_at) of a service group."""

    __tablename__ = "slot"
    __table_args__ = (UniqueConstraint("group_id", "starts_at"), Index("ix_slot_day", "hall_id", "on_date"))

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hall_id: Mapped[int] = mapped_column(BigInteger)
    group_id: Mapped[int] = mapped_column(BigInteger)
    on_date: Mapped[date]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    counters: Mapped[float]


class Number(Base):
    """One bookable place. Hall, group, day and start are repeated here so that one index answers all."""

    __tablename__ = "number"
    __table_args__ = (
        UniqueConstraint("slot_id", "ordinal"),
        Index(
            "ix_number_free",
            "group_id",
            "on_date",
            "starts_at",
            postgresql_include=["released_at", "held_until", "channel", "slot_id", "ordinal", "id"],
            postgresql_where=text("appointment_id IS NULL"),
        ),
        Index("ix_number_hold", "hold_token", postgresql_where=text("hold_token IS NOT NULL")),
        Index("ix_number_appointment", "appointment_id", postgresql_where=text("appointment_id IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id"))
    hall_id: Mapped[int] = mapped_column(BigInteger)
    group_id: Mapped[int] = mapped_column(BigInteger)
    on_date: Mapped[date]
    starts_at: Mapped[datetime]
    ordinal: Mapped[int]
    channel: Mapped[str] = mapped_column(String(8))
    released_at: Mapped[datetime | None]
    held_until: Mapped[datetime | None]
    hold_token: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    appointment_id: Mapped[int | None] = mapped_column(BigInteger)


class Draft(Base):
    """What a citizen has filled in so far, kept on the server: refresh, back and a killed page lose nothing.

    `token_hash` is that of the hold token; `needed` is how many numbers the visit takes; `answers` (guide)
    holds no personal data; `form_sealed` (purpose `draft.form`) holds the rest, encrypted JSON.
    """

    __tablename__ = "draft"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    hall_id: Mapped[int] = mapped_column(BigInteger)
    group_id: Mapped[int] = mapped_column(BigInteger)
    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id"))
    service_ids: Mapped[list[int]] = mapped_column(JSONB)
    needed: Mapped[int] = mapped_column(default=1)
    answers: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    form_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    held_until: Mapped[datetime]
    created_at: Mapped[datetime]
    appointment_id: Mapped[int | None] = mapped_column(BigInteger)


class Appointment(Base):
    """A booked visit. `code` is six digits for the kiosk, unique per hall and day; `reference` is public."""

    __tablename__ = "appointment"
    __table_args__ = (
        Index(
            "uq_appointment_open_per_day",
            "citizen_id",
            "group_id",
            "on_date",
            unique=True,
            postgresql_where=text("state IN ('booked', 'checked_in')"),
        ),
        Index("uq_appointment_code", "hall_id", "on_date", "code", unique=True),
        Index("ix_appointment_citizen", "citizen_id", "on_date"),
        Index("ix_appointment_day", "hall_id", "on_date", "starts_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    reference: Mapped[str] = mapped_column(String(32), unique=True)
    code: Mapped[str] = mapped_column(String(8))
    citizen_id: Mapped[int] = mapped_column(BigInteger)
    hall_id: Mapped[int] = mapped_column(BigInteger)
    group_id: Mapped[int] = mapped_column(BigInteger)
    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id"))
    on_date: Mapped[date]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    service_ids: Mapped[list[int]] = mapped_column(JSONB)
    answers: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    state: Mapped[str] = mapped_column(String(12), default="booked")
    booked_at: Mapped[datetime]
    checked_in_at: Mapped[datetime | None]
    fulfilled_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    closed_as_no_show_at: Mapped[datetime | None]
    cancel_reason: Mapped[str | None] = mapped_column(String(32))
    phone_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    phone_index: Mapped[bytes] = mapped_column(LargeBinary(16), index=True)
    language: Mapped[str] = mapped_column(String(8), default="zh")


class IdempotencyKey(Base):
    """The first answer to a request, given again for 24 hours. Real time; the body is encrypted."""

    __tablename__ = "idempotency_key"

    key_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    created_at: Mapped[datetime] = mapped_column(index=True)
    status: Mapped[int | None]
    answer_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
