"""The promise as rows: slots, numbers, drafts of bookings, appointments, and answered requests.

A number is a row: bookable means released, no appointment, no hold that still runs.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base

#: A person has one open appointment per line and day: `booking.standing.one_a_day` says it in words.
ONE_A_DAY = "uq_appointment_open_per_day"


class Slot(Base):
    """A bookable half-hour [starts_at, ends_at) of a service group.

    `place_zh` is where a mobile session is held, empty in the hall: a visit has one place, also when the
    hall moves it. A slot with bookings keeps its place, whatever the plan says later.
    """

    __tablename__ = "slot"
    __table_args__ = (
        UniqueConstraint("group_id", "starts_at"),
        Index("ix_slot_day", "hall_id", "on_date"),
        Index("ix_slot_village", "group_id", "starts_at", postgresql_where=text("place_zh <> ''")),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hall_id: Mapped[int] = mapped_column(BigInteger)
    group_id: Mapped[int] = mapped_column(BigInteger)
    on_date: Mapped[date]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    counters: Mapped[float]
    place_zh: Mapped[str] = mapped_column(String(120), default="", server_default="")
    place_en: Mapped[str] = mapped_column(String(160), default="", server_default="")


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

    `token_hash` is that of the hold token; `needed` is how many numbers the visit takes in all; `answers`
    (guide) holds no personal data; `form_sealed` (purpose `draft.form`) holds the rest, encrypted JSON.
    `legs` as in `Appointment`.
    """

    __tablename__ = "draft"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    hall_id: Mapped[int] = mapped_column(BigInteger)
    group_id: Mapped[int] = mapped_column(BigInteger)
    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id"))
    service_ids: Mapped[list[int]] = mapped_column(JSONB)
    legs: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default="[]")
    needed: Mapped[int] = mapped_column(default=1)
    answers: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    form_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    held_until: Mapped[datetime]
    created_at: Mapped[datetime]
    appointment_id: Mapped[int | None] = mapped_column(BigInteger)


class Appointment(Base):
    """A booked visit. `code` is six digits for the kiosk, unique per hall and day; `reference` is public.

    `legs` are the lines that the visit passes, in order, when there are several:
    `{"group_id", "service_ids", "needed", "starts_at"}`; empty for one line, which `group_id` names. The
    group of a visit of several lines is that of its first leg. `delivery_sealed` (purpose
    `appointment.delivery`) says where the result is to be posted, encrypted JSON; `name_sealed` (purpose
    `appointment.name`) is the name that this booking was made with, whatever others say of the document:
    pages and messages of the booking show it. `made_by` is "citizen" or
    "staff". An appeal that was accepted sets `excused_at`: what was missed then does not count any more.
    `moved_late_at` is when its owner moved it so late that cancelling would have counted as missed: if they
    then cancel, it does. A fulfilled visit of several lines that ended before its last leg says what was left
    (`undone_service_ids`). `place_zh` is the village of a mobile session that was booked, empty in the hall;
    the slot may be held elsewhere once the booking has ended. Phone and name are gone once its owner was
    erased or nobody needs it any more.
    """

    __tablename__ = "appointment"
    __table_args__ = (
        Index(
            ONE_A_DAY,
            "citizen_id",
            "group_id",
            "on_date",
            unique=True,
            postgresql_where=text("state IN ('booked', 'checked_in')"),
        ),
        Index("uq_appointment_code", "hall_id", "on_date", "code", unique=True),
        Index("ix_appointment_citizen", "citizen_id", "on_date"),
        Index("ix_appointment_day", "hall_id", "on_date", "starts_at"),
        Index("ix_appointment_slot", "slot_id"),
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
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary(16), index=True)
    language: Mapped[str] = mapped_column(String(8), default="zh")
    legs: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default="[]")
    delivery_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    name_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    made_by: Mapped[str] = mapped_column(String(8), default="citizen", server_default="citizen")
    excused_at: Mapped[datetime | None]
    moved_late_at: Mapped[datetime | None]
    undone_service_ids: Mapped[list[int]] = mapped_column(JSONB, default=list, server_default="[]")
    place_zh: Mapped[str] = mapped_column(String(120), default="", server_default="")
    place_en: Mapped[str] = mapped_column(String(160), default="", server_default="")


class KeptForUndo(Base):
    """A booking that its owner has cancelled and may take back `until` then (`booking.undo_cancel`).

    Its numbers, `numbers` of them, are held under a token that nobody knows.
    """

    __tablename__ = "kept_for_undo"

    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointment.id"), primary_key=True)
    hold_token: Mapped[bytes] = mapped_column(LargeBinary(32))
    numbers: Mapped[int]
    until: Mapped[datetime] = mapped_column(index=True)


class IdempotencyKey(Base):
    """The first answer to a request, given again for 24 hours. Real time; the body is encrypted."""

    __tablename__ = "idempotency_key"

    key_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    created_at: Mapped[datetime] = mapped_column(index=True)
    status: Mapped[int | None]
    answer_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)


class WaitlistEntry(Base):
    """Somebody waits for a number of a line between two days; a free one is offered by SMS.

    `legs` are the lines of a visit of several, in the order asked: `{"group_id", "service_ids", "needed"}`;
    empty for one line, which `group_id` names (of several the first). `needed` are its numbers in all.

    `state` is waiting → offered → taken | lapsed | left | expired. An offer holds numbers until `offer_until`
    under a token (purpose `waitlist.token`); the link of the SMS carries `reference`. A lapsed offer goes to
    the next in line; `offers` counts how often this one was asked. One that the hall took back leaves
    `offered_at` without `offer_starts_at`.
    """

    __tablename__ = "waitlist_entry"
    __table_args__ = (
        Index("ix_waitlist_waiting", "group_id", "created_at", postgresql_where=text("state = 'waiting'")),
        Index("ix_waitlist_offered", "offer_until", postgresql_where=text("state = 'offered'")),
        Index(
            "uq_waitlist_entry_open",
            "phone_index",
            "group_id",
            unique=True,
            postgresql_where=text("state IN ('waiting', 'offered')"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    reference: Mapped[str] = mapped_column(String(32), unique=True)
    hall_id: Mapped[int] = mapped_column(BigInteger)
    group_id: Mapped[int] = mapped_column(BigInteger)
    service_ids: Mapped[list[int]] = mapped_column(JSONB)
    answers: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    needed: Mapped[int] = mapped_column(default=1)
    legs: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default="[]")
    first_on: Mapped[date]
    last_on: Mapped[date]
    phone_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    phone_index: Mapped[bytes] = mapped_column(LargeBinary(16), index=True)
    language: Mapped[str] = mapped_column(String(8), default="zh")
    state: Mapped[str] = mapped_column(String(12), default="waiting")
    created_at: Mapped[datetime]
    offers: Mapped[int] = mapped_column(default=0)
    offered_at: Mapped[datetime | None]
    offer_until: Mapped[datetime | None]
    offer_starts_at: Mapped[datetime | None]
    token_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    draft_id: Mapped[int | None] = mapped_column(BigInteger)
    ended_at: Mapped[datetime | None]


class Attempt(Base):
    """Somebody looked for a number on a day: one row per visitor, service and hall (0: the whole city).

    `visitor` is a keyed hash of a random cookie or of a verified phone, and changes each day. `found` says
    whether any of the looks saw a number within the promise. Bookings alone hide the demand that met nothing.
    """

    __tablename__ = "attempt"

    on_date: Mapped[date] = mapped_column(primary_key=True)
    visitor: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    service_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hall_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    found: Mapped[bool]
    first_at: Mapped[datetime]


class PromiseSample(Base):
    """Whether a line could take a visit within three working days, looked at every quarter of an hour.

    One row for a visit of one number, that is any free number at all, and one for each other count of numbers
    (`units`) that a service of the line takes. `available` leaves today out, `available_with_today` does
    not. `third_after` is TNA: the working days to the day that holds the third such visit (0 = today;
    horizon + 1 when there are not three), and `third_after_days` the same in calendar days.
    """

    __tablename__ = "promise_sample"

    group_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    sampled_at: Mapped[datetime] = mapped_column(primary_key=True)
    units: Mapped[int] = mapped_column(primary_key=True, default=1, server_default="1")
    hall_id: Mapped[int] = mapped_column(BigInteger, index=True)
    available: Mapped[bool]
    available_with_today: Mapped[bool]
    third_after: Mapped[int]
    third_after_days: Mapped[int]


class SpecialRequest(Base):
    """Somebody asks for a number outside the line: green channel, urgent, or a special case.

    `state` is asked → approved | refused | withdrawn | expired. The person (purpose
    `special_request.person`, encrypted JSON with name, document and phone), the reason
    (`special_request.reason`) and the answer (`special_request.answer`) are encrypted.
    """

    __tablename__ = "special_request"
    __table_args__ = (
        Index("ix_special_request_asked", "hall_id", "created_at", postgresql_where=text("state = 'asked'")),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    reference: Mapped[str] = mapped_column(String(32), unique=True)
    hall_id: Mapped[int] = mapped_column(BigInteger)
    group_id: Mapped[int] = mapped_column(BigInteger)
    service_ids: Mapped[list[int]] = mapped_column(JSONB)
    answers: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    kind: Mapped[str] = mapped_column(String(12))
    wanted_on: Mapped[date]
    person_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    identity_index: Mapped[bytes] = mapped_column(LargeBinary(16))
    phone_index: Mapped[bytes] = mapped_column(LargeBinary(16), index=True)
    reason_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    language: Mapped[str] = mapped_column(String(8), default="zh")
    state: Mapped[str] = mapped_column(String(12), default="asked")
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(BigInteger)
    answer_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    appointment_id: Mapped[int | None] = mapped_column(BigInteger)


class Appeal(Base):
    """A citizen says why a missed appointment should not count. `state` is asked → accepted | refused.

    One appeal per appointment; reason and answer are encrypted (`appeal.reason`, `appeal.answer`).
    """

    __tablename__ = "appeal"
    __table_args__ = (
        Index("ix_appeal_asked", "hall_id", "created_at", postgresql_where=text("state = 'asked'")),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    reference: Mapped[str] = mapped_column(String(32), unique=True)
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointment.id"), unique=True)
    hall_id: Mapped[int] = mapped_column(BigInteger)
    citizen_id: Mapped[int] = mapped_column(BigInteger, index=True)
    reason_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(12), default="asked")
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(BigInteger)
    answer_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)


class DocumentAppeal(Base):
    """Somebody says that others used their document. `state` is asked → accepted | refused.

    The claim (`document_appeal.person`, JSON with document and phone), the reason (`document_appeal.reason`)
    and the answer (`document_appeal.answer`) are encrypted. `hall_id` is the hall that has to decide.
    """

    __tablename__ = "document_appeal"
    __table_args__ = (
        Index("ix_document_appeal_asked", "hall_id", "created_at", postgresql_where=text("state = 'asked'")),
        Index(
            "uq_document_appeal_open",
            "identity_index",
            "phone_index",
            unique=True,
            postgresql_where=text("state = 'asked'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    reference: Mapped[str] = mapped_column(String(32), unique=True)
    hall_id: Mapped[int] = mapped_column(BigInteger)
    person_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    identity_index: Mapped[bytes] = mapped_column(LargeBinary(16))
    phone_index: Mapped[bytes] = mapped_column(LargeBinary(16), index=True)
    reason_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    language: Mapped[str] = mapped_column(String(8), default="zh")
    state: Mapped[str] = mapped_column(String(12), default="asked")
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(BigInteger)
    answer_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
