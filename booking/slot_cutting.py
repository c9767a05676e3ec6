"""PURE: half-hour slots cut from the planned counters of a service group on one date, and their quota.

A slot begins and ends on the half-hours of the hall's clock, or where the counters open and close between
them. What counts is counter-minutes: two counters for the second half of a slot are one for the whole.

Quota: with K = counter-minutes ÷ unit minutes, ⌊β·η·K⌋ numbers are for booking online and the rest of
⌊η·K⌋ is the reserve for people who come without (η: the share of open time really worked, β: the share of
it given to booking).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import groupby, pairwise
from math import floor
from typing import NamedTuple
from zoneinfo import ZoneInfo

from booking.slot_places import IN_HALL, Place
from kernel.errors import Invalid

SLOT_MINUTES = 30
DEFAULT_BETA = Decimal("0.60")
DEFAULT_ETA = Decimal("0.88")
_MINUTE = timedelta(minutes=1)


class PlanLineImpossible(Invalid):
    """A planned line ends before it begins, or has fewer than no counters."""

    code = "plan_line_impossible"
    zh = "开放时段有误：结束时间须晚于开始时间，窗口数不能为负（{starts}–{ends}，{counters} 个）。"
    en = "Opening hours must end after they begin, with 0 counters or more ({starts}–{ends}, {counters})."


@dataclass(frozen=True, slots=True)
class PlannedLine:
    """So many counters (or shares of them) serve the group in [starts, ends), hall-local, to the minute.

    `ends` of 00:00 is midnight at the end of the day. Lines may overlap: their counters add up, in one place.
    """

    starts: time
    ends: time
    counters: Decimal
    place: Place = IN_HALL

    def __post_init__(self) -> None:
        """Refuse a line that cannot be; raises PlanLineImpossible."""
        if (self.ends != time.min and self.ends <= self.starts) or self.counters < 0:
            raise PlanLineImpossible(
                starts=f"{self.starts:%H:%M}", ends=f"{self.ends:%H:%M}", counters=str(self.counters)
            )


@dataclass(frozen=True, slots=True)
class Closed:
    """Nobody is served in [starts_at, ends_at), whatever was planned."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class CutSlot:
    """A bookable [starts_at, ends_at) in UTC, with the counter time planned inside it."""

    starts_at: datetime
    ends_at: datetime
    counter_minutes: Decimal
    place: Place = IN_HALL

    @property
    def minutes(self) -> int:
        """The length, mostly 30."""
        return (self.ends_at - self.starts_at) // _MINUTE

    @property
    def counters(self) -> Decimal:
        """Counters open on average over the slot."""
        return self.counter_minutes / self.minutes


@dataclass(frozen=True, slots=True)
class Quota:
    """Numbers of one slot: bookable online (the release ladder keeps some for duty), and for walk-ins."""

    online: int
    walk_in: int


def cut_slots(
    on: date,
    lines: Iterable[PlannedLine],
    *,
    tz: ZoneInfo,
    extra: Iterable[PlannedLine] = (),
    closures: Iterable[Closed] = (),
    slot_minutes: int = SLOT_MINUTES,
) -> list[CutSlot]:
    """The slots of one group on one hall-local date, in order, without overlap.

    `extra` sessions add to the planned lines; closures take away from both. No slot has two places: where
    one ends and the other begins within a half-hour, the slot is cut, and while a session is held elsewhere
    nobody is told to come to the hall.
    """
    midnight = _at(on, time.min, tz)
    planned = [
        _Stretch(
            _minute(_at(on, line.starts, tz), midnight),
            _minute(_end(on, line, tz), midnight),
            line.counters,
            line.place,
        )
        for line in (*lines, *extra)
    ]
    # A closure that begins or ends within a minute takes the whole minute.
    closed = [
        (_minute(each.starts_at, midnight), -_minute(midnight, each.ends_at.astimezone(UTC)))
        for each in closures
    ]
    found = []
    pieces = _pieces(planned, closed, slot_minutes)
    for (_, place), cell in groupby(pieces, key=lambda each: (each.start // slot_minutes, each.place)):
        of_cell = list(cell)
        counter_minutes = sum((each.counters * (each.end - each.start) for each in of_cell), Decimal(0))
        first, last = of_cell[0].start, of_cell[-1].end
        found.append(CutSlot(midnight + first * _MINUTE, midnight + last * _MINUTE, counter_minutes, place))
    return found


def quota(
    counter_minutes: Decimal,
    *,
    unit_minutes: int,
    beta: Decimal = DEFAULT_BETA,
    eta: Decimal = DEFAULT_ETA,
) -> Quota:
    """The numbers of one slot taken alone."""
    places = _places(counter_minutes, unit_minutes, eta)
    online = floor(Fraction(beta) * places)
    return Quota(online, floor(places) - online)


def quotas(
    slots: Sequence[CutSlot],
    *,
    unit_minutes: int,
    beta: Decimal = DEFAULT_BETA,
    eta: Decimal = DEFAULT_ETA,
) -> list[Quota]:
    """The numbers of a day's slots, where a fraction left over by one slot is carried to the next.

    Rounding each slot down alone would give a line with one counter and 20 minutes a case no number at
    all. Up to the end of every slot the sums stay below β·η·K and η·K, so nobody is promised too early.
    What is left over in the hall does not help in a village: each place is counted by itself.
    """
    found: dict[datetime, Quota] = {}
    for place in dict.fromkeys(slot.place for slot in slots):
        here = [slot for slot in slots if slot.place == place]
        of_place = _quotas(tuple(slot.counter_minutes for slot in here), unit_minutes, beta, eta)
        found.update(zip((slot.starts_at for slot in here), of_place, strict=True))
    return [found[slot.starts_at] for slot in slots]


@lru_cache(maxsize=256)
def _quotas(
    counter_minutes: tuple[Decimal, ...], unit_minutes: int, beta: Decimal, eta: Decimal
) -> tuple[Quota, ...]:
    """The same from the slots' counter time alone. Remembered: the weeks of a plan are alike."""
    online = walk_in = 0
    places = Fraction(0)
    found = []
    for minutes in counter_minutes:
        places += _places(minutes, unit_minutes, eta)
        more_online = floor(Fraction(beta) * places) - online
        online += more_online
        more_walk_in = max(0, floor(places) - online - walk_in)
        walk_in += more_walk_in
        found.append(Quota(more_online, more_walk_in))
    return tuple(found)


def _places(counter_minutes: Decimal, unit_minutes: int, eta: Decimal) -> Fraction:
    """η·K exactly: thirds and elevenths must not fall below a whole number by rounding."""
    if unit_minutes <= 0:
        raise ValueError("a unit takes at least a minute")
    return Fraction(eta) * Fraction(counter_minutes) / unit_minutes


class _Stretch(NamedTuple):
    """[start, end) in minutes of the day, with so many counters in one place."""

    start: int
    end: int
    counters: Decimal
    place: Place


def _pieces(planned: list[_Stretch], closed: list[tuple[int, int]], slot_minutes: int) -> Iterator[_Stretch]:
    """Stretches with constant counters, none across a slot's edge, in order."""
    edges = {edge for each in planned for edge in (each.start, each.end)}
    edges |= {edge for interval in closed for edge in interval}
    if planned:
        last = max(each.end for each in planned)
        edges |= set(range(0, last + 1, slot_minutes))
    for start, end in pairwise(sorted(edges)):
        if any(shut <= start < opened for shut, opened in closed):
            continue
        open_now = [each for each in planned if each.start <= start < each.end and each.counters > 0]
        if open_now:
            place = next((each.place for each in open_now if each.place != IN_HALL), IN_HALL)
            counters = sum((each.counters for each in open_now if each.place == place), Decimal(0))
            yield _Stretch(start, end, counters, place)


def _end(on: date, line: PlannedLine, tz: ZoneInfo) -> datetime:
    return _at(on + timedelta(days=1) if line.ends == time.min else on, line.ends, tz)


def _at(on: date, wall: time, tz: ZoneInfo) -> datetime:
    """Wall time as an instant: differences across a change of the clocks are then real minutes."""
    return datetime.combine(on, wall, tz).astimezone(UTC)


def _minute(instant: datetime, since: datetime) -> int:
    return (instant.astimezone(UTC) - since) // _MINUTE
