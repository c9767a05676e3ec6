"""A mobile session at work: officers check in and serve there who booked a place in the village.

Nobody waits for a counter of the hall: a visit has no number until it is over. Then it becomes a ticket that
was served at no counter, so that its owner is asked about it like everybody else.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from booking.check_in import mark_checked_in
from booking.models import Appointment
from booking.queries import get_appointment, lock_appointment, name_on, phone_of
from booking.slot_places import IN_HALL, Place, place_in
from booking.states import AppointmentState
from catalog.models import Service
from catalog.queries import services_of
from halls.models import Hall
from kernel.actor import Actor
from people.names import mask
from queueing import place as places
from queueing import snapshot
from queueing.check_in import CheckIn, find_for_check_in
from queueing.errors import BookedInHall, NothingToCheckIn, VisitIsOver
from queueing.models import Ticket
from queueing.ordering import Track
from queueing.queries import find_ticket_of_appointment
from queueing.serve import complete_visit
from queueing.states import TicketState
from queueing.steps import ensure_in_hall, move, staff_id_of
from queueing.today import Today, get_group, lock_lines, today_of

_SHOWN = (AppointmentState.BOOKED, AppointmentState.CHECKED_IN, AppointmentState.FULFILLED)


@dataclass(frozen=True, slots=True)
class VillageVisit:
    """Who booked in a village; of the name only the last character."""

    appointment: Appointment
    name: str
    services: Sequence[Service]


def list_village_visits(session: Session, hall: Hall, *, on_date: date) -> dict[Place, list[VillageVisit]]:
    """Of one day by village and time; cancelled and missed ones are left out."""
    query = select(Appointment).where(
        Appointment.hall_id == hall.id,
        Appointment.on_date == on_date,
        Appointment.place_zh != "",
        Appointment.state.in_(_SHOWN),
    )
    found: dict[Place, list[VillageVisit]] = {}
    for row in session.scalars(query.order_by(Appointment.starts_at, Appointment.code)).all():
        visit = VillageVisit(row, mask(name_on(session, row)), services_of(session, row.service_ids))
        found.setdefault(place_in(row), []).append(visit)
    return found


def arrive_in_village(session: Session, command: CheckIn, *, actor: Actor, now: datetime) -> Appointment:
    """Check in who is there, at any time of the day; twice changes nothing.

    Raises:
        NothingToCheckIn, WrongHall, CheckInOnAnotherDay, TooLate, BookedInHall, VisitIsOver
    """
    ensure_in_hall(actor, command.hall_id)
    today = today_of(session, command.hall_id, now=now)
    appointment = find_for_check_in(session, today, command)
    ensure_in_village(appointment, command.hall_id)
    if appointment.state == AppointmentState.FULFILLED:
        raise VisitIsOver(label=appointment.code)
    mark_checked_in(session, appointment, actor=actor, now=now)
    return appointment


def serve_in_village(
    session: Session, hall_id: int, reference: str, *, actor: Actor, now: datetime
) -> Ticket:
    """The matter of somebody who was checked in is done; twice changes nothing.

    Raises:
        AppointmentUnknown, NothingToCheckIn, BookedInHall
    """
    ensure_in_hall(actor, hall_id)
    appointment = lock_appointment(session, get_appointment(session, reference))
    ensure_in_village(appointment, hall_id)
    return _serve(session, today_of(session, hall_id, now=now), appointment, actor=actor, now=now)


def end_in_villages(session: Session, hall_id: int, *, until: date, actor: Actor, now: datetime) -> int:
    """The day is over: who was checked in was served. How many.

    All their bookings are locked before the first line, as wherever somebody is served.
    """
    query = (
        select(Appointment)
        .where(
            Appointment.hall_id == hall_id,
            Appointment.on_date <= until,
            Appointment.place_zh != "",
            Appointment.state == AppointmentState.CHECKED_IN,
        )
        .order_by(Appointment.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    today, found = today_of(session, hall_id, now=now), session.scalars(query).all()
    for appointment in found:
        _serve(session, today, appointment, actor=actor, now=now)
    return len(found)


def ensure_in_village(appointment: Appointment, hall_id: int) -> None:
    """Refuse bookings of other halls, and those of this one that are not in a village.

    Raises:
        NothingToCheckIn, BookedInHall
    """
    if appointment.hall_id != hall_id:
        raise NothingToCheckIn
    if place_in(appointment) == IN_HALL:
        raise BookedInHall


def _serve(
    session: Session, today: Today, appointment: Appointment, *, actor: Actor, now: datetime
) -> Ticket:
    ticket = find_ticket_of_appointment(session, appointment.id)
    if ticket is not None:
        return _end(session, ticket, actor=actor, now=now) if ticket.state == TicketState.SERVING else ticket
    arrived_at = appointment.checked_in_at
    if appointment.state != AppointmentState.CHECKED_IN or arrived_at is None:
        raise NothingToCheckIn
    ticket = _ticket(session, today, appointment, actor=actor, at=arrived_at)
    ticket.staff_id = staff_id_of(actor)
    move(session, ticket, TicketState.SERVING, "ticket.serve_in_village", actor=actor, now=arrived_at)
    ticket.called_at = ticket.started_at = arrived_at
    return _end(session, ticket, actor=actor, now=now)


def _end(session: Session, ticket: Ticket, *, actor: Actor, now: datetime) -> Ticket:
    """Completed, with what taking it back needs; no counter can (`queueing.undo_in_village`)."""
    before = snapshot.take(ticket)
    ticket = complete_visit(session, ticket, actor=actor, now=now)
    ticket.step = {"action": "ticket.complete", "before": before}
    return ticket


def _ticket(
    session: Session, today: Today, appointment: Appointment, *, actor: Actor, at: datetime
) -> Ticket:
    """Of all services at once: in a village nobody goes from line to line."""
    of_day = replace(today, on_date=appointment.on_date)
    group = get_group(session, today.hall.id, appointment.group_id)
    starts_at = appointment.starts_at
    issued = places.give(
        session,
        lock_lines(session, of_day, [group.id])[group.id],
        letter=group.letter,
        place=places.Place(Track.BOOKED, starts_at, slot_starts_at=starts_at, ground="village"),
        holder=places.Holder(
            service_ids=tuple(appointment.service_ids),
            phone=phone_of(appointment),
            language=appointment.language,
            appointment_id=appointment.id,
            citizen_id=appointment.citizen_id,
        ),
        press_key=None,
        actor=actor,
        now=at,
    )
    if issued is None:  # cannot be: without a press key nothing else can meet
        raise NothingToCheckIn
    return issued
