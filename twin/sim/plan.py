"""PURE: the counters of a simulated day: planned, really open, and known to the hall."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from queueing.capacity import Capacity, Opening
from twin.sim.scenario import Closure, CounterPlan, Scenario, Span

#: Every simulated day is this one; only times of day matter.
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def at_minute(minute: float) -> datetime:
    """The moment so many minutes after midnight."""
    return MIDNIGHT + minute * MINUTE


def minute_of(moment: datetime) -> float:
    """Minutes since midnight."""
    return (moment - MIDNIGHT) / MINUTE


@dataclass(frozen=True, slots=True)
class Change:
    """At `minute` the counter with this index opens or closes."""

    minute: float
    counter: int
    opens: bool


@dataclass(slots=True)
class DayPlan:
    """Changes during the day: closures told, counters added, the day extended. Indexes count from 0."""

    scenario: Scenario
    closes: float
    told: list[Closure] = field(default_factory=list)
    added: list[float] = field(default_factory=list)

    @property
    def counters(self) -> tuple[CounterPlan, ...]:
        """All counters, the flexible ones last, which are open only once added."""
        return (*self.scenario.counters, *self._flexible())

    def capacity(self, code: str) -> Capacity:
        """The open counter-minutes of a group, as the hall knows them."""
        openings = []
        for counter in self.counters:
            if code not in counter.groups:
                continue
            share = counter.shares[counter.groups.index(code)]
            openings += [
                Opening(at_minute(span.starts), at_minute(span.ends), share) for span in self._known(counter)
            ]
        return Capacity(openings)

    def _known(self, counter: CounterPlan) -> Iterator[Span]:
        for span in counter.spans:
            ends = self.closes if span.ends == self.scenario.closes else span.ends
            pieces = [Span(span.starts, max(span.ends, ends))]
            for closure in self.told:
                if counter.number in closure.counters:
                    pieces = [part for piece in pieces for part in _without(piece, closure)]
            yield from pieces

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
    """When counters open and close, closures included. The last of a group stay until all are served."""
    last = _last_ends(scenario)
    changes = []
    for index, counter in enumerate(scenario.counters):
        closed = [each for each in scenario.closures if counter.number in each.counters]
        for span in counter.spans:
            pieces = [span]
            for closure in closed:
                pieces = [part for piece in pieces for part in _without(piece, closure)]
            for piece in pieces:
                changes.append(Change(piece.starts, index, opens=True))
                if piece.ends < span.ends or all(piece.ends < last[code] for code in counter.groups):
                    changes.append(Change(piece.ends, index, opens=False))
    return sorted(changes, key=lambda change: (change.minute, change.opens, change.counter))


def _last_ends(scenario: Scenario) -> dict[str, float]:
    """Group → when the last of its counters is planned to close."""
    ends: dict[str, float] = {}
    for counter in scenario.counters:
        for code in counter.groups:
            ends[code] = max(ends.get(code, 0.0), *(span.ends for span in counter.spans), 0.0)
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
