"""The built-in register of licences as a table: taken in only. What it holds is never given out again."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kernel.actor import Actor
from kernel.errors import DomainError
from kernel.tables import Column, Line, Mistakes, Row, Sheet
from people.citizens import identity_index
from people.identity import IdentityKind, check
from people.models import Licence

LICENCES = Sheet(
    "licences",
    "电子证照",
    "Electronic licences",
    (
        Column(
            "identity_kind",
            "证件类型（空为居民身份证）",
            "Document (empty: resident ID)",
            optional=True,
            most=32,
        ),
        Column("identity_number", "证件号码", "Document number", needed=True, most=40),
        Column("licence", "证照种类", "Licence", "code", needed=True, most=32),
        Column("valid_until", "有效至（空为长期）", "Valid until (empty: no end)", "date", optional=True),
        Column("active", "有效", "In force", "flag"),
    ),
    key=("identity_kind", "identity_number", "licence"),
)


def read_licences(_session: Session, _actor: Actor) -> list[Row]:
    """Nothing: only hashes of the documents are kept, and nobody needs a list of who holds what."""
    return []


def write_licences(
    session: Session, lines: Sequence[Line], mistakes: Mistakes, _actor: Actor, now: datetime
) -> None:
    """Enter licences, change until when they are valid, and take out those that are not in force."""
    for line in lines:
        person = _person(line, mistakes, now=now)
        if person is not None and line.row["active"]:
            _enter(session, person, line.row, now=now)
        elif person is not None:
            held = (Licence.identity_index == person, Licence.kind == line.row["licence"])
            session.execute(delete(Licence).where(*held))


def _person(line: Line, mistakes: Mistakes, *, now: datetime) -> bytes | None:
    kind = line.row.get("identity_kind") or IdentityKind.RESIDENT_ID
    try:
        identity = check(kind, line.row["identity_number"], today=now.date())
    except DomainError as error:
        column = "identity_kind" if kind not in set(IdentityKind) else "identity_number"
        mistakes.add(line.number, column, zh=error.sentence("zh"), en=error.sentence("en"))
        return None
    return identity_index(identity.kind, identity.number)


def _enter(session: Session, person: bytes, row: Row, *, now: datetime) -> None:
    values = {"valid_until": row.get("valid_until"), "recorded_at": now}
    session.execute(
        insert(Licence)
        .values(identity_index=person, kind=row["licence"], **values)
        .on_conflict_do_update(index_elements=[Licence.identity_index, Licence.kind], set_=values)
    )
