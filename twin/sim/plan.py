"""PURE: the counters of a simulated day: planned, really open, and known to the hall."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from queueing.capacity import Capacity, Opening
from queueing.shortfall import TO_SIT_DOWN, Staff, as_it_is, next_half_hour, part_believed
from twin.sim.scenario import Closure, CounterPlan, Scenario, Span

#: Every simulated day is this one; only times of day matter.
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
_TO_SIT_DOWN = TO_SIT_DOWN / MINUTE


def at_minute(minute: float) -> datetime:
    """The moment so many minutes after midnight."""
    return MIDNIGHT + minute * MINUTE


def minute_of(moment: datetime) -> float:
    """Minutes since midnight."""
    return (moment - MIDNIGHT) / MINUTE


@dataclass(frozen=True, slots=True)
class Change:
    """At `minute` the counter with this index opens, for `groups` (none: those of its plan), or closes."""

    minute: float
    counter: int
    opens: bool
    groups: tuple[str, ...] = ()


@dataclass(slots=True)
class DayPlan:
    """Changes during the day: counters added, the day extended. Indexes count from 0."""

    scenario: Scenario
    closes: float
    added: list[float] = field(default_factory=list)

    @property
    def counters(self) -> tuple[CounterPlan, ...]:
        """All counters, the flexible ones last, which are open only once added."""
        return (*self.scenario.counters, *self._flexible())

    def capacity(self, code: str) -> Capacity:
        """The open counter-minutes of a group by the plan."""
        return Capacity(self._openings(code))

    def believed(self, code: str, now: datetime, *, opened: Sequence[bool]) -> Capacity:
        """What the hall believes once counters have closed without notice; `opened`: those open now."""
        minute, plan = minute_of(now), self._openings(code)
        there = [counter for counter, is_open in zip(self.counters, opened, strict=True) if is_open]
        open_now = sum(self._share(counter, code, minute) for counter in there)
        if self._needed(code, minute - _TO_SIT_DOWN) < self._needed(code, minute):
            open_now = max(open_now, self._needed(code, minute))
        running = [each.ends_at for each in plan if each.starts_at <= now < each.ends_at]
        until = min(next_half_hour(now), max(running, default=now))
        codes = [group.code for group in self.scenario.groups]
        part = part_believed(
            codes.index(code),
            self._staff(minute, opened),
            lambda at: min(self._needed(codes[at], minute - _TO_SIT_DOWN), self._needed(codes[at], minute)),
        )
        last = max((each.ends_at for each in plan), default=None)
        believed = as_it_is(plan, now, until=until, open_now=open_now, part=part)
        return Capacity(believed, until=last)

    def share(self, at: int, code: str, now: datetime) -> float:
        """The part of its time that the counter with this index has for a group now."""
        return self._share(self.counters[at], code, minute_of(now))

    def _staff(self, minute: float, opened: Sequence[bool]) -> Staff:
        """Who is there, as the running hall sees it: who left without notice may be back until it is told."""
        seats, left = [], []
        for counter, is_open in zip(self.counters, opened, strict=True):
            skills = self._skills_at(counter, minute)
            closures = [
                each
                for each in self.scenario.closures
                if counter.number in each.counters and each.starts <= minute < each.ends
            ]
            new = self._is_flexible(counter) and not self._had_time(counter, minute)
            if (is_open and not new) or any(minute < each.told for each in closures):
                seats.append(skills)
            elif closures:
                left.append(skills)
        return Staff(seats, left)

    def _skills_at(self, counter: CounterPlan, minute: float) -> list[int]:
        """What it serves now, or would at some time of the day."""
        codes = next(
            (each.groups for span, each in counter.skills() if span.starts <= minute < span.ends),
            counter.groups,
        )
        return [at for at, group in enumerate(self.scenario.groups) if group.code in codes]

    def _needed(self, code: str, minute: float) -> float:
        """Counters that the plan needs, the added ones once they had time to open."""
        return sum(
            self._share(counter, code, minute)
            for counter in self.counters
            if not self._is_flexible(counter) or self._had_time(counter, minute)
        )

    def _is_flexible(self, counter: CounterPlan) -> bool:
        return counter.number > len(self.scenario.counters)

    def _had_time(self, counter: CounterPlan, minute: float) -> bool:
        return any(minute >= span.starts + _TO_SIT_DOWN for span in counter.spans)

    def _share(self, counter: CounterPlan, code: str, minute: float) -> float:
        known = self._known(counter, code)
        return sum(share for span, share in known if span.starts <= minute < span.ends)

    def _openings(self, code: str) -> list[Opening]:
        return [
            Opening(at_minute(span.starts), at_minute(span.ends), share)
            for counter in self.counters
            for span, share in self._known(counter, code)
        ]

    def _known(self, counter: CounterPlan, code: str) -> Iterator[tuple[Span, float]]:
        for span, share in counter.open_for(code):
            ends = self.closes if span.ends == self.scenario.closes else span.ends
            yield Span(span.starts, max(span.ends, ends)), share

    def _flexible(self) -> Iterator[CounterPlan]:
        flex = self.scenario.flex
        shares = tuple(1 / len(flex.groups) for _ in flex.groups)
        first = len(self.scenario.counters) + 1
        for at in range(flex.counters):
            spans = (Span(self.added[at], self.scenario.closes),) if at < len(self.added) else ()
            yield CounterPlan(first + at, flex.groups, shares, spans)


def _without(span: Span, closure: Closure) -> Iterator[Span]:
    if span.starts < min(span.ends, closure.starts):
        yield Span(span.starts, min(span.ends, closure.starts))
    if max(span.starts, closure.ends) < span.ends:
        yield Span(max(span.starts, closure.ends), span.ends)


def real_changes(scenario: Scenario) -> list[Change]:
    """When counters open and close, closures included. The last of a group stay until all are served.

    A counter whose skills change closes and opens with others; where it was the last of a group, it keeps
    serving that group too.
    """
    last = _last_ends(scenario)
    changes = []
    for index, counter in enumerate(scenario.counters):
        closed = [each for each in scenario.closures if counter.number in each.counters]
        staying: tuple[str, ...] = ()
        for span, skills in counter.skills():
            groups = tuple(dict.fromkeys(skills.groups + staying))
            pieces = [span]
            for closure in closed:
                pieces = [part for piece in pieces for part in _without(piece, closure)]
            for piece in pieces:
                changes.append(Change(piece.starts, index, opens=True, groups=groups))
                if piece.ends < span.ends or all(piece.ends < last[code] for code in skills.groups):
                    changes.append(Change(piece.ends, index, opens=False))
            staying = tuple(code for code in groups if span.ends >= last[code])
    return sorted(changes, key=lambda change: (change.minute, change.opens, change.counter))


def _last_ends(scenario: Scenario) -> dict[str, float]:
    """Group → when the last of its counters is planned to close."""
    ends: dict[str, float] = {}
    for counter in scenario.counters:
        for span, skills in counter.skills():
            for code in skills.groups:
                ends[code] = max(ends.get(code, 0.0), span.ends)
    return ends


def planned_minutes(scenario: Scenario) -> float:
    """Counter-minutes really open until closing, without what is added on the day."""
    total = 0.0
    for counter in scenario.counters:
        for span in counter.spans:
            pieces = [span]
            for closure in scenario.closures:
                if counter.number in closure.counters:
                    pieces = [part for piece in pieces for part in _without(piece, closure)]
            total += sum(piece.ends - piece.starts for piece in pieces)
    return total
