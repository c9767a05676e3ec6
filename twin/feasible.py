"""PURE: how long services may last so that a hall's day can be done within its opening hours.

One line of people and its counters are played first come, first served. Too many people for whom the
admission rule would say "no more today" mean that the services are too long for this plan.
"""

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass

from twin.synthetic_day import SERVICE_CV

HALF_HOUR = 30
ADMISSION_EFFICIENCY = 0.95
ADMISSION_Z = 1.645
MOST_REFUSED = 0.02
SHORTER = 0.95


@dataclass(frozen=True, slots=True)
class Staffing:
    """Counters of one line by half-hour of the day (index 0 is 00:00)."""

    counters: tuple[int, ...]

    def at(self, minute: float) -> int:
        """Counters open at a minute of the day."""
        index = int(minute // HALF_HOUR)
        return self.counters[index] if 0 <= index < len(self.counters) else 0

    def after(self, minute: float) -> float:
        """Counter-minutes from a minute to the end of the day."""
        index = int(minute // HALF_HOUR)
        rest = self.at(minute) * ((index + 1) * HALF_HOUR - minute)
        return rest + HALF_HOUR * sum(self.counters[index + 1 :])

    def next_open(self, minute: float) -> float | None:
        """The first minute from here on with a counter open."""
        index = int(minute // HALF_HOUR)
        if self.at(minute):
            return minute
        later = [at for at in range(index + 1, len(self.counters)) if self.counters[at]]
        return float(later[0] * HALF_HOUR) if later else None


def feasible_mean(
    upper: float, arrivals: Sequence[float], factors: Sequence[float], staffing: Staffing
) -> float:
    """The largest mean, not above `upper`, with which nearly everybody is admitted, in tenths of a minute.

    `arrivals` are minutes of the day in order, `factors` each person's service time ÷ the mean.
    """
    mean = upper
    while mean > 1 and refused(mean, arrivals, factors, staffing) > MOST_REFUSED * len(arrivals):
        mean *= SHORTER
    return max(1.0, math.floor(mean * 10) / 10)


def refused(mean: float, arrivals: Sequence[float], factors: Sequence[float], staffing: Staffing) -> int:
    """How many people would be told that they can no longer be served today."""
    busy: list[float] = []
    starts: list[float] = []
    count = 0
    for minute, factor in zip(arrivals, factors, strict=True):
        while starts and starts[0] <= minute:
            heapq.heappop(starts)
        ahead = len(starts) + 1
        needed = mean * (ahead + 0.5 * staffing.at(minute) + ADMISSION_Z * SERVICE_CV * math.sqrt(ahead))
        if ADMISSION_EFFICIENCY * staffing.after(minute) < needed:
            count += 1
        start = _start(minute, busy, staffing)
        if start is None:
            continue
        heapq.heappush(busy, start + mean * factor)
        heapq.heappush(starts, start)
    return count


def _start(minute: float, busy: list[float], staffing: Staffing) -> float | None:
    """When a person is called who comes now; None when no counter opens any more today."""
    now = staffing.next_open(minute)
    while now is not None:
        while busy and busy[0] <= now:
            heapq.heappop(busy)
        if len(busy) < staffing.at(now):
            return now
        edge = (now // HALF_HOUR + 1) * HALF_HOUR
        now = staffing.next_open(min(busy[0], edge) if busy else edge)
    return None
