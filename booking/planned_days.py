"""What the plan gives on coming days: the slots of each line and the numbers of each slot."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from booking.hall_rules import HallRules, rules_of
from booking.ladder import OVERBOOKED_ABOVE, PlannedNumber, plan_numbers, releases_of
from booking.slot_cutting import Closed, CutSlot, PlannedLine, cut_slots, quotas
from booking.slot_places import place_in
from halls.day_plan import DayPlan, day_plans_between
from halls.models import PlanLine, ServiceGroup
from halls.queries import calendar, get_hall_by_id, list_groups
from halls.workdays import Calendar


@dataclass(frozen=True, slots=True)
class GroupDay:
    """What one group has on one date; `numbers` are those of slots that have not begun."""

    group_id: int
    on_date: date
    slots: Sequence[CutSlot]
    numbers: Sequence[PlannedNumber]


def plan_days(
    session: Session, hall_id: int, *, first_on: date, last_on: date, now: datetime
) -> list[GroupDay]:
    """Every group's days, both dates included, from the plan as it stands in this transaction."""
    hall = get_hall_by_id(session, hall_id)
    groups = list_groups(session, hall_id)
    days = calendar(session)
    rules = rules_of(hall)
    ids = [group.id for group in groups]
    plans = day_plans_between(session, hall_id, ids, first_on=first_on, last_on=last_on, tz=rules.tz)
    return [
        group_day
        for on, of_groups in plans.items()
        for group_day in _plan_day(on, groups, of_groups, rules=rules, days=days, now=now)
    ]


def places_of(planned: Sequence[GroupDay]) -> dict[tuple[int, datetime], int]:
    """How many numbers, of all channels, each slot has: (group, start) → count; empty slots are left out.

    Overbooked places are none: who holds one is served by the walk-in reserve.
    """
    return _count(planned, overbooked=False)


def overbooked_of(planned: Sequence[GroupDay]) -> dict[tuple[int, datetime], int]:
    """The same for the overbooked places."""
    return _count(planned, overbooked=True)


def villages_of(planned: Sequence[GroupDay]) -> dict[tuple[int, datetime], str]:
    """Where each slot is held, empty in the hall: (group, start) → name."""
    return {(day.group_id, slot.starts_at): slot.place.name_zh for day in planned for slot in day.slots}


def without_slots(planned: Sequence[GroupDay], left_out: Collection[tuple[int, datetime]]) -> list[GroupDay]:
    """The plan without these slots, (group, start), and their numbers."""
    groups = {group_id for group_id, _ in left_out}
    return [_without(day, left_out) if day.group_id in groups else day for day in planned]


def _without(day: GroupDay, left_out: Collection[tuple[int, datetime]]) -> GroupDay:
    kept = [at for at, slot in enumerate(day.slots) if (day.group_id, slot.starts_at) not in left_out]
    if len(kept) == len(day.slots):
        return day
    now_at = {before: at for at, before in enumerate(kept)}
    numbers = [
        replace(each, slot_index=now_at[each.slot_index]) for each in day.numbers if each.slot_index in now_at
    ]
    return replace(day, slots=[day.slots[at] for at in kept], numbers=numbers)


def _count(planned: Sequence[GroupDay], *, overbooked: bool) -> dict[tuple[int, datetime], int]:
    counts: dict[tuple[int, datetime], int] = {}
    for day in planned:
        starts = [slot.starts_at for slot in day.slots]
        for number in day.numbers:
            if (number.ordinal > OVERBOOKED_ABOVE) is overbooked:
                key = (day.group_id, starts[number.slot_index])
                counts[key] = counts.get(key, 0) + 1
    return counts


def _plan_day(
    on: date,
    groups: Sequence[ServiceGroup],
    plans: Mapping[int, DayPlan],
    *,
    rules: HallRules,
    days: Calendar,
    now: datetime,
) -> list[GroupDay]:
    policy = rules.policy
    releases = releases_of(on, calendar=days, tz=rules.tz, ladder=policy.ladder)
    found = []
    for group in groups:
        slots = _cut(on, plans[group.id], rules)
        of_slots = quotas(slots, unit_minutes=group.unit_minutes, beta=policy.beta, eta=policy.eta)
        numbers = plan_numbers(
            of_slots,
            releases,
            duty_share=policy.ladder.duty_share,
            show_probability=policy.show_probability,
        )
        begun = sum(slot.starts_at <= now for slot in slots)
        kept = [number for number in numbers if number.slot_index >= begun]
        found.append(GroupDay(group.id, on, slots, kept))
    return found


def _cut(on: date, plan: DayPlan, rules: HallRules) -> list[CutSlot]:
    return cut_slots(
        on,
        [_line(line) for line in plan.lines],
        tz=rules.tz,
        extra=[_line(line) for line in plan.extra],
        closures=[Closed(each.starts_at, each.ends_at) for each in plan.closures],
    )


def _line(line: PlanLine) -> PlannedLine:
    return PlannedLine(line.starts, line.ends, Decimal(line.counters), place_in(line))
