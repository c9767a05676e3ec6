"""What all halls offer for a visit and what is free there, in as many statements for one hall as for all."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from booking.availability import SlotCount, free_slots
from booking.hall_rules import rules_of
from booking.policy import numbers_needed
from booking.promise import promise_on
from booking.slot_places import place_in
from booking.visit_availability import day_of_visits, windows_of
from booking.visit_legs import group_in_order
from booking.visit_numbers import FreeSlot, visits_from_each, visits_of_day
from booking.visit_offer import Leg, VisitOffer
from catalog.models import HallService, Service
from catalog.queries import minutes_in_situation
from halls.models import Hall, ServiceGroup
from halls.queries import CITY_DAYS, calendar, calendar_with


@dataclass(frozen=True, slots=True)
class HallOffer:
    """A hall that handles some of the services; `visit` is the way through all of them, None without one."""

    hall: Hall
    offered: list[Service]
    visit: VisitOffer | None


def list_offers(
    session: Session, service_codes: Sequence[str], *, answers: Mapping[str, Any]
) -> list[HallOffer]:
    """Every hall in use that handles any of the services, by its code; the guides' answers count."""
    codes = list(dict.fromkeys(service_codes))
    rows = session.execute(
        select(Hall, ServiceGroup, Service, CITY_DAYS.label("city_days"))
        .join(HallService, HallService.hall_id == Hall.id)
        .join(ServiceGroup, ServiceGroup.id == HallService.group_id)
        .join(Service, Service.id == HallService.service_id)
        .where(Service.code.in_(codes), Service.active, Hall.active)
        .order_by(Hall.code)
    ).all()
    service_ids = {row.Service.id for row in rows}
    changed = minutes_in_situation(session, sorted(service_ids), answers) if answers and rows else {}
    by_hall: dict[str, dict[str, Any]] = defaultdict(dict)
    for row in rows:
        by_hall[row.Hall.code][row.Service.code] = row
    found = []
    for of_hall in by_hall.values():
        asked = [of_hall[code] for code in codes if code in of_hall]
        visit = _visit(asked, changed) if len(asked) == len(codes) else None
        found.append(HallOffer(asked[0].Hall, [row.Service for row in asked], visit))
    return found


def _visit(asked: list[Any], changed: Mapping[int, int]) -> VisitOffer:
    hall = asked[0].Hall
    by_code = {row.Service.code: row for row in asked}
    legs = []
    for codes in group_in_order((row.Service.code, row.ServiceGroup.id) for row in asked).values():
        of_leg = [by_code[code] for code in codes]
        group = of_leg[0].ServiceGroup
        minutes = sum(changed.get(row.Service.id, row.Service.minutes) for row in of_leg)
        ids = tuple(row.Service.id for row in of_leg)
        legs.append(Leg(group.id, group.code, ids, minutes, numbers_needed(minutes, group.unit_minutes)))
    return VisitOffer(
        hall_id=hall.id,
        hall_code=hall.code,
        service_ids=tuple(row.Service.id for row in asked),
        legs=tuple(legs),
        rules=rules_of(hall),
        calendar=calendar_with(asked[0].city_days),
    )


@dataclass(frozen=True, slots=True)
class Room:
    """What is free in a hall for a visit: day → line → slots in order; counted as far as somebody asks."""

    offer: VisitOffer
    days: Mapping[date, Mapping[int, list[SlotCount]]]

    def count_on(self, today: date) -> int:
        """The visits that still fit on this day."""
        return self._visits(self.days[today]) if today in self.days else 0

    def count_soon(self, today: date) -> int:
        """The visits that fit on the days of the promise; today's do not count for it."""
        promise = promise_on(today, self.offer.calendar)
        return sum(self._visits(of_day) for on, of_day in self.days.items() if promise.holds(on))

    def first(self) -> SlotCount | None:
        """The slot in which a visit may begin first."""
        for of_day in self.days.values():
            if any(slot.free for slots in of_day.values() for slot in slots):
                found = next((slot for slot in self._starts(of_day) if slot.free), None)
                if found is not None:
                    return found
        return None

    def _visits(self, of_day: Mapping[int, list[SlotCount]]) -> int:
        if len(self.offer.legs) > 1:
            return day_of_visits(self.offer, of_day).free
        leg = self.offer.legs[0]
        return visits_of_day(_free(of_day.get(leg.group_id, [])), leg.needed)

    def _starts(self, of_day: Mapping[int, list[SlotCount]]) -> Sequence[SlotCount]:
        if len(self.offer.legs) > 1:
            return day_of_visits(self.offer, of_day).slots
        leg = self.offer.legs[0]
        slots = of_day.get(leg.group_id, [])
        visits = visits_from_each(_free(slots), leg.needed)
        return [replace(slot, free=free) for slot, free in zip(slots, visits, strict=True)]


def rooms(session: Session, offers: Sequence[VisitOffer], *, now: datetime) -> dict[int, Room]:
    """Hall id → what is free there, in one statement."""
    if not offers:
        return {}
    first_on = min(offer.rules.date_of(now) for offer in offers)
    last_on = first_on + max(offer.rules.policy.horizon for offer in offers) + timedelta(days=1)
    windows = [window for offer in offers for window in windows_of(offer, now=now)]
    hall_of = {window.group_id: window.hall_id for window in windows}
    days: dict[int, dict[date, dict[int, list[SlotCount]]]] = defaultdict(dict)
    for row in free_slots(session, windows, first_on=first_on, last_on=last_on, now=now):
        of_day = days[hall_of[row.group_id]].setdefault(row.on_date, {})
        slot = SlotCount(row.slot_id, row.starts_at, row.ends_at, row.free, place_in(row))
        of_day.setdefault(row.group_id, []).append(slot)
    return {offer.hall_id: Room(offer, dict(sorted(days[offer.hall_id].items()))) for offer in offers}


def free_soon(
    session: Session,
    service_codes: Sequence[str],
    seen: Collection[date],
    *,
    answers: Mapping[str, Any],
    today: date,
    now: datetime,
) -> bool:
    """Whether any hall keeps the promise for the visit. `seen`: the days of times that are known already.

    A list of first times may stop at today's, behind which other days are hidden: only then all are asked.
    """
    if promise_on(today, calendar(session)).kept_by(seen):
        return True
    if today not in seen:
        return False
    offers = [each.visit for each in list_offers(session, service_codes, answers=answers) if each.visit]
    return any(room.count_soon(today) for room in rooms(session, offers, now=now).values())


def _free(slots: Sequence[SlotCount]) -> list[FreeSlot]:
    return [slot.as_free() for slot in slots]
