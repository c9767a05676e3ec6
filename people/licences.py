"""Electronic licences on record: what somebody need not bring (免交), because the register has it already.

`Register` is the port. Built in is a table that administrators fill from a file (`people.licence_table`);
a city with a licence service of its own puts another register in its place with `use`.

Who may be told is not asked here: see `booking.seen_in_person` and docs/privacy.md.
"""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, Protocol

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from people.models import Licence

#: Kind of licence → until when it is valid, None where it does not expire.
Held = Mapping[str, date | None]


class Register(Protocol):
    """Where licences are looked up."""

    def find(self, session: Session, person: bytes, *, on: date) -> Held:
        """What the owner of a document (its keyed hash) holds that is valid on that day."""


class BuiltInRegister:
    """The table `licence`."""

    def find(self, session: Session, person: bytes, *, on: date) -> Held:
        """What the owner of a document holds that is valid on that day."""
        valid = or_(Licence.valid_until.is_(None), Licence.valid_until >= on)
        rows = session.execute(
            select(Licence.kind, Licence.valid_until).where(Licence.identity_index == person, valid)
        )
        return {row.kind: row.valid_until for row in rows}


_in_use: list[Register] = [BuiltInRegister()]


def use(register: Register) -> None:
    """Look licences up elsewhere, for this process."""
    _in_use[0] = register


def find_licences(session: Session, person: bytes, *, on: date) -> Held:
    """What the owner of a document (its keyed hash) holds that is valid on that day."""
    return _in_use[0].find(session, person, on=on)


def collect(session: Session, persons: Collection[bytes]) -> list[dict[str, Any]]:
    """What the built-in register says of these people, for themselves: also what has expired."""
    query = select(Licence).where(Licence.identity_index.in_(persons)).order_by(Licence.kind)
    return [
        {"licence": row.kind, "until": row.valid_until, "since": row.recorded_at}
        for row in session.scalars(query)
    ]


def forget(session: Session, persons: Collection[bytes]) -> None:
    """Take the licences of these people out of the built-in register."""
    session.execute(delete(Licence).where(Licence.identity_index.in_(persons)))


def forget_expired(session: Session, *, before: date) -> None:
    """Take out what has long expired."""
    session.execute(delete(Licence).where(Licence.valid_until < before))
