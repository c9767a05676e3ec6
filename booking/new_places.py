"""PURE: where visits go whose time falls away: each to the nearest free numbers of its own lines.

Who was to come first chooses first, and of those who booked earlier. A visit of several lines goes as a
whole: all its legs on one day, one after the other as `booking.visit_legs` has it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from booking.visit_legs import LegLine, fit_visit
from booking.visit_numbers import FreeSlot


@dataclass(frozen=True, slots=True)
class Visit:
    """A booked visit that must move. `lines`: (line, numbers of consecutive slots there), in order.

    `village` is where it is, empty for the hall: nobody is sent anywhere else without having chosen that.
    """

    appointment_id: int
    citizen_id: int
    on_date: date
    starts_at: datetime
    lines: tuple[tuple[int, int], ...]
    village: str = ""


@dataclass(frozen=True, slots=True)
class FreeNumber:
    """A number that can be given, with its slot."""

    number_id: int
    group_id: int
    slot_id: int
    on_date: date
    starts_at: datetime
    ends_at: datetime
    village: str = ""


@dataclass(slots=True)
class _Slot:
    first: FreeNumber
    free: list[int]


#: (citizen, group, day) of open appointments: a person has one a day in a line.
Busy = set[tuple[int, int, date]]
_Days = Mapping[date, Mapping[int, list[_Slot]]]
#: A start, its day, and the slots of the lines that begin then.
_Start = tuple[datetime, date, list[_Slot]]


def find_places(
    visits: Sequence[Visit], free: Iterable[FreeNumber], *, busy: Busy
) -> dict[int, list[FreeNumber]]:
    """Appointment → the numbers it gets, in order of time; who finds none is left out."""
    days = _slots_by_day(free)
    # All move in one statement, in whatever order: nobody may go where another visit of theirs still is.
    homes = {
        (visit.citizen_id, line, visit.on_date): visit.appointment_id
        for visit in visits
        for line, _ in visit.lines
    }
    taken = set(busy)
    orders: dict[tuple[datetime, tuple[tuple[int, int], ...], str], list[_Start]] = {}
    found: dict[int, list[FreeNumber]] = {}
    for visit in sorted(visits, key=lambda each: (each.starts_at, each.appointment_id)):
        own = visit.appointment_id
        key = visit.starts_at, visit.lines, visit.village
        if key not in orders:
            orders[key] = _nearest(days, visit)
        for starts_at, on, slots in orders[key]:
            if not any(slot.free for slot in slots):
                continue
            mine = {(visit.citizen_id, line, on) for line, _ in visit.lines}
            if any(each in taken or homes.get(each, own) != own for each in mine):
                continue
            numbers = _take(days[on], visit, starts_at)
            if numbers:
                found[own] = numbers
                taken |= mine
                break
    return found


def _slots_by_day(free: Iterable[FreeNumber]) -> _Days:
    slots: dict[int, _Slot] = {}
    for number in free:
        slots.setdefault(number.slot_id, _Slot(number, [])).free.append(number.number_id)
    days: dict[date, dict[int, list[_Slot]]] = defaultdict(lambda: defaultdict(list))
    for slot in sorted(slots.values(), key=lambda each: each.first.starts_at):
        days[slot.first.on_date][slot.first.group_id].append(slot)
    return days


def _nearest(days: _Days, visit: Visit) -> list[_Start]:
    """The starts at which its lines have slots, the nearest first, of two the earlier.

    Found once for all visits of the same lines and time; what is free then changes with each.
    """
    starts: dict[tuple[datetime, date], list[_Slot]] = defaultdict(list)
    for on, lines in days.items():
        for line, _ in visit.lines:
            for slot in _in_place(lines.get(line, ()), visit):
                starts[slot.first.starts_at, on].append(slot)
    order = sorted(starts, key=lambda each: (abs(each[0] - visit.starts_at), each[0]))
    return [(starts_at, on, starts[starts_at, on]) for starts_at, on in order]


def _take(of_day: Mapping[int, list[_Slot]], visit: Visit, starts_at: datetime) -> list[FreeNumber]:
    """The numbers of a visit that begins then, all legs; none when it does not fit."""
    lines = [_in_place(of_day.get(line, ()), visit) for line, _ in visit.lines]
    legs = fit_visit(
        [
            LegLine(needed, [FreeSlot(s.first.starts_at, s.first.ends_at, len(s.free)) for s in slots])
            for (_, needed), slots in zip(visit.lines, lines, strict=True)
        ],
        starts_at,
    )
    chosen: list[FreeNumber] = []
    for leg in legs or ():
        for at, numbers in leg.taken:
            slot = lines[leg.line][at]
            chosen += [_number(slot, each) for each in slot.free[:numbers]]
            del slot.free[:numbers]
    return chosen


def _in_place(slots: Iterable[_Slot], visit: Visit) -> list[_Slot]:
    return [slot for slot in slots if slot.first.village == visit.village]


def _number(slot: _Slot, number_id: int) -> FreeNumber:
    of = slot.first
    return FreeNumber(number_id, of.group_id, of.slot_id, of.on_date, of.starts_at, of.ends_at, of.village)
