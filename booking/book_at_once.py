"""Book in one exchange: whoever is plainly free to book what they hold. Everybody else is told by `book`.

The statement is a transaction of its own. `book` takes two, because caps are counted after the person's lock
was had, and a statement sees nothing that was committed after it began. Here it notices that instead: every
booking writes its person's row, so where that row is not the one that was counted (`before`), somebody
booked for the person meanwhile, and nothing is written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from booking import codes
from booking.book import RENEW_PERSON, Book, person_facts, today_somewhere
from booking.events import AppointmentBooked
from booking.models import ONE_A_DAY
from booking.policy import DEFAULT_POLICY
from booking.states import AppointmentState
from kernel import story
from kernel.actor import Actor
from kernel.db import lock_key
from kernel.direct import Direct, Statement
from people.citizens import identity_index
from people.identity import check

# The draft is locked with the person, as `book` does: whoever has one waits for nobody who has the other.
_TOLD = story.told_of(
    "booked",
    "appointment_id",
    hall_id="booked.hall_id",
    group_id="booked.group_id",
    topics="jsonb_build_array('hall:' || booked.hall_id)",
)
_BOOK = Statement(f"""
WITH held AS MATERIALIZED (
    SELECT draft.id, draft.hall_id, draft.group_id, draft.slot_id, draft.service_ids, draft.legs,
           draft.answers, draft.needed, slot.on_date, slot.starts_at, slot.ends_at,
           slot.place_zh, slot.place_en,
           COALESCE((hall.policy #>> '{{booking,max_open_appointments}}')::int, :most_open) AS most_open,
           COALESCE((hall.policy #>> '{{booking,no_show_limit}}')::int, :no_show_limit) AS no_show_limit,
           pg_advisory_xact_lock(:person)
    FROM (
        -- By itself: what stands beside it is reckoned before its row is locked, and the person comes after.
        SELECT * FROM draft WHERE token_hash = :token AND appointment_id IS NULL FOR UPDATE
    ) AS draft
    JOIN slot ON slot.id = draft.slot_id JOIN hall ON hall.id = draft.hall_id
    WHERE slot.starts_at > :now
),
mine AS MATERIALIZED (
    SELECT id FROM number
    WHERE hold_token = :token AND appointment_id IS NULL AND (SELECT count(*) FROM held) = 1
    FOR UPDATE SKIP LOCKED
),
before AS MATERIALIZED (
    SELECT id, xmin AS version, erased_at FROM citizen WHERE identity_index = :identity_index
),
plain AS (
    SELECT count(*) FILTER (WHERE open) < min(held.most_open)
       AND count(*) FILTER (WHERE open AND visit.on_date = held.on_date) = 0
       AND count(*) FILTER (WHERE visit.state IN ('no_show', 'cancelled')) < min(held.no_show_limit) AS free,
           count(*) FILTER (WHERE open AND visit.phone_index IS DISTINCT FROM :phone_index) > 0
           AND bool_and(before.erased_at IS NULL) AS kept
    FROM held
    LEFT JOIN before ON true
    LEFT JOIN (SELECT *, state IN ('booked', 'checked_in') AS open FROM appointment) AS visit
           ON visit.citizen_id = before.id
),
person AS (
    INSERT INTO citizen (reference, identity_kind, identity_index, number_sealed, name_sealed, phone_sealed,
                         phone_index, language, created_at)
    SELECT :citizen_reference, :identity_kind, :identity_index, :number_sealed, :name_sealed,
           :citizen_phone_sealed, :phone_index, :language, :now
    FROM held
    WHERE (SELECT count(*) FROM mine) = held.needed AND (SELECT free FROM plain)
    ON CONFLICT (identity_index) DO UPDATE
        {RENEW_PERSON}
        WHERE citizen.xmin = (SELECT version FROM before)
    RETURNING id
),
booked AS (
    INSERT INTO appointment (reference, code, citizen_id, hall_id, group_id, slot_id, on_date, starts_at,
                             ends_at, service_ids, legs, answers, state, booked_at, phone_sealed, phone_index,
                             language, name_sealed, place_zh, place_en)
    SELECT :reference, :code, person.id, held.hall_id, held.group_id, held.slot_id, held.on_date,
           held.starts_at, held.ends_at, held.service_ids, held.legs, held.answers, 'booked', :now,
           :phone_sealed, :phone_index, :language, :visit_name_sealed, held.place_zh, held.place_en
    FROM person, held
    ON CONFLICT (hall_id, on_date, code) DO NOTHING
    RETURNING id, hall_id, group_id, on_date, starts_at, ends_at, service_ids, legs, place_zh, place_en
),
bound AS (
    UPDATE number SET appointment_id = booked.id, hold_token = NULL, held_until = NULL
    FROM booked
    WHERE number.id IN (SELECT id FROM mine)
),
done AS (
    UPDATE draft SET appointment_id = booked.id, form_sealed = NULL
    FROM booked
    WHERE draft.id = (SELECT id FROM held)
),
{_TOLD}
SELECT hall_id, group_id, on_date, starts_at, ends_at, service_ids, legs, place_zh, place_en FROM booked
""")  # noqa: S608  # our own words


@dataclass(frozen=True, slots=True)
class Booked:
    """A new appointment, as much of it as is told: the fields of `Appointment`."""

    reference: str
    code: str
    booked_at: datetime
    hall_id: int
    group_id: int
    on_date: date
    starts_at: datetime
    ends_at: datetime
    service_ids: Sequence[int]
    legs: Sequence[Mapping[str, Any]]
    place_zh: str
    place_en: str
    state: AppointmentState = AppointmentState.BOOKED
    undone_service_ids: Sequence[int] = ()


def book_at_once(direct: Direct, command: Book, *, actor: Actor, now: datetime) -> Booked | None:
    """The appointment of a citizen who may plainly book; None, with nothing written, for everybody else.

    Raises:
        IdentityKindUnknown, IdentityMalformed, IdentityChecksumWrong, IdentityBirthImpossible
    """
    if command.delivery is not None or actor.kind == "staff":
        return None
    identity = check(command.identity_kind, command.identity_number, today=today_somewhere(now))
    facts = person_facts(command, identity, now=now)
    facts |= story.values_of(
        AppointmentBooked(0, 0, 0),  # the statement itself knows the rest
        "appointment.book",
        actor=actor,
        now=now,
        subject_kind="appointment",
        states=(None, AppointmentState.BOOKED),
    )
    for name in ("details", "event_payload"):
        facts[name] = Jsonb(facts[name])
    facts |= {
        "person": lock_key(identity_index(identity.kind, identity.number)),
        "code": codes.new_code(),
        "most_open": DEFAULT_POLICY.max_open_appointments,
        "no_show_limit": DEFAULT_POLICY.no_show_limit,
    }
    row = _find(direct, facts)
    if row is None:
        return None
    return Booked(str(facts["reference"]), str(facts["code"]), now, *row)


def _find(direct: Direct, facts: Mapping[str, object]) -> Any:
    try:
        return direct.find(_BOOK, facts)
    except psycopg.errors.UniqueViolation as error:
        if error.diag.constraint_name == ONE_A_DAY:
            return None  # `book` says it in the words that this phone may hear
        raise
