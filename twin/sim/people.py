"""PURE: the people of one simulated day, drawn before it begins.

One stream of randomness per seed, day, group and purpose: whatever a policy does, the same people come at the
same times with the same cases, so that policies are compared in pairs.
"""

import math
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from twin.sim.scenario import EXPONENTIAL, LOG_NORMAL, SLOT_MINUTES, GroupDemand, Scenario

#: Who is late by more than the normal distribution says comes so many minutes after the slot's start.
LATE_FROM, LATE_UNTIL = 30.0, 60.0
#: Who was not there when called, and comes back, does so within so many minutes.
BACK_WITHIN = 20.0
#: Who has to fetch a missing paper is back within so many minutes; the second service takes this part.
RETURN_FROM, RETURN_UNTIL, SECOND_PART = 10.0, 60.0, 0.5


#: Working days in the four weeks over which the running hall takes the mean.
LOOK_BACK_DAYS = 20


@dataclass(slots=True)
class Person:
    """Someone who comes. Times in minutes since midnight; `minutes` of service at a counter of usual speed.

    The hall expects `expected` minutes, change-over included, from what they come for.
    `instead_at` is when a booked person would have come without booking. `back_after`: not there when called,
    back so many minutes later (infinity: never). `returns_after`: comes back with a missing paper.
    """

    group: int
    arrives: float
    minutes: float
    instead_at: float
    slot: float | None = None
    green: bool = False
    back_after: float | None = None
    returns_after: float | None = None
    expected: float = 0.0


@dataclass(frozen=True, slots=True)
class DayPeople:
    """Who comes on a day, and how many numbers are booked: (group, slot) → count, no-shows among them."""

    people: tuple[Person, ...]
    booked: dict[tuple[int, float], int]
    speeds: tuple[float, ...]


def draw_day(scenario: Scenario, *, seed: int, day: int) -> DayPeople:
    """The people of day `day` (from 0); the same for the same seed."""
    people: list[Person] = []
    booked: dict[tuple[int, float], int] = {}
    for at, group in enumerate(scenario.groups):
        numbers = booked_numbers(scenario, group, day)
        booked |= {(at, slot): count for slot, count in numbers.items()}

        def stream(purpose: str, code: str = group.code) -> Random:
            return Random(f"{seed}/{day}/{code}/{purpose}")

        coming = _booked_people(scenario, group, at, numbers, stream("booked"))
        expected = sum(numbers.values()) * (1 - group.planned_no_show)
        rest = scenario.people_of(group) * group.factor(day, scenario.weekdays) - expected
        coming += _walk_ins(scenario, group, at, rest, stream("walk-ins"))
        _draw_cases(group, coming, stream("cases"), stream("services"))
        people += coming
    people.sort(key=lambda person: person.arrives)
    speed = Random(f"{seed}/{day}/speeds")
    count = len(scenario.counters) + scenario.flex.counters
    speeds = tuple(max(0.5, speed.gauss(1.0, scenario.counter_speed_sd)) for _ in range(count))
    return DayPeople(tuple(people), booked, speeds)


def booked_numbers(scenario: Scenario, group: GroupDemand, day: int) -> dict[float, int]:
    """Numbers booked per slot: the share that books, at most `booked_most` of what the counters can do.

    So many more are released as the hall expects to stay away. Fractions are carried to the next slot.
    """
    total = scenario.open_minutes(group.code, 0, 24 * 60)
    people = scenario.people_of(group) * group.factor(day, scenario.weekdays) * group.booked_share
    numbers: dict[float, int] = {}
    carried = 0.5
    for slot in scenario.slots:
        minutes = scenario.open_minutes(group.code, slot, slot + SLOT_MINUTES)
        wanted = people * minutes / total if total else 0.0
        most = group.booked_most * minutes / group.service_minutes
        carried += min(wanted, most) / (1 - group.planned_no_show)
        numbers[slot] = int(carried)
        carried -= numbers[slot]
    return numbers


def _booked_people(
    scenario: Scenario, group: GroupDemand, at: int, numbers: dict[float, int], rng: Random
) -> list[Person]:
    profile = _Profile(scenario, group)
    coming = []
    for slot, count in numbers.items():
        for _ in range(count):
            shows = rng.random() >= group.no_show
            offset = rng.gauss(group.punctuality.mean, group.punctuality.sd)
            late, late_by = rng.random(), rng.uniform(LATE_FROM, LATE_UNTIL)
            instead_at = profile.draw(rng)
            if not shows:
                continue
            arrives = slot + (late_by if late < group.punctuality.late_share else offset)
            coming.append(Person(at, max(scenario.doors, arrives), 0.0, instead_at, slot))
    return coming


def _walk_ins(scenario: Scenario, group: GroupDemand, at: int, expected: float, rng: Random) -> list[Person]:
    """Poisson with the day's mean, which itself varies with `day_cv`; drawn by exponential gaps."""
    if expected <= 0:
        return []
    if group.day_cv:
        shape = 1 / group.day_cv**2
        expected *= rng.gammavariate(shape, 1 / shape)
    profile = _Profile(scenario, group)
    green = group.green_share * scenario.people_of(group) / expected
    coming = []
    total = rng.expovariate(1)
    while total < expected:
        total += rng.expovariate(1)
        arrives = profile.draw(rng)
        coming.append(Person(at, arrives, 0.0, arrives, green=rng.random() < green))
    return coming


def _draw_cases(group: GroupDemand, people: Sequence[Person], rng: Random, services: Random) -> None:
    draw = service_time(group)
    means = [kind.minutes for kind in group.services]
    shares = list(accumulate(kind.share for kind in group.services))
    total, last = shares[-1] + 0.0 if shares else 0.0, len(shares) - 1
    for person in people:
        # As Random.choices does, which checks its arguments every time.
        kind = bisect(shares, services.random() * total, 0, last) if means else 0
        mean = means[kind] if means else group.service_minutes
        person.expected = mean + group.changeover
        person.minutes = draw(rng) * mean / group.service_minutes
        missed, back, delay = rng.random(), rng.random(), rng.uniform(1, BACK_WITHIN)
        if missed < group.missed_share:
            person.back_after = delay if back < group.back_share else math.inf
        returns, delay = rng.random(), rng.uniform(RETURN_FROM, RETURN_UNTIL)
        if returns < group.return_share:
            person.returns_after = delay


class _ServiceTime:
    def __init__(self, group: GroupDemand) -> None:
        self._mean, self._kind = group.service_minutes, group.service_kind
        self._sigma = math.sqrt(math.log(1 + group.within_cv**2))
        self._mu = -(self._sigma**2) / 2

    def __call__(self, rng: Random) -> float:
        if self._kind == LOG_NORMAL:
            return self._mean * math.exp(rng.gauss(self._mu, self._sigma))
        return self._mean * rng.expovariate(1) if self._kind == EXPONENTIAL else self._mean


def service_time(group: GroupDemand) -> _ServiceTime:
    """A function that draws service minutes with the group's mean and coefficient of variation."""
    return _ServiceTime(group)


class _Profile:
    """When people come who do not book: half-hours by weight from opening on, and waves."""

    def __init__(self, scenario: Scenario, group: GroupDemand) -> None:
        self._opens, self._waves = scenario.opens, group.waves
        self._sums = tuple(accumulate(group.profile))
        self._total, self._last = self._sums[-1] + 0.0, len(self._sums) - 1

    def draw(self, rng: Random) -> float:
        """A moment in minutes since midnight."""
        which, within = rng.random(), rng.random()
        for wave in self._waves:
            if which < wave.share:
                return wave.starts + within * (wave.ends - wave.starts)
            which -= wave.share
        half_hour = bisect(self._sums, rng.random() * self._total, 0, self._last)
        return self._opens + (half_hour + within) * SLOT_MINUTES


def walk_ins_before(scenario: Scenario, group: GroupDemand, *, day: int, books: bool = True) -> float:
    """The mean number of walk-ins on the four weeks of days before, which is what the hall knows."""
    days = range(day - LOOK_BACK_DAYS, day)
    return sum(walk_ins_on(scenario, group, day=each, books=books) for each in days) / LOOK_BACK_DAYS


def walk_ins_on(scenario: Scenario, group: GroupDemand, *, day: int, books: bool = True) -> float:
    """Walk-ins that are to be expected on a day. `books`: whether anybody does."""
    everybody = scenario.people_of(group) * group.factor(day, scenario.weekdays)
    numbers = booked_numbers(scenario, group, day) if books else {}
    return max(0.0, everybody - sum(numbers.values()) * (1 - group.planned_no_show))


def usually_later(scenario: Scenario, group: GroupDemand, walk_ins: float, *, minute: float) -> float:
    """How many of a usual day's walk-ins come after `minute`: the hall knows nothing of the waves."""
    passed = max(0.0, (minute - scenario.opens) / SLOT_MINUTES)
    whole = int(passed)
    left = sum(group.profile[whole:]) - (passed - whole) * sum(group.profile[whole : whole + 1])
    return walk_ins * left / sum(group.profile)
