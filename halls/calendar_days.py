"""The city's own calendar: taking a day out of it, and what it looked like before each change."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from halls.models import CalendarDay
from halls.plan_rows import CalendarRow
from kernel import audit, history
from kernel.actor import SYSTEM, Actor

KIND, KEY = "calendar", "city"
_LOCK = 0x43616C  # "Cal": one editor at a time, since an empty table has no row to lock


def lock_days(session: Session) -> None:
    """Let nobody else change the calendar until the commit."""
    session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def remove_day(session: Session, on_date: date, *, actor: Actor, now: datetime) -> bool:
    """Remove a day: the State Council's calendar holds again for it; whether it was there."""
    lock_days(session)
    before, day = days_content(session), session.get(CalendarDay, on_date)
    if day is None:
        return False
    session.delete(day)
    days = [on_date.isoformat()]
    audit.record(session, "calendar.remove", actor=actor, now=now, subject=("calendar", None), days=days)
    keep_days(session, before, actor=actor, now=now)
    return True


def days_content(session: Session) -> dict[str, Any]:
    """The whole calendar as its history keeps it."""
    session.flush()
    rows = session.scalars(select(CalendarDay).order_by(CalendarDay.on_date))
    return {
        "days": [
            {
                "on": row.on_date.isoformat(),
                "working": row.working,
                "name_zh": row.name_zh,
                "name_en": row.name_en,
            }
            for row in rows
        ]
    }


def keep_days(session: Session, before: dict[str, Any], *, actor: Actor, now: datetime) -> None:
    """Keep the calendar as it is now, and as it was before its first change; the caller holds the lock."""
    if history.find_newest(session, KIND, KEY) is None:
        history.keep(session, (KIND, KEY), before, actor=SYSTEM, now=now)
    history.keep(session, (KIND, KEY), days_content(session), actor=actor, now=now)


def days_back(session: Session, number: int) -> tuple[tuple[CalendarRow, ...], tuple[date, ...]]:
    """What has to be written and what removed to have an earlier calendar again; raises RevisionUnknown."""
    kept = history.get_revision(session, KIND, KEY, number).content["days"]
    rows = tuple(
        CalendarRow(date.fromisoformat(day["on"]), day["working"], day["name_zh"], day["name_en"])
        for day in kept
    )
    there = set(session.scalars(select(CalendarDay.on_date)))
    return rows, tuple(sorted(there - {row.on_date for row in rows}))
