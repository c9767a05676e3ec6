"""PURE: the share of booked people that came, how sure it is, and what is believed until it is known."""

from dataclasses import dataclass
from math import sqrt

#: p̂: how many of those who booked come, until a hall knows better.
SHOW_PROBABILITY = 0.88
#: From so many people on the share is known within a few percent: ± 7 % with 100 of whom 85 % come.
LEAST = 100
#: Where fewer than half are seen to come, checking in is hardly used: most of the others come all the same,
#: and who reckoned with none of them would promise walk-ins the time that booked people were given.
LOWEST = 0.5
_Z = 1.96


@dataclass(frozen=True, slots=True)
class ShowRate:
    """Of `booked` people `came` so many."""

    booked: int
    came: int

    @property
    def enough(self) -> bool:
        """Whether there are enough people to go by."""
        return self.booked >= LEAST

    @property
    def share(self) -> float:
        """The share that came; 0 of nobody."""
        return self.came / self.booked if self.booked else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Within which the true share lies with 95 % (Wilson 1927)."""
        if not self.booked:
            return 0.0, 1.0
        n, p = self.booked, self.share
        middle, spread = p + _Z**2 / (2 * n), _Z * sqrt(p * (1 - p) / n + _Z**2 / (4 * n**2))
        return (middle - spread) / (1 + _Z**2 / n), (middle + spread) / (1 + _Z**2 / n)

    @property
    def probability(self) -> float:
        """p̂ for the queue: the share that came, at least `LOWEST`; where few are known, the usual one."""
        return min(max(self.share, LOWEST), 1.0) if self.enough else SHOW_PROBABILITY
