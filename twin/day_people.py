"""PURE: turning arrivals into the people of a day: who booked which slot, who is green, who stays away.

Booked people get the free number nearest to the time they would have come, out of the same online numbers
that the hall's plan gives in booking, and come about the beginning of their slot. So a day never needs
more booked numbers than the hall has.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from booking.ladder import DEFAULT_LADDER, Channel, Release, plan_numbers
from booking.slot_cutting import PlannedLine, cut_slots, quotas
from halls.plan_rows import minute_of
from twin.day_file import BOOKED, GREEN, WALK_IN, DayGroup, OpenLine, Person

# Check-in minus slot start, in minutes (docs/day-files.md).
EARLY_MEAN, EARLY_SPREAD = -9.0, 11.0
EARLIEST, LATEST = -30.0, 12.0
FARTHEST_SLOT = 60


@dataclass(frozen=True, slots=True)
class Arrival:
    """Someone who wants to be served: seconds since midnight, and minutes of service."""

    group: str
    second: int
    minutes: float


@dataclass(frozen=True, slots=True)
class Shares:
    """Which part of all books, of the others is green, of all is not there (no-show, or gone when called)."""

    booked: float
    green: float
    absent: float


Places = dict[tuple[str, int], int]


def online_places(groups: Sequence[DayGroup], lines: Sequence[OpenLine]) -> Places:
    """Numbers bookable online by (group, minute of the slot), with booking's default policy."""
    zone = ZoneInfo("UTC")
    on = datetime(2000, 1, 3, tzinfo=UTC).date()
    releases = [Release(datetime(2000, 1, 1, tzinfo=UTC), rung.share) for rung in DEFAULT_LADDER.rungs]
    places: Places = {}
    for group in groups:
        planned = [
            PlannedLine(line.starts, line.ends, Decimal(str(line.counters)))
            for line in lines
            if line.group == group.code
        ]
        slots = cut_slots(on, planned, tz=zone)
        for number in plan_numbers(
            quotas(slots, unit_minutes=group.unit_minutes),
            releases,
            duty_share=DEFAULT_LADDER.duty_share,
        ):
            if number.channel is Channel.ONLINE:
                at = minute_of(slots[number.slot_index].starts_at.time())
                places[group.code, at] = places.get((group.code, at), 0) + 1
    return places


def make_people(
    arrivals: Sequence[Arrival], places: Places, *, shares: Shares, rng: Random
) -> tuple[Person, ...]:
    """The people of the day by arrival, with ids p0001, p0002 and so on.

    As many book as `shares.booked` says, or as there are numbers within an hour of when they would come.
    """
    left = dict(places)
    wanted = round(shares.booked * len(arrivals))
    slots: dict[int, int] = {}
    for at in rng.sample(range(len(arrivals)), len(arrivals)):
        if len(slots) == wanted:
            break
        slot = _nearest(arrivals[at], left)
        if slot is not None:
            left[arrivals[at].group, slot] -= 1
            slots[at] = slot
    people = [_person(one, slots.get(at), shares, rng) for at, one in enumerate(arrivals)]
    people.sort(key=lambda person: (person.arrives, person.group, person.minutes))
    return tuple(_numbered(people))


def _nearest(arrival: Arrival, left: Places) -> int | None:
    """The slot nearest to the arrival that still has a number, within an hour."""
    minute = arrival.second / 60
    near = [
        (abs(slot - minute), slot)
        for (group, slot), count in left.items()
        if group == arrival.group and count > 0 and abs(slot - minute) <= FARTHEST_SLOT
    ]
    return min(near)[1] if near else None


def _person(arrival: Arrival, slot: int | None, shares: Shares, rng: Random) -> Person:
    offset = min(LATEST, max(EARLIEST, rng.gauss(EARLY_MEAN, EARLY_SPREAD)))
    second = arrival.second if slot is None else max(0, round((slot + offset) * 60))
    green = rng.random() < shares.green
    track = BOOKED if slot is not None else GREEN if green else WALK_IN
    return Person(
        id="",
        group=arrival.group,
        track=track,
        arrives=_clock(second),
        slot=None if slot is None else time(slot // 60, slot % 60),
        minutes=arrival.minutes,
        absent=rng.random() < shares.absent,
    )


def _clock(second: int) -> time:
    return time(second // 3600, second // 60 % 60, second % 60)


def _numbered(people: Sequence[Person]) -> Iterator[Person]:
    for at, one in enumerate(people, 1):
        yield Person(f"p{at:04}", one.group, one.track, one.arrives, one.slot, one.minutes, one.absent)
