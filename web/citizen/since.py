"""Appointments of a phone since a moment, each by the day of its own hall."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from booking.models import Appointment
from booking.queries import list_of_phone
from halls.models import Hall
from web import edge


def list_since(
    session: Session, phone: str, halls: Mapping[int, Hall], moment: datetime
) -> list[Appointment]:
    """Those in `halls` (by id) from the day of `moment` on, in order of time: halls may be in many zones."""
    days = {hall.id: edge.local(moment, hall.time_zone).date() for hall in halls.values()}
    if not days:
        return []
    rows = list_of_phone(session, phone, since_on=min(days.values()))
    return [row for row in rows if row.hall_id in days and row.on_date >= days[row.hall_id]]
