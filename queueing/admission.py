"""PURE: whether one more walk-in number can be given today (停发现场号).

One more is given if and only if, with n = N + p̂F + 1 and everything until closing counted,

    η_a·C(t, T_close) ≥ m·n + r + z·m·√(cv²·n + p̂(1−p̂)·F),   η_a = 0.95, z = 1.645

The last term is the 95 % margin for services that take longer and for more booked people than expected.
Accessibility and urgent cases are never refused; the duty officer may admit anyone.
Standbys (N does not hold them) were there before whoever comes now: n counts them too, so that nobody
overtakes them, and the oldest of them is admitted first as soon as there is room.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from math import sqrt

from queueing.capacity import Capacity
from queueing.policy import DEFAULT_POLICY, QueuePolicy
from queueing.promise import Load

#: Admission is near its end when not even so many more would be admitted.
FEW = 3


class Ground(StrEnum):
    """Why someone was admitted or not."""

    CAPACITY = "capacity"
    GREEN = "green"
    DUTY_OFFICER = "duty_officer"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Admission:
    """The decision and its numbers, in counter-minutes until closing."""

    ground: Ground
    needed_minutes: float
    available_minutes: float

    @property
    def admitted(self) -> bool:
        return self.ground is not Ground.STOPPED

    @property
    def short_minutes(self) -> float:
        """The counter-minutes that a flexible window or an extension would have to add; 0 if it fits."""
        return max(0.0, self.needed_minutes - self.available_minutes)


def needed_minutes(load: Load, *, expected: float, policy: QueuePolicy = DEFAULT_POLICY) -> float:
    """Return the right side of the rule for one more walk-in, with `expected` = F until closing."""
    minutes, shows = load.service_minutes, load.show_probability
    people = load.waiting + load.standby + shows * expected + 1
    spread = sqrt(policy.service_cv**2 * people + shows * (1 - shows) * expected)
    work = load.work_minutes + minutes * (people - load.waiting)
    return work + load.residual_minutes + policy.admission_z * minutes * spread


def standbys_that_fit(
    capacity: Capacity, load: Load, now: datetime, *, policy: QueuePolicy = DEFAULT_POLICY
) -> int:
    """Return how many standbys, the oldest first, there is room for now."""
    others, fit = replace(load, standby=0), 0
    while fit < load.standby and admit(capacity, others.with_more(fit), now, policy=policy).admitted:
        fit += 1
    return fit


def is_nearly_full(
    capacity: Capacity, load: Load, now: datetime, *, policy: QueuePolicy = DEFAULT_POLICY
) -> bool:
    """Whether the third walk-in from now on would be refused: time to ask for more."""
    return not admit(capacity, load.with_more(FEW - 1), now, policy=policy).admitted


def admit(
    capacity: Capacity,
    load: Load,
    now: datetime,
    *,
    green: bool = False,
    duty_officer: bool = False,
    policy: QueuePolicy = DEFAULT_POLICY,
) -> Admission:
    """Decide about one more walk-in who asks now. `green` stands for accessibility and urgent cases alike."""
    closes_at = capacity.closes_at
    expected = 0 if closes_at is None else load.expected_between(now, closes_at)
    available = 0.0 if closes_at is None else policy.admission_efficiency * capacity.between(now, closes_at)
    needed = needed_minutes(load, expected=expected, policy=policy)
    if available >= needed:
        ground = Ground.CAPACITY
    elif green:
        ground = Ground.GREEN
    else:
        ground = Ground.DUTY_OFFICER if duty_officer else Ground.STOPPED
    return Admission(ground, needed_minutes=needed, available_minutes=available)
