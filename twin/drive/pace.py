"""Slow the clock down when this machine cannot keep up: a day played late tells waits that nobody had."""

import threading
from collections.abc import Callable

from twin.drive.agenda import Agenda
from twin.drive.play_clock import PlayClock
from twin.drive.server import Server
from twin.drive.summary import percentile

LOOK_SECONDS = 1.0
#: Minutes of the day by which steps are late: above the first the clock runs slower, below the other faster.
TOO_LATE, IN_TIME = 0.5, 0.25
SLOWER, FASTER = 0.6, 1.15
_CALM = 3  # looks in a row before it runs faster again
_SLOWEST = 1 / 40

SetRate = Callable[[float], PlayClock]


def next_rate(rate: float, *, asked: float, late: float, calm: int) -> float:
    """The rate to go on with: `late` in minutes of the day, `calm` looks in a row without lateness."""
    if late > TOO_LATE:
        return max(asked * _SLOWEST, rate * SLOWER)
    if calm >= _CALM:
        return min(asked, rate * FASTER)
    return rate


class Pace:
    """Watches lateness on a thread of its own, and sets the server's clock and ours."""

    def __init__(self, server: Server, agenda: Agenda, set_rate: SetRate) -> None:
        self._server, self._agenda, self._set_rate = server, agenda, set_rate
        self._asked = agenda.clock.rate
        self._looked_at = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pace", daemon=True)
        self.slowest = self._asked

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End; the clock stays as it is."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        calm = 0
        while not self._stop.wait(LOOK_SECONDS):
            rate, late = self._agenda.clock.rate, self._late()
            calm = calm + 1 if late < IN_TIME else 0
            wanted = next_rate(rate, asked=self._asked, late=late, calm=calm)
            if wanted != rate:
                calm = 0
                self.slowest = min(self.slowest, wanted)
                self._agenda.follow(self._set_rate(wanted))

    def _late(self) -> float:
        """Minutes of the day by which the last second's steps began and were answered late."""
        lags = self._agenda.lags(self._looked_at)
        self._looked_at += len(lags)
        began = max(percentile((lag.minutes for lag in lags), 0.95) or 0.0, self._agenda.overdue())
        answered = percentile(self._server.latest_seconds(), 0.95) or 0.0
        return began + answered * self._agenda.clock.rate / 60
