"""What the audit's ids stand for: the code of a booking, the number of a ticket, the name of a hall.

Citizens stay what they are in the audit, somebody: neither name nor number of theirs is looked up here.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from booking.models import Appeal, Appointment, SpecialRequest, WaitlistEntry
from catalog.models import Service
from halls.models import Closure, Counter, Hall, ServiceGroup
from kernel.audit import AuditEntry
from people.models import Device, Staff
from queueing.models import Ticket
from queueing.tables import KINDS as TABLES
from web import edge
from web.admin.audit_words import ACTIONS, details_in_words, subject_in_words

Names = dict[int, str]
Read = Callable[[Session, Collection[int]], Names]


def _plain(model: Any, *columns: Any) -> Read:
    def read(session: Session, ids: Collection[int]) -> Names:
        rows = session.execute(select(model.id, *columns).where(model.id.in_(ids)))
        return {row[0]: " · ".join(str(each) for each in row[1:]) for row in rows}

    return read


def _translated(model: Any) -> Read:
    def read(session: Session, ids: Collection[int]) -> Names:
        rows = session.scalars(select(model).where(model.id.in_(ids)))
        return {row.id: edge.text(row, "name") for row in rows}

    return read


def _appeals(session: Session, ids: Collection[int]) -> Names:
    rows = session.execute(
        select(Appeal.id, Appointment.code, Appointment.on_date)
        .join(Appointment, Appointment.id == Appeal.appointment_id)
        .where(Appeal.id.in_(ids))
    )
    return {row.id: f"{row.code} · {row.on_date}" for row in rows}


_READ: Mapping[str, Read] = {
    "appointment": _plain(Appointment, Appointment.code, Appointment.on_date),
    "ticket": _plain(Ticket, Ticket.label, Ticket.on_date),
    "appeal": _appeals,
    "special_request": _plain(SpecialRequest, SpecialRequest.wanted_on),
    "waitlist_entry": _plain(WaitlistEntry, WaitlistEntry.first_on, WaitlistEntry.last_on),
    "closure": _plain(Closure, Closure.reason_zh),
    "counter": _plain(Counter, Counter.number),
    "staff": _plain(Staff, Staff.username),
    "device": _plain(Device, Device.name),
    "hall": _translated(Hall),
    "group": _translated(ServiceGroup),
    "service": _translated(Service),
}


def subjects(session: Session, rows: Iterable[AuditEntry]) -> dict[int, str]:
    """Entry id → to what it was done, in words."""
    rows = list(rows)
    wanted: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        if row.subject_id is not None and row.subject_kind in _READ:
            wanted[row.subject_kind].add(row.subject_id)
    known = {kind: _READ[kind](session, ids) for kind, ids in wanted.items()}
    return {row.id: _said(row, known.get(row.subject_kind, {})) for row in rows}


def _said(row: AuditEntry, known: Names) -> str:
    language = edge.language()
    kind = subject_in_words(row.subject_kind, language)
    if row.subject_kind == "table" and row.details.get("table") in TABLES:
        return f"{kind} {TABLES[row.details['table']].sheet.label(language)}"
    return f"{kind} {known.get(row.subject_id or 0, '')}".strip()


def about(session: Session, word: str) -> ColumnElement[bool]:
    """Entries in which this word says to what or what was done: a code, a number, a name, an action."""
    plain = word.strip()
    language = edge.language()
    actions = [
        code
        for code, words in ACTIONS.items()
        if plain == code or any(plain.lower() in each.lower() for each in words)
    ]
    found: list[ColumnElement[bool]] = [AuditEntry.action.in_(actions)]
    for kind, matching in _matching(plain).items():
        ids = list(session.scalars(matching.limit(200)))
        if ids:
            found.append(and_(AuditEntry.subject_kind == kind, AuditEntry.subject_id.in_(ids)))
    tables = [code for code, kind in TABLES.items() if plain.lower() in kind.sheet.label(language).lower()]
    if tables:
        found.append(AuditEntry.details["table"].astext.in_(tables))
    return or_(*found)


def _matching(word: str) -> dict[str, Any]:
    """Kind → the ids of what is called so."""

    def named(*columns: Any) -> ColumnElement[bool]:
        return or_(*(column.icontains(word, autoescape=True) for column in columns))

    return {
        "appointment": select(Appointment.id).where(Appointment.code == word),
        "ticket": select(Ticket.id).where(Ticket.label == word.upper()),
        "staff": select(Staff.id).where(named(Staff.username)),
        "device": select(Device.id).where(named(Device.name)),
        "hall": select(Hall.id).where(named(Hall.code, Hall.name_zh, Hall.name_en)),
        "service": select(Service.id).where(named(Service.code, Service.name_zh, Service.name_en)),
    }


def more(row: AuditEntry) -> str:
    """Reason, counts and other codes of an entry, in words."""
    return details_in_words(row.action, row.details, edge.language())
