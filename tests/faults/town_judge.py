"""What the checker finds in interleavings of a town, from what was told and the rows at the end."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from booking.models import Appointment, Draft, Number, SpecialRequest
from kernel.outbox import OutboxEvent
from tests.booking_history import Final, violations
from tests.faults.town import Interleaving, Town
from tests.faults.town_rows import PLACE, Place


def judge(town: Town, scenes: Sequence[Interleaving]) -> list[str]:
    """What the checker finds in these interleavings, read all at once.

    What the hall did to a booking its owner learns later: such visits are judged by the rows alone. One that
    it moved to another day is none of the interleaving that is played there.
    """
    with town.database.transaction() as session:
        visits = _visits(session, scenes)
        owners = _owners(session, scenes)
        touched = set(session.scalars(_touched()))
        both = session.scalars(_booked_and_held()).all()
        decided = [each for scene in scenes for each in scene.decided]
        otherwise = _said_otherwise(session, decided)
    return [
        *otherwise,
        *(f"number {number} is held, and booked too" for number in both),
        *(
            f"interleaving {scene.n}: {found}"
            for scene in scenes
            for found in _judge(scene, visits, owners, touched)
        ),
    ]


def _judge(
    scene: Interleaving,
    visits: Mapping[str, "Visit"],
    owners: Mapping[tuple[int, date], Mapping[Place, str | None]],
    touched: set[str],
) -> list[str]:
    foreign = scene.town.acknowledged - scene.needed.keys()
    here = {place: who for line in scene.keys for place, who in owners[line].items() if who not in foreign}
    elsewhere = {place for line in scene.keys for place, who in owners[line].items() if who in foreign}
    planned = {place for line in scene.keys for place in scene.town.planned[line]} - elsewhere
    of_scene = {
        reference: visit
        for reference, visit in visits.items()
        if reference in scene.needed or (visit.line in scene.keys and reference not in foreign)
    }
    states = {ref: visit.state for ref, visit in of_scene.items() if ref not in touched}
    told = [each for each in scene.told if each.reference not in touched]
    final = Final({place: None if who in touched else who for place, who in here.items()}, states)
    wanted = {
        reference: scene.needed.get(reference, 0) if visit.state == "booked" else 0
        for reference, visit in of_scene.items()
        if reference in touched
    }
    return violations(
        told,
        final,
        numbers=planned,
        needed=scene.held | scene.needed,
        taken_away=scene.taken_away,
    ) + [
        f"visit {reference}: {of_scene[reference]}, needs {needed}"
        for reference, needed in wanted.items()
        if of_scene[reference].numbers != needed
    ]


@dataclass(frozen=True)
class Visit:
    """An appointment as the rows have it at the end, and how many numbers it has."""

    line: tuple[int, date]
    state: str
    numbers: int


def _visits(session: Session, scenes: Sequence[Interleaving]) -> dict[str, Visit]:
    told = [reference for scene in scenes for reference in scene.needed]
    has = (
        select(func.count())
        .where(Number.appointment_id == Appointment.id)
        .correlate(Appointment)
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            Appointment.reference, Appointment.group_id, Appointment.on_date, Appointment.state, has
        ).where(or_(Appointment.reference.in_(told), Appointment.on_date.in_({each.day for each in scenes})))
    )
    return {
        reference: Visit((line, on_date), state, numbers) for reference, line, on_date, state, numbers in rows
    }


def _owners(
    session: Session, scenes: Sequence[Interleaving]
) -> dict[tuple[int, date], dict[Place, str | None]]:
    """Line and day → its numbers, each with the reference of its visit."""
    found: dict[tuple[int, date], dict[Place, str | None]] = defaultdict(dict)
    rows = session.execute(
        select(*PLACE, Number.on_date, Number.appointment_id, Appointment.reference)
        .outerjoin(Appointment, Appointment.id == Number.appointment_id)
        .where(Number.on_date.in_({each.day for each in scenes}))
    )
    for *place, on, appointment_id, reference in rows:
        owner = reference if reference is not None or appointment_id is None else f"lost {appointment_id}"
        assert tuple(place) not in found[place[0], on], "a number twice"
        found[place[0], on][tuple(place)] = owner
    return found


def _booked_and_held() -> Select[tuple[int]]:
    """Numbers of a visit that somebody holds, and those held by a form that has become a visit."""
    done = select(Draft.id).where(Draft.token_hash == Number.hold_token, Draft.appointment_id.is_not(None))
    return select(Number.id).where(
        Number.hold_token.is_not(None), or_(Number.appointment_id.is_not(None), done.exists())
    )


def _said_otherwise(session: Session, decided: Sequence[tuple[int, str, str]]) -> list[str]:
    """Special requests that were decided twice, or stand otherwise than was said."""
    rows = session.execute(
        select(SpecialRequest.id, SpecialRequest.state, Appointment.reference)
        .outerjoin(Appointment, Appointment.id == SpecialRequest.appointment_id)
        .where(SpecialRequest.id.in_([request_id for request_id, _, _ in decided]))
    )
    stands = {request_id: (state, reference or "") for request_id, state, reference in rows}
    return [
        f"request {request_id}: told {state} {reference}, is {stands[request_id]}"
        for request_id, state, reference in decided
        if stands[request_id] != (state, reference)
    ]


def _touched() -> Select[tuple[str]]:
    """The references of the visits that a hall has moved or cancelled."""
    names = ("AppointmentRescheduled", "AppointmentCancelled")
    by_hall = OutboxEvent.payload["by_hall"].as_boolean() | (
        OutboxEvent.payload["reason"].as_string() == "hall_closed"
    )
    mine = OutboxEvent.payload["appointment_id"].as_integer()
    visits = select(Appointment.reference).join(OutboxEvent, mine == Appointment.id)
    return visits.where(OutboxEvent.name.in_(names), by_hall)
