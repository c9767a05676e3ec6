"""PURE: how many counter-minutes a group has open, as a step function of time.

C(t, u) of the rule: scheduled open counter time in (t, u], with lunch, breaks and pauses taken out. A counter
that is planned in shares over several groups counts here with its share, so that it is never counted twice.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

_MINUTE = timedelta(minutes=1)
#: Sums of shares such as 0.1 leave dust where nothing is open.
_DUST = 1e-9


@dataclass(frozen=True, slots=True)
class Opening:
    """So many counters (or shares) are open in [starts_at, ends_at). Openings may overlap: they add up."""

    starts_at: datetime
    ends_at: datetime
    counters: float = 1.0


class Capacity:
    """The open counter-minutes of a group on one day. Built once, asked often: a question is a bisection."""

    __slots__ = ("_base", "_closes_at", "_edges", "_rates", "_sums")

    def __init__(self, openings: Iterable[Opening], *, until: datetime | None = None) -> None:
        """`until`: the day is not over before, even if nobody is at a counter any more."""
        changes: defaultdict[datetime, float] = defaultdict(float)
        if until is not None:
            changes[until] = 0.0
        for opening in openings:
            if opening.counters > 0 and opening.ends_at > opening.starts_at:
                changes[opening.starts_at] += opening.counters
                changes[opening.ends_at] -= opening.counters
        times = sorted(changes)
        self._base = times[0] if times else None
        self._edges: list[float] = []  # minutes since _base
        self._rates: list[float] = []  # counters open from the edge on
        self._sums: list[float] = []  # counter-minutes until the edge
        rate = total = 0.0
        for at in times:
            minutes = (at - times[0]) / _MINUTE
            total += rate * (minutes - self._edges[-1]) if self._edges else 0.0
            rate += changes[at]
            rate = 0.0 if abs(rate) < _DUST else rate
            self._edges.append(minutes)
            self._rates.append(rate)
            self._sums.append(total)
        self._closes_at = None if self._base is None else self._base + self._edges[-1] * _MINUTE

    @property
    def opens_at(self) -> datetime | None:
        """The first moment with an open counter; None for a day without any."""
        return self._base

    @property
    def closes_at(self) -> datetime | None:
        """The moment after which no counter is open or planned; None for a day without any."""
        return self._closes_at

    @property
    def most_counters(self) -> float:
        """The most counters open at once; 0 for a day without any."""
        return max(self._rates, default=0.0)

    def changes(self) -> list[datetime]:
        """Return the moments at which the number of open counters changes, in order."""
        return [] if self._base is None else [self._base + edge * _MINUTE for edge in self._edges]

    def counters_at(self, at: datetime) -> float:
        """Return how many counters are open at a moment."""
        if self._base is None:
            return 0.0
        index = bisect_right(self._edges, (at - self._base) / _MINUTE) - 1
        return self._rates[index] if index >= 0 else 0.0

    def open_from(self, at: datetime) -> datetime | None:
        """Return the first moment not before `at` with an open counter; None when the day is over."""
        if self._base is None:
            return None
        if self.counters_at(at) > 0:
            return at
        index = bisect_right(self._edges, (at - self._base) / _MINUTE)
        following = (
            edge for edge, rate in zip(self._edges[index:], self._rates[index:], strict=True) if rate
        )
        edge = next(following, None)
        return None if edge is None else self._base + edge * _MINUTE

    def between(self, starts_at: datetime, ends_at: datetime) -> float:
        """Return C(starts_at, ends_at), the open counter-minutes between; 0 where ends_at is not later."""
        return max(0.0, self._until(ends_at) - self._until(starts_at))

    def reached_at(self, starts_at: datetime, minutes: float) -> datetime | None:
        """Return the first u ≥ starts_at with C(starts_at, u) ≥ minutes; None if the day has not as many."""
        if minutes <= 0:
            return starts_at
        if self._base is None:
            return None
        target = self._until(starts_at) + minutes
        index = bisect_left(self._sums, target) - 1
        if index < 0 or target > self._sums[-1]:
            return None
        within = (target - self._sums[index]) / self._rates[index]
        return max(starts_at, self._base + (self._edges[index] + within) * _MINUTE)

    def _until(self, at: datetime) -> float:
        if self._base is None:
            return 0.0
        minutes = (at - self._base) / _MINUTE
        index = bisect_right(self._edges, minutes) - 1
        if index < 0:
            return 0.0
        return self._sums[index] + self._rates[index] * (minutes - self._edges[index])
