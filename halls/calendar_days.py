"""Taking a day out of the city's own calendar: the State Council's holds again."""

from datetime import date, datetime

from sqlalchemy.orm import Session

from halls.models import CalendarDay
from kernel import audit
from kernel.actor import Actor


def remove_day(session: Session, on_date: date, *, actor: Actor, now: datetime) -> bool:
    """Remove a day; whether it was there."""
    day = session.get(CalendarDay, on_date)
    if day is None:
        return False
    session.delete(day)
    days = [on_date.isoformat()]
    audit.record(session, "calendar.remove", actor=actor, now=now, subject=("calendar", None), days=days)
    session.flush()
    return True
