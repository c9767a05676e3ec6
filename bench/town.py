"""A believable town to measure in: halls with lines, counters, plans, services, numbers and officers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from bench.stage import MOMENT, Stage
from catalog.models import HallService, Service
from halls.models import Counter, CounterSkill, Hall, PlanLine, ServiceGroup
from kernel import clock
from kernel.actor import SYSTEM
from people import api_tokens, phone_token
from people.devices import enrol
from people.models import Staff
from people.sample_ids import sample_resident_id

ZONE = ZoneInfo("Asia/Shanghai")
TODAY = MOMENT.astimezone(ZONE).date()
TOMORROW = TODAY + timedelta(days=1)
_OPENS, _CLOSES = time(9), time(17)
_WEEK = range(1, 8)
#: Holds are counted as everywhere, and never so many that a proof of work is asked for: clients have no time.
MOST_HOLDS = 10_000
_serial = count(1)


@dataclass(frozen=True, slots=True)
class Place:
    """A hall: `groups` are the ids of its lines A, B, …, `services` the code of one service of each."""

    hall_id: int
    code: str
    groups: Sequence[int]
    services: Sequence[str]
    counters: Sequence[int]


def make_hall(session: Session, *, lines: int = 1, counters: int = 4, plan: float | None = None) -> Place:
    """A hall whose counters serve two lines each (one where there is one); `plan` counters a line."""
    serial = next(_serial)
    hall = Hall(
        code=f"hall-{serial}",
        name_zh=f"云州市第{serial}政务服务大厅",
        name_en=f"Yunzhou Hall {serial}",
        policy={"booking": {"proof_at_holds_per_second": MOST_HOLDS}},
    )
    session.add(hall)
    session.flush()
    groups = [_group(hall.id, "ABCDEFGH"[n]) for n in range(lines)]
    desks = [Counter(hall_id=hall.id, number=n + 1) for n in range(counters)]
    session.add_all([*groups, *desks])
    session.flush()
    skills = {(desk.id, groups[(n + m) % lines].id) for n, desk in enumerate(desks) for m in (0, 1)}
    session.add_all(CounterSkill(counter_id=desk, group_id=group) for desk, group in sorted(skills))
    share = counters / lines if plan is None else plan
    session.add_all(_plan(group.id, weekday, share) for group in groups for weekday in _WEEK)
    services = [_service(session, hall.id, group) for group in groups]
    ids = [group.id for group in groups]
    return Place(hall.id, hall.code, ids, services, [desk.id for desk in desks])


def _group(hall_id: int, letter: str) -> ServiceGroup:
    return ServiceGroup(
        hall_id=hall_id,
        code=letter,
        letter=letter,
        name_zh=f"户政{letter}",
        name_en=f"Household {letter}",
        unit_minutes=10,
        mean_minutes=8.0,
    )


def _plan(group_id: int, weekday: int, counters: float) -> PlanLine:
    return PlanLine(group_id=group_id, weekday=weekday, starts=_OPENS, ends=_CLOSES, counters=counters)


def _service(session: Session, hall_id: int, group: ServiceGroup) -> str:
    service = Service(
        code=f"service-{next(_serial)}",
        group_code=group.code,
        name_zh="居民身份证补换领",
        name_en="ID card renewal",
        minutes=10,
    )
    session.add(service)
    session.flush()
    session.add(HallService(hall_id=hall_id, service_id=service.id, group_id=group.id))
    return service.code


_SLOTS = text("""
INSERT INTO slot (hall_id, group_id, on_date, starts_at, ends_at, counters)
SELECT :hall_id, :group_id, on_date, starts_at, starts_at + interval '30 minutes', :each / 3.0
FROM generate_series(0, :days - 1) AS day, generate_series(0, :halves - 1) AS half,
     LATERAL (SELECT CAST(:first_on AS date) + day AS on_date) AS of_day,
     LATERAL (SELECT (on_date + time '09:00' + half * interval '30 minutes') AT TIME ZONE 'Asia/Shanghai'
                     AS starts_at) AS of_half
""")
_NUMBERS = text("""
INSERT INTO number (slot_id, hall_id, group_id, on_date, starts_at, ordinal, channel, released_at)
SELECT slot.id, slot.hall_id, slot.group_id, slot.on_date, slot.starts_at, ordinal, 'online',
       slot.starts_at - interval '21 days'
FROM slot, generate_series(1, :each) AS ordinal
WHERE slot.group_id = :group_id AND slot.on_date >= :first_on
""")


def make_numbers(
    session: Session, place: Place, *, each: int, days: int = 1, halves: int = 16, first_on: date = TOMORROW
) -> None:
    """`each` released online numbers in every half-hour from 09:00 on, for every line of the hall."""
    for group_id in place.groups:
        facts = {"hall_id": place.hall_id, "group_id": group_id, "first_on": first_on, "each": each}
        session.execute(_SLOTS, {**facts, "days": days, "halves": halves})
        session.execute(_NUMBERS, {"group_id": group_id, "first_on": first_on, "each": each})


# People of whom nobody reads anything: what would be encrypted is random.
_BOOKINGS = text("""
WITH wanted AS (
    SELECT number.*, slot.ends_at, row_number() OVER (ORDER BY number.id) AS place
    FROM number JOIN slot ON slot.id = number.slot_id
    WHERE number.hall_id = :hall_id AND number.on_date = :on AND number.ordinal <= :each
),
people AS (
    INSERT INTO citizen (reference, identity_kind, identity_index, number_sealed, name_sealed, phone_sealed,
                         phone_index, language, created_at)
    SELECT 'citizen-' || id, 'resident_id', decode(md5('a' || id), 'hex'), decode(md5('b' || id), 'hex'),
           decode(md5('c' || id), 'hex'), decode(md5('d' || id), 'hex'), decode(md5('e' || id), 'hex'),
           'zh', :now
    FROM wanted
    RETURNING id, reference
),
booked AS (
    INSERT INTO appointment (reference, code, citizen_id, hall_id, group_id, slot_id, on_date, starts_at,
                             ends_at, service_ids, answers, state, booked_at, phone_sealed, phone_index,
                             language)
    SELECT 'visit-' || wanted.id, lpad(place::text, 6, '0'), people.id, hall_id, wanted.group_id, slot_id,
           on_date, starts_at, ends_at, jsonb_build_array(hall_service.service_id), '{}', 'booked', :now,
           decode(md5('d' || wanted.id), 'hex'), decode(md5('e' || wanted.id), 'hex'), 'zh'
    FROM wanted
    JOIN people ON people.reference = 'citizen-' || wanted.id
    JOIN hall_service USING (hall_id, group_id)
    RETURNING id, reference, hall_id
),
recorded AS (
    INSERT INTO audit_entry (at, recorded_at, actor_kind, action, subject_kind, subject_id, hall_id, to_state,
                             details)
    SELECT :now, :now, 'citizen', 'appointment.book', 'appointment', id, hall_id, 'booked', '{}' FROM booked
)
UPDATE number SET appointment_id = booked.id
FROM booked
WHERE booked.reference = 'visit-' || number.id
""")


def book_numbers(session: Session, place: Place, *, on: date, each: int) -> int:
    """Book the first `each` numbers of every half-hour of a day, each for somebody of their own; how many."""
    facts = {"hall_id": place.hall_id, "on": on, "each": each, "now": MOMENT}
    found: Any = session.execute(_BOOKINGS, facts)
    return int(found.rowcount)


def slot_at(on: date, half: int) -> datetime:
    """The start of a half-hour of a day, counted from opening."""
    return datetime.combine(on, _OPENS, ZONE) + half * timedelta(minutes=30)


def make_officers(session: Session, how_many: int, *, role: str = "officer") -> list[str]:
    """Bearer tokens of so many officers, or of others of the staff."""
    staff = [
        Staff(
            username=f"officer{next(_serial)}",
            name="李警官",
            password_hash="!",  # noqa: S106 - nobody signs in with it
            roles=[role],
            created_at=MOMENT,
        )
        for _ in range(how_many)
    ]
    session.add_all(staff)
    session.flush()
    return [api_tokens.create(session, each, real_now=clock.real_now()) for each in staff]


def make_kiosk(session: Session, place: Place) -> str:
    """The bearer token of a kiosk."""
    return enrol(session, kind="kiosk", hall_id=place.hall_id, name="自助机", actor=SYSTEM, now=MOMENT)[1]


def bearer(token: str) -> dict[str, str]:
    """The header that carries a token."""
    return {"Authorization": f"Bearer {token}"}


def person(serial: int) -> dict[str, str]:
    """What a distinct citizen says when booking, all but the hold token."""
    phone = f"+86138{serial:08d}"
    return {
        "name": "张三",
        "identity_kind": "resident_id",
        "identity_number": sample_resident_id(serial),
        "phone_token": phone_token.seal(phone, now=MOMENT),
    }


def settle(stage: Stage) -> None:
    """Give the planner figures about what was just written, as a running server would have them."""
    with stage.parts.database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
