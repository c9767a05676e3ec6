"""The hub of the live process: who listens to what, and what was nudged lately.

Everything here runs in one event loop, so nothing needs a lock. A listener holds at most one pending
nudge per topic: a slow one gets fewer nudges, never more memory.
"""

import asyncio
import secrets
from collections import defaultdict, deque
from collections.abc import Iterable

REMEMBERED = 10_000  # nudges that a listener may miss and still be told exactly what changed


class Listener:
    """One open stream: its topics and what it has not been told yet."""

    __slots__ = ("_pending", "_refetch", "_wake", "is_ended", "topics")

    def __init__(self, topics: frozenset[str]) -> None:
        self.topics = topics
        self.is_ended = False
        self._pending: dict[str, int] = {}
        self._refetch = False
        self._wake = asyncio.Event()

    def nudge(self, topic: str, number: int) -> None:
        # Moved to the end, so that numbers leave in rising order.
        self._pending.pop(topic, None)
        self._pending[topic] = number
        self._wake.set()

    def refetch(self) -> None:
        self._pending.clear()
        self._refetch = True
        self._wake.set()

    def end(self) -> None:
        self.is_ended = True
        self._wake.set()

    async def wait(self) -> None:
        """Return when there is something to tell, or the stream shall end."""
        await self._wake.wait()

    def take(self) -> tuple[bool, list[tuple[str, int]]]:
        """Return whether to refetch all, and the topics with their numbers; both are then told."""
        told = self._refetch, list(self._pending.items())
        self._refetch = False
        self._pending = {}
        if not self.is_ended:
            self._wake.clear()
        return told


class Hub:
    """All listeners of this process. `number` counts nudges; `epoch` tells restarts apart."""

    def __init__(self) -> None:
        self.epoch = secrets.token_hex(4)
        self.number = 0
        self.is_fed = False  # whether Redis is connected; without it pages should ask by themselves
        self._floor = 0  # numbers up to here are forgotten
        self._recent: deque[tuple[int, str]] = deque(maxlen=REMEMBERED)
        self._by_topic: defaultdict[str, set[Listener]] = defaultdict(set)
        self._listeners: set[Listener] = set()

    def __len__(self) -> int:
        return len(self._listeners)

    @property
    def last_id(self) -> str:
        return self.id_of(self.number)

    def id_of(self, number: int) -> str:
        return f"{self.epoch}-{number}"

    def add(self, topics: Iterable[str], *, last_id: str) -> Listener:
        """Begin to listen. `last_id` is the last event id the page has seen, empty on its first visit.

        What was missed since is told exactly when it is still known, else the page is told to refetch:
        also on a first visit, because something may have changed since the page was made.
        """
        listener = Listener(frozenset(topics))
        missed = self._missed(listener.topics, last_id)
        if missed is None:
            listener.refetch()
        else:
            for number, topic in missed:
                listener.nudge(topic, number)
        self._listeners.add(listener)
        for topic in listener.topics:
            self._by_topic[topic].add(listener)
        return listener

    def remove(self, listener: Listener) -> None:
        self._listeners.discard(listener)
        for topic in listener.topics:
            self._by_topic[topic].discard(listener)
            if not self._by_topic[topic]:
                del self._by_topic[topic]

    def nudge(self, topic: str) -> None:
        self.number += 1
        self._recent.append((self.number, topic))
        for listener in self._by_topic.get(topic, ()):
            listener.nudge(topic, self.number)

    def refetch_all(self) -> None:
        """Tell everybody to refetch: nudges may have been lost, nobody knows which."""
        self.number += 1
        self._floor = self.number
        self._recent.clear()
        for listener in self._listeners:
            listener.refetch()

    def end_all(self) -> None:
        for listener in self._listeners:
            listener.end()

    def _missed(self, topics: frozenset[str], last_id: str) -> list[tuple[int, str]] | None:
        epoch, _, digits = last_id.partition("-")
        if epoch != self.epoch or not digits.isdecimal():
            return None
        seen = int(digits)
        oldest = self._recent[0][0] - 1 if len(self._recent) == REMEMBERED else self._floor
        if not max(oldest, self._floor) <= seen <= self.number:
            return None
        return [(number, topic) for number, topic in self._recent if number > seen and topic in topics]
