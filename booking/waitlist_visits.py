"""Visits of several lines on the waitlist: the lines they wait in, and holding all their numbers or none."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, or_, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from booking.availability import SlotCount
from booking.hall_rules import HallRules
from booking.leg_holding import Fitted, LegsTaken, LegsWanted, take_fitting
from booking.models import Appointment, WaitlistEntry
from booking.slot_places import place_in
from booking.visit_availability import day_of_visits, fit_in
from booking.visit_offer import Leg, VisitOffer
from booking.waitlist_states import WaitState
from halls.workdays import Calendar

_TRIES = 5
#: (line, slot, day, start, end, place, free numbers)
FreeRow = Row[Any]

#: Every line of the entry is one that the appointment passes. Names the tables as they are.
PASSES_ALL = text("""
NOT EXISTS (
    SELECT FROM jsonb_array_elements(waitlist_entry.legs) AS leg
    WHERE NOT appointment.legs @> jsonb_build_array(jsonb_build_object('group_id', leg -> 'group_id')))
""")


def lines_of(entry: WaitlistEntry) -> tuple[int, ...]:
    """The lines that a wait is for, in order."""
    return tuple(leg["group_id"] for leg in entry.legs) or (entry.group_id,)


def lines_beside(session: Session, group_id: int) -> set[int]:
    """The line, and those that visits pass which wait in it: whoever waits there has a turn among them."""
    several = func.jsonb_array_length(WaitlistEntry.legs) > 0
    legs = session.scalars(select(WaitlistEntry.legs).where(waiting_in(group_id), several))
    return {group_id, *(leg["group_id"] for each in legs for leg in each)}


def legs_of(offer: VisitOffer) -> list[dict[str, Any]]:
    """What an entry keeps of a visit; nothing for one line."""
    if len(offer.legs) == 1:
        return []
    return [
        {"group_id": leg.group_id, "service_ids": list(leg.service_ids), "needed": leg.needed}
        for leg in offer.legs
    ]


def waiting_in(*group_ids: int) -> ColumnElement[bool]:
    """The condition that an entry waits for a number of any of these lines, first or later."""
    return and_(
        WaitlistEntry.state == WaitState.WAITING,
        or_(*(passes(WaitlistEntry, group_id) for group_id in group_ids)),
    )


def passes(
    visit: type[WaitlistEntry | Appointment], group_id: int | InstrumentedAttribute[int]
) -> ColumnElement[bool]:
    """The condition that a visit, waited for or booked, passes this line, first or later."""
    leg = func.jsonb_build_array(func.jsonb_build_object("group_id", group_id))
    return or_(visit.group_id == group_id, visit.legs.op("@>")(leg))


def take_visit(
    session: Session,
    entry: WaitlistEntry,
    rows: Sequence[FreeRow],
    *,
    rules: HallRules,
    token: bytes,
    held_until: datetime,
    now: datetime,
) -> LegsTaken | None:
    """Hold the earliest start at which the whole visit fits into what is free; None where there is none."""
    offer = _offer_of(entry, rules)
    tries = 0
    for on, of_day in _by_day(rows, lines_of(entry)).items():
        if not entry.first_on <= on <= entry.last_on:
            continue
        for start in day_of_visits(offer, of_day).slots:
            if not start.free or tries == _TRIES:
                continue
            tries += 1
            wanted = LegsWanted(offer, start.starts_at, entry.answers, token, None, held_until)
            fitted = fit_in(offer, of_day, start.starts_at)
            taken = take_fitting(session, wanted, _always(fitted), now=now, returning=True)
            if taken is not None:
                return taken
    return None


def _always(fitted: Fitted | None) -> Callable[[], Fitted | None]:
    return lambda: fitted


def _offer_of(entry: WaitlistEntry, rules: HallRules) -> VisitOffer:
    """The visit as it was when somebody began to wait for it."""
    legs = [Leg(leg["group_id"], "", tuple(leg["service_ids"]), 0, leg["needed"]) for leg in entry.legs]
    return VisitOffer(entry.hall_id, "", tuple(entry.service_ids), tuple(legs), rules, Calendar())


def slot_in(row: FreeRow) -> SlotCount:
    """The slot with its free numbers."""
    return SlotCount(row.slot_id, row.starts_at, row.ends_at, row.free, place_in(row))


def _by_day(rows: Sequence[FreeRow], lines: Sequence[int]) -> Mapping[date, Mapping[int, list[SlotCount]]]:
    days: dict[date, dict[int, list[SlotCount]]] = defaultdict(dict)
    for row in rows:
        if row.group_id in lines:
            days[row.on_date].setdefault(row.group_id, []).append(slot_in(row))
    return days
