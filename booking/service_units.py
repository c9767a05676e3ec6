"""How many numbers in a row each service of a hall takes when it is booked alone."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from booking.policy import numbers_needed
from catalog.models import HallService, Service
from halls.models import ServiceGroup


@dataclass(frozen=True, slots=True)
class ServiceUnits:
    """A service in the line of the hall that handles it."""

    service_id: int
    group_id: int
    units: int


def units_of_services(session: Session, hall_id: int) -> list[ServiceUnits]:
    """The services that can be booked in a hall, by line."""
    query = (
        select(Service.id, HallService.group_id, Service.minutes, ServiceGroup.unit_minutes)
        .join(HallService, HallService.service_id == Service.id)
        .join(ServiceGroup, ServiceGroup.id == HallService.group_id)
        .where(HallService.hall_id == hall_id, Service.active, ServiceGroup.active)
        .order_by(HallService.group_id, Service.position, Service.code)
    )
    return [
        ServiceUnits(service_id, group_id, numbers_needed(minutes, unit))
        for service_id, group_id, minutes, unit in session.execute(query)
    ]
