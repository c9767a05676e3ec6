"""What staff do with a ticket after the call. Each verb locks the ticket and goes one step of its life.

All raise TicketMoved (409) when the ticket is not where the verb begins: of two officers who act on one
ticket at once, one wins and the other is told. Whoever is called or served is a matter of the officer at that
counter (and of the duty officer): others get NotYourCounter (403). Who waits, was put aside or missed the
call belongs to the whole hall.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from booking.fulfil import fulfil
from booking.reopen import numbers_of
from halls.models import ServiceGroup
from kernel.actor import Actor
from kernel.outbox import emit
from queueing import events, stays
from queueing.check_in import half_day_of
from queueing.counters import counter_of_staff, ensure_free, ensure_own, lock_session, session_of_counter
from queueing.end_booking import end_booking, open_booking
from queueing.errors import CounterNotOpen, NotYourCounter, SameLine, ServedInVillage, TakeNewNumber
from queueing.hall_rooms import room_in
from queueing.matter import matter_of
from queueing.models import Call, Ticket
from queueing.recall import Return
from queueing.recall import reinstate as second_chance
from queueing.rooms import reason_of
from queueing.states import AT_COUNTER, TicketState
from queueing.steps import ensure_in_hall, lock, move, moved, not_before, record, staff_id_of, take_call_back
from queueing.today import get_group, lock_lines, today_of

_S = TicketState
#: Why a ticket was given up, where nothing else is said: its owner left, or no longer wants it.
VOIDED = "left"


def lock_own(session: Session, ticket: Ticket, *, actor: Actor) -> Ticket:
    """The ticket, locked; where it stands at a counter, only for who works there.

    The counter's session is read, not locked: it cannot end while a ticket stands at the counter, so the
    order of locks (`queueing.today.lock_lines`) stays as it is.

    Raises:
        NotYourCounter
        Forbidden: the actor works in other halls
    """
    ticket = lock(session, ticket)
    ensure_in_hall(actor, ticket.hall_id)
    if ticket.state in AT_COUNTER and ticket.counter_id is not None:
        running = session_of_counter(session, ticket.counter_id)
        if running is not None:
            ensure_own(running, actor)
        elif actor.kind != "system" and not actor.may("ticket.override", ticket.hall_id):
            raise NotYourCounter
    return ticket


def recall(session: Session, ticket: Ticket, *, actor: Actor, now: datetime) -> Ticket:
    """Call once more; screens announce again."""
    ticket = lock_own(session, ticket, actor=actor)
    now = not_before(ticket, now)
    if ticket.state != _S.CALLED:
        raise moved(ticket)
    call = _last_call(session, ticket)
    call.last_called_at = now
    ticket.recalls += 1
    record(session, ticket, "ticket.recall", actor=actor, now=now, recalls=ticket.recalls)
    told = events.TicketRecalled(*_key(ticket), call_id=call.id, counter_id=call.counter_id)
    emit(session, told, now=now)
    return ticket


def mark_absent(session: Session, ticket: Ticket, *, actor: Actor, now: datetime) -> Ticket:
    """Nobody came: 过号."""
    ticket = lock_own(session, ticket, actor=actor)
    now = not_before(ticket, now)
    move(session, ticket, _S.ABSENT, "ticket.mark_absent", actor=actor, now=now)
    ticket.absences += 1
    ticket.absent_at = now
    emit(session, events.TicketMissed(*_key(ticket)), now=now)
    return ticket


def reinstate(
    session: Session, ticket: Ticket, *, actor: Actor, now: datetime, counter_id: int | None = None
) -> Ticket:
    """Take back who missed the call: after the next 3 calls, once, within 30 minutes.

    After that a booked person counts as late, until the half-day of the booking ends. `counter_id`, here and
    in `return_to_line` and `abandon`: the counter where it is pressed (the officer's own unless given) and
    can be taken back.

    Raises:
        TakeNewNumber: later or for the second time, without a booking of this half-day
    """
    today = today_of(session, ticket.hall_id, now=now)
    line = lock_lines(session, today, [ticket.group_id])[ticket.group_id]
    ticket = lock(session, ticket)
    now = not_before(ticket, now)
    if ticket.state != _S.ABSENT or ticket.absent_at is None:
        raise moved(ticket)
    slot_at = ticket.slot_starts_at
    chance = second_chance(
        absent_at=ticket.absent_at,
        reinstated_before=ticket.reinstated,
        booked=slot_at is not None,
        calls_made=line.calls,
        half_day_ends_at=now
        if slot_at is None
        else half_day_of(session, today, line.group_id, slot_at, now=now),
        now=now,
        policy=today.policy,
    )
    if chance.outcome is Return.NEW_NUMBER or ticket.on_date != today.on_date:
        raise TakeNewNumber(label=ticket.label)
    at, outcome = counter_id or _own_counter(session, actor), chance.outcome.value
    step = "ticket.reinstate"
    move(session, ticket, _S.WAITING, step, actor=actor, now=now, pressed_at=at, outcome=outcome)
    if chance.due_at is not None:
        ticket.due_at, ticket.late = chance.due_at, True
    ticket.reinstated += 1
    ticket.reinsert_after_call = chance.reinsert_after_call
    _leave_counter(ticket)
    emit(session, events.TicketReinstated(*_key(ticket)), now=now)
    return ticket


def start_serving(session: Session, ticket: Ticket, *, actor: Actor, now: datetime) -> Ticket:
    """The citizen is at the counter."""
    ticket = lock_own(session, ticket, actor=actor)
    now = not_before(ticket, now)
    _start(session, ticket, actor=actor, now=now)
    return ticket


def complete(session: Session, ticket: Ticket, *, actor: Actor, now: datetime) -> Ticket:
    """The matter is done. While legs are left the ticket goes on to the next line, else the visit ends."""
    ticket = lock_own(session, ticket, actor=actor)
    now = not_before(ticket, now)
    if ticket.legs:
        return _pass_on(session, ticket, actor=actor, now=now)
    return _end(session, ticket, actor=actor, now=now)


def complete_visit(
    session: Session, ticket: Ticket, *, actor: Actor, now: datetime, wanted: bool = False
) -> Ticket:
    """The visit ends here, whatever legs were left: nobody wants them any more.

    `wanted`: the day is over before them, and its owner is told how to book the rest.
    """
    ticket = lock_own(session, ticket, actor=actor)
    return _end(session, ticket, actor=actor, now=not_before(ticket, now), wanted=wanted)


def _pass_on(session: Session, ticket: Ticket, *, actor: Actor, now: datetime) -> Ticket:
    """Like a transfer: waits again with the first key, in one of three calls before others."""
    (leg, *later), from_group_id = ticket.legs, ticket.group_id
    group = get_group(session, ticket.hall_id, leg["group_id"])
    move(session, ticket, _S.WAITING, "ticket.next_leg", actor=actor, now=now, group=group.code)
    stays.leave(ticket)
    ticket.done_service_ids = [*ticket.done_service_ids, *ticket.service_ids]
    ticket.group_id, ticket.service_ids, ticket.legs = group.id, leg["service_ids"], later
    _expect(session, ticket, group, ticket.service_ids, now=now)
    ticket.returned_at = now
    _leave_counter(ticket)
    emit(session, events.TicketPassedOn(*_key(ticket), from_group_id=from_group_id), now=now)
    return ticket


def _end(session: Session, ticket: Ticket, *, actor: Actor, now: datetime, wanted: bool = False) -> Ticket:
    """Completed; a booking is fulfilled; emits VisitCompleted once."""
    left = {"legs_left": len(ticket.legs)} if ticket.legs else {}
    later = _services(ticket.legs)
    move(session, ticket, _S.COMPLETED, "ticket.complete", actor=actor, now=now, **left)
    if ticket.stays:
        stays.leave(ticket)
    ticket.ended_at, ticket.legs = now, []
    # The survey and the statistics are about all that was done.
    ticket.service_ids = list(dict.fromkeys([*ticket.done_service_ids, *ticket.service_ids]))
    appointment = open_booking(session, ticket)
    if appointment is not None:
        undone = [each for each in appointment.service_ids if each in later]
        fulfil(session, appointment, actor=actor, now=now, undone=undone if wanted else ())
    emit(session, events.VisitCompleted(*_key(ticket)), now=now)
    return ticket


def undo_call(session: Session, ticket: Ticket, *, actor: Actor, now: datetime) -> Ticket:
    """Take a call back: the ticket waits again with its key."""
    ticket = lock_own(session, ticket, actor=actor)
    now = not_before(ticket, now)
    if ticket.state != _S.CALLED:
        raise moved(ticket)
    take_call_back(session, ticket, actor=actor, now=now)
    return ticket


def park(
    session: Session,
    ticket: Ticket,
    *,
    actor: Actor,
    now: datetime,
    reason: str | None = None,
    room: str | None = None,
) -> Ticket:
    """Put aside while a paper is fetched; the counter is free for others. Screens show the `room`.

    Raises:
        ParkReasonUnknown, RoomUnreadable, ServedInVillage
    """
    reason, room = reason_of(reason), room_in(session, ticket.hall_id, room)
    ticket = lock_own(session, ticket, actor=actor)
    _ensure_at_counter(ticket)
    now = not_before(ticket, now)
    move(session, ticket, _S.PARKED, "ticket.park", actor=actor, now=now, reason=reason, room=room)
    ticket.park_reason, ticket.room = reason, room
    emit(session, events.TicketParked(*_key(ticket)), now=now)
    return ticket


def resume(
    session: Session, ticket: Ticket, *, actor: Actor, now: datetime, counter_id: int | None = None
) -> Ticket:
    """Serve a parked ticket again, at the officer's own counter (or `counter_id`).

    Raises:
        CounterNotOpen, CounterBusy, NotYourCounter
    """
    at_counter = counter_id or _own_counter(session, actor) or ticket.counter_id
    if at_counter is None:
        raise CounterNotOpen
    running = lock_session(session, at_counter)
    ensure_own(running, actor)
    ticket = lock(session, ticket)
    now = not_before(ticket, now)
    if ticket.state != _S.PARKED or ticket.hall_id != running.hall_id:
        raise moved(ticket)
    ensure_free(session, at_counter)
    told = {"pressed_at": at_counter, "counter_id": at_counter}
    move(session, ticket, _S.SERVING, "ticket.resume", actor=actor, now=now, **told)
    ticket.counter_id, ticket.staff_id = at_counter, staff_id_of(actor) or running.staff_id
    emit(session, events.ServiceStarted(*_key(ticket), counter_id=at_counter), now=now)
    return ticket


def return_to_line(
    session: Session, ticket: Ticket, *, actor: Actor, now: datetime, counter_id: int | None = None
) -> Ticket:
    """A parked citizen is back with the paper: waits with the first key, first at one of the next calls."""
    ticket = lock(session, ticket)
    now = not_before(ticket, now)
    if ticket.state != _S.PARKED:
        raise moved(ticket)
    at = counter_id or _own_counter(session, actor)
    move(session, ticket, _S.WAITING, "ticket.return_to_line", actor=actor, now=now, pressed_at=at)
    ticket.returned_at = now
    _leave_counter(ticket)
    emit(session, events.TicketReturned(*_key(ticket)), now=now)
    return ticket


def transfer(
    session: Session,
    ticket: Ticket,
    *,
    group_id: int,
    actor: Actor,
    now: datetime,
    to_counter_id: int | None = None,
) -> Ticket:
    """Pass on to another line of the hall with the first key. Who is only called is taken as having come.

    `to_counter_id`: to one counter (`queueing.send_to`), which may serve the same line.

    Raises:
        GroupUnknown, SameLine, ServedInVillage
    """
    ticket = lock_own(session, ticket, actor=actor)
    _ensure_at_counter(ticket)
    now = not_before(ticket, now)
    from_group_id = ticket.group_id
    group = get_group(session, ticket.hall_id, group_id)
    if group.id == from_group_id and to_counter_id is None:
        raise SameLine
    if ticket.state == _S.CALLED:
        _start(session, ticket, actor=actor, now=now)
    if ticket.state != _S.SERVING:
        raise moved(ticket)
    to = {} if to_counter_id is None else {"to_counter_id": to_counter_id}
    move(session, ticket, _S.WAITING, "ticket.transfer", actor=actor, now=now, group=group.code, **to)
    if group.id != from_group_id:
        stays.leave(ticket)
    ticket.group_id, ticket.returned_at, ticket.to_counter_id = group.id, now, to_counter_id
    _expect(session, ticket, group, _merge_leg(ticket) or ticket.service_ids, now=now)
    _leave_counter(ticket)
    emit(session, events.TicketTransferred(*_key(ticket), from_group_id=from_group_id), now=now)
    return ticket


def abandon(
    session: Session,
    ticket: Ticket,
    *,
    actor: Actor,
    now: datetime,
    reason: str = VOIDED,
    counter_id: int | None = None,
) -> Ticket:
    """The citizen left, or gives the number up. A booking ends with it: missed, cancelled, or partly done."""
    ticket = lock_own(session, ticket, actor=actor)
    now = not_before(ticket, now)
    # Who was served before and missed a later call has come all the same.
    missed = ticket.state == _S.ABSENT and ticket.started_at is None
    left = {*ticket.service_ids, *_services(ticket.legs)}
    at = counter_id or _own_counter(session, actor)
    move(session, ticket, _S.ABANDONED, "ticket.abandon", actor=actor, now=now, pressed_at=at, reason=reason)
    ticket.ended_at = now
    appointment = open_booking(session, ticket)
    if appointment is not None:
        if ticket.step is not None:
            ticket.step = {**ticket.step, "numbers": numbers_of(session, appointment.id)}
        undone = [each for each in appointment.service_ids if each in left]
        end_booking(session, appointment, undone, missed=missed, reason=reason, actor=actor, now=now)
    emit(session, events.TicketAbandoned(*_key(ticket)), now=now)
    return ticket


def _services(legs: Iterable[Mapping[str, Any]]) -> set[int]:
    """What is to be done in these legs."""
    return {service_id for leg in legs for service_id in leg["service_ids"]}


def _merge_leg(ticket: Ticket) -> list[int]:
    """A line that the visit was still to pass is passed now, with what was to be done there: returned."""
    here = [leg for leg in ticket.legs if leg["group_id"] == ticket.group_id]
    if not here:
        return []
    ticket.legs = [leg for leg in ticket.legs if leg["group_id"] != ticket.group_id]
    ticket.service_ids = [*ticket.service_ids, *here[0]["service_ids"]]
    return list(here[0]["service_ids"])


def _expect(
    session: Session, ticket: Ticket, group: ServiceGroup, service_ids: Collection[int], *, now: datetime
) -> None:
    """What it will take in its new line, as for a ticket that is issued there."""
    policy = today_of(session, ticket.hall_id, now=now).policy
    matter = matter_of(session, group, service_ids, policy=policy)
    ticket.minutes, ticket.quick = matter.minutes, matter.quick


def _start(session: Session, ticket: Ticket, *, actor: Actor, now: datetime) -> None:
    if ticket.state != _S.CALLED or ticket.counter_id is None:
        raise moved(ticket)
    move(session, ticket, _S.SERVING, "ticket.start_serving", actor=actor, now=now)
    ticket.started_at = now
    ticket.staff_id = staff_id_of(actor) or ticket.staff_id
    # The privileges of having returned or having been put back are used up.
    ticket.returned_at = ticket.reinsert_after_call = ticket.to_counter_id = None
    emit(session, events.ServiceStarted(*_key(ticket), counter_id=ticket.counter_id), now=now)


def _ensure_at_counter(ticket: Ticket) -> None:
    """Who is served at no counter is in a village: a line of the hall would wait for them in vain."""
    if ticket.state == _S.SERVING and ticket.counter_id is None:
        raise ServedInVillage(label=ticket.label)


def _leave_counter(ticket: Ticket) -> None:
    ticket.counter_id = ticket.staff_id = None


def _last_call(session: Session, ticket: Ticket) -> Call:
    query = select(Call).where(Call.ticket_id == ticket.id).order_by(Call.id.desc()).limit(1)
    return session.scalars(query).one()


def _own_counter(session: Session, actor: Actor) -> int | None:
    staff_id = staff_id_of(actor)
    own = None if staff_id is None else counter_of_staff(session, staff_id)
    return None if own is None else own.counter_id


def _key(ticket: Ticket) -> tuple[int, int, int]:
    return ticket.id, ticket.hall_id, ticket.group_id
