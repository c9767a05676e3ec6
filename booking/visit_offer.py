"""What a hall offers for a visit of any services: its legs, one for each line that the services need."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from booking.errors import ServicesInDifferentLines
from booking.hall_rules import HallRules, rules_of
from booking.offers import Offer, get_offer
from booking.policy import numbers_needed
from booking.visit_legs import group_in_order
from catalog.models import HallService, Service
from catalog.queries import minutes_in_situation
from halls.models import ServiceGroup
from halls.queries import calendar, get_hall
from halls.workdays import Calendar


@dataclass(frozen=True, slots=True)
class Leg:
    """One line of a visit, with what is done there and how many numbers that takes."""

    group_id: int
    group_code: str
    service_ids: tuple[int, ...]
    minutes: int
    needed: int


@dataclass(frozen=True, slots=True)
class VisitOffer:
    """One hall's way through a visit: `legs` in the order of the services asked for."""

    hall_id: int
    hall_code: str
    service_ids: tuple[int, ...]
    legs: tuple[Leg, ...]
    rules: HallRules
    calendar: Calendar

    @property
    def minutes(self) -> int:
        """At the counters, all legs together."""
        return sum(leg.minutes for leg in self.legs)

    @property
    def needed(self) -> int:
        """Numbers, all legs together."""
        return sum(leg.needed for leg in self.legs)

    @property
    def needs(self) -> dict[int, int]:
        """Line → the numbers taken there."""
        return {leg.group_id: leg.needed for leg in self.legs}

    @property
    def group_ids(self) -> tuple[int, ...]:
        """The lines, in order."""
        return tuple(leg.group_id for leg in self.legs)


def get_visit_offer(
    session: Session, hall_code: str, service_codes: Sequence[str], *, answers: Mapping[str, Any]
) -> VisitOffer:
    """The lines that handle these services in one hall, by the guides' answers where they matter.

    Raises:
        HallUnknown, ServiceNotOffered
    """
    try:
        offer = get_offer(session, hall_code, service_codes, answers=answers)
    except ServicesInDifferentLines:
        return _several(session, hall_code, service_codes, answers=answers)
    return _one_line(hall_code, offer)


def legs_as_data(legs: Sequence[tuple[Leg, datetime]]) -> list[dict[str, Any]]:
    """The form in which drafts and appointments keep legs, each with its start."""
    return [
        {
            "group_id": leg.group_id,
            "service_ids": list(leg.service_ids),
            "needed": leg.needed,
            "starts_at": starts_at.isoformat(),
        }
        for leg, starts_at in legs
    ]


def _one_line(hall_code: str, offer: Offer) -> VisitOffer:
    leg = Leg(offer.group_id, offer.group_code, offer.service_ids, offer.minutes, offer.needed)
    return VisitOffer(offer.hall_id, hall_code, offer.service_ids, (leg,), offer.rules, offer.calendar)


def _several(
    session: Session, hall_code: str, service_codes: Sequence[str], *, answers: Mapping[str, Any]
) -> VisitOffer:
    hall = get_hall(session, hall_code)
    rows = session.execute(
        select(Service.id, Service.code, Service.minutes, ServiceGroup)
        .join(HallService, HallService.service_id == Service.id)
        .join(ServiceGroup, ServiceGroup.id == HallService.group_id)
        .where(HallService.hall_id == hall.id, Service.code.in_(service_codes), Service.active)
    )
    by_code = {row.code: row for row in rows}
    asked = [by_code[code] for code in dict.fromkeys(service_codes)]
    service_ids = tuple(row.id for row in asked)
    changed = minutes_in_situation(session, service_ids, answers) if answers else {}
    minutes = {row.code: changed.get(row.id, row.minutes) for row in asked}
    legs = []
    for codes in group_in_order((row.code, row.ServiceGroup.id) for row in asked).values():
        group, total = by_code[codes[0]].ServiceGroup, sum(minutes[code] for code in codes)
        ids = tuple(by_code[code].id for code in codes)
        legs.append(Leg(group.id, group.code, ids, total, numbers_needed(total, group.unit_minutes)))
    return VisitOffer(hall.id, hall.code, service_ids, tuple(legs), rules_of(hall), calendar(session))
