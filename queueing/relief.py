"""PURE: what the hall proposes to its duty officer before walk-ins have to be refused.

With everyone who waits, the booked people still expected and the walk-ins forecast until closing, the test of
admission says how many counter-minutes the day is short. They are covered by flexible counters first, each of
which gives the time from the moment it is ready until closing, then by staying open longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from queueing.admission import needed_minutes
from queueing.capacity import Capacity
from queueing.policy import DEFAULT_POLICY, QueuePolicy
from queueing.promise import Load

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Spare:
    """What could be opened: counters that are ready at `ready_at`, and time past closing."""

    counters: int
    ready_at: datetime
    extension: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Relief:
    """What is proposed; `short_minutes` are the counter-minutes that the day lacks without it."""

    counters: int = 0
    extension: timedelta = timedelta(0)
    short_minutes: float = 0.0

    def __bool__(self) -> bool:
        return self.counters > 0 or self.extension > timedelta(0)


def propose(
    capacity: Capacity,
    load: Load,
    now: datetime,
    *,
    forecast: float,
    spare: Spare,
    policy: QueuePolicy = DEFAULT_POLICY,
) -> Relief:
    """Say what to open so that `forecast` more walk-ins can all be admitted until closing."""
    closes_at = capacity.closes_at
    if closes_at is None or closes_at <= now or forecast <= 0:
        return Relief()
    people = load.with_more(forecast - 1)
    needed = needed_minutes(people, expected=load.expected_between(now, closes_at), policy=policy)
    short = needed / policy.admission_efficiency - capacity.between(now, closes_at)
    if short <= 0:
        return Relief()
    each = max(0.0, (closes_at - spare.ready_at) / _MINUTE)
    counters = min(spare.counters, ceil(short / each)) if each else 0
    longer = spare.extension if short > counters * each else timedelta(0)
    return Relief(counters, longer, short)
