"""The people whom the owner of a phone books for: themselves and family, kept because they said so.

Kept by verified phone, not by an account with a password: there is nothing to forget and nothing to steal.
What is listed is masked; the full name and number leave this file only towards a booking form.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kernel import audit
from kernel.actor import Actor
from kernel.crypto import cipher
from kernel.db import lock_hashed
from kernel.errors import Conflict, Invalid, NotFound
from kernel.ids import new_reference
from people.citizens import identity_index, number_of, phone_index
from people.identity import Identity, check, mask, mask_name
from people.models import Citizen, SavedPerson

MOST = 8


class Relation(StrEnum):
    """Who somebody is to the owner of the phone."""

    SELF = "self"
    SPOUSE = "spouse"
    PARENT = "parent"
    CHILD = "child"
    OTHER = "other"


class TooManySavedPersons(Conflict):
    """A family is kept, not a village: `most` at a time."""

    code = "too_many_saved_persons"
    zh = "常用办事人最多保存 {most} 位，请先到“我的预约”里删除不用的。"
    en = "At most {most} people can be kept. Please remove one under “My appointments” first."


class SavedPersonUnknown(NotFound):
    """This phone keeps nobody under this reference."""

    code = "saved_person_unknown"
    zh = "没有找到这位常用办事人，可能已经删除。"
    en = "This person is not kept here; perhaps they were removed."


class RelationUnknown(Invalid):
    """Not one of the words in the list."""

    code = "relation_unknown"
    zh = "请从列表中选择与您的关系。"
    en = "Please choose the relation from the list."


@dataclass(frozen=True, slots=True)
class Card:
    """A saved person as they are listed: enough to be recognised by who knows them."""

    reference: str
    relation: Relation
    name: str
    identity_kind: str
    number: str


@dataclass(frozen=True, slots=True)
class Profile:
    """Name and document in full, to fill in a form on the server."""

    name: str
    identity_kind: str
    identity_number: str


def save_person(
    session: Session,
    phone: str,
    identity: Identity,
    *,
    name: str,
    actor: Actor,
    now: datetime,
    relation: Relation | None = None,
) -> SavedPerson:
    """Keep somebody for next time; saving them again brings the newest name.

    The first is taken for the owner of the phone unless `relation` says otherwise.

    Raises:
        TooManySavedPersons
    """
    owner, person = phone_index(phone), identity_index(identity.kind, identity.number)
    _lock(session, owner)
    kept = set(session.scalars(select(SavedPerson.identity_index).where(SavedPerson.phone_index == owner)))
    if person not in kept and len(kept) >= MOST:
        raise TooManySavedPersons(most=MOST)
    values = {
        "reference": new_reference(),
        "phone_index": owner,
        "relation": relation or (Relation.OTHER if kept else Relation.SELF),
        "identity_kind": identity.kind,
        "identity_index": person,
        "name_sealed": cipher().encrypt(name, "saved_person.name"),
        "number_sealed": cipher().encrypt(identity.number, "saved_person.number"),
        "created_at": now,
        "used_at": now,
    }
    renewed = {name: values[name] for name in ("name_sealed", "used_at")}
    if relation is not None:
        renewed["relation"] = relation
    statement = insert(SavedPerson).values(values)
    row = session.scalars(
        statement.on_conflict_do_update(
            index_elements=[SavedPerson.phone_index, SavedPerson.identity_index], set_=renewed
        ).returning(SavedPerson),
        execution_options={"populate_existing": True},
    ).one()
    if person not in kept:
        audit.record(session, "saved_person.save", actor=actor, now=now, subject=("saved_person", row.id))
    return row


def save_citizen(
    session: Session, phone: str, citizen: Citizen, *, name: str, today: date, actor: Actor, now: datetime
) -> SavedPerson:
    """Keep whom a booking was for, under the name that it was made with.

    Raises:
        TooManySavedPersons
    """
    identity = check(citizen.identity_kind, number_of(citizen), today=today)
    return save_person(session, phone, identity, name=name, actor=actor, now=now)


def is_kept(session: Session, phone: str, citizen: Citizen) -> bool:
    """Whether this phone keeps this person."""
    found = select(SavedPerson.id).where(
        SavedPerson.phone_index == phone_index(phone), SavedPerson.identity_index == citizen.identity_index
    )
    return session.scalar(found) is not None


def list_persons(session: Session, phone: str) -> Sequence[Card]:
    """Everybody kept for this phone, masked; whom one booked for last comes first."""
    rows = session.scalars(
        select(SavedPerson)
        .where(SavedPerson.phone_index == phone_index(phone))
        .order_by(SavedPerson.used_at.desc(), SavedPerson.id)
    )
    return [_card(row) for row in rows]


def card_of(row: SavedPerson) -> Card:
    """One of them, masked."""
    return _card(row)


def get_profile(session: Session, phone: str, reference: str, *, now: datetime) -> Profile:
    """Name and document of somebody kept for this phone, who is used now.

    Raises:
        SavedPersonUnknown: also when another phone keeps them.
    """
    row = _get(session, phone, reference)
    row.used_at = now
    return profile_of(row)


def profile_of(row: SavedPerson) -> Profile:
    """Everything that is kept of them, in full."""
    return Profile(
        name=cipher().decrypt(row.name_sealed, "saved_person.name"),
        identity_kind=row.identity_kind,
        identity_number=cipher().decrypt(row.number_sealed, "saved_person.number"),
    )


def set_relation(
    session: Session, phone: str, reference: str, relation: str, *, actor: Actor, now: datetime
) -> SavedPerson:
    """Say who they are to the owner.

    Raises:
        RelationUnknown, SavedPersonUnknown
    """
    if relation not in set(Relation):
        raise RelationUnknown
    row = _get(session, phone, reference)
    row.relation = relation
    audit.record(session, "saved_person.rename", actor=actor, now=now, subject=("saved_person", row.id))
    return row


def remove_person(session: Session, phone: str, reference: str, *, actor: Actor, now: datetime) -> None:
    """Forget somebody; doing it twice changes nothing. Their bookings stay."""
    removed = session.scalar(
        delete(SavedPerson)
        .where(SavedPerson.phone_index == phone_index(phone), SavedPerson.reference == reference)
        .returning(SavedPerson.id)
    )
    if removed is not None:
        audit.record(session, "saved_person.remove", actor=actor, now=now, subject=("saved_person", removed))


def _get(session: Session, phone: str, reference: str) -> SavedPerson:
    row = session.scalar(
        select(SavedPerson).where(
            SavedPerson.phone_index == phone_index(phone), SavedPerson.reference == reference
        )
    )
    if row is None:
        raise SavedPersonUnknown
    return row


def _card(row: SavedPerson) -> Card:
    profile = profile_of(row)
    return Card(
        reference=row.reference,
        relation=Relation(row.relation),
        name=mask_name(profile.name),
        identity_kind=row.identity_kind,
        number=mask(profile.identity_number),
    )


def _lock(session: Session, owner: bytes) -> None:
    """Saving for one phone goes one after another, so that the limit holds."""
    lock_hashed(session, owner[8:])  # not the half by which codes and waits of a phone are locked
