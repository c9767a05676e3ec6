"""Waits between restarts: short at first, doubling for what keeps dying, short again for what lived."""

from dataclasses import dataclass

SHORTEST = 0.2
LONGEST = 5.0
LIVED = 10.0  # seconds of life after which a death is a new story


@dataclass(slots=True)
class Backoff:
    """Remembers the last wait. All values are seconds."""

    _next: float = SHORTEST

    def after_life_of(self, seconds: float) -> float:
        """Return how long to wait before the restart of something that lived `seconds`."""
        if seconds >= LIVED:
            self._next = SHORTEST
        wait = self._next
        self._next = min(self._next * 2, LONGEST)
        return wait
