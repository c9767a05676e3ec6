"""Check in who booked: the booking becomes a ticket with its place in line."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy.orm import Session

from booking import queries as bookings
from booking.check_in import mark_checked_in
from booking.errors import AppointmentUnknown
from booking.models import Appointment
from booking.policy import CheckInOnAnotherDay, CheckInTooEarly
from booking.slot_places import IN_HALL, place_in
from booking.states import AppointmentState
from halls.models import ServiceGroup
from halls.queries import get_hall_by_id
from kernel.actor import Actor
from queueing.admission import Ground, admit
from queueing.errors import BookedInVillage, NothingToCheckIn, TooLate, WrongHall
from queueing.issue import ensure_admitted
from queueing.keys import Punctuality, booked_key, check_in_window, half_day_ends_at, judge_check_in
from queueing.matter import matter_of
from queueing.models import Line, Ticket
from queueing.ordering import Track
from queueing.place import Holder, Place, give, open_line, walk_in_place
from queueing.queries import find_ticket_of_appointment
from queueing.staffing import capacity_of
from queueing.standby import promote
from queueing.steps import ensure_in_hall
from queueing.today import Today, get_group, lock_lines, today_of


@dataclass(frozen=True, slots=True)
class CheckIn:
    """One of: `reference` (QR), `code` (six digits), `identity` (text of the document's number)."""

    hall_id: int
    reference: str | None = None
    code: str | None = None
    identity: str | None = None


def check_in(session: Session, command: CheckIn, *, actor: Actor, now: datetime) -> Ticket:
    """Check in and issue the ticket; who is checked in already gets the same ticket again.

    A visit of several lines gets one ticket, which waits for its first leg and knows the others.

    1. Lock the appointment: two scans of one code come one after the other.
    2. From s−30 to s+15 the key is s; later in the half-day check-in + 15; beyond it a walk-in number, if
       one more is admitted. Staff may check in earlier: early people never jump.

    Raises:
        NothingToCheckIn, WrongHall, CheckInOnAnotherDay, CheckInTooEarly, TooLate, BookedInVillage,
        WalkInsStopped, LineClosed
    """
    ensure_in_hall(actor, command.hall_id)
    today = today_of(session, command.hall_id, now=now)
    appointment = bookings.lock_appointment(session, _find(session, today, command))
    ticket = find_ticket_of_appointment(session, appointment.id)
    if ticket is not None and ticket.hall_id == today.hall.id:
        return ticket
    _ensure_open_here(session, today, appointment)
    if (elsewhere := place_in(appointment)) != IN_HALL:
        local = appointment.starts_at.astimezone(today.zone)
        raise BookedInVillage(
            at=f"{local:%H:%M}", place_zh=elsewhere.name_zh, place_en=elsewhere.name_en or elsewhere.name_zh
        )
    group = get_group(session, today.hall.id, appointment.group_id)
    line, place = _place(session, today, group, appointment, actor=actor, now=now)
    mark_checked_in(session, appointment, actor=actor, now=now)
    first, *later = appointment.legs or [{"service_ids": appointment.service_ids}]
    holder = Holder(
        service_ids=tuple(first["service_ids"]),
        legs=tuple({name: leg[name] for name in ("group_id", "service_ids")} for leg in later),
        phone=bookings.phone_of(appointment),
        language=appointment.language,
        appointment_id=appointment.id,
        citizen_id=appointment.citizen_id,
    )
    issued = give(
        session,
        line,
        letter=group.letter,
        place=place,
        holder=holder,
        press_key=None,
        actor=actor,
        now=now,
        matter=matter_of(session, group, holder.service_ids, policy=today.policy),
    )
    if issued is None:  # cannot be: without a press key nothing else can meet
        raise NothingToCheckIn
    return issued


def find_for_check_in(session: Session, today: Today, command: CheckIn) -> Appointment:
    """The booking of today that was shown, locked; for staff, who are told of one that was served as well.

    Raises:
        NothingToCheckIn, WrongHall, CheckInOnAnotherDay, TooLate
    """
    appointment = bookings.lock_appointment(session, _find(session, today, command))
    served_here = appointment.state == AppointmentState.FULFILLED and appointment.hall_id == today.hall.id
    if not served_here:
        _ensure_open_here(session, today, appointment)
    return appointment


def _find(session: Session, today: Today, command: CheckIn) -> Appointment:
    if command.reference and command.reference.isprintable():
        try:
            return bookings.get_appointment(session, command.reference)
        except AppointmentUnknown:
            raise NothingToCheckIn from None
    code = (command.code or "").strip()
    candidates: list[Appointment] = []
    if code.isdecimal():
        found = bookings.find_by_code(session, today.hall.id, today.on_date, code)
        candidates = [] if found is None else [found]
    elif command.identity:
        candidates = bookings.find_today_by_identity(session, today.hall.id, today.on_date, command.identity)
    # Who has two bookings checks in for the next one; the one before keeps its ticket.
    candidates.sort(key=lambda each: (each.state != AppointmentState.BOOKED, each.starts_at))
    if not candidates:
        raise NothingToCheckIn
    return candidates[0]


def _ensure_open_here(session: Session, today: Today, appointment: Appointment) -> None:
    if appointment.state in (AppointmentState.CANCELLED, AppointmentState.FULFILLED):
        raise NothingToCheckIn
    if appointment.hall_id != today.hall.id:
        other = get_hall_by_id(session, appointment.hall_id)
        raise WrongHall(hall_code=other.code, hall_zh=other.name_zh, hall_en=other.name_en)
    if appointment.on_date != today.on_date:
        raise CheckInOnAnotherDay(on=appointment.on_date.isoformat())
    if appointment.state == AppointmentState.NO_SHOW:
        raise TooLate


def _place(
    session: Session,
    today: Today,
    group: ServiceGroup,
    appointment: Appointment,
    *,
    actor: Actor,
    now: datetime,
) -> tuple[Line, Place]:
    starts_at = appointment.starts_at
    opens_at, closes_at = check_in_window(starts_at, today.policy)
    if now < opens_at and actor.kind != "staff":
        raise CheckInTooEarly(opens=f"{opens_at.astimezone(today.zone):%H:%M}")
    if now <= closes_at:
        policy = today.policy_for(capacity_of(session, today, group.id, now=now))
        line = lock_lines(session, today, [group.id])[group.id]
        return line, Place(Track.BOOKED, booked_key(starts_at, policy), slot_starts_at=starts_at)
    ends_at = half_day_of(session, today, group.id, starts_at, now=now)
    judged = judge_check_in(starts_at, now, half_day_ends_at=ends_at, policy=today.policy)
    if judged.punctuality is Punctuality.TOO_LATE or judged.due_at is None:
        return _walk_in(session, today, group, appointment, actor=actor, now=now)
    line = lock_lines(session, today, [group.id])[group.id]
    return line, Place(Track.BOOKED, judged.due_at, slot_starts_at=starts_at, late=True)


def half_day_of(
    session: Session, today: Today, group_id: int, slot_starts_at: datetime, *, now: datetime
) -> datetime:
    """The end of the half-day of a booked slot; the end of the date where no counter is planned."""
    closes_at = capacity_of(session, today, group_id, now=now).closes_at
    if closes_at is None:
        closes_at = datetime.combine(today.on_date + timedelta(days=1), time.min, today.zone)
    return half_day_ends_at(slot_starts_at, closes_at=closes_at, zone=today.zone, policy=today.policy)


def _walk_in(
    session: Session,
    today: Today,
    group: ServiceGroup,
    appointment: Appointment,
    *,
    actor: Actor,
    now: datetime,
) -> tuple[Line, Place]:
    """The half-day of the booking is over: the place of somebody without one, if one more is admitted."""
    line = promote(session, open_line(session, today, group, now=now), now=now)
    officer = actor.may("ticket.override", today.hall.id)
    admission = admit(line.capacity, line.load, now, duty_officer=officer, policy=line.policy)
    ensure_admitted(session, line, admission, service_ids=tuple(appointment.service_ids), now=now)
    ground = admission.ground if admission.ground is not Ground.CAPACITY else "too_late"
    return line.row, walk_in_place(line, ground=ground, now=now)
