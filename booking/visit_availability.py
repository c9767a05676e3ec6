"""What is free for a visit of one or several lines: days, slots, the nearest slots to one that is full.

Like `booking.availability`, it counts the rows themselves and only what `hold` would accept.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from booking.availability import (
    FreeDay,
    SlotCount,
    Window,
    alternatives,
    day_counts,
    free_days,
    free_slots,
    next_release_at,
    window_of,
)
from booking.slot_places import Alternative, place_in
from booking.visit_legs import LegLine, fit_visit, visits_by_start, visits_together
from booking.visit_offer import Leg, VisitOffer

Slots = Mapping[date, Mapping[int, list[SlotCount]]]


def visit_days(
    session: Session, offer: VisitOffer, *, first_on: date, last_on: date, now: datetime
) -> dict[date, FreeDay]:
    """These days, both included, with every slot a visit may begin in; days without any are left out."""
    if len(offer.legs) == 1:
        leg = offer.legs[0]
        return free_days(
            session,
            leg.group_id,
            first_on=first_on,
            last_on=last_on,
            now=now,
            needed=leg.needed,
            windows=windows_of(offer, now=now),
        )
    slots = _slots(session, offer, first_on=first_on, last_on=last_on, now=now)
    return {on_date: day_of_visits(offer, of_day) for on_date, of_day in slots.items()}


def first_visit(
    session: Session, offer: VisitOffer, *, first_on: date, last_on: date, now: datetime
) -> SlotCount | None:
    """The earliest slot of these days, both included, in which a visit may begin."""
    if len(offer.legs) == 1:
        leg = offer.legs[0]
        found = day_counts(
            session, [leg.group_id], first_on=first_on, last_on=last_on, now=now, needed=leg.needed
        )
        if not found:
            return None
        first_on = last_on = found[0].on_date
    days = visit_days(session, offer, first_on=first_on, last_on=last_on, now=now)
    return next((slot for day in days.values() for slot in day.slots if slot.free), None)


def fit_on(
    session: Session, offer: VisitOffer, starts_at: datetime, *, now: datetime
) -> list[tuple[Leg, list[tuple[SlotCount, int]]]] | None:
    """Where a visit that begins then would go: its legs in order, with numbers to take per slot."""
    on_date = offer.rules.date_of(starts_at)
    of_day = _slots(session, offer, first_on=on_date, last_on=on_date, now=now).get(on_date, {})
    return fit_in(offer, of_day, starts_at)


def fit_in(
    offer: VisitOffer, of_day: Mapping[int, Sequence[SlotCount]], starts_at: datetime
) -> list[tuple[Leg, list[tuple[SlotCount, int]]]] | None:
    """The same for counts that are known: line → its slots of one day in order."""
    found = fit_visit(_lines(offer, of_day), starts_at)
    if found is None:
        return None
    return [
        (leg, [(of_day[leg.group_id][index], numbers) for index, numbers in each.taken])
        for each in found
        for leg in [offer.legs[each.line]]
    ]


def nearest_visits(
    session: Session, offer: VisitOffer, *, starts_at: datetime, now: datetime, limit: int = 3
) -> list[Alternative]:
    """The free starts nearest in time: in this hall, and in others where one line handles everything."""
    if len(offer.legs) == 1:
        leg = offer.legs[0]
        return alternatives(
            session,
            leg.group_id,
            starts_at=starts_at,
            needed=leg.needed,
            now=now,
            limit=limit,
            service_ids=offer.service_ids,
        )
    first_on = offer.rules.date_of(now)
    last_on = first_on + offer.rules.policy.horizon + timedelta(days=1)
    days = visit_days(session, offer, first_on=first_on, last_on=last_on, now=now)
    found = [
        Alternative(
            offer.hall_id, offer.hall_code, offer.legs[0].group_id, slot.starts_at, slot.free, slot.place
        )
        for day in days.values()
        for slot in day.slots
        if slot.free and slot.starts_at != starts_at
    ]
    return sorted(found, key=lambda each: (abs(each.starts_at - starts_at), each.starts_at))[:limit]


def next_release_for(session: Session, offer: VisitOffer, *, now: datetime) -> datetime | None:
    """When the next numbers of any of its lines come; None when no release is planned."""
    found = [next_release_at(session, group_id, now=now) for group_id in offer.group_ids]
    return min((each for each in found if each is not None), default=None)


def windows_of(offer: VisitOffer, *, now: datetime) -> list[Window]:
    """When its lines can be booked, by the rules that came with the offer: they need not be read again."""
    return [
        window_of(
            offer.rules,
            offer.calendar,
            hall_id=offer.hall_id,
            hall_code=offer.hall_code,
            group_id=group_id,
            now=now,
        )
        for group_id in offer.group_ids
    ]


def _slots(session: Session, offer: VisitOffer, *, first_on: date, last_on: date, now: datetime) -> Slots:
    """Day → line → its slots in order."""
    found: dict[date, dict[int, list[SlotCount]]] = defaultdict(dict)
    windows = windows_of(offer, now=now)
    rows = free_slots(session, windows, first_on=first_on, last_on=last_on, now=now)
    for row in rows:
        slot = SlotCount(row.slot_id, row.starts_at, row.ends_at, row.free, place_in(row))
        found[row.on_date].setdefault(row.group_id, []).append(slot)
    return dict(sorted(found.items()))


def _lines(offer: VisitOffer, of_day: Mapping[int, Sequence[SlotCount]]) -> list[LegLine]:
    return [
        LegLine(
            leg.needed,
            [slot.as_free() for slot in of_day.get(leg.group_id, [])],
        )
        for leg in offer.legs
    ]


def day_of_visits(offer: VisitOffer, of_day: Mapping[int, Sequence[SlotCount]]) -> FreeDay:
    """The starts of one day with the visits that fit: line → its slots in order."""
    lines = _lines(offer, of_day)
    visits = visits_by_start(lines)
    by_start: dict[datetime, SlotCount] = {}
    for leg in offer.legs:
        for slot in of_day.get(leg.group_id, []):
            by_start.setdefault(slot.starts_at, slot)
    slots = [replace(by_start[at], free=free) for at, free in sorted(visits.items())]
    return FreeDay(visits_together(lines), slots)
