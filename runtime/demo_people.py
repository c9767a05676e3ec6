"""People to play in the demonstration: they do not exist, have been here before, and hold some licences.

Only who was served after a booking from their phone is told what the register has of them
(`booking.seen_in_person`), so each has a visit behind them.
"""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from booking.book import Book, book
from booking.check_in import mark_checked_in
from booking.fulfil import fulfil
from booking.hold import HoldSlot, hold
from booking.models import Number, Slot
from booking.tables import import_table
from catalog.queries import get_service, halls_offering
from halls.models import Hall
from halls.queries import calendar, get_hall
from kernel.actor import SYSTEM
from kernel.phone import normalise
from people.sample_ids import sample_resident_id
from queueing.tables import KINDS

_YEAR = timedelta(days=365)
_BEFORE, _SLOT, _EARLY = timedelta(days=10), timedelta(minutes=30), timedelta(minutes=5)
_HALL, _SERVICE = "city-hall", "id-card-renewal"
#: Name, seed of the number, phone, and kind of licence → years that it is still valid, 0 for ever.
_PEOPLE: tuple[tuple[str, int, str, dict[str, int]], ...] = (
    ("周小满", 101, "13800138001", {"id-card": 8, "household-register": 0, "driving-licence": 3}),
    ("韩志远", 102, "13800138002", {"id-card": 0, "household-register": 0, "marriage-certificate": 0}),
    ("马依然", 103, "13800138003", {"id-card": 15, "vehicle-licence": 2}),
    ("古丽", 104, "13800138004", {}),
)


def load_licences(session: Session, *, first_on: date, now: datetime) -> None:
    """Enter what these people hold, by the table that administrators use."""
    head = ["identity_number", "licence", "valid_until", "active"]
    rows = [
        [sample_resident_id(seed), kind, (first_on + years * _YEAR).isoformat() if years else "", "yes"]
        for _name, seed, _phone, held in _PEOPLE
        for kind, years in held.items()
    ]
    import_table(session, KINDS["licences"], [head, *rows], actor=SYSTEM, now=now)


def load_visits(session: Session, *, first_on: date) -> None:
    """Let everybody but the last have been served, on a working day some time before the first one."""
    days = calendar(session)
    on_date = first_on - _BEFORE
    while not days.is_working(on_date):
        on_date -= timedelta(days=1)
    hall = get_hall(session, _HALL)
    nine = datetime.combine(on_date, time(9), ZoneInfo(hall.time_zone))
    for half_hours, (name, seed, phone, _held) in enumerate(_PEOPLE[:-1]):
        who = Book("", name, "resident_id", sample_resident_id(seed), normalise(phone))
        _visit(session, hall, who, nine + half_hours * _SLOT)


def _visit(session: Session, hall: Hall, who: Book, starts_at: datetime) -> None:
    """One number of its own for that day, and then as citizens and officers do it."""
    group_id = dict(halls_offering(session, get_service(session, _SERVICE).id))[hall.id]
    place = {"hall_id": hall.id, "group_id": group_id, "on_date": starts_at.date(), "starts_at": starts_at}
    slot = Slot(ends_at=starts_at + _SLOT, counters=1.0, **place)
    session.add(slot)
    session.flush()
    booked_at = starts_at - timedelta(days=1)
    session.add(Number(slot_id=slot.id, ordinal=1, channel="online", released_at=booked_at, **place))
    session.flush()
    wish = HoldSlot(hall.code, (_SERVICE,), starts_at)
    token = hold(session, wish, actor=SYSTEM, now=booked_at).token
    appointment = book(session, replace(who, token=token), actor=SYSTEM, now=booked_at)
    mark_checked_in(session, appointment, actor=SYSTEM, now=starts_at - _EARLY)
    fulfil(session, appointment, actor=SYSTEM, now=starts_at + _SLOT)


def list_people() -> dict[str, str]:
    """Name → what to type for them."""
    return {
        name: f"{sample_resident_id(seed)} {phone} {' '.join(held) or '-'}"
        for name, seed, phone, held in _PEOPLE
    }
