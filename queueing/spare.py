"""PURE: which counters of a hall nobody plans to use, so that one may be opened for a line.

A counter with several skills is used by any of its lines, so a line's spare counters are what can be added to
it while every line keeps what its plan uses: a flow from counters to lines, where a counter may be moved to
another of its lines to make room. What one line is offered is not offered to another.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import pairwise
from math import floor

from queueing.capacity import Capacity

#: Sums of shares such as 0.1 leave dust.
_DUST = 1e-6

Skills = frozenset[int]


class SpareCounters:
    """The counters of a hall in one look at its lines. `skills`: for each counter in use, its lines."""

    def __init__(self, skills: Iterable[Skills], capacities: Mapping[int, Capacity]) -> None:
        self._counters = Counter(skills)
        self._capacities = capacities
        self._offered: dict[int, int] = {}

    def offer(self, group_id: int, counters: int) -> None:
        """Keep so many counters for a line, in place of what was kept for it before."""
        self._offered[group_id] = counters

    def of(self, group_id: int, *, now: datetime, ready_at: datetime) -> int:
        """How many counters could be opened for a line at `ready_at` and stay open until it closes."""
        closes_at = self._capacities[group_id].closes_at
        if closes_at is None:
            return 0
        moments = {now, ready_at}
        for capacity in self._capacities.values():
            moments.update(at for at in capacity.changes() if ready_at < at < closes_at)
        return min(self._at(group_id, moment) for moment in moments)

    def _at(self, group_id: int, moment: datetime) -> int:
        use = _Use(self._counters)
        for each, capacity in self._capacities.items():
            use.serve(each, capacity.counters_at(moment) + self._offered.get(each, 0))
        return floor(use.serve(group_id, float(self._counters.total())) + _DUST)


class _Use:
    """Who serves which line at one moment. Counters of the same skills are one kind."""

    def __init__(self, counters: Mapping[Skills, int]) -> None:
        self._free = {skills: float(number) for skills, number in counters.items()}
        self._used: dict[tuple[Skills, int], float] = {}

    def serve(self, group_id: int, counters: float) -> float:
        """Give a line so many counters, as far as there are any; no line loses what it has."""
        given = 0.0
        while counters - given > _DUST and (path := self._path(group_id)):
            source = path[-1][0]
            moved = [self._used[kind, line] for (kind, _), (_, line) in pairwise(path)]
            amount = min(counters - given, self._free[source], *moved)
            for step, (kind, line) in enumerate(path):
                self._used[kind, line] = self._used.get((kind, line), 0.0) + amount
                if step + 1 < len(path):
                    self._used[kind, path[step + 1][1]] -= amount
            self._free[source] -= amount
            given += amount
        return given

    def _path(self, group_id: int) -> list[tuple[Skills, int]]:
        """The shortest chain (kind, line): each kind serves its line, and gives up the next one's for it."""
        chains = deque([(group_id, list[tuple[Skills, int]]())])
        seen = {group_id}
        while chains:
            line, chain = chains.popleft()
            able = [kind for kind in self._free if line in kind]
            for kind in able:
                if self._free[kind] > _DUST:
                    return [*chain, (kind, line)]
            for kind in able:
                for other in kind - seen:
                    if self._used.get((kind, other), 0.0) > _DUST:
                        seen.add(other)
                        chains.append((other, [*chain, (kind, line)]))
        return []
