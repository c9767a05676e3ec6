"""Reschedule: the old numbers are kept until the new ones are bound."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from booking.codes import free_code
from booking.delivery import ensure_can_be_posted
from booking.errors import HoldExpired, OtherGroup
from booking.events import AppointmentRescheduled
from booking.giving_back import give_back
from booking.hall_rules import rules_of
from booking.models import Appointment, Draft, Number, Slot
from booking.policy import (
    InPast,
    counts_as_no_show,
    ensure_cancellable,
)
from booking.queries import groups_of, lock_appointment
from booking.standing import ensure_alone_that_day, lock_person, one_a_day
from booking.states import NAMES_EN, NAMES_ZH, AppointmentState, AppointmentStateConflict
from booking.taking import lock_own
from booking.turns import wait_for_hall
from halls.queries import get_hall_by_id
from kernel import audit, outbox
from kernel.actor import Actor
from kernel.ids import token_hash
from people.models import Citizen


def reschedule(
    session: Session,
    appointment: Appointment,
    *,
    token: str,
    actor: Actor,
    now: datetime,
    fraction: float | None = None,
) -> None:
    """Move a booked appointment to the slot that `token` holds, in the same hall and lines.

    A move inside the cancellation cut-off is remembered (`moved_late_at`): cancelling afterwards counts as
    late, however far ahead the new time is. The same token again changes nothing. The code for the kiosk
    stays unless somebody has it that day.

    1. Lock the appointment, the draft and the person: later legs are in no index that keeps one a day.
    2. Move the appointment, which the constraint of one a day may refuse.
    3. Bind the new numbers, then give the old ones back.

    Raises:
        AppointmentStateConflict, CancellationTooLate, OtherGroup, HoldExpired, InPast, AlreadyBookedThatDay,
        DocumentNotBookable, CannotBePosted (the draft is for other services, and the result was to be posted)
    """
    wait_for_hall(session, appointment.hall_id)
    lock_appointment(session, appointment)
    draft = session.scalar(select(Draft).where(Draft.token_hash == token_hash(token)).with_for_update())
    if draft is None:
        raise HoldExpired
    if draft.appointment_id == appointment.id:
        return
    slot = session.get_one(Slot, draft.slot_id)
    _ensure_can_move(appointment, draft, slot, now=now)
    if appointment.delivery_sealed is not None:
        ensure_can_be_posted(session, draft.service_ids)
    lock_person(session, session.get_one(Citizen, appointment.citizen_id).identity_index)
    staff = actor.kind == "staff"
    lines = groups_of(draft)
    ensure_alone_that_day(session, appointment, group_ids=lines, on_date=slot.on_date, staff=staff)
    mine = lock_own(session, draft.token_hash)
    if len(mine) != draft.needed:
        raise HoldExpired
    rules = rules_of(get_hall_by_id(session, appointment.hall_id))
    before = appointment.starts_at
    if actor.kind != "staff" and counts_as_no_show(before, cancelled_at=now, policy=rules.policy):
        appointment.moved_late_at = now
    _move(session, appointment, draft, slot, staff=staff)
    session.execute(
        update(Number)
        .where(Number.id.in_(mine))
        .values(appointment_id=appointment.id, hold_token=None, held_until=None)
    )
    give_back(session, appointment.id, rules=rules, now=now, fraction=fraction, except_ids=mine)
    _tell(session, appointment, before, actor=actor, now=now)


def _ensure_can_move(appointment: Appointment, draft: Draft, slot: Slot, *, now: datetime) -> None:
    if appointment.state != AppointmentState.BOOKED:
        state = AppointmentState(appointment.state)
        raise AppointmentStateConflict(
            state=state,
            state_zh=NAMES_ZH[state],
            state_en=NAMES_EN[state],
            target_zh=NAMES_ZH[AppointmentState.BOOKED],
            target_en=NAMES_EN[AppointmentState.BOOKED],
        )
    ensure_cancellable(appointment.starts_at, now=now)
    if (draft.hall_id, groups_of(draft)) != (appointment.hall_id, groups_of(appointment)):
        raise OtherGroup
    if draft.appointment_id is not None:
        raise HoldExpired
    if slot.starts_at <= now:
        raise InPast


def _move(session: Session, appointment: Appointment, draft: Draft, slot: Slot, *, staff: bool) -> None:
    if slot.on_date != appointment.on_date:
        appointment.code = free_code(session, appointment.hall_id, slot.on_date, wish=appointment.code)
    appointment.slot_id = slot.id
    appointment.group_id = draft.group_id
    appointment.legs = draft.legs
    appointment.on_date = slot.on_date
    appointment.starts_at = slot.starts_at
    appointment.ends_at = slot.ends_at
    appointment.place_zh, appointment.place_en = slot.place_zh, slot.place_en
    appointment.service_ids = draft.service_ids
    appointment.answers = draft.answers
    draft.appointment_id = appointment.id
    draft.form_sealed = None
    with one_a_day(seen=staff):
        session.flush()


def _tell(
    session: Session, appointment: Appointment, before: datetime, *, actor: Actor, now: datetime
) -> None:
    audit.record(
        session,
        "appointment.reschedule",
        actor=actor,
        now=now,
        subject=("appointment", appointment.id),
        hall_id=appointment.hall_id,
        states=(AppointmentState.BOOKED, AppointmentState.BOOKED),
        from_slot=before.isoformat(),
        to_slot=appointment.starts_at.isoformat(),
    )
    event = AppointmentRescheduled(appointment.id, appointment.hall_id, appointment.group_id)
    outbox.emit(session, event, now=now)
