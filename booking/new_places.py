"""PURE: where visits go whose time falls away: each to the nearest free numbers of its own line.

Who was to come first chooses first, and of those who booked earlier.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Visit:
    """A booked visit that must move: `needed` numbers of one line, consecutive."""

    appointment_id: int
    citizen_id: int
    group_id: int
    starts_at: datetime
    needed: int


@dataclass(frozen=True, slots=True)
class FreeNumber:
    """A number that can be given, with its slot."""

    number_id: int
    group_id: int
    slot_id: int
    on_date: date
    starts_at: datetime
    ends_at: datetime


@dataclass(slots=True)
class _Slot:
    first: FreeNumber
    free: list[int]


#: (citizen, group, day) of open appointments: a person has one a day in a line.
Busy = set[tuple[int, int, date]]


def find_places(
    visits: Sequence[Visit], free: Iterable[FreeNumber], *, busy: Busy
) -> dict[int, list[FreeNumber]]:
    """Appointment → the numbers it gets, in order of time; who finds none is left out."""
    lines = _slots_by_line(free)
    taken = set(busy)
    found: dict[int, list[FreeNumber]] = {}
    for visit in sorted(visits, key=lambda each: (each.starts_at, each.appointment_id)):
        slots = lines.get(visit.group_id, [])
        by_distance = sorted(
            range(len(slots)),
            key=lambda at: (abs(slots[at].first.starts_at - visit.starts_at), slots[at].first.starts_at),
        )
        for at in by_distance:
            on = slots[at].first.on_date
            if (visit.citizen_id, visit.group_id, on) in taken:
                continue
            numbers = _take(slots, at, visit.needed)
            if numbers:
                found[visit.appointment_id] = numbers
                taken.add((visit.citizen_id, visit.group_id, on))
                break
    return found


def _slots_by_line(free: Iterable[FreeNumber]) -> Mapping[int, list[_Slot]]:
    slots: dict[int, _Slot] = {}
    for number in free:
        slots.setdefault(number.slot_id, _Slot(number, [])).free.append(number.number_id)
    lines: dict[int, list[_Slot]] = defaultdict(list)
    for slot in sorted(slots.values(), key=lambda each: each.first.starts_at):
        lines[slot.first.group_id].append(slot)
    return lines


def _take(slots: Sequence[_Slot], at: int, needed: int) -> list[FreeNumber]:
    """`needed` numbers from slot `at` on, through slots that follow without a gap; none when too few."""
    chosen: list[tuple[_Slot, int]] = []
    ends_at = slots[at].first.starts_at
    for slot in slots[at:]:
        if len(chosen) == needed or slot.first.starts_at != ends_at or not slot.free:
            break
        chosen += [(slot, number_id) for number_id in slot.free[: needed - len(chosen)]]
        ends_at = slot.first.ends_at
    if len(chosen) < needed:
        return []
    for slot, number_id in chosen:
        slot.free.remove(number_id)
    return [
        FreeNumber(
            number_id,
            slot.first.group_id,
            slot.first.slot_id,
            slot.first.on_date,
            slot.first.starts_at,
            slot.first.ends_at,
        )
        for slot, number_id in chosen
    ]
