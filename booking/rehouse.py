"""Move or cancel many bookings at once because the hall's time changed, in a handful of statements."""

import json
import secrets
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ARRAY, BigInteger, all_, any_, literal, select, text, update
from sqlalchemy.orm import Session

from booking.affected import Affected
from booking.change_reasons import UNSAID, Because
from booking.codes import new_code
from booking.events import AppointmentCancelled, AppointmentRescheduled
from booking.hall_rules import HallRules, rules_of
from booking.ladder import returned_at
from booking.models import Appointment, Number
from booking.new_places import Busy, FreeNumber, Visit, find_places
from booking.queries import groups_of
from booking.standing import lock_people
from booking.states import OPEN, AppointmentState
from halls.models import Hall
from kernel import audit, outbox, story
from kernel.actor import Actor

#: Cancelled by the hall: it counts against nobody, see `booking.standing`.
HALL_CLOSED = "hall_closed"
_IDS = ARRAY(BigInteger)
#: How far ahead a new time is looked for.
FARTHEST = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Rehoused:
    """What became of the bookings."""

    moved: int
    cancelled: int


@dataclass(frozen=True, slots=True)
class _Why:
    """A closure, or the reason of a change of the plan."""

    closure_id: int | None
    because: Because | None

    def details(self) -> dict[str, Any]:
        """For the audit."""
        return {"closure": self.closure_id, "why": self.because.code if self.because else HALL_CLOSED}

    def words(self) -> tuple[str, str]:
        """For a message; a closure's own words are read from its row when the message is written."""
        return (self.because.zh, self.because.en) if self.because else ("", "")


# Numbers not yet released are taken too: whom the hall sends away goes before those who have none yet. Not
# those that somebody has withdrawn, which have no moment of release: nobody is there to serve them.
# Only where one of them is: nobody is sent to a village, or from one, without having chosen that.
# So many of each line that a full one does not look empty because another has much that is nearer.
_FREE = text("""
SELECT free.*
FROM unnest(CAST(:group_ids AS bigint[]), CAST(:counts AS bigint[])) AS line(group_id, most)
CROSS JOIN LATERAL (
    SELECT number.id, number.group_id, number.slot_id, number.on_date, slot.starts_at, slot.ends_at,
           slot.place_zh
    FROM number JOIN slot ON slot.id = number.slot_id
    WHERE number.group_id = line.group_id
      AND number.on_date BETWEEN :first_on AND :last_on AND number.starts_at >= :earliest_at
      AND number.appointment_id IS NULL AND number.channel = 'online'
      AND number.released_at IS NOT NULL AND slot.place_zh = ANY (CAST(:villages AS varchar[]))
      AND (number.held_until IS NULL OR number.held_until <= :now)
    ORDER BY abs(extract(epoch FROM number.starts_at - CAST(:middle AS timestamptz))), number.ordinal
    LIMIT line.most
    FOR UPDATE OF number SKIP LOCKED
) AS free
""")

_BIND = text("""
UPDATE number SET appointment_id = bound.appointment_id, hold_token = NULL, held_until = NULL
FROM unnest(CAST(:numbers AS bigint[]), CAST(:appointments AS bigint[])) AS bound(id, appointment_id)
WHERE number.id = bound.id
""")

_MOVE = text("""
UPDATE appointment SET group_id = moved.group_id, slot_id = moved.slot_id, on_date = moved.on_date,
                       starts_at = moved.starts_at, ends_at = moved.ends_at, code = moved.code,
                       legs = CAST(moved.legs AS jsonb), moved_late_at = NULL,
                       place_zh = slot.place_zh, place_en = slot.place_en
FROM unnest(CAST(:ids AS bigint[]), CAST(:groups AS bigint[]), CAST(:slots AS bigint[]),
            CAST(:dates AS date[]), CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]),
            CAST(:codes AS varchar[]), CAST(:legs AS text[]))
         AS moved(id, group_id, slot_id, on_date, starts_at, ends_at, code, legs)
     JOIN slot ON slot.id = moved.slot_id
WHERE appointment.id = moved.id
""")


def rehouse(
    session: Session,
    hall: Hall,
    affected: Sequence[Affected],
    *,
    move: bool,
    closure_id: int | None = None,
    because: Because = UNSAID,
    locked: Collection[int] = (),
    actor: Actor,
    now: datetime,
) -> Rehoused:
    """Give each booking the nearest free numbers of its lines (`move`), and cancel those that find none.

    1. Find new places among locked free numbers; a visit of several lines moves as a whole or not at all.
    2. Give the old numbers back, bind the new ones, write the appointments.
    3. Tell: an audit entry and an event each, in two inserts.

    A closure has its reason; other changes of the hall's time have theirs in `because`. The caller has
    locked the bookings (`booking.affected`), perhaps also their people (`locked`), and publishes the days
    afterwards, which withdraws the old numbers that the plan no longer has.
    """
    if not affected:
        return Rehoused(0, 0)
    people = {each.citizen_id for each in affected} - set(locked)
    if people:
        lock_people(session, people)
    rules = rules_of(hall)
    places = _places(session, hall, affected, rules=rules, now=now) if move else {}
    ids = [each.appointment_id for each in affected]
    _give_back(session, ids, rules=rules, now=now)
    moved = [each for each in affected if each.appointment_id in places]
    cancelled = [each for each in affected if each.appointment_id not in places]
    if moved:
        _move(session, hall, moved, places)
    if cancelled:
        _cancel(session, [each.appointment_id for each in cancelled], now=now)
    why = _Why(closure_id, None if closure_id else because)
    _tell(session, hall, moved, cancelled, places, why=why, actor=actor, now=now)
    session.expire_all()
    return Rehoused(len(moved), len(cancelled))


def _places(
    session: Session, hall: Hall, affected: Sequence[Affected], *, rules: HallRules, now: datetime
) -> dict[int, list[FreeNumber]]:
    visits = [
        Visit(each.appointment_id, each.citizen_id, each.on_date, each.starts_at, each.lines, each.village)
        for each in affected
        if each.needed
    ]
    if not visits:
        return {}
    today = rules.date_of(now)
    wanted: Counter[int] = Counter()
    for visit in visits:
        wanted.update(dict(visit.lines))
    rows = session.execute(
        _FREE,
        {
            "group_ids": list(wanted),
            "counts": [3 * numbers + 200 for numbers in wanted.values()],
            "first_on": today,
            "last_on": max(today, *(each.on_date for each in affected)) + FARTHEST,
            "earliest_at": now + rules.policy.lead_time,
            "villages": list({visit.village for visit in visits}),
            "middle": visits[len(visits) // 2].starts_at,
            "now": now,
        },
    )
    free = [FreeNumber(*row) for row in rows]
    return find_places(visits, free, busy=_busy(session, hall, visits))


def _any(ids: Sequence[int]) -> Any:
    """One of these: one array is understood sooner than a thousand parameters."""
    return any_(literal(ids, _IDS))


def _busy(session: Session, hall: Hall, visits: Sequence[Visit]) -> Busy:
    """The other open appointments of these people, with every leg: one a day in a line."""
    rows = session.execute(
        select(Appointment.citizen_id, Appointment.group_id, Appointment.legs, Appointment.on_date).where(
            Appointment.citizen_id == _any([visit.citizen_id for visit in visits]),
            Appointment.hall_id == hall.id,
            Appointment.state.in_(OPEN),
            Appointment.id != all_(literal([visit.appointment_id for visit in visits], _IDS)),
        )
    )
    return {(row.citizen_id, group_id, row.on_date) for row in rows for group_id in groups_of(row)}


def _give_back(session: Session, ids: Sequence[int], *, rules: HallRules, now: datetime) -> None:
    """Free the old numbers; those in closed time are withdrawn when the days are published again."""
    chance = secrets.SystemRandom().random()
    session.execute(
        update(Number)
        .where(Number.appointment_id == _any(ids))
        .values(
            appointment_id=None,
            held_until=None,
            hold_token=None,
            released_at=returned_at(now, fraction=chance, within=rules.policy.return_window),
        )
        .execution_options(synchronize_session=False)
    )


def _move(
    session: Session, hall: Hall, moved: Sequence[Affected], places: Mapping[int, Sequence[FreeNumber]]
) -> None:
    bound = [(each.number_id, one.appointment_id) for one in moved for each in places[one.appointment_id]]
    session.execute(
        _BIND,
        {
            "numbers": [number_id for number_id, _ in bound],
            "appointments": [appointment_id for _, appointment_id in bound],
        },
    )
    first = [places[each.appointment_id][0] for each in moved]
    session.execute(
        _MOVE,
        {
            "ids": [each.appointment_id for each in moved],
            "groups": [place.group_id for place in first],
            "slots": [place.slot_id for place in first],
            "dates": [place.on_date for place in first],
            "starts": [place.starts_at for place in first],
            "ends": [place.ends_at for place in first],
            "codes": _codes(session, hall, moved, first),
            "legs": [json.dumps(_legs(each, places[each.appointment_id])) for each in moved],
        },
    )


def _legs(visit: Affected, places: Sequence[FreeNumber]) -> list[dict[str, Any]]:
    """Its legs in the order in which they follow one another now, each with its new start."""
    begins: dict[int, datetime] = {}
    for place in places:
        begins.setdefault(place.group_id, place.starts_at)
    moved = [leg | {"starts_at": begins[leg["group_id"]].isoformat()} for leg in visit.legs]
    return sorted(moved, key=lambda leg: begins[leg["group_id"]])


def _codes(
    session: Session, hall: Hall, moved: Sequence[Affected], places: Sequence[FreeNumber]
) -> list[str]:
    """A code for the kiosk stays with its day; on another day it stays only when nobody has it there."""
    dates = {place.on_date for place in places}
    rows = session.execute(
        select(Appointment.on_date, Appointment.code).where(
            Appointment.hall_id == hall.id, Appointment.on_date.in_(dates)
        )
    )
    used: set[tuple[date, str]] = {(row.on_date, row.code) for row in rows}
    codes = []
    for each, place in zip(moved, places, strict=True):
        code = each.code
        if place.on_date != each.on_date:
            while (place.on_date, code) in used:
                code = new_code()
            used.add((place.on_date, code))
        codes.append(code)
    return codes


def _cancel(session: Session, ids: Sequence[int], *, now: datetime) -> None:
    session.execute(
        update(Appointment)
        .where(Appointment.id == _any(ids))
        .values(state=AppointmentState.CANCELLED, cancelled_at=now, cancel_reason=HALL_CLOSED)
        .execution_options(synchronize_session=False)
    )


def _tell(
    session: Session,
    hall: Hall,
    moved: Sequence[Affected],
    cancelled: Sequence[Affected],
    places: Mapping[int, Sequence[FreeNumber]],
    *,
    why: _Why,
    actor: Actor,
    now: datetime,
) -> None:
    booked = AppointmentState.BOOKED
    entries: list[dict[str, Any]] = []
    events: list[outbox.Event] = []
    for each in moved:
        to = places[each.appointment_id][0]
        slots = {"from_slot": each.starts_at.isoformat(), "to_slot": to.starts_at.isoformat()}
        details = {**slots, **why.details()}
        entries.append(_entry(hall, each, "appointment.move", booked, actor=actor, now=now, **details))
        events.append(
            AppointmentRescheduled(
                each.appointment_id, hall.id, to.group_id, True, why.closure_id, *why.words()
            )
        )
    for each in cancelled:
        ended = AppointmentState.CANCELLED
        details = {"reason": HALL_CLOSED, **why.details()}
        entries.append(_entry(hall, each, "appointment.cancel", ended, actor=actor, now=now, **details))
        events.append(
            AppointmentCancelled(
                each.appointment_id, hall.id, each.group_id, HALL_CLOSED, why.closure_id, *why.words()
            )
        )
    story.tell_all(session, entries, [outbox.values(event, now=now) for event in events])


def _entry(
    hall: Hall, each: Affected, action: str, state: str, *, actor: Actor, now: datetime, **details: Any
) -> dict[str, Any]:
    return audit.values(
        action,
        actor=actor,
        now=now,
        subject=("appointment", each.appointment_id),
        hall_id=hall.id,
        states=(AppointmentState.BOOKED, state),
        **details,
    )
