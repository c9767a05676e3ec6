"""Ratings (好差评): one survey per completed visit, one rating per survey, a case per bad rating."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, LargeBinary, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base


class Survey(Base):
    """The invitation of one completed visit; `reference` is the key of its page and QR.

    `channel` is how the person was asked: sms, or qr where no phone is known.
    """

    __tablename__ = "survey"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    reference: Mapped[str] = mapped_column(String(32), unique=True)
    ticket_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    hall_id: Mapped[int] = mapped_column(BigInteger, index=True)
    group_id: Mapped[int] = mapped_column(BigInteger)
    counter_id: Mapped[int | None] = mapped_column(BigInteger)
    staff_id: Mapped[int | None] = mapped_column(BigInteger)
    service_ids: Mapped[list[int]] = mapped_column(JSONB, default=list)
    citizen_id: Mapped[int | None] = mapped_column(BigInteger)
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary(16), index=True)
    channel: Mapped[str] = mapped_column(String(8))
    visit_on: Mapped[date]
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Rating(Base):
    """The answer: grade 5 非常满意 … 1 非常不满意. A comment is sealed (purpose `rating.comment`)."""

    __tablename__ = "rating"
    __table_args__ = (CheckConstraint("grade BETWEEN 1 AND 5", name="grade"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id"), unique=True)
    hall_id: Mapped[int] = mapped_column(BigInteger, index=True)
    grade: Mapped[int]
    reasons: Mapped[list[str]] = mapped_column(JSONB, default=list)
    comment_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    via: Mapped[str] = mapped_column(String(8))
    contact_by_handler: Mapped[bool] = mapped_column(default=True)
    answered_at: Mapped[datetime]


class FollowUpCase(Base):
    """A bad rating (1, 2) that must be answered; due dates are working days of the hall."""

    __tablename__ = "follow_up_case"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    reference: Mapped[str] = mapped_column(String(32), unique=True)
    rating_id: Mapped[int] = mapped_column(ForeignKey("rating.id"), unique=True)
    hall_id: Mapped[int] = mapped_column(BigInteger, index=True)
    state: Mapped[str] = mapped_column(String(12), default="received")
    opened_at: Mapped[datetime]
    contact_due_on: Mapped[date]
    rectify_due_on: Mapped[date]
    contacted_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
