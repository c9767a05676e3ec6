"""What an officer sees at a counter: who is here and why, who comes next, who was put aside."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from booking.delivery import Delivery, delivery_of
from booking.models import Appointment
from catalog.guide import (
    ChecklistItem,
    Option,
    Question,
    UnknownAnswer,
    answers_for,
    checklist,
    plain_checklist,
    walk,
)
from catalog.models import Service
from catalog.queries import find_guide, materials_of, services_of
from halls.models import Counter, Hall, ServiceGroup
from halls.queries import CounterView, get_counter, get_group, list_counters, list_groups
from kernel import phone
from people.citizens import is_doubtful, name_of
from people.identity import mask_name
from people.licences import Held, find_licences
from people.models import Citizen, Staff
from queueing import contact
from queueing.counters import list_group_ids, session_of_counter
from queueing.errors import CounterNotOpen, TicketUnknown
from queueing.labels import parse_label
from queueing.models import Call, CounterSession, Ticket
from queueing.parked import list_parked
from queueing.queries import current_ticket, list_missed, upcoming
from queueing.reasons import Reason
from queueing.recall import NextStep
from queueing.today import Today, today_of
from queueing.unanswered import foresee
from queueing.waiting import MINE

UPCOMING_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Matter:
    """A service and what to bring for it, as the citizen was told. `situation` names the answers given."""

    service: Service
    situation_zh: str
    situation_en: str
    items: tuple[ChecklistItem, ...]
    answered: tuple[tuple[Question, Option], ...] = ()


@dataclass(frozen=True, slots=True)
class AtCounter:
    """The ticket called to or served at the counter. Name and phone are masked; where to post to is not.

    `doubtful`: the number of the document is unusual. `by_staff`: an officer booked for the citizen, who may
    never have seen the list of papers.

    `next_lines` are those that the visit still has to pass. `on_record` are the licences that the register
    has of this person: what they need not hand in. `next_step` comes by itself when nobody answers the call.
    """

    ticket: Ticket
    call: Call
    reason: Reason
    matters: list[Matter]
    person: str
    doubtful: bool
    phone: str
    delivery: Delivery | None
    by_staff: bool
    next_lines: list[ServiceGroup]
    on_record: Held
    next_step: NextStep | None


@dataclass(frozen=True, slots=True)
class InLine:
    """A ticket of a list, with the names of its services. `left_by`: the closed counter that put it aside."""

    ticket: Ticket
    services: list[Service]
    reason: Reason | None = None
    left_by: int | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """One counter now. `waiting` counts everybody whom it could serve; `more` is that of `desk_more`."""

    hall: Hall
    zone: ZoneInfo
    counter: Counter
    running: CounterSession
    groups: list[ServiceGroup]
    current: AtCounter | None
    upcoming: list[InLine]
    waiting: int
    parked: list[InLine]
    missed: list[InLine]
    more: Any = None
    discipline: str = "promise"


@dataclass(frozen=True, slots=True)
class Seat:
    """A counter that can be opened, or who sits there."""

    counter: CounterView
    running: CounterSession | None
    staff_name: str


def list_seats(session: Session, hall_id: int) -> list[Seat]:
    """The hall's counters by number, with who has them open."""
    query = (
        select(CounterSession, Staff.name)
        .join(Staff, Staff.id == CounterSession.staff_id)
        .where(CounterSession.hall_id == hall_id, CounterSession.closed_at.is_(None))
    )
    taken = {running.counter_id: (running, name) for running, name in session.execute(query)}
    return [Seat(each, *taken.get(each.id, (None, ""))) for each in list_counters(session, hall_id)]


def find_seat(session: Session, counter_id: int) -> Seat | None:
    """Who sits at this counter now; None where nobody does."""
    running = session_of_counter(session, counter_id)
    seats = [] if running is None else list_seats(session, running.hall_id)
    return next((seat for seat in seats if seat.counter.id == counter_id), None)


def desk(session: Session, counter_id: int, *, now: datetime) -> Desk:
    """The desk of an open counter.

    Raises:
        CounterNotFound, CounterNotOpen
    """
    counter = get_counter(session, counter_id)
    running = session_of_counter(session, counter_id)
    if running is None:
        raise CounterNotOpen
    today = today_of(session, counter.hall_id, now=now)
    skills = list_group_ids(session, counter_id)
    missed = [each for each in list_missed(session, counter.hall_id, now=now) if each.group_id in skills]
    waiting = select(func.count()).where(
        Ticket.group_id.in_(skills), Ticket.on_date == today.on_date, Ticket.state == "waiting", MINE
    )
    return Desk(
        hall=today.hall,
        zone=today.zone,
        counter=counter,
        running=running,
        groups=list_groups(session, counter.hall_id, active=True),
        current=_current(session, counter_id, today),
        upcoming=_in_line(session, upcoming(session, counter_id, now=now, limit=UPCOMING_SHOWN)),
        waiting=session.scalar(waiting, {"counter_id": counter_id}) or 0,
        parked=_parked(session, counter_id, now=now),
        missed=_in_line(session, [(each, None) for each in missed]),
        discipline=today.policy.discipline,
    )


def find_in_hall(session: Session, hall_id: int, label: str, *, now: datetime) -> Ticket | None:
    """Today's ticket of this label; None for a text that is no label.

    No two lines of a hall share a letter. A line that gave its letter away during the day has left tickets
    with it: then the later one is meant.
    """
    if parse_label(label) is None:
        return None
    today = today_of(session, hall_id, now=now)
    query = select(Ticket).where(
        Ticket.hall_id == hall_id, Ticket.on_date == today.on_date, Ticket.label == label.strip().upper()
    )
    return session.scalars(query.order_by(Ticket.id.desc())).first()


def get_in_hall(session: Session, hall_id: int, label: str, *, now: datetime) -> Ticket:
    """Today's ticket of this label; raises TicketUnknown."""
    ticket = find_in_hall(session, hall_id, label, now=now)
    if ticket is None:
        raise TicketUnknown
    return ticket


def matters_of(session: Session, ticket: Ticket) -> list[Matter]:
    """The ticket's services with their checklists, personal ones where questions were answered."""
    appointment = _appointment(session, ticket)
    answers = {} if appointment is None else appointment.answers
    return [
        _matter(session, service, answers_for(service.code, answers))
        for service in services_of(session, ticket.service_ids)
    ]


def _matter(session: Session, service: Service, answers: dict[str, str]) -> Matter:
    materials = materials_of(service)
    guide = find_guide(session, service) if answers else None
    if guide is not None:
        try:
            step = walk(guide, answers)
        except UnknownAnswer:  # the guide has changed since
            return Matter(service, "", "", plain_checklist(materials))
        if (found := step.situation) is not None:
            items = checklist(found, materials)
            return Matter(service, found.name_zh, found.name_en, items, step.answered)
    return Matter(service, "", "", plain_checklist(materials))


def _current(session: Session, counter_id: int, today: Today) -> AtCounter | None:
    ticket = current_ticket(session, counter_id)
    if ticket is None:
        return None
    last = select(Call).where(Call.ticket_id == ticket.id).order_by(Call.id.desc()).limit(1)
    call = session.scalars(last).one()
    return AtCounter(
        ticket=ticket,
        call=call,
        reason=Reason.from_data(call.reason),
        matters=matters_of(session, ticket),
        person=_person(session, ticket),
        doubtful=_is_doubtful(session, ticket),
        phone=phone.mask(number) if (number := contact.phone_of(ticket)) else "",
        delivery=_delivery(session, ticket),
        by_staff=_is_by_staff(session, ticket),
        next_lines=[get_group(session, leg["group_id"]) for leg in ticket.legs],
        on_record=_on_record(session, ticket),
        next_step=foresee(session, ticket, call.last_called_at, today.policy),
    )


def _on_record(session: Session, ticket: Ticket) -> Held:
    citizen = session.get(Citizen, ticket.citizen_id) if ticket.citizen_id else None
    if citizen is None or citizen.identity_index is None or citizen.erased_at is not None:
        return {}
    return find_licences(session, citizen.identity_index, on=ticket.on_date)


def _delivery(session: Session, ticket: Ticket) -> Delivery | None:
    appointment = _appointment(session, ticket)
    return delivery_of(appointment) if appointment is not None else None


def _is_by_staff(session: Session, ticket: Ticket) -> bool:
    appointment = _appointment(session, ticket)
    return appointment is not None and appointment.made_by == "staff"


def _is_doubtful(session: Session, ticket: Ticket) -> bool:
    citizen = session.get(Citizen, ticket.citizen_id) if ticket.citizen_id else None
    return citizen is not None and is_doubtful(citizen, today=ticket.on_date)


def _person(session: Session, ticket: Ticket) -> str:
    citizen = session.get(Citizen, ticket.citizen_id) if ticket.citizen_id else None
    return mask_name(name_of(citizen)) if citizen is not None and citizen.erased_at is None else ""


def _appointment(session: Session, ticket: Ticket) -> Appointment | None:
    return session.get(Appointment, ticket.appointment_id) if ticket.appointment_id else None


def _parked(session: Session, counter_id: int, *, now: datetime) -> list[InLine]:
    found = list_parked(session, counter_id, now=now)
    lines = _in_line(session, [(each.ticket, None) for each in found])
    return [
        replace(line, left_by=each.counter_number if each.closed else None)
        for line, each in zip(lines, found, strict=True)
    ]


def _in_line(session: Session, tickets: Sequence[tuple[Ticket, Reason | None]]) -> list[InLine]:
    wanted = {service_id for ticket, _ in tickets for service_id in ticket.service_ids}
    by_id = {service.id: service for service in services_of(session, wanted)}
    return [
        InLine(ticket, [by_id[each] for each in ticket.service_ids if each in by_id], reason)
        for ticket, reason in tickets
    ]
