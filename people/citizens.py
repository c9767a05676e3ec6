"""Citizens by identity document: one row a person, however often they book."""

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kernel.crypto import cipher
from kernel.errors import Invalid
from kernel.ids import new_reference
from people.identity import Identity, IdentityKind, check
from people.models import Citizen


def identity_index(kind: str, number: str) -> bytes:
    """The keyed hash by which a document finds its owner; the number in its stored form."""
    return cipher().blind_index(f"{kind}:{number}", "citizen.identity")


def identity_indexes(text: str, *, today: date) -> list[bytes]:
    """The keyed hashes of every document that this text may be the number of: kiosks do not ask the kind."""
    found = set()
    for kind in IdentityKind:
        try:
            identity = check(kind, text, today=today)
        except Invalid:
            continue
        found.add(identity_index(identity.kind, identity.number))
    return sorted(found)


def phone_index(phone: str) -> bytes:
    """The keyed hash of a phone (E.164), the same in every table."""
    return cipher().blind_index(phone, "phone")


def sealed_values(
    identity: Identity, *, name: str, phone: str | None, language: str, now: datetime
) -> dict[str, object]:
    """The columns of a citizen's row, everything personal encrypted."""
    keys = cipher()
    return {
        "reference": new_reference(),
        "identity_kind": str(identity.kind),
        "identity_index": identity_index(identity.kind, identity.number),
        "number_sealed": keys.encrypt(identity.number, "citizen.number"),
        "name_sealed": keys.encrypt(name, "citizen.name"),
        "phone_sealed": keys.encrypt(phone, "citizen.phone") if phone else None,
        "phone_index": phone_index(phone) if phone else None,
        "language": language,
        "created_at": now,
    }


# A correction brings the newest name, phone and language; the document and the reference stay. Somebody
# who was erased and comes back is there again.
RENEWED = ("number_sealed", "name_sealed", "phone_sealed", "phone_index", "language")


def find_or_create(
    session: Session, identity: Identity, *, name: str, phone: str | None, language: str, now: datetime
) -> Citizen:
    """The row of this document's owner; its row lock is held until the commit."""
    values = sealed_values(identity, name=name, phone=phone, language=language, now=now)
    statement = insert(Citizen).values(values)
    statement = statement.on_conflict_do_update(
        index_elements=[Citizen.identity_index],
        set_={column: statement.excluded[column] for column in RENEWED} | {"erased_at": None},
    )
    return session.scalars(statement.returning(Citizen), execution_options={"populate_existing": True}).one()


def find_by_identity(session: Session, kind: str, number: str) -> Citizen | None:
    """The owner of a document, if they were here before."""
    return session.scalar(select(Citizen).where(Citizen.identity_index == identity_index(kind, number)))


def name_of(citizen: Citizen) -> str:
    """The name, for the officer at the counter and nobody else; empty once it was erased."""
    return cipher().decrypt(citizen.name_sealed, "citizen.name") if citizen.name_sealed else ""


def is_doubtful(citizen: Citizen, *, today: date) -> bool:
    """Whether the officer should look twice at the document: its number is unusual, though not impossible."""
    number = number_of(citizen)
    try:
        return bool(number) and check(citizen.identity_kind, number, today=today).doubtful
    except Invalid:
        return False


def phone_of(citizen: Citizen) -> str | None:
    """The phone in E.164, if one is known."""
    return cipher().decrypt(citizen.phone_sealed, "citizen.phone") if citizen.phone_sealed else None


def number_of(citizen: Citizen) -> str:
    """The number of the document; empty once it was erased."""
    return cipher().decrypt(citizen.number_sealed, "citizen.number") if citizen.number_sealed else ""
