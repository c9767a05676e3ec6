"""Invariants of numbers and appointments, checked on the data of a running system."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    String,
    and_,
    column,
    exists,
    func,
    not_,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from booking.models import Appointment, KeptForUndo, Number, Slot
from booking.states import ARRIVAL_TAKEN_BACK, OPEN, TAKEN_BACK, TRANSITIONS, AppointmentState
from kernel.audit import AuditEntry
from kernel.doctor import Violation

#: Enough to see what is wrong; a broken rule may break everywhere.
_MOST = 20

# A rescheduled appointment stays booked.
_ALLOWED = [(str(before), str(after)) for before, following in TRANSITIONS.items() for after in following] + [
    (str(AppointmentState.BOOKED), str(AppointmentState.BOOKED)),
    *((str(ended), str(AppointmentState.CHECKED_IN)) for ended in TAKEN_BACK),
    (str(AppointmentState.CANCELLED), str(AppointmentState.BOOKED)),
    (str(ARRIVAL_TAKEN_BACK[0]), str(ARRIVAL_TAKEN_BACK[1])),
]


def check(session: Session) -> list[Violation]:
    """Every broken invariant of numbers and appointments; empty when all hold."""
    return [
        *_two_holders(session),
        *_wrong_holders(session),
        *_without_number(session),
        *_elsewhere(session),
        *_legs_without_numbers(session),
        *_undone(session),
        *_skipped_states(session),
        *_last_states(session),
        *_kept_in_vain(session),
    ]


def _two_holders(session: Session) -> Iterator[Violation]:
    """A number is held by a token or by an appointment, never by both; a place of a slot is one row."""
    both = select(Number.id).where(Number.appointment_id.is_not(None), Number.hold_token.is_not(None))
    for number_id in session.scalars(both.limit(_MOST)):
        yield Violation("number_held_twice", f"number {number_id}", "booked, and held by a token")
    places = select(Number.slot_id, Number.ordinal).group_by(Number.slot_id, Number.ordinal)
    for slot_id, ordinal in session.execute(places.having(func.count() > 1).limit(_MOST)):
        yield Violation("number_twice", f"slot {slot_id}", f"ordinal {ordinal}")


def _wrong_holders(session: Session) -> Iterator[Violation]:
    """A booked number's appointment exists, was not cancelled, and is for that group, day and time."""
    leg_there = Appointment.legs.op("@>")(_one_leg(Number.group_id))
    query = (
        select(Number.id, Number.appointment_id, Appointment.state)
        .outerjoin(Appointment, Appointment.id == Number.appointment_id)
        .where(
            Number.appointment_id.is_not(None),
            or_(
                Appointment.id.is_(None),
                Appointment.state == AppointmentState.CANCELLED,
                not_(or_(Appointment.group_id == Number.group_id, leg_there)),
                Appointment.on_date != Number.on_date,
                Appointment.starts_at > Number.starts_at,
            ),
        )
    )
    for number_id, appointment_id, state in session.execute(query.limit(_MOST)):
        yield Violation("number_held_wrongly", f"number {number_id}", f"appointment {appointment_id} {state}")


def _without_number(session: Session) -> Iterator[Violation]:
    """Every open appointment holds a number of the slot it begins in."""
    holds = exists().where(Number.appointment_id == Appointment.id, Number.slot_id == Appointment.slot_id)
    query = select(Appointment.id).where(Appointment.state.in_(OPEN), not_(holds))
    for appointment_id in session.scalars(query.limit(_MOST)):
        yield Violation("appointment_without_number", f"appointment {appointment_id}")


def _elsewhere(session: Session) -> Iterator[Violation]:
    """An open appointment is held where its slot is: a slot with a booking keeps its place."""
    query = (
        select(Appointment.id, Appointment.place_zh, Slot.place_zh)
        .join(Slot, Slot.id == Appointment.slot_id)
        .where(Appointment.state.in_(OPEN), Appointment.place_zh != Slot.place_zh)
    )
    for appointment_id, booked, held in session.execute(query.limit(_MOST)):
        detail = f"booked in “{booked}”, held in “{held}”"
        yield Violation("appointment_in_another_place", f"appointment {appointment_id}", detail)


def _legs_without_numbers(session: Session) -> Iterator[Violation]:
    """An open visit of several lines holds, in every line, as many numbers as that leg needs."""
    parts = func.jsonb_to_recordset(Appointment.legs)
    columns = column("group_id", BigInteger), column("needed", Integer)
    leg = parts.table_valued(*columns, name="leg").render_derived(with_types=True)
    held = (
        select(func.count())
        .where(Number.appointment_id == Appointment.id, Number.group_id == leg.c.group_id)
        .scalar_subquery()
    )
    query = (
        select(Appointment.id, leg.c.group_id, leg.c.needed, held.label("held"))
        .join(leg, true())
        .where(Appointment.state.in_(OPEN), held != leg.c.needed)
    )
    for row in session.execute(query.limit(_MOST)):
        detail = f"group {row.group_id}: {row.held} of {row.needed}"
        yield Violation("leg_without_its_numbers", f"appointment {row.id}", detail)


def _undone(session: Session) -> Iterator[Violation]:
    """What was left undone is a part of a visit of several lines that was handled in others."""
    some = func.jsonb_array_length(Appointment.undone_service_ids)
    query = select(Appointment.id, Appointment.state).where(
        some > 0,
        or_(
            Appointment.state != AppointmentState.FULFILLED,
            some >= func.jsonb_array_length(Appointment.service_ids),
            not_(Appointment.service_ids.bool_op("@>")(Appointment.undone_service_ids)),
        ),
    )
    for appointment_id, state in session.execute(query.limit(_MOST)):
        yield Violation("undone_without_the_rest_done", f"appointment {appointment_id}", f"is {state}")


def _one_leg(group_id: InstrumentedAttribute[int]) -> ColumnElement[Any]:
    return func.jsonb_build_array(func.jsonb_build_object("group_id", group_id))


def _skipped_states(session: Session) -> Iterator[Violation]:
    """Each step told in the audit begins where the one before ended, and is one that may be taken."""
    steps = (
        select(
            AuditEntry.subject_id,
            AuditEntry.from_state,
            AuditEntry.to_state,
            func.lag(AuditEntry.to_state)
            .over(partition_by=AuditEntry.subject_id, order_by=AuditEntry.id)
            .label("stood_at"),
        )
        .where(AuditEntry.subject_kind == "appointment", AuditEntry.to_state.is_not(None))
        .subquery()
    )
    first = and_(steps.c.from_state.is_(None), steps.c.to_state == AppointmentState.BOOKED)
    follows = tuple_(steps.c.from_state, steps.c.to_state, types=[String, String]).in_(_ALLOWED)
    fine = or_(and_(steps.c.stood_at.is_(None), first), and_(steps.c.stood_at == steps.c.from_state, follows))
    query = select(steps).where(func.coalesce(fine, False).is_(False))
    for step in session.execute(query.limit(_MOST)):
        detail = f"{step.from_state} to {step.to_state} after {step.stood_at}"
        yield Violation("appointment_state_skipped", f"appointment {step.subject_id}", detail)


def _last_states(session: Session) -> Iterator[Violation]:
    """An appointment stands where its last told step ended."""
    last = (
        select(AuditEntry.to_state)
        .where(
            AuditEntry.subject_kind == "appointment",
            AuditEntry.subject_id == Appointment.id,
            AuditEntry.to_state.is_not(None),
        )
        .order_by(AuditEntry.id.desc())
        .limit(1)
        .correlate(Appointment)
        .scalar_subquery()
    )
    query = select(Appointment.id, Appointment.state).where(Appointment.state.is_distinct_from(last))
    for appointment_id, state in session.execute(query.limit(_MOST)):
        yield Violation("appointment_state_untold", f"appointment {appointment_id}", f"is {state}")


def _kept_in_vain(session: Session) -> Iterator[Violation]:
    """Only what was cancelled can be taken back."""
    query = (
        select(Appointment.id, Appointment.state)
        .join(KeptForUndo, KeptForUndo.appointment_id == Appointment.id)
        .where(Appointment.state != AppointmentState.CANCELLED)
    )
    for appointment_id, state in session.execute(query.limit(_MOST)):
        yield Violation("undo_of_nothing", f"appointment {appointment_id}", f"is {state}")
