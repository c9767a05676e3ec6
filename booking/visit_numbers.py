"""PURE: how many visits the free numbers of consecutive slots can still take.

A visit takes its numbers from the slot it begins in, as many as it needs, and from the next slots where
that one has too few; a slot without a free number, a gap between slots, or another place ends the row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class FreeSlot:
    """Free numbers of the slot [starts_at, ends_at); `place` is a mobile session's, empty in the hall."""

    starts_at: datetime
    ends_at: datetime
    free: int
    place: str = ""

    def follows(self, before: "FreeSlot") -> bool:
        """Whether somebody who was served in the slot before stays where they are."""
        return self.starts_at == before.ends_at and self.place == before.place


def visits_from_each(slots: Sequence[FreeSlot], needed: int) -> list[int]:
    """For every slot of a day, in order: how many visits could begin in it if all were booked there."""
    if needed == 1:
        return [slot.free for slot in slots]
    return [_begin_at(slots, at, [slot.free for slot in slots], needed) for at in range(len(slots))]


def visits_of_day(slots: Sequence[FreeSlot], needed: int) -> int:
    """How many visits the day can take together."""
    free = [slot.free for slot in slots]
    if needed == 1:
        return sum(free)
    return sum(_begin_at(slots, at, free, needed) for at in range(len(slots)))


def _begin_at(slots: Sequence[FreeSlot], first: int, free: list[int], needed: int) -> int:
    """Take visits that begin in slot `first` out of `free` until no more fits; how many."""
    visits = 0
    while (taken := one_visit(slots, first, free, needed)) is not None:
        for at, numbers in taken.items():
            free[at] -= numbers
        visits += 1
    return visits


def one_visit(
    slots: Sequence[FreeSlot], first: int, free: Sequence[int], needed: int
) -> dict[int, int] | None:
    """Slot index → numbers that one visit takes, None when it does not fit."""
    taken: dict[int, int] = {}
    left = needed
    for at in range(first, len(slots)):
        gap = at > first and not slots[at].follows(slots[at - 1])
        if gap or free[at] == 0:
            return None
        taken[at] = min(left, free[at])
        left -= taken[at]
        if left == 0:
            return taken
    return None
