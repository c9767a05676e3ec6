"""PURE: a day file under every policy: its plan and its people, as a scenario that was drawn already."""

import math
from collections import Counter as Count
from collections.abc import Mapping, Sequence
from datetime import time
from statistics import fmean
from types import MappingProxyType
from typing import Any

from booking.show_share import SHOW_PROBABILITY, ShowRate
from halls.plan_rows import minute_of
from queueing.service_times import Case, learn
from twin.day_file import BOOKED, GREEN, Day, DayGroup
from twin.day_file import Person as DayPerson
from twin.sim.hall import HallDay
from twin.sim.people import DayPeople, Person
from twin.sim.predictions import Predictions
from twin.sim.run import POLICY_NAMES, WALK_IN_ONLY, figures, rule_of
from twin.sim.scenario import CONSTANT, SLOT_MINUTES, CounterPlan, GroupDemand, Scenario, Span


def replay(day: Day, *, policies: Sequence[str] = POLICY_NAMES, fit: Sequence[Day] = ()) -> dict[str, Any]:
    """Play the day under each policy: policy → figures of waits and of predictions.

    The hall believes the mean minutes of the file, or what it has learned on the days of `fit`.
    """
    scenario, people = scenario_after(day, fit), people_of(day)
    told: dict[str, Any] = {}
    for policy in policies:
        rule = rule_of(scenario, policy)
        watch = Predictions()
        walk_in_only = policy == WALK_IN_ONLY
        played = HallDay(scenario, people, rule, day=0, walk_in_only=walk_in_only, watch=watch)
        told[policy] = {**figures(played.play()), **watch.figures()}
    return told


def learned_minutes(days: Sequence[Day]) -> dict[str, float]:
    """Line → minutes of a case, learned on these days as the running hall learns (queueing.service_times)."""
    learned: dict[str, float] = {}
    for code in {group.code for day in days for group in day.groups}:
        beliefs = [group.mean_minutes for day in days for group in day.groups if group.code == code]
        cases = [
            Case(0, 0, one.minutes)
            for day in days
            for one in day.people
            if one.group == code and not one.absent
        ]
        found = learn(cases, line_minutes=fmean(beliefs), planned={})
        learned[code] = next(
            (each.minutes for each in found if each.service_id is each.counter_id is None), fmean(beliefs)
        )
    return learned


def learned_shows(days: Sequence[Day]) -> float:
    """The share of booked people that came on these days, believed as the running hall does."""
    booked = [one for day in days for one in day.people if one.track == BOOKED]
    return ShowRate(len(booked), sum(not one.absent for one in booked)).probability


def scenario_after(day: Day, earlier: Sequence[Day]) -> Scenario:
    """The day's plan, with what the hall has learned on earlier days."""
    return scenario_of(day, learned=learned_minutes(earlier), shows=learned_shows(earlier))


def scenario_of(
    day: Day,
    *,
    learned: Mapping[str, float] = MappingProxyType({}),
    shows: float = SHOW_PROBABILITY,
) -> Scenario:
    """The day's plan. A counter is open in the half-hours in which the plan needs it."""
    opens = min(minute_of(line.starts) for line in day.open)
    closes = max(minute_of(line.ends) for line in day.open)
    slots = range(opens - opens % SLOT_MINUTES, closes, SLOT_MINUTES)
    open_at = {slot: set(day.counters_open_at(time(slot // 60, slot % 60))) for slot in slots}
    counters = tuple(
        CounterPlan(
            counter.number,
            counter.groups,
            tuple(1 / len(counter.groups) for _ in counter.groups),
            tuple(_spans([slot for slot in slots if counter.number in open_at[slot]])),
        )
        for counter in day.counters
    )
    return Scenario(
        name_zh=day.hall_name_zh,
        name_en=day.hall_name_en,
        doors=opens,
        opens=opens,
        closes=closes,
        groups=tuple(
            _demand(group, len(slots), learned.get(group.code, group.mean_minutes), shows)
            for group in day.groups
        ),
        counters=counters,
    )


def _spans(slots: Sequence[int]) -> list[Span]:
    spans: list[Span] = []
    for slot in slots:
        if spans and spans[-1].ends == slot:
            spans[-1] = Span(spans[-1].starts, slot + SLOT_MINUTES)
        else:
            spans.append(Span(slot, slot + SLOT_MINUTES))
    return spans


def _demand(group: DayGroup, slots: int, minutes: float, shows: float) -> GroupDemand:
    """What the hall believes of a line; nobody is drawn from it, so the demand itself stays empty."""
    return GroupDemand(
        code=group.code,
        load=0.0,
        people=0.0,
        booked_share=0.0,
        booked_most=1.0,
        green_share=0.0,
        no_show=0.0,
        planned_no_show=1 - shows,
        service_minutes=minutes,
        service_cv=0.0,
        service_kind=CONSTANT,
        changeover=0.0,
        profile=(1.0,) * slots,
    )


def people_of(day: Day) -> DayPeople:
    """The day's people. Who booked and is absent never comes; others who are absent miss their call."""
    groups = {group.code: at for at, group in enumerate(day.groups)}
    coming = [
        _person(one, groups[one.group]) for one in day.people if not (one.absent and one.track == BOOKED)
    ]
    coming.sort(key=lambda person: person.arrives)
    booked = Count((groups[one.group], float(minute_of(one.slot))) for one in day.people if one.slot)
    return DayPeople(tuple(coming), dict(booked), (1.0,) * len(day.counters))


def _person(one: DayPerson, group: int) -> Person:
    arrives = minute_of(one.arrives) + one.arrives.second / 60
    return Person(
        group,
        arrives,
        one.minutes,
        arrives,
        slot=None if one.slot is None else float(minute_of(one.slot)),
        green=one.track == GREEN,
        back_after=math.inf if one.absent else None,
    )
