"""Booking by staff for somebody in front of them: any channel, a reason, and the one way to take numbers.

The rules of time for citizens (lead time, horizon, release) do not bind staff; those of the numbers do: no
number is given twice. Reasons are codes, because the audit holds no personal data.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from booking.book import Book, book
from booking.errors import SlotFull, SlotUnknown
from booking.hall_rules import rules_of
from booking.ladder import Channel
from booking.models import Appointment, Number, Slot
from booking.policy import InPast, numbers_needed
from booking.staff_slots import staff_slots, starts_in_line
from booking.staff_visits import find_visit, take_for_staff
from booking.taking import Wanted, take
from booking.turns import wait_for_hall
from catalog.queries import minutes_in_situation, services_of
from halls.models import ServiceGroup
from halls.queries import get_hall_by_id
from kernel import audit
from kernel.actor import Actor
from kernel.errors import Forbidden, Invalid
from kernel.ids import new_token, token_hash

#: Why staff book for somebody.
REASONS = ("no_phone", "needs_help", "elderly", "disabled", "system_trouble", "follow_up", "day_full")
#: Why the duty officer makes an exception: a duty number, or a person whom the rules stop.
EXCEPTIONS = ("urgent", "hardship", "our_fault", "decided_by_leader")

_HOLD = timedelta(minutes=5)  # within one transaction; it never runs
_TRIES = 3


class StaffReasonUnknown(Invalid):
    """A reason is needed, one of the list."""

    code = "staff_reason_unknown"
    zh = "请选择代办的理由；使用机动号或破例时，还须选择破例的理由。"
    en = "Please choose why you book for them, and for a duty number or an exception why it is made."


@dataclass(frozen=True, slots=True)
class StaffBooking:
    """What is to be booked. Each number is of the first of `channels` that has one; `who.token` is filled in.

    Services of several lines are one visit of several legs; `group_id` counts only for those of one line.
    `despite_standing`: also for somebody who is suspended or has too many open appointments.
    """

    hall_id: int
    group_id: int
    service_ids: tuple[int, ...]
    starts_at: datetime
    channels: Sequence[Channel]
    reason: str
    who: Book
    answers: Mapping[str, Any] = field(default_factory=dict)
    despite_standing: bool = False
    exception: str = ""


def book_at_counter(session: Session, command: StaffBooking, *, actor: Actor, now: datetime) -> Appointment:
    """Book for a person whose document an officer has seen. A phone is welcome and not needed.

    Duty numbers and exceptions need the permission booking.override, and a reason of their own.

    Raises:
        Forbidden, StaffReasonUnknown, SlotUnknown, SlotFull, InPast, AlreadyBookedThatDay, TooManyOpen,
        SuspendedForNoShows, IdentityMalformed and its like
    """
    if not actor.may("booking.make", command.hall_id):
        raise Forbidden
    if command.reason not in REASONS:
        raise StaffReasonUnknown
    if Channel.DUTY in command.channels or command.despite_standing:
        if not actor.may("booking.override", command.hall_id):
            raise Forbidden
        if command.exception not in EXCEPTIONS:
            raise StaffReasonUnknown
    return book_by_staff(session, command, actor=actor, now=now)


def book_by_staff(session: Session, command: StaffBooking, *, actor: Actor, now: datetime) -> Appointment:
    """Take the numbers and book them; whoever calls has asked for the permission."""
    if command.starts_at <= now:
        raise InPast
    wait_for_hall(session, command.hall_id)  # the numbers are locked before their person
    token = new_token()
    channel = _take(session, command, token, now=now)
    appointment = book(
        session,
        replace(command.who, token=token),
        actor=actor,
        now=now,
        despite_standing=command.despite_standing,
    )
    appointment.made_by = "staff"
    audit.record(
        session,
        "appointment.make_by_staff",
        actor=actor,
        now=now,
        subject=("appointment", appointment.id),
        hall_id=appointment.hall_id,
        reason=command.reason,
        channel=channel,
        exception=command.exception or None,
    )
    return appointment


def needed_for(
    session: Session, group_id: int, service_ids: Sequence[int], answers: Mapping[str, Any]
) -> int:
    """How many numbers these services take in that line."""
    changed = minutes_in_situation(session, service_ids, answers) if answers else {}
    minutes = sum(changed.get(service.id, service.minutes) for service in services_of(session, service_ids))
    return numbers_needed(minutes, session.get_one(ServiceGroup, group_id).unit_minutes)


def _take(session: Session, command: StaffBooking, token: str, *, now: datetime) -> str:
    """Hold the numbers; from which channel, or channels."""
    visit = find_visit(session, command.hall_id, command.service_ids, command.answers)
    if visit is None:
        return _take_in_one_line(session, command, token, now=now)
    known = select(Slot.id).where(Slot.group_id.in_(visit.group_ids), Slot.starts_at == command.starts_at)
    if session.scalar(known.limit(1)) is None:
        raise SlotUnknown
    used = take_for_staff(
        session,
        visit,
        command.starts_at,
        channels=command.channels,
        answers=command.answers,
        token=token,
        now=now,
        kept=_HOLD,
    )
    if used is None:
        raise SlotFull(alternatives=[])
    return ",".join(used)


def _take_in_one_line(session: Session, command: StaffBooking, token: str, *, now: datetime) -> str:
    """As `booking.staff_slots` offers them: numbers in a row, of several channels where one has too few."""
    slot = session.scalar(
        select(Slot).where(Slot.group_id == command.group_id, Slot.starts_at == command.starts_at)
    )
    if slot is None or slot.hall_id != command.hall_id:
        raise SlotUnknown
    wanted = Wanted(
        hall_id=command.hall_id,
        group_id=command.group_id,
        on_date=rules_of(get_hall_by_id(session, command.hall_id)).date_of(command.starts_at),
        starts_at=command.starts_at,
        needed=needed_for(session, command.group_id, command.service_ids, command.answers),
        service_ids=command.service_ids,
        answers=command.answers,
        token=token_hash(token),
        previous=None,
        held_until=now + _HOLD,
        channels=[str(each) for each in command.channels],
    )
    for _ in range(_TRIES):
        with session.begin_nested() as savepoint:
            if take(session, wanted, now=now) is not None:
                mine = select(Number.channel).where(Number.hold_token == wanted.token).distinct()
                return ",".join(sorted(session.scalars(mine)))
            savepoint.rollback()
        slots = staff_slots(session, command.group_id, wanted.on_date, now=now)
        fits = starts_in_line(slots, needed=wanted.needed, channels=command.channels)
        # Who was beaten to a number looks anew: others that fit as well may have been skipped meanwhile.
        if command.starts_at not in {each.starts_at for each in fits}:
            break
    raise SlotFull(alternatives=[])
