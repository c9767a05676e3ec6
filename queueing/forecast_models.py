"""What a hall has learned about its services, and the extra time proposed to its duty officer."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base

#: The kinds of extra time: counters more until closing, or the counters of the last hour longer.
FLEX, EXTENSION = "flex", "extension"


class LearnedTime(Base):
    """Minutes from the call to the end of a case, learned by `queueing.learn_times`.

    `service_id` None: any service of the line; `counter_id` None: at any counter. `cases` were looked at.
    """

    __tablename__ = "learned_time"
    __table_args__ = (Index("ix_learned_time_group", "group_id", "service_id", "counter_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hall_id: Mapped[int] = mapped_column(BigInteger, index=True)
    group_id: Mapped[int] = mapped_column(BigInteger)
    service_id: Mapped[int | None] = mapped_column(BigInteger)
    counter_id: Mapped[int | None] = mapped_column(BigInteger)
    cases: Mapped[int]
    minutes: Mapped[float]
    learned_at: Mapped[datetime]


class LearnedShows(Base):
    """How many of those who `booked` in the last weeks `came` to a hall (`queueing.shows`)."""

    __tablename__ = "learned_shows"

    hall_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    booked: Mapped[int]
    came: Mapped[int]
    learned_at: Mapped[datetime]


class ExtraTime(Base):
    """A proposal of `queueing.relief` for one line today: so many counters more, or so many minutes longer.

    `state` is open → accepted | declined | lapsed. Once accepted, the counters count from `starts_at` to
    `ends_at`; an extension lies after closing.
    """

    __tablename__ = "extra_time"
    __table_args__ = (
        Index("uq_extra_time_open", "group_id", "kind", unique=True, postgresql_where=text("state = 'open'")),
        Index("ix_extra_time_day", "hall_id", "on_date"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hall_id: Mapped[int] = mapped_column(BigInteger)
    group_id: Mapped[int] = mapped_column(BigInteger)
    on_date: Mapped[date]
    kind: Mapped[str] = mapped_column(String(12))
    counters: Mapped[int]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    short_minutes: Mapped[int]
    expected: Mapped[int]
    state: Mapped[str] = mapped_column(String(12), default="open")
    proposed_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(BigInteger)


class WalkInRefusal(Base):
    """Somebody asked for a walk-in number and got none: the day was full. Says nothing about who."""

    __tablename__ = "walk_in_refusal"
    __table_args__ = (Index("ix_walk_in_refusal_day", "group_id", "on_date"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hall_id: Mapped[int] = mapped_column(BigInteger)
    group_id: Mapped[int] = mapped_column(BigInteger)
    on_date: Mapped[date]
    refused_at: Mapped[datetime]
    press_key: Mapped[str | None] = mapped_column(String(64), unique=True)
