"""PURE: visits that pass several lines of one hall, leg after leg, and where they fit. See docs/booking.md.

A leg takes its numbers from consecutive slots of its line (`booking.visit_numbers`). The next leg begins in
the first slot of its line that does not begin before the last slot of the leg before ended, and that is less
than `MOST_WAIT` later: nobody is expected at two counters in one half-hour. All are held in one place, the
hall or the village of a mobile session. Legs keep the order asked for where it fits; else they take the first
other order that does.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import permutations

from booking.visit_numbers import FreeSlot, one_visit

MOST_WAIT = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class LegLine:
    """What one leg needs of its line, and the free numbers of the line's slots in order of time."""

    needed: int
    slots: Sequence[FreeSlot]


@dataclass(frozen=True, slots=True)
class LegFit:
    """Where a leg goes: `line` is its index, `taken` are (slot index, numbers) in order of time."""

    line: int
    taken: tuple[tuple[int, int], ...]


Free = list[list[int]]


def group_in_order(lines: Iterable[tuple[str, int]]) -> dict[int, list[str]]:
    """(service, line) in the order asked for → line → its services; lines in order of their first service."""
    found: dict[int, list[str]] = {}
    for service, line in lines:
        found.setdefault(line, []).append(service)
    return found


def fit_visit(lines: Sequence[LegLine], starts_at: datetime) -> tuple[LegFit, ...] | None:
    """The legs of a visit that begins in the slot `starts_at`, in their order; None when it does not fit."""
    return _fit(lines, starts_at, _free_of(lines))


def visits_by_start(lines: Sequence[LegLine]) -> dict[datetime, int]:
    """Every start of any line → how many visits could begin then if all were booked there."""
    return {at: _fill(lines, at, _free_of(lines)) for at in starts_of(lines)}


def visits_together(lines: Sequence[LegLine]) -> int:
    """How many visits the numbers are good for: never fewer than fit at the best start alone.

    Taking the earliest first may spend a later line's numbers that a better start needs.
    """
    return max(_one_after_another(lines), max(visits_by_start(lines).values(), default=0))


def _one_after_another(lines: Sequence[LegLine]) -> int:
    """How many visits these slots can take together, the earliest starts first."""
    free = _free_of(lines)
    return sum(_fill(lines, at, free) for at in starts_of(lines))


def starts_of(lines: Sequence[LegLine]) -> list[datetime]:
    """The starts of all lines' slots, in order."""
    return sorted({slot.starts_at for line in lines for slot in line.slots})


def _free_of(lines: Sequence[LegLine]) -> Free:
    return [[slot.free for slot in line.slots] for line in lines]


def _fill(lines: Sequence[LegLine], starts_at: datetime, free: Free) -> int:
    """Take visits that begin then out of `free` until no more fits; how many."""
    visits = 0
    while (legs := _fit(lines, starts_at, free)) is not None:
        # As long as each of these slots has as many left, the next visit would take the same.
        times = min(free[leg.line][at] // numbers for leg in legs for at, numbers in leg.taken)
        for leg in legs:
            for at, numbers in leg.taken:
                free[leg.line][at] -= times * numbers
        visits += times
    return visits


def _fit(lines: Sequence[LegLine], starts_at: datetime, free: Free) -> tuple[LegFit, ...] | None:
    begins = _at_start(lines, starts_at, free)
    if not begins or any(sum(free[at]) < line.needed for at, line in enumerate(lines)):
        return None
    for order in permutations(range(len(lines))):
        if order[0] in begins and (legs := _in_order(lines, order, begins, free)) is not None:
            return legs
    return None


def _at_start(lines: Sequence[LegLine], starts_at: datetime, free: Free) -> Mapping[int, int]:
    """Line → its slot that begins then and has a free number."""
    return {
        at: index
        for at, line in enumerate(lines)
        for index, slot in enumerate(line.slots)
        if slot.starts_at == starts_at and free[at][index]
    }


def _in_order(
    lines: Sequence[LegLine], order: Sequence[int], begins: Mapping[int, int], free: Free
) -> tuple[LegFit, ...] | None:
    legs: list[LegFit] = []
    first: int | None = begins[order[0]]
    for at in order:
        slots = lines[at].slots
        if legs:
            before = legs[-1]
            first = _slot_after(slots, lines[before.line].slots[before.taken[-1][0]])
        taken = None if first is None else one_visit(slots, first, free[at], lines[at].needed)
        if taken is None:
            return None
        legs.append(LegFit(at, tuple(sorted(taken.items()))))
    return tuple(legs)


def _slot_after(slots: Sequence[FreeSlot], before: FreeSlot) -> int | None:
    """The first slot in the same place that begins no earlier; None when one would wait too long for it."""
    for index, slot in enumerate(slots):
        if slot.starts_at >= before.ends_at and slot.place == before.place:
            return index if slot.starts_at - before.ends_at < MOST_WAIT else None
    return None
