"""PURE: what is still believed of the plan once counters have been left that it needs.

The half-hour that is running is as it is: who sits at a counter counts. From the next one on the plan is
believed, but for the counters that somebody has left, or that were added and nobody opened: with `planned`
counters, `seats` where somebody works and `left` ones,

    part = 1 − min(left, planned − seats) ÷ planned

of the plan is believed for the rest of the day, until somebody opens a counter again or the plan needs no
more than there are. Which counters a later half-hour needs is not known: each may be a missing one.
Counters that serve several lines stand in for each other: lines that share counters are counted together.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from queueing.capacity import Opening

#: Who is to come has so long to sit down, and who has left so long to be back.
TO_SIT_DOWN = timedelta(minutes=10)
_SLOT = timedelta(minutes=30)

Lines = Collection[int]


@dataclass(frozen=True, slots=True)
class Staff:
    """The lines of each counter where somebody works, or stopped a moment ago, and of each left one."""

    seats: Sequence[Lines] = ()
    left: Sequence[Lines] = ()


def part_believed(
    line: int,
    staff: Staff,
    planned: Callable[[int], float],
    unopened: Callable[[int], float] = lambda _: 0.0,
) -> float:
    """Return the part of a line's plan that is believed, from 0 to 1.

    `planned`: line → counters that the plan needs now, and needed when they had to sit down; `unopened`:
    those among them that were added for the day, of which nobody knows whether they were opened.
    """
    lines = _together(line, staff.seats)
    needed = sum(map(planned, lines))
    if needed <= 0:
        return 1.0
    seats = sum(not lines.isdisjoint(each) for each in staff.seats)
    left = sum(not lines.isdisjoint(each) for each in staff.left) + sum(map(unopened, lines))
    return 1.0 - max(0.0, min(left, needed - seats)) / needed


def as_it_is(
    openings: Iterable[Opening], now: datetime, *, until: datetime, open_now: float, part: float
) -> list[Opening]:
    """Return the plan with `open_now` counters from now on `until` then, and its part afterwards."""
    whole, found = list(openings), []
    running = any(each.starts_at <= now < each.ends_at for each in whole)
    until = until if running else now
    for each in whole:
        found.append(Opening(each.starts_at, min(each.ends_at, now), each.counters))
        found.append(Opening(max(each.starts_at, until), each.ends_at, each.counters * part))
    if running:
        found.append(Opening(now, until, open_now))
    return found


def next_half_hour(now: datetime) -> datetime:
    """Return the end of the half-hour that is running."""
    return now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0) + _SLOT


def _together(line: int, seats: Iterable[Lines]) -> set[int]:
    """The line and all that share counters with it, directly or through others."""
    found, shared = {line}, [each for each in seats if len(each) > 1]
    while more := [each for each in shared if not found.isdisjoint(each) and not found.issuperset(each)]:
        found.update(*more)
    return found
