"""What this package knows of people: shown to them, wiped when they ask or when it is old.

Each package that holds personal data has a file of this name; `feedback.personal_data` asks all of them.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from kernel import audit
from kernel.actor import Actor
from people import licences
from people.citizens import phone_index
from people.models import Citizen, KnownBrowser, PhoneCode, SavedPerson
from people.phone_codes import VALID_FOR
from people.retention import Retention
from people.saved_persons import profile_of


def collect(session: Session, phone: str) -> dict[str, Any]:
    """Everything that is kept under this phone (E.164), in full: for its owner alone."""
    index = phone_index(phone)
    saved = session.scalars(select(SavedPerson).where(SavedPerson.phone_index == index)).all()
    browsers = session.scalars(select(KnownBrowser).where(KnownBrowser.phone_index == index)).all()
    return {
        "phone": phone,
        "saved_persons": [_saved(row) for row in saved],
        "known_browsers": [{"since": row.created_at, "until": row.expires_at} for row in browsers],
    }


def _of_phone(index: bytes) -> Any:
    return (
        select(Citizen).where(Citizen.phone_index == index, Citizen.erased_at.is_(None)).order_by(Citizen.id)
    )


def _saved(row: SavedPerson) -> dict[str, Any]:
    profile = profile_of(row)
    return {
        "relation": row.relation,
        "name": profile.name,
        "identity_kind": profile.identity_kind,
        "identity_number": profile.identity_number,
        "since": row.created_at,
        "last_used": row.used_at,
    }


def citizens_of(session: Session, phone: str) -> list[Citizen]:
    """Those who came with this phone last."""
    return list(session.scalars(_of_phone(phone_index(phone))))


def forget(session: Session, phone: str, *, now: datetime) -> None:
    """Wipe what hangs on the phone itself: saved persons, browsers, codes.

    A code of the last day keeps its keyed hash, by which codes are limited; the phone in it goes.
    """
    index = phone_index(phone)
    session.execute(delete(SavedPerson).where(SavedPerson.phone_index == index))
    session.execute(delete(KnownBrowser).where(KnownBrowser.phone_index == index))
    session.execute(
        update(PhoneCode).where(PhoneCode.phone_index == index).values(phone_sealed=b"", used_at=now)
    )


def erase_citizens(
    session: Session, citizens: Collection[Citizen], *, counted: Collection[int], actor: Actor, now: datetime
) -> None:
    """Wipe names, numbers and phones; the rows stay for the statistics.

    For the ids in `counted` missed appointments still count: their keyed hash stays until they do not, so
    that nobody escapes a suspension by being forgotten.
    """
    for citizen in citizens:
        citizen.number_sealed = citizen.name_sealed = None
        citizen.phone_sealed = citizen.phone_index = None
        citizen.erased_at = now
        if citizen.id not in counted:
            citizen.identity_index = None
        audit.record(session, "citizen.erase", actor=actor, now=now, subject=("citizen", citizen.id))


def forget_old(session: Session, spans: Retention, *, now: datetime) -> None:
    """Wipe what is older than it is kept; `booking.personal_data` sees to the citizens."""
    session.execute(delete(PhoneCode).where(PhoneCode.created_at < spans.before("code", now) - VALID_FOR))
    session.execute(delete(SavedPerson).where(SavedPerson.used_at < spans.before("identity", now)))
    session.execute(delete(KnownBrowser).where(KnownBrowser.expires_at <= now))
    licences.forget_expired(session, before=spans.before("delivery", now).date())
