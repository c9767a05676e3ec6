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
from itertools import pairwise
from math import floor
from zoneinfo import ZoneInfo

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

    `ends` of 00:00 is midnight at the end of the day. Lines may overlap: their counters add up.
    """

    starts: time
    ends: time
    counters: Decimal

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

    `extra` sessions add to the planned lines; closures take away from both.
    """
    midnight = _at(on, time.min, tz)
    planned = [
        (_minute(_at(on, line.starts, tz), midnight), _minute(_end(on, line, tz), midnight), line.counters)
        for line in (*lines, *extra)
    ]
    # A closure that begins or ends within a minute takes the whole minute.
    closed = [
        (_minute(each.starts_at, midnight), -_minute(midnight, each.ends_at.astimezone(UTC)))
        for each in closures
    ]
    cells: dict[int, tuple[int, int, Decimal]] = {}
    for start, end, counters in _pieces(planned, closed, slot_minutes):
        first, _, before = cells.get(start // slot_minutes, (start, end, Decimal(0)))
        cells[start // slot_minutes] = (first, end, before + counters * (end - start))
    return [
        CutSlot(midnight + first * _MINUTE, midnight + last * _MINUTE, counter_minutes)
        for _, (first, last, counter_minutes) in sorted(cells.items())
    ]


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
    """
    return list(_quotas(tuple(slot.counter_minutes for slot in slots), unit_minutes, beta, eta))


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


def _pieces(
    planned: list[tuple[int, int, Decimal]], closed: list[tuple[int, int]], slot_minutes: int
) -> Iterator[tuple[int, int, Decimal]]:
    """Stretches [start, end) of minutes with constant counters, none across a slot's edge, in order."""
    edges = {edge for start, end, _ in planned for edge in (start, end)}
    edges |= {edge for interval in closed for edge in interval}
    if planned:
        last = max(end for _, end, _ in planned)
        edges |= set(range(0, last + 1, slot_minutes))
    for start, end in pairwise(sorted(edges)):
        if any(shut <= start < opened for shut, opened in closed):
            continue
        counters = sum((count for opens, closes, count in planned if opens <= start < closes), Decimal(0))
        if counters > 0:
            yield start, end, counters


def _end(on: date, line: PlannedLine, tz: ZoneInfo) -> datetime:
    return _at(on + timedelta(days=1) if line.ends == time.min else on, line.ends, tz)


def _at(on: date, wall: time, tz: ZoneInfo) -> datetime:
    """Wall time as an instant: differences across a change of the clocks are then real minutes."""
    return datetime.combine(on, wall, tz).astimezone(UTC)


def _minute(instant: datetime, since: datetime) -> int:
    return (instant.astimezone(UTC) - since) // _MINUTE
