"""Book: held numbers become an appointment.

Two statements: lock the draft and the person; write everything, and tell it, if the person is plainly free to
book. Whoever has missed or cancelled visits, or has another one that day, is asked about with one statement
more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, cast

from sqlalchemy import BigInteger, Row, bindparam, func, select, text
from sqlalchemy.orm import Session

from booking import codes
from booking.delivery import Delivery, ensure_can_be_posted, sealed
from booking.errors import HoldExpired
from booking.events import AppointmentBooked
from booking.hall_rules import HallRules, rules_from
from booking.models import Appointment, Draft, Slot
from booking.policy import InPast
from booking.queries import groups_of
from booking.standing import ensure_may_book, one_a_day, standing_of
from booking.states import AppointmentState
from booking.taking import lock_own
from halls.models import Hall
from kernel import story
from kernel.actor import Actor
from kernel.crypto import cipher
from kernel.db import lock_key
from kernel.ids import new_reference, token_hash
from people.citizens import identity_index, sealed_values
from people.identity import Identity, check

_FIRST_TO_SEE_A_DAY = timezone(timedelta(hours=14))


@dataclass(frozen=True, slots=True)
class Book:
    """Who books what `token` holds. `phone` is verified and in E.164; only staff may leave it empty.

    Without `delivery` the result is fetched in the hall.
    """

    token: str
    name: str
    identity_kind: str
    identity_number: str
    phone: str
    language: str = "zh"
    delivery: Delivery | None = None


# Tables rather than classes: no objects are made of these rows.
# The draft is locked by itself: what a statement says beside it is reckoned before its rows are locked, and
# the person's turn comes after the draft's.
_LOCKED = (
    select(Draft.__table__).where(Draft.token_hash == bindparam("token")).with_for_update().subquery("draft")
)
_draft, _slot, _hall = _LOCKED.c, Slot.__table__.c, Hall.__table__.c
_LOCK_DRAFT = (
    select(
        _draft.id,
        _draft.hall_id,
        _draft.group_id,
        _draft.legs,
        _draft.needed,
        _draft.appointment_id,
        _slot.on_date,
        _slot.starts_at,
        _hall.policy,
        _hall.time_zone,
        func.pg_advisory_xact_lock(bindparam("person", type_=BigInteger)),
    )
    .join_from(_LOCKED, Slot.__table__, _slot.id == _draft.slot_id)
    .join(Hall.__table__, _hall.id == _draft.hall_id)
)

# Said in order, so that they need not be found by name each time.
_APPOINTMENT = Appointment.__table__.columns
_COLUMNS = ", ".join(column.name for column in _APPOINTMENT)

# Name and phone of a person stay while another phone has an open booking for them (`kept`): whoever knows a
# document's number must not change what officer and messages say about its owner's bookings. Staff have seen
# the document (`seen`).
RENEW_PERSON = """SET (name_sealed, phone_sealed, phone_index, language) = (
                SELECT CASE WHEN kept THEN citizen.name_sealed ELSE excluded.name_sealed END,
                       CASE WHEN kept THEN citizen.phone_sealed
                            ELSE COALESCE(excluded.phone_sealed, citizen.phone_sealed) END,
                       CASE WHEN kept THEN citizen.phone_index
                            ELSE COALESCE(excluded.phone_index, citizen.phone_index) END,
                       CASE WHEN kept THEN citizen.language ELSE excluded.language END
                FROM plain),
            number_sealed = excluded.number_sealed, erased_at = NULL"""

# The numbers are those that still carry the token. A hold that ran out is as good as a running one while
# nobody else has taken them: who types slowly loses nothing that is still there. Somebody who is just taking
# one, or a hall that is closing, has it: a closure waits for people, so whoever books must not wait for it.
# `plain` says yes too seldom rather than too often: where it says no, the rules themselves are asked.
_WRITE = text(f"""
WITH mine AS MATERIALIZED (
    SELECT id FROM number
    WHERE hold_token = :token AND appointment_id IS NULL
    FOR UPDATE SKIP LOCKED
),
plain AS (
    SELECT count(*) FILTER (WHERE state IN ('booked', 'checked_in')) < :most_open
       AND count(*) FILTER (WHERE state IN ('booked', 'checked_in') AND on_date = :on_date) = 0
       AND count(*) FILTER (WHERE state IN ('no_show', 'cancelled')) < :no_show_limit AS free,
           NOT :seen AND count(*) FILTER (
               WHERE state IN ('booked', 'checked_in')
                 AND appointment.phone_index IS DISTINCT FROM CAST(:phone_index AS bytea)) > 0
           AND bool_and(citizen.erased_at IS NULL) AS kept
    FROM citizen JOIN appointment ON appointment.citizen_id = citizen.id
    WHERE citizen.identity_index = :identity_index
),
person AS (
    INSERT INTO citizen (reference, identity_kind, identity_index, number_sealed, name_sealed, phone_sealed,
                         phone_index, language, created_at)
    SELECT :citizen_reference, :identity_kind, :identity_index, :number_sealed, :name_sealed,
           :citizen_phone_sealed, :phone_index, :language, :now
    WHERE (SELECT count(*) FROM mine) = :needed AND (:asked OR (SELECT free FROM plain))
    ON CONFLICT (identity_index) DO UPDATE
        {RENEW_PERSON}
    RETURNING id
),
booked AS (
    INSERT INTO appointment (reference, code, citizen_id, hall_id, group_id, slot_id, on_date, starts_at,
                             ends_at, service_ids, legs, answers, state, booked_at, phone_sealed, phone_index,
                             language, delivery_sealed, name_sealed, place_zh, place_en)
    SELECT :reference, :code, person.id, draft.hall_id, draft.group_id, draft.slot_id, slot.on_date,
           slot.starts_at, slot.ends_at, draft.service_ids, draft.legs, draft.answers, 'booked', :now,
           :phone_sealed, :phone_index, :language, :delivery_sealed, :visit_name_sealed,
           slot.place_zh, slot.place_en
    FROM person, draft JOIN slot ON slot.id = draft.slot_id
    WHERE draft.id = :draft_id
    ON CONFLICT (hall_id, on_date, code) DO NOTHING
    RETURNING {_COLUMNS}
),
bound AS (
    UPDATE number SET appointment_id = booked.id, hold_token = NULL, held_until = NULL
    FROM booked
    WHERE number.id IN (SELECT id FROM mine)
),
done AS (
    UPDATE draft SET appointment_id = booked.id, form_sealed = NULL
    FROM booked
    WHERE draft.id = :draft_id
),
{story.told_of("booked", "appointment_id")}
SELECT {_COLUMNS} FROM booked
""")  # noqa: S608  # our own words
_BOOK = select(Appointment).from_statement(_WRITE.bindparams(*story.TYPES).columns(*_APPOINTMENT))


def book(
    session: Session, command: Book, *, actor: Actor, now: datetime, despite_standing: bool = False
) -> Appointment:
    """Turn held numbers into an appointment. The same token again gives the same appointment.

    `despite_standing`: a person of the hall has decided that caps and a suspension do not count here.

    Raises:
        IdentityKindUnknown, IdentityMalformed, IdentityChecksumWrong, IdentityBirthImpossible,
        HoldExpired, InPast, CannotBePosted, AlreadyBookedThatDay, TooManyOpen, SuspendedForNoShows,
        DocumentNotBookable
    """
    identity = check(command.identity_kind, command.identity_number, today=today_somewhere(now))
    person = identity_index(identity.kind, identity.number)
    draft = _lock_draft(session, command.token, person)
    if draft.appointment_id is not None:
        return session.get_one(Appointment, draft.appointment_id)
    if draft.starts_at <= now:
        raise InPast
    if command.delivery is not None:
        wanted = session.scalar(select(Draft.service_ids).where(Draft.id == draft.id))
        ensure_can_be_posted(session, wanted or ())
    rules = rules_from(draft.policy, draft.time_zone)
    facts = _facts(command, identity, draft, rules, seen=actor.kind == "staff", now=now)
    facts |= _story(draft, actor=actor, now=now)
    if despite_standing:
        return _write_after_asking(session, facts)
    appointment = _write(session, facts, asked=False)
    if appointment is None:
        _ensure_person_may_book(session, facts, draft, rules, now=now)
        appointment = _write_after_asking(session, facts)
    return appointment


def today_somewhere(now: datetime) -> date:
    """A birth date may be today's wherever the hall is; the hall is not known yet."""
    return now.astimezone(_FIRST_TO_SEE_A_DAY).date()


def _lock_draft(session: Session, token: str, person: bytes) -> Any:
    """The draft with its hall's rules. Its lock makes a token book once; the person's makes caps exact."""
    facts = {"token": token_hash(token), "person": lock_key(person)}
    row = session.execute(_LOCK_DRAFT, facts).one_or_none()
    if row is None:
        raise HoldExpired
    return row


def _ensure_person_may_book(
    session: Session, facts: Mapping[str, Any], draft: Row[Any], rules: HallRules, *, now: datetime
) -> None:
    standing = standing_of(
        session,
        facts["identity_index"],
        rules=rules,
        now=now,
        group_ids=groups_of(draft),
        on_date=draft.on_date,
        told=None if facts["seen"] else facts["phone_index"] or b"",
    )
    ensure_may_book(standing, rules=rules, now=now)


def _write(session: Session, facts: Mapping[str, object], *, asked: bool) -> Appointment | None:
    """Write citizen, appointment, numbers and story.

    None, with nothing written, when the person is not plainly free to book and the rules were not `asked`
    yet, when the numbers are gone, or when the code is taken in this hall that day.
    """
    with one_a_day(seen=bool(facts["seen"])):
        found: Appointment | None = session.scalar(_BOOK, {**facts, "asked": asked, "code": codes.new_code()})
    return found


def _write_after_asking(session: Session, facts: Mapping[str, object]) -> Appointment:
    for _ in range(codes.TRIES):
        appointment = _write(session, facts, asked=True)
        if appointment is not None:
            return appointment
        if len(lock_own(session, cast("bytes", facts["token"]))) != facts["needed"]:
            raise HoldExpired
    raise codes.NoFreeCode


def _facts(
    command: Book, identity: Identity, draft: Row[Any], rules: HallRules, *, seen: bool, now: datetime
) -> dict[str, object]:
    return {
        **person_facts(command, identity, now=now),
        "draft_id": draft.id,
        "needed": draft.needed,
        "seen": seen,
        "on_date": draft.on_date,
        "most_open": rules.policy.max_open_appointments,
        "no_show_limit": rules.policy.no_show_limit,
        "delivery_sealed": sealed(command.delivery),
    }


def person_facts(command: Book, identity: Identity, *, now: datetime) -> dict[str, object]:
    """What is written about who books, and the new appointment's reference: everything personal sealed."""
    citizen = sealed_values(
        identity, name=command.name, phone=command.phone, language=command.language, now=now
    )
    citizen["citizen_reference"] = citizen.pop("reference")
    citizen["citizen_phone_sealed"] = citizen.pop("phone_sealed")
    citizen.pop("created_at")
    return {
        **citizen,
        "token": token_hash(command.token),
        "reference": new_reference(),
        "phone_sealed": cipher().encrypt(command.phone, "appointment.phone") if command.phone else None,
        "visit_name_sealed": cipher().encrypt(command.name, "appointment.name"),
        "now": now.astimezone(UTC),
    }


def _story(draft: Row[Any], *, actor: Actor, now: datetime) -> dict[str, object]:
    return story.values_of(
        AppointmentBooked(0, draft.hall_id, draft.group_id),  # the statement itself knows the appointment
        "appointment.book",
        actor=actor,
        now=now,
        subject_kind="appointment",
        states=(None, AppointmentState.BOOKED),
    )
