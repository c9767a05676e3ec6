"""What is left to do after the counter: owed papers, back-office tasks, and what the day came to."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base
from kernel.ids import new_reference


class OwedPaper(Base):
    """A paper that was missing and will be brought later: 容缺. `material` is its code in the service's list.

    `state` is owed → settled | waived. Who is told is read from the ticket. `reference` names it for staff.
    """

    __tablename__ = "owed_paper"
    __table_args__ = (
        Index(
            "uq_owed_paper_open",
            "ticket_id",
            "service_id",
            "material",
            unique=True,
            postgresql_where=text("state = 'owed'"),
        ),
        Index("ix_owed_paper_due", "hall_id", "due_on", postgresql_where=text("state = 'owed'")),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    reference: Mapped[str] = mapped_column(String(32), unique=True, default=new_reference)
    hall_id: Mapped[int] = mapped_column(BigInteger)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    appointment_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    service_id: Mapped[int] = mapped_column(BigInteger)
    material: Mapped[str] = mapped_column(String(48))
    name_zh: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(200))
    due_on: Mapped[date]
    state: Mapped[str] = mapped_column(String(8), default="owed")
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(BigInteger)
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[int | None] = mapped_column(BigInteger)


class BackTask(Base):
    """A matter that goes on after the counter, until its result is handed out: 后台办理、统一窗口出件.

    `state` is taken → working → ready → collected, or cancelled (`queueing.task_states`). `place` is where
    the result is handed out. Who is told is read from the ticket.
    """

    __tablename__ = "back_task"
    __table_args__ = (
        UniqueConstraint("ticket_id", "service_id"),
        Index("ix_back_task_open", "hall_id", "state", "due_on"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    reference: Mapped[str] = mapped_column(String(32), unique=True)
    hall_id: Mapped[int] = mapped_column(BigInteger)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    appointment_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    service_id: Mapped[int] = mapped_column(BigInteger)
    label: Mapped[str] = mapped_column(String(8))
    on_date: Mapped[date]
    due_on: Mapped[date]
    place: Mapped[str] = mapped_column(String(24), default="")
    state: Mapped[str] = mapped_column(String(12), default="taken")
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(BigInteger)
    worked_at: Mapped[datetime | None]
    worked_by: Mapped[int | None] = mapped_column(BigInteger)
    ready_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[int | None] = mapped_column(BigInteger)


class DayReport(Base):
    """What a hall's day came to when it was closed (`queueing.day_report`). No personal data."""

    __tablename__ = "day_report"
    __table_args__ = (UniqueConstraint("hall_id", "on_date"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hall_id: Mapped[int] = mapped_column(BigInteger)
    on_date: Mapped[date]
    made_at: Mapped[datetime]
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
