"""Where a visit is possible and when: what the pages for choosing hall, day and slot show."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from booking.availability import SlotCount, day_counts, next_release_at, next_releases, slot_counts
from booking.city_offers import list_offers, rooms
from booking.hall_rules import HallRules
from booking.offers import Offer, get_offer
from booking.policy import last_bookable_on
from booking.promise import Promise, promise_on
from booking.slot_places import IN_HALL
from booking.slot_places import Place as SlotPlace
from booking.slot_sessions import session_of
from halls.closures import closures_on
from halls.models import Closure, Hall
from halls.queries import calendar, get_hall
from halls.sessions import ExtraSession, list_sessions
from queueing.busy import waiting_by_line
from web.citizen.visit import Visit


@dataclass(frozen=True, slots=True)
class Place:
    """A hall that handles the visit; `first_at` None: nothing is free. `first_in` is where that is held.

    `today` numbers are left for today, `soon` on the three working days after it.
    """

    hall: Hall
    today: int
    soon: int
    first_at: datetime | None
    waiting: int
    next_release_at: datetime | None = None
    first_in: SlotPlace = IN_HALL


@dataclass(frozen=True, slots=True)
class DayTab:
    """One day that can be chosen, and the free numbers on it."""

    on_date: date
    free: int


@dataclass(frozen=True, slots=True)
class SlotChoice:
    """One slot. `too_soon`: inside the lead time, where only the hall itself still helps.

    `extra` is the session outside the usual hours that it belongs to, perhaps held somewhere else.
    """

    starts_at: datetime
    ends_at: datetime
    free: int
    too_soon: bool
    extra: ExtraSession | None = None


def sessions_among(slots: Sequence[SlotChoice]) -> list[ExtraSession]:
    """The extra sessions that these slots belong to, each once.

    A village whose session is in the plan no more has one of no length for each of its slots: the first.
    """
    found = dict.fromkeys(slot.extra for slot in slots if slot.extra is not None)
    once = {each if each.starts != each.ends else each.place_zh: each for each in reversed(found)}
    return list(once.values())[::-1]


class Times:
    """What is said of the days and slots of a hall that are shown, of one service or of several."""

    __slots__ = ()
    on_date: date
    days: list[DayTab]
    slots: list[SlotChoice]

    @property
    def sessions(self) -> list[ExtraSession]:
        """The extra sessions among the slots, each once."""
        return sessions_among(self.slots)

    @property
    def any_free(self) -> bool:
        """Whether any day has room."""
        return any(tab.free for tab in self.days)

    @property
    def free_that_day(self) -> bool:
        """Whether the day that is shown has room."""
        return any(tab.free for tab in self.days if tab.on_date == self.on_date)

    @property
    def counts_overlap(self) -> bool:
        """Whether slots share numbers, so that their counts add up to more than the day's."""
        day = sum(tab.free for tab in self.days if tab.on_date == self.on_date)
        return sum(slot.free for slot in self.slots) > day


@dataclass(frozen=True, slots=True)
class Choice(Times):
    """What can be chosen in one hall. `next_release_at` is known only when nothing is free.

    `closures` are those of the day that is shown, known only when it has no time (left).
    """

    hall: Hall
    offer: Offer
    today: date
    on_date: date
    days: list[DayTab]
    slots: list[SlotChoice]
    next_release_at: datetime | None
    promise: Promise
    closures: list[Closure] = field(default_factory=list)

    @property
    def may_open(self) -> bool:
        """Whether a number of the day shown may still come back: it has a time that is not too soon."""
        return any(not slot.too_soon for slot in self.slots)

    @property
    def soon(self) -> bool:
        """Whether any day of the promise has a number."""
        return self.promise.kept_by(tab.on_date for tab in self.days if tab.free)


def list_places(session: Session, visit: Visit, *, now: datetime) -> list[Place]:
    """The halls for a visit, those with the earliest free number first."""
    found = list_offers(session, [visit.code], answers=_answers(visit))
    offers = {each.hall.id: each.visit for each in found if each.visit is not None}
    free = rooms(session, list(offers.values()), now=now)
    first = {hall_id: room.first() for hall_id, room in free.items()}
    lines = {hall_id: offer.legs[0].group_id for hall_id, offer in offers.items()}
    today = {lines[hall_id]: offer.rules.date_of(now) for hall_id, offer in offers.items()}
    waiting = waiting_by_line(session, today)
    empty = [line for hall_id, line in lines.items() if first[hall_id] is None]
    releases = next_releases(session, empty, now=now)
    places = []
    for hall in (each.hall for each in found if each.hall.id in offers):
        line, room = lines[hall.id], free[hall.id]
        on = today[line]
        counts = room.count_on(on), room.count_soon(on)
        places.append(_place(hall, counts, first[hall.id], waiting.get(line, 0), releases.get(line)))
    return sorted(places, key=lambda place: (place.first_at is None, place.first_at or now, place.hall.code))


def read_choice(
    session: Session, visit: Visit, hall_code: str, *, wanted: date | None, now: datetime
) -> Choice:
    """Days and slots of one hall; without a wanted day the first that has a number.

    Raises:
        HallUnknown, ServiceNotOffered
    """
    hall = get_hall(session, hall_code)
    offer = _offer(session, hall, visit)
    today = offer.rules.date_of(now)
    tabs = _tabs(session, offer, today, now=now)
    first = next((tab.on_date for tab in tabs if tab.free), tabs[0].on_date if tabs else today)
    on_date = wanted if wanted in {tab.on_date for tab in tabs} else first
    counts = slot_counts(session, offer.group_id, on_date, now=now, needed=offer.needed)
    slots = [slot for slot in counts if slot.starts_at > now]
    sessions = list_sessions(session, [offer.group_id], first_on=on_date, last_on=on_date)
    nothing = not any(tab.free for tab in tabs)
    return Choice(
        hall=hall,
        offer=offer,
        today=today,
        on_date=on_date,
        days=tabs,
        slots=[slot_choice(slot, offer.rules, sessions, now=now) for slot in slots],
        next_release_at=next_release_at(session, offer.group_id, now=now) if nothing else None,
        promise=promise_on(today, calendar(session)),
        closures=[] if slots else closures_on(session, hall, offer.group_id, on_date),
    )


def _place(
    hall: Hall, counts: tuple[int, int], first: SlotCount | None, waiting: int, release: datetime | None
) -> Place:
    if first is None:
        return Place(hall, *counts, None, waiting, release)
    return Place(hall, *counts, first.starts_at, waiting, release, first.place)


def _offer(session: Session, hall: Hall, visit: Visit) -> Offer:
    return get_offer(session, hall.code, [visit.code], answers=_answers(visit))


def _answers(visit: Visit) -> dict[str, str]:
    return dict(visit.step.answers) if visit.step else {}


def _tabs(session: Session, offer: Offer, today: date, *, now: datetime) -> list[DayTab]:
    """The working days that can be booked, and any other day that has a number (weekend sessions)."""
    rules, days = offer.rules, calendar(session)
    last_on = last_bookable_on(now, policy=rules.policy, calendar=days, tz=rules.tz)
    until = today + rules.policy.horizon + timedelta(days=1)
    counts = day_counts(
        session, [offer.group_id], first_on=today, last_on=until, now=now, needed=offer.needed
    )
    free = {count.on_date: count.free for count in counts}
    spread = [today + timedelta(days=n) for n in range((last_on - today).days + 1)]
    return [DayTab(on, free.get(on, 0)) for on in spread if on in free or days.is_working(on)]


def slot_choice(
    slot: SlotCount, rules: HallRules, sessions: Sequence[ExtraSession], *, now: datetime
) -> SlotChoice:
    """The slot as it is chosen."""
    too_soon = slot.starts_at - now < rules.policy.lead_time
    extra = session_of(slot.starts_at, slot.place, sessions, tz=rules.tz)
    return SlotChoice(slot.starts_at, slot.ends_at, slot.free, too_soon, extra)
