"""Actions at their business times, carried out by a few hands; late ones are measured, never dropped."""

import heapq
import itertools
import threading
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from twin.drive.play_clock import PlayClock

Action = Callable[[], None]


class Lag(NamedTuple):
    """By how much an action began late: in real seconds, and in minutes of the day."""

    seconds: float
    minutes: float


class Agenda:
    """What is to be done and when. Actions may plan others; the first that fails ends everything."""

    def __init__(self, clock: PlayClock, *, hands: int) -> None:
        self.clock = clock
        self._hands = hands
        self._planned: list[tuple[datetime, int, Action]] = []
        self._ties = itertools.count()
        self._changed = threading.Condition()
        self._doing = 0
        self._failure: BaseException | None = None
        self._lags: list[Lag] = []

    def follow(self, clock: PlayClock) -> None:
        """Go by another clock: the server's was set."""
        with self._changed:
            self.clock = clock
            self._changed.notify_all()

    def at(self, moment: datetime, action: Action) -> None:
        """Plan an action; a moment that has passed means as soon as a hand is free."""
        with self._changed:
            heapq.heappush(self._planned, (moment, next(self._ties), action))
            self._changed.notify()

    def run(self) -> None:
        """Work until nothing is planned or being done; raises what an action raised."""
        threads = [threading.Thread(target=self._work, name=f"hand-{n}") for n in range(self._hands)]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        except BaseException:  # Ctrl-C: the hands must not go on alone
            self._end(KeyboardInterrupt())
            raise
        if self._failure is not None:
            raise self._failure

    def lags(self, since: int = 0) -> list[Lag]:
        """How late actions began, in order; `since` leaves out the first ones."""
        return self._lags[since:]

    def overdue(self) -> float:
        """Minutes of the day since the first action that nobody has begun was due."""
        with self._changed:
            if not self._planned:
                return 0.0
            return max(0.0, (self.clock.now() - self._planned[0][0]).total_seconds() / 60)

    def _work(self) -> None:
        while (action := self._take()) is not None:
            try:
                action()
            except BaseException as failure:  # noqa: BLE001  # handed to the thread that called run
                self._end(failure)
            with self._changed:
                self._doing -= 1
                if not self._doing and not self._planned:
                    self._changed.notify_all()

    def _take(self) -> Action | None:
        """Wait for the next action that is due; None when all is done or something failed."""
        with self._changed:
            while self._failure is None:
                if not self._planned:
                    if not self._doing:
                        return None
                    self._changed.wait()
                    continue
                moment = self._planned[0][0]
                wait = self.clock.seconds_until(moment)
                if wait > 0:
                    self._changed.wait(wait)
                    continue
                _moment, _tie, action = heapq.heappop(self._planned)
                self._doing += 1
                late = (self.clock.now() - moment).total_seconds()
                self._lags.append(Lag(late / self.clock.rate, late / 60))
                if self._planned:
                    self._changed.notify()
                return action
        return None

    def _end(self, failure: BaseException) -> None:
        with self._changed:
            self._failure = self._failure or failure
            self._changed.notify_all()
