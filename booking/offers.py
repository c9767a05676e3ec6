"""What a hall offers for a visit: the line of the services, and how many numbers they take together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, select
from sqlalchemy.orm import Session

from booking.errors import ServiceNotOffered, ServicesInDifferentLines
from booking.hall_rules import HallRules, rules_from
from booking.policy import numbers_needed
from catalog.models import HallService, Service
from catalog.queries import minutes_in_situation
from halls.models import Hall, ServiceGroup
from halls.queries import CITY_DAYS, HallUnknown, calendar_with
from halls.workdays import Calendar
from kernel.direct import Direct, Statement


@dataclass(frozen=True, slots=True)
class Offer:
    """One hall's line for a visit. `service_ids` in the order asked for."""

    hall_id: int
    group_id: int
    group_code: str
    service_ids: tuple[int, ...]
    minutes: int
    needed: int
    rules: HallRules
    calendar: Calendar


_OFFERS = (
    select(
        Hall.id.label("hall_id"),
        Hall.policy,
        Hall.time_zone,
        ServiceGroup.id.label("group_id"),
        ServiceGroup.code.label("group_code"),
        ServiceGroup.unit_minutes,
        Service.id.label("service_id"),
        Service.code,
        Service.minutes,
        CITY_DAYS.label("city_days"),
    )
    .select_from(Hall)
    .outerjoin(Service, and_(Service.code.in_(bindparam("codes", expanding=True)), Service.active))
    .outerjoin(HallService, and_(HallService.hall_id == Hall.id, HallService.service_id == Service.id))
    .outerjoin(ServiceGroup, ServiceGroup.id == HallService.group_id)
    .where(Hall.code == bindparam("hall_code"), Hall.active)
)


def get_offer(
    session: Session, hall_code: str, service_codes: Sequence[str], *, answers: Mapping[str, Any]
) -> Offer:
    """The line that handles these services together, by the guide's answers where they matter.

    Raises:
        HallUnknown, ServiceNotOffered, ServicesInDifferentLines
    """
    codes = list(dict.fromkeys(service_codes))
    rows = session.execute(_OFFERS, {"hall_code": hall_code, "codes": codes}).all()

    def changed(service_ids: Sequence[int]) -> Mapping[int, int]:
        return minutes_in_situation(session, service_ids, answers) if answers else {}

    return _offer(codes, rows, changed)


# As `_OFFERS`.
_OFFERS_AT_ONCE = Statement("""
SELECT hall.id, hall.policy, hall.time_zone, service_group.id, service_group.code,
       service_group.unit_minutes, service.id, service.code, service.minutes,
       (SELECT jsonb_object_agg(on_date, working) FROM calendar_day)
FROM hall
LEFT JOIN service ON service.code = ANY(:codes) AND service.active
LEFT JOIN hall_service ON hall_service.hall_id = hall.id AND hall_service.service_id = service.id
LEFT JOIN service_group ON service_group.id = hall_service.group_id
WHERE hall.code = :hall_code AND hall.active
""")


class _Row(NamedTuple):
    hall_id: int
    policy: Mapping[str, Any]
    time_zone: str
    group_id: int | None
    group_code: str | None
    unit_minutes: int | None
    service_id: int | None
    code: str | None
    minutes: int | None
    city_days: Mapping[str, bool] | None


def get_offer_at_once(direct: Direct, hall_code: str, service_codes: Sequence[str]) -> Offer:
    """As `get_offer` without answers of a guide, which raises the same."""
    codes = list(dict.fromkeys(service_codes))
    rows = direct.all(_OFFERS_AT_ONCE, {"hall_code": hall_code, "codes": codes})
    return _offer(codes, [_Row(*row) for row in rows], lambda _service_ids: {})


def _offer(
    codes: Sequence[str], rows: Sequence[Any], minutes_changed: Callable[[Sequence[int]], Mapping[int, int]]
) -> Offer:
    if not rows:
        raise HallUnknown
    offered = {row.code: row for row in rows if row.group_id is not None}
    if not codes or len(offered) < len(codes):
        raise ServiceNotOffered
    if len({row.group_id for row in offered.values()}) > 1:
        raise ServicesInDifferentLines
    service_ids = tuple(offered[code].service_id for code in codes)
    changed = minutes_changed(service_ids)
    minutes = sum(changed.get(row.service_id, row.minutes) for row in offered.values())
    first = rows[0]
    group = offered[codes[0]]
    return Offer(
        hall_id=first.hall_id,
        group_id=group.group_id,
        group_code=group.group_code,
        service_ids=service_ids,
        minutes=minutes,
        needed=numbers_needed(minutes, group.unit_minutes),
        rules=rules_from(first.policy, first.time_zone),
        calendar=calendar_with(first.city_days),
    )
