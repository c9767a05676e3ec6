"""What the audit's ids stand for: the code of a booking, the number of a ticket, the name of a hall.

Citizens stay what they are in the audit, somebody: neither name nor number of theirs is looked up here.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from flask import url_for
from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import Session

from booking.models import Appeal, Appointment, SpecialRequest, WaitlistEntry
from booking.tables import KINDS as TABLES
from catalog.models import Service
from halls.models import Closure, Counter, Hall, ServiceGroup
from kernel.audit import AuditEntry
from people.models import Device, Staff
from queueing.models import Ticket
from web import edge
from web.admin.audit_words import actions_with, subject_in_words

Key = tuple[str, int]
Named = dict[int, str]
#: Where somebody may look at such a thing: kind → (permission, endpoint).
_PAGES: Mapping[str, tuple[str, str]] = {
    "appointment": ("booking.correct", "duty.correction"),
    "special_request": ("request.decide", "duty.one_request"),
}


def _texts(model: Any, *columns: Any) -> Callable[[Session, Collection[int]], Named]:
    def read(session: Session, ids: Collection[int]) -> Named:
        rows = session.execute(select(model.id, *columns).where(model.id.in_(ids)))
        return {row[0]: " ".join(str(each) for each in row[1:]) for row in rows}

    return read


def _translated(model: Any) -> Callable[[Session, Collection[int]], Named]:
    def read(session: Session, ids: Collection[int]) -> Named:
        rows = session.scalars(select(model).where(model.id.in_(ids)))
        return {row.id: edge.text(row, "name") for row in rows}

    return read


_READ: Mapping[str, Callable[[Session, Collection[int]], Named]] = {
    "appointment": _texts(Appointment, Appointment.code, Appointment.on_date),
    "ticket": _texts(Ticket, Ticket.label, Ticket.on_date),
    "appeal": _texts(Appeal, Appeal.asked_at),
    "special_request": _texts(SpecialRequest, SpecialRequest.wanted_on),
    "waitlist_entry": _texts(WaitlistEntry, WaitlistEntry.first_on),
    "closure": _texts(Closure, Closure.reason_zh),
    "counter": _texts(Counter, Counter.number),
    "staff": _texts(Staff, Staff.username),
    "device": _texts(Device, Device.name),
    "hall": _translated(Hall),
    "group": _translated(ServiceGroup),
    "service": _translated(Service),
}
