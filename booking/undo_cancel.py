"""Taking a cancellation back: for two minutes the numbers are kept, and the booking can be again as it was.

Meanwhile nothing is told and nothing comes back: the numbers are a hold whose token nobody has, so that they
are not offered, given, withdrawn or counted as free. What a cancellation brings (the waitlist first, then
a random return, the message) begins when the time is over, in a job. Should the job not run, the hold ends
soon afterwards by itself, and the numbers return at their random moment all the same.
"""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from booking.errors import CancellationFinal, NumberTakenBack
from booking.events import AppointmentCancelled, CancellationUndone
from booking.giving_back import give_back_held
from booking.hall_rules import HallRules, rules_of
from booking.ladder import off_the_minute, returned_at
from booking.models import Appointment, KeptForUndo, Number
from booking.queries import groups_of, lock_appointment
from booking.standing import ensure_alone_that_day, ensure_room_again, lock_person, one_a_day
from booking.states import OPEN, AppointmentState, ensure_can_become
from booking.taking import lock_own
from booking.turns import wait_for_hall
from halls.queries import get_hall_by_id
from kernel import audit, outbox
from kernel.actor import Actor
from people.models import Citizen

UNDO_FOR = timedelta(minutes=2)
#: Numbers are kept so much longer, until the job that gives them back has run.
GRACE = timedelta(minutes=3)


def keep(
    session: Session,
    appointment: Appointment,
    *,
    rules: HallRules,
    now: datetime,
    fraction: float | None = None,
) -> None:
    """Hold the numbers of a booking that is being cancelled; it is locked, and in time.

    `fraction` in [0, 1) is the moment of their return should nobody give them back; random unless given.
    """
    token, held_until = secrets.token_bytes(32), now + UNDO_FOR + GRACE
    chance = secrets.SystemRandom().random() if fraction is None else fraction
    returns_at = returned_at(held_until, fraction=chance, within=rules.policy.return_window)
    ids = session.scalars(
        update(Number)
        .where(Number.appointment_id == appointment.id)
        .values(
            appointment_id=None,
            hold_token=token,
            held_until=held_until,
            released_at=off_the_minute(returns_at),
        )
        .returning(Number.id)
    ).all()
    kept = KeptForUndo(
        appointment_id=appointment.id, hold_token=token, numbers=len(ids), until=now + UNDO_FOR
    )
    session.add(kept)


def may_be_undone(session: Session, appointment: Appointment) -> bool:
    """Whether it was cancelled and is not given up for good yet."""
    kept = exists().where(KeptForUndo.appointment_id == appointment.id)
    cancelled = appointment.state == AppointmentState.CANCELLED
    return cancelled and bool(session.scalar(select(kept)))


def undo_until(session: Session, appointment: Appointment, *, now: datetime) -> datetime | None:
    """Until when its owner may take the cancellation back; None where that cannot be (any more)."""
    if appointment.state != AppointmentState.CANCELLED:
        return None
    until = session.scalar(select(KeptForUndo.until).where(KeptForUndo.appointment_id == appointment.id))
    return until if until is not None and until > now else None


def undo_cancel(session: Session, appointment: Appointment, *, actor: Actor, now: datetime) -> None:
    """Book it again as it was, with its numbers; doing it twice, or to an open booking, changes nothing.

    Its owner may have booked anew meanwhile: this locks what booking locks, in the same order.

    Raises:
        AppointmentStateConflict (it ended otherwise), CancellationFinal (the time is over),
        NumberTakenBack (the hall has closed or changed the time), AlreadyBookedThatDay, TooManyOpen,
        DocumentNotBookable (its owner has booked anew)
    """
    wait_for_hall(session, appointment.hall_id)
    lock_appointment(session, appointment)
    before = AppointmentState(appointment.state)
    if before in OPEN:
        return
    if before != AppointmentState.CANCELLED:
        ensure_can_become(before, AppointmentState.BOOKED)
    kept = _find(session, appointment)
    if kept is None or kept.until <= now:
        raise CancellationFinal
    _ensure_may_come(session, appointment, actor=actor)
    mine = lock_own(session, kept.hold_token)
    if len(mine) != kept.numbers:
        raise NumberTakenBack
    session.execute(
        update(Number)
        .where(Number.id.in_(mine))
        .values(
            appointment_id=appointment.id,
            hold_token=None,
            held_until=None,
            released_at=off_the_minute(now),
        )
    )
    session.delete(kept)
    _write(session, appointment, staff=actor.kind == "staff")
    audit.record(
        session,
        "appointment.undo_cancel",
        actor=actor,
        now=now,
        subject=("appointment", appointment.id),
        hall_id=appointment.hall_id,
        states=(before, AppointmentState.BOOKED),
    )
    told = CancellationUndone(appointment.id, appointment.hall_id, appointment.group_id)
    outbox.emit(session, told, now=now)


def end_undos(session: Session, *, now: datetime, fraction: float | None = None) -> int:
    """Let go of what nobody has taken back in time; how many. A job: safe to run twice, and beside itself.

    Who is just taking it back is not waited for: the next run sees what became of it. `fraction` as in
    `booking.giving_back`.
    """
    due = session.execute(
        select(Appointment.id, Appointment.hall_id)
        .join(KeptForUndo, KeptForUndo.appointment_id == Appointment.id)
        .where(KeptForUndo.until <= now)
        .order_by(Appointment.hall_id, Appointment.id)
    ).all()
    for hall_id in sorted({row.hall_id for row in due}):
        wait_for_hall(session, hall_id)
    locked = (
        select(Appointment)
        .where(Appointment.id.in_([row.id for row in due]))
        .order_by(Appointment.hall_id, Appointment.id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return sum(end_undo(session, each, now=now, fraction=fraction) for each in session.scalars(locked).all())


def end_undo(
    session: Session, appointment: Appointment, *, now: datetime, fraction: float | None = None
) -> bool:
    """The cancellation is final: its numbers come back as always, and it is told. It is locked.

    False, and nothing changed, where nothing is kept for it.
    """
    kept = _find(session, appointment)
    if kept is None:
        return False
    rules = rules_of(get_hall_by_id(session, appointment.hall_id))
    session.execute(delete(KeptForUndo).where(KeptForUndo.appointment_id == appointment.id))
    give_back_held(session, kept.hold_token, rules=rules, now=now, fraction=fraction)
    reason = appointment.cancel_reason or ""
    told = AppointmentCancelled(appointment.id, appointment.hall_id, appointment.group_id, reason)
    outbox.emit(session, told, now=now)
    return True


def _find(session: Session, appointment: Appointment) -> KeptForUndo | None:
    return session.get(KeptForUndo, appointment.id, populate_existing=True)


def _ensure_may_come(session: Session, appointment: Appointment, *, actor: Actor) -> None:
    citizen = session.get_one(Citizen, appointment.citizen_id)
    lock_person(session, citizen.identity_index)
    session.refresh(citizen)
    if citizen.erased_at is not None:
        raise CancellationFinal
    staff = actor.kind == "staff"
    ensure_alone_that_day(
        session, appointment, group_ids=groups_of(appointment), on_date=appointment.on_date, staff=staff
    )
    rules = rules_of(get_hall_by_id(session, appointment.hall_id))
    ensure_room_again(session, appointment, policy=rules.policy, staff=staff)


def _write(session: Session, appointment: Appointment, *, staff: bool) -> None:
    appointment.state = AppointmentState.BOOKED
    appointment.cancelled_at = appointment.cancel_reason = None
    with one_a_day(seen=staff):
        session.flush()
