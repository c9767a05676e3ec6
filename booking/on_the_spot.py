"""What somebody can book on the spot who gets no number today: free numbers within three working days."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from booking.availability import groups_elsewhere, slots_ahead
from booking.policy import numbers_needed
from booking.promise import promise_on
from booking.slot_places import Alternative, nearest_free
from catalog.queries import services_of
from halls.models import Hall, ServiceGroup
from halls.queries import calendar

SHOWN = 6


@dataclass(frozen=True, slots=True)
class SpotOffer(Alternative):
    """A start at which the whole matter fits. `service_ids` are what it is for; empty when none was named."""

    service_ids: tuple[int, ...] = ()

    def as_json(self) -> dict[str, object]:
        """For `alternatives` of a refusal."""
        return {**Alternative.as_json(self), "service_ids": list(self.service_ids)}


def list_spot_offers(
    session: Session, group_id: int, *, service_ids: Collection[int], now: datetime, limit: int = SHOWN
) -> list[SpotOffer]:
    """What `hold` would accept from now until the third working day after today, the soonest first.

    In this line; where it has nothing, in other halls that handle all these services.
    """
    until = last_on_the_spot(session, group_id, now=now)
    found = _free(session, [group_id], service_ids, until=until, now=now)
    if not found and service_ids:
        elsewhere = groups_elsewhere(session, group_id, service_ids)
        found = _free(session, elsewhere, service_ids, until=until, now=now)
    named = tuple(service_ids)
    return [
        SpotOffer(each.hall_id, each.hall_code, each.group_id, each.starts_at, each.free, each.place, named)
        for each in nearest_free(found, now)[:limit]
    ]


def last_on_the_spot(session: Session, group_id: int, *, now: datetime) -> date:
    """The last day of the promise, as the city counts them."""
    of_line = select(Hall.time_zone).join(ServiceGroup, ServiceGroup.hall_id == Hall.id)
    zone = session.scalars(of_line.where(ServiceGroup.id == group_id)).one()
    return promise_on(now.astimezone(ZoneInfo(zone)).date(), calendar(session)).last_on


def _free(
    session: Session, group_ids: Iterable[int], service_ids: Collection[int], *, until: date, now: datetime
) -> list[Alternative]:
    """Lines take as many numbers as their own unit asks for."""
    units = select(ServiceGroup.unit_minutes, ServiceGroup.id).where(ServiceGroup.id.in_(list(group_ids)))
    minutes = sum(service.minutes for service in services_of(session, service_ids)) if service_ids else 0
    found: list[Alternative] = []
    rows = session.execute(units.order_by(ServiceGroup.unit_minutes)).all()
    for unit, lines in groupby(rows, key=lambda row: row[0]):
        needed = numbers_needed(minutes or unit, unit)
        found += slots_ahead(session, [line[1] for line in lines], needed=needed, now=now, until_on=until)
    return found
