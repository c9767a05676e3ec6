"""How a person stands with the booking rules: open appointments, and those that were missed."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Interval,
    LargeBinary,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    column,
    exists,
    func,
    literal,
    or_,
    select,
    text,
    update,
    values,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from booking.hall_rules import HallRules
from booking.missed import MISSED_AT, missed
from booking.models import ONE_A_DAY, Appointment
from booking.policy import (
    AlreadyBookedThatDay,
    BookingPolicy,
    DocumentNotBookable,
    NoShowStanding,
    SuspendedForNoShows,
    TooManyOpen,
    ensure_not_suspended,
    ensure_room_for_another,
    no_show_standing,
)
from booking.states import OPEN, AppointmentState
from kernel.db import constraint_of, lock_hashed
from people.models import Citizen

_OPEN = Appointment.state.in_(OPEN)
_MISSED = missed(bindparam("cutoff", type_=Interval))
_FIRST_LEG = Appointment.group_id == any_(bindparam("group_ids", type_=ARRAY(BigInteger)))
_LATER_LEG = Appointment.legs.op("@>")(any_(cast(bindparam("as_legs", type_=ARRAY(Text)), ARRAY(JSONB))))
_RECENT = Appointment.starts_at > bindparam("oldest")
_THAT_DAY = and_(or_(_FIRST_LEG, _LATER_LEG), Appointment.on_date == bindparam("on_date"))
_BY_PHONE = Appointment.phone_index == bindparam("phone", type_=LargeBinary)
_SERVED = and_(_BY_PHONE, Appointment.state == AppointmentState.FULFILLED)
_STANDING = (
    select(
        func.count().filter(_OPEN),
        func.count().filter(_OPEN, _THAT_DAY),
        func.array_agg(MISSED_AT).filter(_MISSED, _RECENT),
        func.count().filter(_OPEN, _BY_PHONE),
        func.count().filter(_OPEN, _THAT_DAY, _BY_PHONE),
        func.array_agg(MISSED_AT).filter(_MISSED, _RECENT, _BY_PHONE),
        func.coalesce(func.bool_or(_SERVED), False),
    )
    .join(Citizen, Citizen.id == Appointment.citizen_id)
    .where(Citizen.identity_index == bindparam("identity_index"), or_(_OPEN, _RECENT, _SERVED))
)


# The keys are those of `kernel.db.lock_key`.
_LOCK_ALL = text("""
SELECT pg_advisory_xact_lock(person.key)
FROM (SELECT ('x' || encode(substring(identity_index FROM 1 FOR 8), 'hex'))::bit(64)::bigint AS key
      FROM citizen
      WHERE id = ANY(CAST(:ids AS bigint[])) AND identity_index IS NOT NULL
      ORDER BY 1) AS person
""")
_TOUCH_ALL = text("UPDATE citizen SET language = language WHERE id = ANY(CAST(:ids AS bigint[]))")


@dataclass(frozen=True, slots=True)
class Standing:
    """`missed_at` are the starts of missed slots and the moments of late cancellations.

    `own` is the part of it that came by the phone that asks. None: that phone may know everything.
    """

    open_appointments: int
    same_group_that_day: int
    missed_at: Sequence[datetime]
    own: "Standing | None" = None


def standing_of(
    session: Session,
    identity_index: bytes,
    *,
    rules: HallRules,
    now: datetime,
    group_ids: Collection[int] = (),
    on_date: date | None = None,
    told: bytes | None = None,
) -> Standing:
    """Read it in one statement; `group_ids` and `on_date` are those of the appointment that is wanted.

    `told` is the phone (its keyed hash) that is told about it: unless the person was served at a counter
    after a booking from it, it knows of its own bookings only. None: staff, who have seen the document.
    """
    policy = rules.policy
    row = session.execute(
        _STANDING,
        {
            "identity_index": identity_index,
            **_lines(group_ids),
            "on_date": on_date,
            "oldest": now - policy.no_show_window - policy.suspension,
            "cutoff": policy.cancellation_cutoff,
            "phone": told,
        },
    ).one()
    knows_all = told is None or row[6]
    return Standing(
        row[0], row[1], row[2] or [], None if knows_all else Standing(row[3], row[4], row[5] or [])
    )


def lock_person(session: Session, identity_index: bytes | None) -> None:
    """Wait until nobody else books, moves or is given an appointment for this person; held until the commit.

    It makes caps and "one a day" exact.
    Who also locks the person's row locks this first, as booking does. That row gets a new version: a booking
    whose statement began before (`booking.book_at_once`) sees by it that what it counted may be old. None:
    the person was erased.
    """
    if identity_index is not None:
        lock_hashed(session, identity_index)
        person = Citizen.identity_index == identity_index
        session.execute(update(Citizen).where(person).values(language=Citizen.language))


def lock_people(session: Session, citizen_ids: Collection[int]) -> None:
    """The same for many at once, in two statements; whoever moves their bookings calls this before numbers.

    In one order everywhere: of two who lock the same people, one waits for the other.
    """
    session.execute(_LOCK_ALL, {"ids": list(citizen_ids)})
    session.execute(_TOUCH_ALL, {"ids": list(citizen_ids)})


def others_that_day(
    session: Session, appointment: Appointment, *, group_ids: Collection[int], on_date: date
) -> Sequence[bytes | None]:
    """The phones (keyed hashes) of the person's other open appointments in these lines on that day."""
    query = select(Appointment.phone_index).where(
        Appointment.citizen_id == appointment.citizen_id,
        Appointment.id != appointment.id,
        Appointment.on_date == on_date,
        _OPEN,
        or_(_FIRST_LEG, _LATER_LEG),
    )
    return session.scalars(query, _lines(group_ids)).all()


def ensure_alone_that_day(
    session: Session, appointment: Appointment, *, group_ids: Collection[int], on_date: date, staff: bool
) -> None:
    """That an appointment may be in these lines on that day: its person, who is locked, has no other there.

    Raises:
        AlreadyBookedThatDay: to the phone of the other one, and to staff.
        DocumentNotBookable: to anybody else.
    """
    others = others_that_day(session, appointment, group_ids=group_ids, on_date=on_date)
    if others:
        raise AlreadyBookedThatDay if staff or appointment.phone_index in others else DocumentNotBookable


@contextmanager
def one_a_day(*, seen: bool) -> Iterator[None]:
    """What is written within may meet an appointment of the same person, line and day that came in between.

    `seen`: who asks has seen the document, and may be told what it has.

    Raises:
        AlreadyBookedThatDay: to who has seen it.
        DocumentNotBookable: to anybody else.
    """
    try:
        yield
    except IntegrityError as error:
        if constraint_of(error) == ONE_A_DAY:
            raise (AlreadyBookedThatDay if seen else DocumentNotBookable) from error
        raise


def ensure_room_again(
    session: Session, appointment: Appointment, *, policy: BookingPolicy, staff: bool
) -> None:
    """That a cancelled appointment may be open again beside what its person, who is locked, booked since.

    What they had before never stands in its way: it may have been made beyond the cap, by somebody who may.

    Raises:
        TooManyOpen: by what its phone has booked, and to staff.
        DocumentNotBookable: to anybody else.
    """
    newer, own = (
        Appointment.booked_at >= appointment.cancelled_at,
        Appointment.phone_index == appointment.phone_index,
    )
    counts = select(func.count(), func.count().filter(newer), func.count().filter(own))
    open_ones = (Appointment.citizen_id == appointment.citizen_id, _OPEN)
    in_all, since, by_phone = session.execute(counts.where(*open_ones)).one()
    most = policy.max_open_appointments
    if since and in_all >= most:
        raise TooManyOpen(limit=most) if staff or by_phone >= most else DocumentNotBookable


def _lines(group_ids: Collection[int]) -> dict[str, list[int] | list[str]]:
    as_legs = [json.dumps([{"group_id": group_id}]) for group_id in group_ids]
    return {"group_ids": list(group_ids), "as_legs": as_legs}


def ensure_may_book(standing: Standing, *, rules: HallRules, now: datetime) -> None:
    """Ask all rules about the person.

    Raises:
        AlreadyBookedThatDay, TooManyOpen, SuspendedForNoShows: by what the phone that asks may know.
        DocumentNotBookable: by anything else, whichever it is.
    """
    if standing.own is None:
        _ensure_may_book(standing, rules=rules, now=now)
        return
    _ensure_may_book(standing.own, rules=rules, now=now)
    try:
        _ensure_may_book(standing, rules=rules, now=now)
    except (AlreadyBookedThatDay, TooManyOpen, SuspendedForNoShows):
        raise DocumentNotBookable from None


def _ensure_may_book(standing: Standing, *, rules: HallRules, now: datetime) -> None:
    ensure_room_for_another(standing.open_appointments, standing.same_group_that_day, policy=rules.policy)
    ensure_not_suspended(standing.missed_at, now=now, policy=rules.policy, tz=rules.tz)


def no_shows_of(
    session: Session, identity_index: bytes, *, told: bytes | None, rules: HallRules, now: datetime
) -> NoShowStanding:
    """What to show before the button."""
    return no_shows_by_person(session, {identity_index: rules}, told=told, now=now)[identity_index]


def no_shows_by_person(
    session: Session, rules: Mapping[bytes, HallRules], *, told: bytes | None, now: datetime
) -> dict[bytes, NoShowStanding]:
    """The same for several persons (keyed hashes), each by the rules of a hall, in one statement.

    `told` is the phone (its keyed hash) that is told, and of what: see `standing_of`.
    """
    if not rules:
        return {}
    columns = (
        column("person", LargeBinary),
        column("cutoff", Interval),
        column("oldest", DateTime(timezone=True)),
    )
    asked = values(*columns, name="asked").data(
        [
            (person, each.policy.cancellation_cutoff, _oldest(each.policy, now))
            for person, each in rules.items()
        ]
    )
    query = (
        select(asked.c.person, func.array_agg(MISSED_AT))
        .join(Citizen, Citizen.identity_index == asked.c.person)
        .join(Appointment, Appointment.citizen_id == Citizen.id)
        .where(missed(asked.c.cutoff), Appointment.starts_at > asked.c.oldest)
        .group_by(asked.c.person)
    )
    if told is not None:
        query = query.where(or_(Appointment.phone_index == told, _was_served(Appointment.citizen_id, told)))
    found = {row[0]: row[1] for row in session.execute(query)}
    return {
        person: no_show_standing(found.get(person, ()), now=now, policy=each.policy)
        for person, each in rules.items()
    }


def _was_served(citizen_id: InstrumentedAttribute[int], phone: bytes) -> ColumnElement[bool]:
    visit = aliased(Appointment)
    served = (visit.phone_index == phone, visit.state == AppointmentState.FULFILLED)
    return exists().where(visit.citizen_id == citizen_id, *served)


def missed_by(citizen_id: int, *, policy: BookingPolicy, now: datetime) -> Select[Appointment, datetime]:
    """The appointments of a person that may count as missed by this policy, and from when on; by id."""
    counts = missed(literal(policy.cancellation_cutoff, Interval))
    mine = (Appointment.citizen_id == citizen_id, counts, Appointment.starts_at > _oldest(policy, now))
    return select(Appointment, MISSED_AT).where(*mine).order_by(Appointment.id)


def missed_with(
    identity_index: bytes, *, policy: BookingPolicy, now: datetime
) -> Select[Appointment, datetime]:
    """The same of a document (its keyed hash), whether or not anybody has it."""
    counts = missed(literal(policy.cancellation_cutoff, Interval))
    mine = (Citizen.identity_index == identity_index, counts, Appointment.starts_at > _oldest(policy, now))
    query = select(Appointment, MISSED_AT).join(Citizen, Citizen.id == Appointment.citizen_id)
    return query.where(*mine).order_by(Appointment.id)


def _oldest(policy: BookingPolicy, now: datetime) -> datetime:
    """Nothing that was missed before may still suspend anybody."""
    return now - policy.no_show_window - policy.suspension


def list_who_missed(session: Session, citizen_ids: Collection[int]) -> Sequence[Citizen]:
    """Those of these people with anything that may count as missed; `no_shows_of` says whether it does."""
    ended = Appointment.state.in_((AppointmentState.NO_SHOW, AppointmentState.CANCELLED))
    theirs = select(Appointment.citizen_id).where(Appointment.citizen_id.in_(citizen_ids), ended)
    return session.scalars(select(Citizen).where(Citizen.id.in_(theirs)).order_by(Citizen.id)).all()
