"""How many wait in each line, as the driver knows, and which counters rest: so that nobody has to poll."""

import threading
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field


@dataclass(slots=True)
class Staffed:
    """A counter at work: what it serves, and whether it is to close once nobody needs it."""

    number: int
    groups: Collection[str]
    leaving: bool = False


@dataclass(slots=True)
class Lines:
    """Shared by all threads."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _waiting: Counter[str] = field(default_factory=Counter)
    _resting: dict[int, tuple[Collection[str], Callable[[], None]]] = field(default_factory=dict)
    _staffed: dict[int, Staffed] = field(default_factory=dict)

    def staff(self, number: int, groups: Collection[str]) -> None:
        """A counter opens, or stays although it was to close."""
        with self._lock:
            self._staffed[number] = Staffed(number, groups)

    def leave(self, number: int) -> None:
        """A counter is to close."""
        with self._lock:
            if number in self._staffed:
                self._staffed[number].leaving = True

    def gone(self, number: int) -> None:
        """A counter has closed."""
        with self._lock:
            self._staffed.pop(number, None)
            self._resting.pop(number, None)

    def must_stay(self, number: int) -> bool:
        """Whether people wait whom no other counter that stays can serve."""
        with self._lock:
            own = self._staffed[number]
            served = {
                group
                for other in self._staffed.values()
                if other.number != number and not other.leaving
                for group in other.groups
            }
            return any(self._waiting[group] > 0 and group not in served for group in own.groups)

    def came(self, group: str) -> Callable[[], None] | None:
        """Somebody got a ticket: how to wake the counter that has rested longest, if one can serve them."""
        with self._lock:
            self._waiting[group] += 1
            if self._waiting[group] <= 0:  # called already, before the kiosk's answer was read
                return None
            for number, (groups, wake) in self._resting.items():
                if group in groups:
                    del self._resting[number]
                    return wake
        return None

    def called(self, group: str) -> None:
        """Somebody left the line for a counter."""
        with self._lock:
            self._waiting[group] -= 1

    def rest(self, number: int, groups: Collection[str], wake: Callable[[], None]) -> bool:
        """Rest until somebody comes; False when somebody came in this very moment."""
        with self._lock:
            if any(self._waiting[group] > 0 for group in groups):
                return False
            self._resting[number] = (groups, wake)
            return True

    def rouse(self, number: int) -> bool:
        """Stop resting; False when the counter does not rest."""
        with self._lock:
            return self._resting.pop(number, None) is not None
