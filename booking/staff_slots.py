"""What staff can give: the slots of a line on a day with the free numbers of every channel.

A visit of several numbers in a row may take them from several channels. The pages show what
`starts_in_line` says, and the booking takes it by the same rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from booking.ladder import Channel
from booking.models import Number, Slot
from booking.slot_places import IN_HALL, Place, place_in
from booking.staff_visits import StaffStart
from booking.visit_numbers import FreeSlot, visits_from_each


@dataclass(frozen=True, slots=True)
class StaffSlot:
    """A coming slot; online numbers count once they are released."""

    starts_at: datetime
    ends_at: datetime
    online: int
    walk_in: int
    duty: int
    place: Place = IN_HALL

    def free(self, channels: Sequence[Channel]) -> int:
        """Of these channels together."""
        counts = {Channel.ONLINE: self.online, Channel.WALK_IN: self.walk_in, Channel.DUTY: self.duty}
        return sum(counts[channel] for channel in channels)


def staff_slots(session: Session, group_id: int, on_date: date, *, now: datetime) -> Sequence[StaffSlot]:
    """The slots that have not begun, in order."""
    free = Number.appointment_id.is_(None) & or_(Number.held_until.is_(None), Number.held_until <= now)
    online, walk_in, duty = (
        func.count(Number.id).filter(free, Number.channel == "online", Number.released_at <= now),
        func.count(Number.id).filter(free, Number.channel == "walk_in"),
        func.count(Number.id).filter(free, Number.channel == "duty"),
    )
    rows = session.execute(
        select(Slot, online, walk_in, duty)
        .outerjoin(Number, Number.slot_id == Slot.id)
        .where(Slot.group_id == group_id, Slot.on_date == on_date, Slot.starts_at > now)
        .group_by(Slot.id)
        .order_by(Slot.starts_at)
    )
    return [
        StaffSlot(slot.starts_at, slot.ends_at, plain, walk, kept, place_in(slot))
        for slot, plain, walk, kept in rows
    ]


def starts_in_line(
    slots: Sequence[StaffSlot], *, needed: int, channels: Sequence[Channel]
) -> list[StaffStart]:
    """The slots of a day, in order, in which a visit of so many numbers of these channels fits."""
    free = [FreeSlot(slot.starts_at, slot.ends_at, slot.free(channels), slot.place.name_zh) for slot in slots]
    visits = visits_from_each(free, needed)
    return [
        StaffStart(slot.starts_at, slot.ends_at, count, slot.place)
        for slot, count in zip(slots, visits, strict=True)
        if count
    ]
