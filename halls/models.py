"""Where and when: halls, their service groups, counters with skills, plans, closures, the calendar."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Numeric, String, UniqueConstraint, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base


class Hall(Base):
    """A place with counters. `policy` holds the hall's own values; absent ones take the defaults.

    `policy` has one mapping per rule file, for example `{"booking": {...}, "queue": {...}}`.
    """

    __tablename__ = "hall"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name_zh: Mapped[str] = mapped_column(String(80))
    name_en: Mapped[str] = mapped_column(String(120))
    address_zh: Mapped[str] = mapped_column(String(200), default="")
    address_en: Mapped[str] = mapped_column(String(200), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    time_zone: Mapped[str] = mapped_column(String(40), default="Asia/Shanghai")
    policy: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    policy_version: Mapped[int] = mapped_column(default=1)
    active: Mapped[bool] = mapped_column(default=True)


class ServiceGroup(Base):
    """A line and the counters that serve it; `letter` starts its ticket numbers.

    One that is not `active` was closed for good: it keeps its row for history's sake and may come back.
    """

    __tablename__ = "service_group"
    __table_args__ = (UniqueConstraint("hall_id", "code"), UniqueConstraint("hall_id", "letter"))

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hall_id: Mapped[int] = mapped_column(ForeignKey("hall.id"))
    code: Mapped[str] = mapped_column(String(16))
    letter: Mapped[str] = mapped_column(String(2))
    name_zh: Mapped[str] = mapped_column(String(60))
    name_en: Mapped[str] = mapped_column(String(80))
    unit_minutes: Mapped[int]
    mean_minutes: Mapped[float]
    position: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True, server_default=true())


class Counter(Base):
    """A window. `number` is what people read and hear: 3 in "请到 3 号窗口"."""

    __tablename__ = "counter"
    __table_args__ = (UniqueConstraint("hall_id", "number"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hall_id: Mapped[int] = mapped_column(ForeignKey("hall.id"))
    number: Mapped[int]
    name_zh: Mapped[str] = mapped_column(String(60), default="")
    name_en: Mapped[str] = mapped_column(String(80), default="")
    active: Mapped[bool] = mapped_column(default=True)


class CounterSkill(Base):
    """A counter can serve a group."""

    __tablename__ = "counter_skill"

    counter_id: Mapped[int] = mapped_column(ForeignKey("counter.id"), primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("service_group.id"), primary_key=True)


class PlanSeason(Base):
    """A plan for part of the year: its weekly lines replace the usual ones from `first_on` to `last_on`."""

    __tablename__ = "plan_season"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hall_id: Mapped[int] = mapped_column(ForeignKey("hall.id"), index=True)
    name_zh: Mapped[str] = mapped_column(String(60))
    name_en: Mapped[str] = mapped_column(String(80), default="")
    first_on: Mapped[date]
    last_on: Mapped[date]


class PlanLine(Base):
    """Planned counters of a group in part of a day: each week on `weekday`, or once on `on_date`.

    Lines with `on_date` replace the weekly ones of that group on that date when `kind` is "replace",
    and add to them when it is "extra" (错时、延时、周末加考、下乡). Times are hall-local;
    `counters` may be a share (1.5): a counter with several skills is split over its groups. A weekly line
    with a `season_id` counts in that season only. `session` says what an extra one is (`early_late` 错时,
    `extended` 延时, `weekend` 周末加考, `mobile` 流动下乡), `place` where it is held when not in the hall.
    """

    __tablename__ = "plan_line"
    __table_args__ = (
        CheckConstraint("(weekday IS NULL) <> (on_date IS NULL)", name="weekday_or_date"),
        CheckConstraint("starts < ends", name="forward"),
        Index("ix_plan_line_group", "group_id", "weekday", "on_date"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("service_group.id"))
    weekday: Mapped[int | None]
    on_date: Mapped[date | None]
    kind: Mapped[str] = mapped_column(String(8), default="weekly")
    starts: Mapped[time]
    ends: Mapped[time]
    counters: Mapped[Decimal] = mapped_column(Numeric(6, 3))
    season_id: Mapped[int | None] = mapped_column(ForeignKey("plan_season.id"))
    session: Mapped[str] = mapped_column(String(12), default="", server_default="")
    place_zh: Mapped[str] = mapped_column(String(120), default="", server_default="")
    place_en: Mapped[str] = mapped_column(String(160), default="", server_default="")


class Closure(Base):
    """The hall (or one group) does not serve in [starts_at, ends_at).

    `emergency`: declared for at once. A closure that was taken back keeps its row, with `lifted_at`.
    """

    __tablename__ = "closure"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hall_id: Mapped[int] = mapped_column(ForeignKey("hall.id"), index=True)
    group_id: Mapped[int | None] = mapped_column(ForeignKey("service_group.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    reason_zh: Mapped[str] = mapped_column(String(120), default="")
    reason_en: Mapped[str] = mapped_column(String(120), default="")
    emergency: Mapped[bool] = mapped_column(default=False, server_default="false")
    lifted_at: Mapped[datetime | None]


class CalendarDay(Base):
    """A date whose being a working day differs from the State Council's calendar; this table wins."""

    __tablename__ = "calendar_day"

    on_date: Mapped[date] = mapped_column(primary_key=True)
    working: Mapped[bool]
    name_zh: Mapped[str] = mapped_column(String(60), default="")
    name_en: Mapped[str] = mapped_column(String(80), default="")
