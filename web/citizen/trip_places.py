"""Where and when a visit of several services is possible."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from booking.availability import FreeDay, SlotCount, next_releases, slot_counts
from booking.city_offers import Room, list_offers, rooms
from booking.policy import last_bookable_on
from booking.slot_places import IN_HALL, Place
from booking.visit_availability import next_release_for, visit_days
from booking.visit_offer import VisitOffer, get_visit_offer
from catalog.models import Service
from halls.closures import closures_on
from halls.models import Closure, Hall
from halls.queries import get_hall
from halls.sessions import list_sessions
from web.citizen.places import DayTab, SlotChoice, Times, slot_choice
from web.citizen.trip import Trip


@dataclass(frozen=True, slots=True)
class TripPlace:
    """A hall that handles everything; `first_at` None: nothing is free.

    `today` visits still fit today, `soon` on the three working days after it. `next_release_at` is known
    only of full halls.
    """

    hall: Hall
    lines: int
    today: int
    soon: int
    first_at: datetime | None
    next_release_at: datetime | None = None
    first_in: Place = IN_HALL


@dataclass(frozen=True, slots=True)
class PartPlace:
    """A hall that handles some of the services only."""

    hall: Hall
    offered: list[Service]
    missing: list[Service]


@dataclass(frozen=True, slots=True)
class TripChoice(Times):
    """What can be chosen in one hall. `next_release_at` is known only when nothing is free.

    `closures` as in `Choice`, of the lines that have no time left on the day that is shown; `may_open`: there
    is no such line, starts that are full are not known here.
    """

    hall: Hall
    offer: VisitOffer
    lines: int
    today: date
    on_date: date
    days: list[DayTab]
    slots: list[SlotChoice]
    next_release_at: datetime | None
    closures: list[Closure] = field(default_factory=list)
    may_open: bool = True


def list_trip_places(
    session: Session, trip: Trip, *, now: datetime
) -> tuple[list[TripPlace], list[PartPlace]]:
    """The halls that handle everything, the earliest first, and those that handle a part, the most first."""
    found = list_offers(session, trip.codes, answers=dict(trip.pairs))
    free = rooms(session, [each.visit for each in found if each.visit is not None], now=now)
    first = {hall_id: room.first() for hall_id, room in free.items()}
    full = [room.offer for hall_id, room in free.items() if first[hall_id] is None]
    releases = next_releases(session, {line for offer in full for line in offer.group_ids}, now=now)
    services = [visit.service for visit in trip.visits]
    whole, parts = [], []
    for each in found:
        if each.visit is not None:
            room = free[each.hall.id]
            whole.append(_place(each.hall, room, first[each.hall.id], releases, now=now))
        else:
            codes = {service.code for service in each.offered}
            parts.append(
                PartPlace(each.hall, each.offered, [one for one in services if one.code not in codes])
            )
    whole.sort(key=lambda place: (place.first_at is None, place.first_at or now, place.hall.code))
    parts.sort(key=lambda place: (len(place.missing), place.hall.code))
    return whole, parts


def read_trip_choice(
    session: Session, trip: Trip, hall_code: str, *, wanted: date | None, now: datetime
) -> TripChoice:
    """Days and slots of one hall; without a wanted day the first that has room.

    Raises:
        HallUnknown, ServiceNotOffered
    """
    hall = get_hall(session, hall_code)
    offer = _offer(session, hall, trip)
    free = _free_days(session, offer, now=now)
    today = offer.rules.date_of(now)
    tabs = _tabs(offer, free, today, now=now)
    first = next((tab.on_date for tab in tabs if tab.free), tabs[0].on_date if tabs else today)
    on_date = wanted if wanted in {tab.on_date for tab in tabs} else first
    slots = free[on_date].slots if on_date in free else []
    sessions = list_sessions(session, offer.group_ids, first_on=on_date, last_on=on_date)
    over = [] if slots else _lines_without_time(session, offer, on_date, now=now)
    shut = {one.id: one for line in over for one in closures_on(session, hall, line, on_date)}
    return TripChoice(
        hall=hall,
        offer=offer,
        lines=len(offer.legs),
        today=today,
        on_date=on_date,
        days=tabs,
        slots=[slot_choice(slot, offer.rules, sessions, now=now) for slot in slots if slot.starts_at > now],
        next_release_at=None if any(tab.free for tab in tabs) else next_release_for(session, offer, now=now),
        closures=list(shut.values()),
        may_open=not over,
    )


def _lines_without_time(session: Session, offer: VisitOffer, on_date: date, *, now: datetime) -> list[int]:
    """The lines of the visit for which no time of that day is left, free or full."""
    times = {line: slot_counts(session, line, on_date, now=now) for line in offer.group_ids}
    return [line for line, slots in times.items() if not any(slot.starts_at > now for slot in slots)]


def _offer(session: Session, hall: Hall, trip: Trip) -> VisitOffer:
    return get_visit_offer(session, hall.code, trip.codes, answers=dict(trip.pairs))


def _free_days(session: Session, offer: VisitOffer, *, now: datetime) -> dict[date, FreeDay]:
    first_on = offer.rules.date_of(now)
    last_on = first_on + offer.rules.policy.horizon + timedelta(days=1)
    return visit_days(session, offer, first_on=first_on, last_on=last_on, now=now)


def _place(
    hall: Hall, room: Room, first: SlotCount | None, releases: Mapping[int, datetime], *, now: datetime
) -> TripPlace:
    lines, today = room.offer.group_ids, room.offer.rules.date_of(now)
    planned = [releases[line] for line in lines if line in releases] if first is None else []
    counts = room.count_on(today), room.count_soon(today)
    if first is None:
        return TripPlace(hall, len(lines), *counts, None, min(planned, default=None))
    return TripPlace(hall, len(lines), *counts, first.starts_at, None, first.place)


def _tabs(offer: VisitOffer, free: dict[date, FreeDay], today: date, *, now: datetime) -> list[DayTab]:
    """The working days that can be booked, and any other day that has room."""
    rules = offer.rules
    last_on = last_bookable_on(now, policy=rules.policy, calendar=offer.calendar, tz=rules.tz)
    spread = [today + timedelta(days=n) for n in range((last_on - today).days + 1)]
    counts = {on_date: day.free for on_date, day in free.items()}
    return [DayTab(on, counts.get(on, 0)) for on in spread if counts.get(on) or offer.calendar.is_working(on)]
