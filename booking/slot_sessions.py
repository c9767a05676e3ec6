"""What slots are besides the usual hours: the session that one belongs to, and where it is held."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from booking.models import Appointment, Draft, Slot
from booking.slot_places import IN_HALL, Place, place_in
from halls.sessions import ExtraSession, list_sessions


def session_of(
    starts_at: datetime, place: Place, sessions: Sequence[ExtraSession], *, tz: ZoneInfo
) -> ExtraSession | None:
    """The one of these sessions that a slot belongs to; None for the usual hours.

    The slot knows where it is held, also where the plan was changed since and somebody keeps their number.
    """
    here = (each for each in sessions if each.place_zh == place.name_zh)
    found = next((each for each in here if each.holds(starts_at, tz)), None)
    if found is not None or place == IN_HALL:
        return found
    local = starts_at.astimezone(tz)
    return ExtraSession(0, local.date(), local.time(), local.time(), "mobile", place.name_zh, place.name_en)


def session_of_this(session: Session, row: Slot | Appointment, *, tz: ZoneInfo) -> ExtraSession | None:
    """The same for a slot, or for a booking, which keeps the place that was booked."""
    found = list_sessions(session, [row.group_id], first_on=row.on_date, last_on=row.on_date)
    return session_of(row.starts_at, place_in(row), found, tz=tz)


def place_of_draft(session: Session, draft_id: int | None) -> Place:
    """Where what a draft holds is held."""
    slot = session.scalar(select(Slot).join(Draft, Draft.slot_id == Slot.id).where(Draft.id == draft_id))
    return place_in(slot) if slot is not None else IN_HALL
