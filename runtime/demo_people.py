"""People to play in the demonstration: they do not exist, and the register has some licences of theirs."""

from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from booking.tables import KINDS, import_table
from kernel.actor import SYSTEM
from people.sample_ids import sample_resident_id

_YEAR = timedelta(days=365)
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


def list_people() -> dict[str, str]:
    """Name → what to type for them."""
    return {
        name: f"{sample_resident_id(seed)} {phone} {' '.join(held) or '-'}"
        for name, seed, phone, held in _PEOPLE
    }
