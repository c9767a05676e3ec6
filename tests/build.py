"""Plain builders: the least that a test needs, with everything else believable."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from booking.models import Appointment, Number, Slot
from catalog.models import HallService, Service
from halls.models import Counter, CounterSkill, Hall, PlanLine, ServiceGroup
from kernel import ids
from kernel.crypto import cipher
from people.models import Citizen, Staff
from queueing.models import Ticket

_serial = count(1)
SHANGHAI = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 3, 2)


def at(clock: str, on: date = TODAY) -> datetime:
    """The instant of a hall-local clock time, for example at("10:30")."""
    hour, minute = clock.split(":")
    return datetime(on.year, on.month, on.day, int(hour), int(minute), tzinfo=SHANGHAI).astimezone(UTC)


def _save(session: Session, *rows: object) -> None:
    session.add_all(rows)
    session.flush()


def make_hall(session: Session, code: str | None = None, **values: object) -> Hall:
    code = code or f"hall-{next(_serial)}"
    hall = Hall(
        **{"code": code, "name_zh": "云州市政务服务大厅", "name_en": "Yunzhou Hall", "policy": {}} | values
    )
    _save(session, hall)
    return hall


def make_group(session: Session, hall: Hall, code: str = "A", **values: object) -> ServiceGroup:
    facts = {
        "hall_id": hall.id,
        "code": code,
        "letter": code,
        "name_zh": "户政",
        "name_en": "Household",
        "unit_minutes": 10,
        "mean_minutes": 10.0,
    }
    group = ServiceGroup(**facts | values)
    _save(session, group)
    return group


def make_counter(
    session: Session, hall: Hall, groups: Sequence[ServiceGroup], number: int | None = None
) -> Counter:
    counter = Counter(hall_id=hall.id, number=number or next(_serial))
    _save(session, counter)
    _save(session, *(CounterSkill(counter_id=counter.id, group_id=group.id) for group in groups))
    return counter


def make_plan(session: Session, group: ServiceGroup, counters: float = 2, hours: str = "09:00-17:00") -> None:
    """The same plan for Monday to Friday."""
    starts, ends = (datetime.strptime(part, "%H:%M").time() for part in hours.split("-"))  # noqa: DTZ007
    lines = [
        PlanLine(group_id=group.id, weekday=day, starts=starts, ends=ends, counters=counters)
        for day in range(1, 6)
    ]
    _save(session, *lines)


def make_session(
    session: Session, group: ServiceGroup, *, counters: float, hours: str, on: date, place: str
) -> None:
    """A mobile session."""
    starts, ends = (datetime.strptime(part, "%H:%M").time() for part in hours.split("-"))  # noqa: DTZ007
    told = {"kind": "extra", "session": "mobile", "place_zh": place, "on_date": on}
    _save(session, PlanLine(group_id=group.id, starts=starts, ends=ends, counters=counters, **told))


def make_service(session: Session, group: ServiceGroup | None = None, **values: object) -> Service:
    code = f"service-{next(_serial)}"
    facts = {
        "code": code,
        "group_code": "A",
        "name_zh": "居民身份证补换领",
        "name_en": "ID card renewal",
        "minutes": 10,
    }
    service = Service(**facts | values)
    _save(session, service)
    if group is not None:
        _save(session, HallService(hall_id=group.hall_id, service_id=service.id, group_id=group.id))
    return service


def make_slot(
    session: Session,
    group: ServiceGroup,
    starts_at: datetime,
    *,
    numbers: int = 3,
    released_at: datetime | None = None,
    place: str = "",
) -> Slot:
    """A slot of half an hour with `numbers` online numbers, released long ago unless told.

    `place` is the village of a mobile session; the hall has none.
    """
    on_date = starts_at.astimezone(SHANGHAI).date()
    slot = Slot(
        hall_id=group.hall_id,
        group_id=group.id,
        on_date=on_date,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=30),
        counters=1.0,
        place_zh=place,
        place_en=place and f"{place} (village)",
    )
    _save(session, slot)
    release = released_at or starts_at - timedelta(days=14)
    rows = [
        Number(
            slot_id=slot.id,
            hall_id=group.hall_id,
            group_id=group.id,
            on_date=on_date,
            starts_at=starts_at,
            ordinal=ordinal,
            channel="online",
            released_at=release,
        )
        for ordinal in range(1, numbers + 1)
    ]
    _save(session, *rows)
    return slot


def make_citizen(
    session: Session, *, phone: str = "+8613800138000", name: str = "张三", **values: object
) -> Citizen:
    serial = next(_serial)
    keys = cipher()
    number = f"E{serial:08d}"
    facts = {
        "reference": ids.new_reference(),
        "identity_kind": "passport",
        "identity_index": keys.blind_index(f"passport:{number}", "citizen.identity"),
        "number_sealed": keys.encrypt(number, "citizen.number"),
        "name_sealed": keys.encrypt(name, "citizen.name"),
        "phone_sealed": keys.encrypt(phone, "citizen.phone"),
        "phone_index": keys.blind_index(phone, "phone"),
        "created_at": at("08:00"),
    }
    citizen = Citizen(**facts | values)
    _save(session, citizen)
    return citizen


def make_appointment(
    session: Session,
    slot: Slot,
    citizen: Citizen | None = None,
    *,
    phone: str = "+8613800138000",
    **values: object,
) -> Appointment:
    """A booked appointment without a number of its own; book() is what takes numbers."""
    citizen = citizen or make_citizen(session, phone=phone)
    keys = cipher()
    facts = {
        "reference": ids.new_reference(),
        "code": f"{next(_serial):06d}",
        "citizen_id": citizen.id,
        "hall_id": slot.hall_id,
        "group_id": slot.group_id,
        "slot_id": slot.id,
        "on_date": slot.on_date,
        "starts_at": slot.starts_at,
        "ends_at": slot.ends_at,
        "place_zh": slot.place_zh,
        "place_en": slot.place_en,
        "service_ids": [],
        "booked_at": slot.starts_at - timedelta(days=2),
        "phone_sealed": keys.encrypt(phone, "appointment.phone"),
        "phone_index": keys.blind_index(phone, "phone"),
    }
    appointment = Appointment(**facts | values)
    _save(session, appointment)
    return appointment


def make_staff(session: Session, *, roles: Sequence[str] = ("officer",), **values: object) -> Staff:
    facts = {
        "username": f"staff{next(_serial)}",
        "name": "李警官",
        "password_hash": "!",
        "roles": list(roles),
        "created_at": at("08:00"),
    }
    staff = Staff(**facts | values)
    _save(session, staff)
    return staff


def make_ticket(
    session: Session, group: ServiceGroup, ordinal: int | None = None, **values: object
) -> Ticket:
    """A waiting walk-in ticket issued at 09:00 with its promise at 09:30."""
    ordinal = ordinal or next(_serial)
    facts = {
        "reference": ids.new_reference(),
        "hall_id": group.hall_id,
        "group_id": group.id,
        "on_date": TODAY,
        "ordinal": ordinal,
        "label": f"{group.letter}{ordinal:03d}",
        "track": "walk_in",
        "due_at": at("09:30"),
        "promised_at": at("09:30"),
        "issued_at": at("09:00"),
    }
    ticket = Ticket(**facts | values)
    _save(session, ticket)
    return ticket
