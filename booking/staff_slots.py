"""What staff can give: the slots of a line on a day with the free numbers of every channel."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from booking.models import Number, Slot


@dataclass(frozen=True, slots=True)
class StaffSlot:
    """A coming slot; online numbers count once they are released."""

    starts_at: datetime
    ends_at: datetime
    online: int
    walk_in: int
    duty: int


def staff_slots(session: Session, group_id: int, on_date: date, *, now: datetime) -> Sequence[StaffSlot]:
    """The slots that have not begun, in order."""
    free = Number.appointment_id.is_(None) & or_(Number.held_until.is_(None), Number.held_until <= now)
    online, walk_in, duty = (
        func.count(Number.id).filter(free, Number.channel == "online", Number.released_at <= now),
        func.count(Number.id).filter(free, Number.channel == "walk_in"),
        func.count(Number.id).filter(free, Number.channel == "duty"),
    )
    rows = session.execute(
        select(Slot.starts_at, Slot.ends_at, online, walk_in, duty)
        .outerjoin(Number, Number.slot_id == Slot.id)
        .where(Slot.group_id == group_id, Slot.on_date == on_date, Slot.starts_at > now)
        .group_by(Slot.id)
        .order_by(Slot.starts_at)
    )
    return [StaffSlot(row[0], row[1], row[2], row[3], row[4]) for row in rows]
