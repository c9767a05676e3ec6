"""The hall today: lines, tickets, calls, counters at work."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base


def _group_of_issue(context: Any) -> int:
    return int(context.get_current_parameters()["group_id"])


class Line(Base):
    """A group's line on one day. Its row is locked to issue (gapless ordinals) and to call.

    `last_promise_at` keeps promises monotone; `calls` counts calls, so that a re-insertion
    "after the next 3 calls" is a number fixed when it is decided.
    """

    __tablename__ = "line"
    __table_args__ = (UniqueConstraint("group_id", "on_date"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hall_id: Mapped[int] = mapped_column(BigInteger)
    group_id: Mapped[int] = mapped_column(BigInteger)
    on_date: Mapped[date]
    last_ordinal: Mapped[int] = mapped_column(default=0)
    last_promise_at: Mapped[datetime | None]
    calls: Mapped[int] = mapped_column(default=0)


class Ticket(Base):
    """Today's place in line. `due_at` is its key, fixed at issue; see docs/queue-rule.md.

    `press_key` is the id of the press that asked for it: pressing twice gives one ticket. A transfer
    changes `group_id`; label and ordinal stay those of `issued_group_id`, where they are distinct. `legs` are
    the lines still to pass after this one, `{"group_id", "service_ids"}` in order; `done_service_ids` what
    was done in the lines before. `to_counter_id`: waits for this counter alone, while somebody sits there.

    `since_at` is when the state began. `wait_time`, `walk_time`, `service_time` and `aside_time` add up the
    time in each state until then (`queueing.durations`); `stays` keep the lines of those who were in several
    apart (`queueing.stays`). `step` is the last step and what it can be taken
    back with, pressed at `step_counter_id` at `stepped_at` (real time; `queueing.undo`).
    `silent`: its owner is shown on the screens and told by phone, and not called out (`queueing.silence`).
    `promoted_at`: it was a standby number until then.
    `minutes` of a counter are expected for it (0: as for any other of its line), `quick` says that these are
    few; both fixed like the key.
    """

    __tablename__ = "ticket"
    __table_args__ = (
        UniqueConstraint("issued_group_id", "on_date", "ordinal"),
        Index("ix_ticket_waiting", "group_id", "due_at", postgresql_where=text("state = 'waiting'")),
        Index(
            "ix_ticket_waiting_issued", "group_id", "issued_at", postgresql_where=text("state = 'waiting'")
        ),
        Index("ix_ticket_day", "hall_id", "on_date", "state"),
        Index(
            "uq_ticket_at_counter",
            "counter_id",
            unique=True,
            postgresql_where=text("state IN ('called', 'serving')"),
        ),
        Index(
            "uq_ticket_appointment",
            "appointment_id",
            unique=True,
            postgresql_where=text("appointment_id IS NOT NULL AND state <> 'abandoned'"),
        ),
        Index(
            "ix_ticket_step",
            "step_counter_id",
            "stepped_at",
            postgresql_where=text("step_counter_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    reference: Mapped[str] = mapped_column(String(32), unique=True)
    hall_id: Mapped[int] = mapped_column(BigInteger)
    group_id: Mapped[int] = mapped_column(BigInteger)
    issued_group_id: Mapped[int] = mapped_column(BigInteger, default=_group_of_issue)
    on_date: Mapped[date]
    ordinal: Mapped[int]
    label: Mapped[str] = mapped_column(String(8))
    track: Mapped[str] = mapped_column(String(8))
    due_at: Mapped[datetime]
    promised_at: Mapped[datetime | None]
    promoted_at: Mapped[datetime | None]
    issued_at: Mapped[datetime]
    slot_starts_at: Mapped[datetime | None]
    late: Mapped[bool] = mapped_column(default=False)
    returned_at: Mapped[datetime | None]
    reinsert_after_call: Mapped[int | None]
    reinstated: Mapped[int] = mapped_column(default=0)
    appointment_id: Mapped[int | None] = mapped_column(BigInteger)
    citizen_id: Mapped[int | None] = mapped_column(BigInteger)
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary(16), index=True)
    language: Mapped[str] = mapped_column(String(8), default="zh")
    silent: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    service_ids: Mapped[list[int]] = mapped_column(JSONB, default=list)
    legs: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default="[]")
    green_reason: Mapped[str | None] = mapped_column(String(16))
    minutes: Mapped[float] = mapped_column(default=0.0, server_default="0")
    quick: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    state: Mapped[str] = mapped_column(String(12), default="waiting")
    counter_id: Mapped[int | None] = mapped_column(BigInteger)
    staff_id: Mapped[int | None] = mapped_column(BigInteger)
    called_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    absent_at: Mapped[datetime | None]
    recalls: Mapped[int] = mapped_column(default=0)
    absences: Mapped[int] = mapped_column(default=0)
    soon_notice_at: Mapped[datetime | None]
    press_key: Mapped[str | None] = mapped_column(String(64), unique=True)
    done_service_ids: Mapped[list[int]] = mapped_column(JSONB, default=list, server_default="[]")
    to_counter_id: Mapped[int | None] = mapped_column(BigInteger)
    park_reason: Mapped[str | None] = mapped_column(String(16))
    room: Mapped[str | None] = mapped_column(String(24))
    since_at: Mapped[datetime | None]
    wait_time: Mapped[timedelta] = mapped_column(default=timedelta(0), server_default="0")
    walk_time: Mapped[timedelta] = mapped_column(default=timedelta(0), server_default="0")
    service_time: Mapped[timedelta] = mapped_column(default=timedelta(0), server_default="0")
    aside_time: Mapped[timedelta] = mapped_column(default=timedelta(0), server_default="0")
    stays: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default="[]")
    step: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    step_counter_id: Mapped[int | None] = mapped_column(BigInteger)
    stepped_at: Mapped[datetime | None]


class Call(Base):
    """One call of a ticket to a counter, with the reason in the form that `queueing.ordering` gives.

    `undone`: taken back, so that it uses up no turn of the rule.
    """

    __tablename__ = "call"
    __table_args__ = (Index("ix_call_recent", "group_id", "on_date", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hall_id: Mapped[int] = mapped_column(BigInteger)
    group_id: Mapped[int] = mapped_column(BigInteger)
    on_date: Mapped[date]
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    counter_id: Mapped[int] = mapped_column(BigInteger)
    staff_id: Mapped[int | None] = mapped_column(BigInteger)
    track: Mapped[str] = mapped_column(String(8))
    was_return: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[dict[str, Any]] = mapped_column(JSONB)
    called_at: Mapped[datetime]
    last_called_at: Mapped[datetime]
    undone: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    press_key: Mapped[str | None] = mapped_column(String(64), unique=True)


class CounterSession(Base):
    """Someone sits at a counter: open or paused (with a reason) until closed.

    `several`: opened by who may work more than one counter at once, as when a day is played. `offered_at`:
    who sits there wants to be relieved, and anybody of the hall may take the counter over.
    """

    __tablename__ = "counter_session"
    __table_args__ = (
        Index(
            "uq_counter_session_counter",
            "counter_id",
            unique=True,
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index(
            "uq_counter_session_staff",
            "staff_id",
            unique=True,
            postgresql_where=text("closed_at IS NULL AND NOT several"),
        ),
        Index("ix_counter_session_day", "hall_id", "closed_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hall_id: Mapped[int] = mapped_column(BigInteger)
    counter_id: Mapped[int] = mapped_column(BigInteger)
    staff_id: Mapped[int] = mapped_column(BigInteger)
    several: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(8), default="open")
    pause_reason: Mapped[str | None] = mapped_column(String(32))
    paused_at: Mapped[datetime | None]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    offered_at: Mapped[datetime | None]
