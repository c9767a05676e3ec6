"""Cases as the follow-up desk reads them: what was rated and why, and whom to call, no more than that."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from catalog.models import Service
from catalog.queries import services_of
from feedback.handle import due_on
from feedback.models import FollowUpCase, Rating, Survey
from feedback.queries import comment_of
from halls.models import Counter, Hall
from kernel.actor import Actor
from kernel.looks import note_look
from kernel.phone import mask
from notifications.phones import phone_of_ticket
from people.citizens import name_of
from people.identity import mask_name
from people.models import Citizen
from queueing.models import Ticket

_Rows = Select[FollowUpCase, Hall, Rating, Survey, int]


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One line of the list: nothing about who rated."""

    case: FollowUpCase
    hall: Hall
    rating: Rating
    survey: Survey
    counter: int | None
    services: list[Service]


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case to be worked on. `name` (masked) and `phone` (E.164; masked once closed) may be empty."""

    row: CaseRow
    comment: str
    name: str
    phone: str


def list_cases(session: Session, hall_ids: Iterable[int], *, closed: bool, limit: int = 200) -> list[CaseRow]:
    """Open cases, the first due first; or the closed ones, the latest first."""
    query = _rows().where(FollowUpCase.hall_id.in_(list(hall_ids)))
    if closed:
        ended = query.where(FollowUpCase.closed_at.is_not(None)).order_by(FollowUpCase.closed_at.desc())
        return _read(session, ended.limit(limit))
    found = _read(session, query.where(FollowUpCase.closed_at.is_(None)).limit(limit))
    return sorted(found, key=lambda row: (due_on(row.case), row.case.opened_at, row.case.id))


def view_case(session: Session, case: FollowUpCase, *, actor: Actor, now: datetime) -> CaseView:
    """With what is needed to call its owner while the case is open, which the audit remembers.

    Nobody is called about a closed one: the phone is masked.
    """
    (row,) = _read(session, _rows().where(FollowUpCase.id == case.id))
    ticket = session.get(Ticket, row.survey.ticket_id)
    phone = phone_of_ticket(session, ticket) if ticket is not None and row.survey.phone_index else None
    citizen = session.get(Citizen, row.survey.citizen_id) if row.survey.citizen_id else None
    named = citizen is not None and citizen.erased_at is None
    name = mask_name(name_of(citizen)) if citizen is not None and named else ""
    if phone and case.closed_at is None:
        about = ("case", case.id)
        note_look(session, ["phone"], subject=about, hall_id=case.hall_id, actor=actor, now=now)
    elif phone:
        phone = mask(phone)
    return CaseView(row, comment_of(row.rating), name, phone or "")


def _rows() -> _Rows:
    return (
        select(FollowUpCase, Hall, Rating, Survey, Counter.number)
        .join(Hall, Hall.id == FollowUpCase.hall_id)
        .join(Rating, Rating.id == FollowUpCase.rating_id)
        .join(Survey, Survey.id == Rating.survey_id)
        .outerjoin(Counter, Counter.id == Survey.counter_id)
    )


def _read(session: Session, query: _Rows) -> list[CaseRow]:
    rows = session.execute(query).all()
    wanted = {service_id for row in rows for service_id in row[3].service_ids}
    known = {service.id: service for service in services_of(session, wanted)}
    return [
        CaseRow(case, hall, rating, survey, counter, [known[i] for i in survey.service_ids if i in known])
        for case, hall, rating, survey, counter in rows
    ]
