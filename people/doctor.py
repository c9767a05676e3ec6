"""Invariants of personal data, checked on the data of a running system."""

from collections.abc import Iterator

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from kernel.crypto import CannotDecrypt
from kernel.doctor import Violation
from people.citizens import identity_index, name_of, number_of, phone_index, phone_of
from people.models import Citizen

#: The newest are enough: a wrong key is wrong for all that came after it.
_NEWEST = 200


def check(session: Session) -> list[Violation]:
    """Every citizen's data can be read with the configured keys, and is found by its keyed hash."""
    newest = select(Citizen).where(Citizen.erased_at.is_(None)).order_by(Citizen.id.desc()).limit(_NEWEST)
    found = [violation for citizen in session.scalars(newest) for violation in _check(citizen)]
    return found + [Violation("citizen_not_erased", f"citizen {left}") for left in session.scalars(_LEFT)]


#: Something is left of somebody who was erased. (The keyed hash may be: see `people.personal_data`.)
_LEFT = (
    select(Citizen.id)
    .where(
        Citizen.erased_at.is_not(None),
        or_(
            Citizen.name_sealed.is_not(None),
            Citizen.number_sealed.is_not(None),
            Citizen.phone_sealed.is_not(None),
            Citizen.phone_index.is_not(None),
        ),
    )
    .limit(_NEWEST)
)


def _check(citizen: Citizen) -> Iterator[Violation]:
    subject = f"citizen {citizen.id}"
    try:
        number, phone, _ = number_of(citizen), phone_of(citizen), name_of(citizen)
    except CannotDecrypt as error:
        yield Violation("citizen_unreadable", subject, f"{error} was sealed with another key")
        return
    if citizen.identity_index != identity_index(citizen.identity_kind, number):
        yield Violation("citizen_not_found_by_document", subject)
    if phone is not None and citizen.phone_index != phone_index(phone):
        yield Violation("citizen_not_found_by_phone", subject)
