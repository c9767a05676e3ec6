"""PURE: a scenario: the plan of an invented hall, who comes, and what goes wrong (docs/scenarios.md).

Times of day are minutes since midnight, hall-local; durations are minutes; shares lie between 0 and 1.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import sqrt

SLOT_MINUTES = 30
LOG_NORMAL, EXPONENTIAL, CONSTANT = "lognormal", "exponential", "constant"
SERVICE_KINDS = (LOG_NORMAL, EXPONENTIAL, CONSTANT)


@dataclass(frozen=True, slots=True)
class Span:
    """[starts, ends) in minutes since midnight."""

    starts: float
    ends: float

    def overlap(self, starts: float, ends: float) -> float:
        """Minutes of the span within [starts, ends)."""
        return max(0.0, min(self.ends, ends) - max(self.starts, starts))


@dataclass(frozen=True, slots=True)
class Skills:
    """What a counter serves, and in which shares of its time."""

    groups: tuple[str, ...]
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class CounterPlan:
    """One counter: what it serves, in which shares of its time, and when it is open.

    `by_span`: its skills in each of its spans, where they are not the same all day.
    """

    number: int
    groups: tuple[str, ...]
    shares: tuple[float, ...]
    spans: tuple[Span, ...]
    by_span: tuple[Skills, ...] = ()

    def skills(self) -> list[tuple[Span, Skills]]:
        """When it is open, and what for."""
        usual = Skills(self.groups, self.shares)
        return list(zip(self.spans, self.by_span or (usual,) * len(self.spans), strict=True))

    def open_for(self, code: str) -> Iterator[tuple[Span, float]]:
        """When it serves this group, and the share of its time that it has for it."""
        for span, skills in self.skills():
            if code in skills.groups:
                yield span, skills.shares[skills.groups.index(code)]


@dataclass(frozen=True, slots=True)
class Punctuality:
    """Check-in minus slot start: normal, except a share that comes 30 to 60 minutes late."""

    mean: float = -9.0
    sd: float = 11.0
    late_share: float = 0.03


@dataclass(frozen=True, slots=True)
class Wave:
    """This share of the walk-ins comes in [starts, ends), whatever the profile says."""

    share: float
    starts: float
    ends: float


@dataclass(frozen=True, slots=True)
class Surge:
    """On day d, this share of the demand is multiplied by factors[d modulo their number]."""

    share: float
    factors: tuple[float, ...]

    def factor(self, day: int) -> float:
        """What the demand of the whole group is multiplied by."""
        return 1 + self.share * (self.factors[day % len(self.factors)] - 1)


@dataclass(frozen=True, slots=True)
class ServiceKind:
    """This share of the people of a line comes for a service that takes `minutes` on average."""

    share: float
    minutes: float


@dataclass(frozen=True, slots=True)
class GroupDemand:
    """A line and the people who come for it.

    Exactly one of `load` (service minutes asked for ÷ open counter minutes, change-over not counted) and
    `people` (expected to come per day) is set. `no_show`: share of booked people who stay away;
    `planned_no_show`: what the hall believes, so many more numbers are released. `green_share` is a share of
    everybody who comes; they are among those who did not book. `missed_share` are not there when called;
    `return_share` come back with a missing paper. `services`: what they come for, known when they come.
    """

    code: str
    load: float
    people: float
    booked_share: float
    booked_most: float
    green_share: float
    no_show: float
    planned_no_show: float
    service_minutes: float
    service_cv: float
    service_kind: str
    changeover: float
    profile: tuple[float, ...]
    day_cv: float = 0.0
    missed_share: float = 0.0
    back_share: float = 0.7
    return_share: float = 0.0
    punctuality: Punctuality = field(default_factory=Punctuality)
    waves: tuple[Wave, ...] = ()
    surges: tuple[Surge, ...] = ()
    services: tuple[ServiceKind, ...] = ()

    @property
    def within_cv(self) -> float:
        """Standard deviation ÷ mean within one service, so that all together have `service_cv`."""
        if not self.services:
            return self.service_cv
        squares = sum(kind.share * kind.minutes**2 for kind in self.services)
        whole = self.service_minutes**2 * (1 + self.service_cv**2)
        return sqrt(max(0.0, whole / squares - 1))

    @property
    def mean_minutes(self) -> float:
        """The m of the rule: expected minutes of a service with the change-over."""
        return self.service_minutes + self.changeover

    def factor(self, day: int, weekdays: tuple[float, ...]) -> float:
        """How the demand of day `day` (from 0, a Monday) compares with an ordinary one."""
        product = weekdays[day % len(weekdays)]
        for surge in self.surges:
            product *= surge.factor(day)
        return product


@dataclass(frozen=True, slots=True)
class Closure:
    """These counters close without notice; the plan of the hall says so from `told` on."""

    counters: tuple[int, ...]
    starts: float
    ends: float
    told: float


@dataclass(frozen=True, slots=True)
class Flex:
    """What the duty officer may open: counters `ready_after` minutes from now, and minutes past closing."""

    counters: int = 0
    groups: tuple[str, ...] = ()
    ready_after: float = 10.0
    extension: float = 0.0
    reviews: tuple[float, ...] = ()


@dataclass(frozen=True)
class Scenario:
    """An invented hall and its days. `doors`: from then on people can check in and take numbers."""

    name_zh: str
    name_en: str
    doors: float
    opens: float
    closes: float
    groups: tuple[GroupDemand, ...]
    counters: tuple[CounterPlan, ...]
    counter_speed_sd: float = 0.0
    weekdays: tuple[float, ...] = (1.0,)
    closures: tuple[Closure, ...] = ()
    flex: Flex = field(default_factory=Flex)
    rule: Mapping[str, object] = field(default_factory=dict)

    def open_minutes(self, code: str, starts: float, ends: float) -> float:
        """Planned open counter minutes of a group in [starts, ends), shared counters by their shares."""
        asked = (code, starts, ends)
        if asked not in self._open_minutes:
            self._open_minutes[asked] = sum(
                share * span.overlap(starts, ends)
                for counter in self.counters
                for span, share in counter.open_for(code)
            )
        return self._open_minutes[asked]

    @cached_property
    def _open_minutes(self) -> dict[tuple[str, float, float], float]:
        """What was asked before: every day asks the same."""
        return {}

    def people_of(self, group: GroupDemand) -> float:
        """How many people are expected to come on an ordinary day."""
        if group.people:
            return group.people
        return group.load * self.open_minutes(group.code, 0, 24 * 60) / group.service_minutes

    @cached_property
    def slots(self) -> tuple[float, ...]:
        """The starts of the bookable half-hours."""
        count = int((self.closes - self.opens) // SLOT_MINUTES)
        return tuple(self.opens + SLOT_MINUTES * at for at in range(count))
