"""PURE: many simulated days under one policy, and the figures of the whole."""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import TypedDict

from queueing.policy import DISCIPLINES, QueuePolicy
from twin.sim.hall import HallDay
from twin.sim.people import draw_day
from twin.sim.scenario import Scenario
from twin.sim.tally import Tally

#: Nobody books: all come as walk-ins at the time of their choice, first come first served, none refused.
WALK_IN_ONLY = "walk_in_only"
POLICY_NAMES = (*DISCIPLINES, WALK_IN_ONLY)

#: The citizen index: a refused walk-in is so many minutes of waiting, a broken promise adds so many.
REFUSED_MINUTES, BROKEN_MINUTES = 120.0, 30.0
SOON_MINUTES = 10.0


class Figures(TypedDict):
    """What a run reports (docs/scenarios.md); shares between 0 and 1, waits in minutes."""

    arrivals: int
    walk_ins_asked: int
    walk_ins_refused_share: float
    walk_ins_same_day_share: float
    booked_wait_p50_min: float
    booked_wait_p90_min: float
    booked_within_10_min_share: float
    walk_in_wait_mean_min: float
    walk_in_wait_p90_min: float
    green_wait_mean_min: float
    mean_wait_min: float
    promise_kept_share: float
    promised_wait_mean_min: float
    started_before_close_share: float
    overtime_p90_min: float
    counter_hours: float
    flex_counters_opened: int
    days_extended: int
    citizen_index: float


def run(
    scenario: Scenario,
    *,
    policy: str,
    days: int,
    seed: int,
) -> Figures:
    """Simulate `days` days; the same seed gives the same people under every policy, and the same figures."""
    return run_beside(scenario, policies=(policy,), days=days, seed=seed)[policy]


def run_beside(scenario: Scenario, *, policies: Sequence[str], days: int, seed: int) -> dict[str, Figures]:
    """`run` of several policies, day by day: the people of a day are drawn once for all."""
    return {name: figures(tally) for name, tally in count_days(scenario, policies, range(days), seed).items()}


def count_days(
    scenario: Scenario, policies: Sequence[str], days: Iterable[int], seed: int
) -> dict[str, Tally]:
    """What is counted on these days (from 0) under each policy."""
    rules = {policy: rule_of(scenario, policy) for policy in policies}
    totals = {policy: Tally() for policy in policies}
    for day in days:
        people = draw_day(scenario, seed=seed, day=day)
        for policy, rule in rules.items():
            played = HallDay(scenario, people, rule, day=day, walk_in_only=policy == WALK_IN_ONLY)
            totals[policy].add(played.play())
    return totals


def rule_of(scenario: Scenario, policy: str) -> QueuePolicy:
    """The hall's numbers of the rule with this discipline."""
    discipline = "fifo" if policy == WALK_IN_ONLY else policy
    values: Mapping[str, object] = {**scenario.rule, "discipline": discipline}
    return QueuePolicy.from_mapping(values)


def figures(tally: Tally) -> Figures:
    """Turn counts into figures."""
    booked, walk_ins, waits = tally.booked_waits, tally.walk_in_waits, tally.waits
    refused = tally.walk_ins_refused + tally.greens_refused
    broken = tally.promises - tally.promises_kept
    lost = sum(waits) + REFUSED_MINUTES * refused + BROKEN_MINUTES * broken
    return Figures(
        arrivals=tally.people,
        walk_ins_asked=tally.walk_ins_asked,
        walk_ins_refused_share=_share(tally.walk_ins_refused, tally.walk_ins_asked, empty=0.0),
        walk_ins_same_day_share=_share(len(walk_ins), tally.walk_ins_asked),
        booked_wait_p50_min=percentile(booked, 0.5),
        booked_wait_p90_min=percentile(booked, 0.9),
        booked_within_10_min_share=_share(sum(wait <= SOON_MINUTES for wait in booked), len(booked)),
        walk_in_wait_mean_min=mean(walk_ins),
        walk_in_wait_p90_min=percentile(walk_ins, 0.9),
        green_wait_mean_min=mean(tally.green_waits),
        mean_wait_min=mean(waits),
        promise_kept_share=_share(tally.promises_kept, tally.promises),
        promised_wait_mean_min=round(tally.promised_minutes / tally.promises, 4) if tally.promises else 0.0,
        started_before_close_share=_share(tally.started_before_close, tally.started),
        overtime_p90_min=percentile(tally.overtimes, 0.9),
        counter_hours=round(tally.counter_minutes / 60, 2),
        flex_counters_opened=tally.counters_added,
        days_extended=tally.days_extended,
        citizen_index=round(lost / tally.people, 4) if tally.people else 0.0,
    )


def mean(values: Sequence[float]) -> float:
    """The mean; 0 of nothing."""
    return round(sum(values) / len(values), 4) if values else 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that this share of all does not exceed; 0 of nothing."""
    return round(sorted(values)[max(0, ceil(share * len(values)) - 1)], 4) if values else 0.0


def _share(part: int, whole: int, *, empty: float = 1.0) -> float:
    return round(part / whole, 5) if whole else empty
