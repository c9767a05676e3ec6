"""Send all that is due: claims as many as it has threads for, and settles what comes back in groups.

The gateway takes tens of milliseconds and we take one, so many sends are under way at once in threads,
while one thread alone speaks to the database: two short transactions for a whole group.
"""

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime

from kernel import clock
from kernel.db import Database
from notifications.gateways.base import Gateway
from notifications.render import Wording
from notifications.send import Claimed, Settled, claim, perform, settle

_GATHER = 0.008  # seconds in which further answers join a group


@dataclass(frozen=True, slots=True)
class Sender:
    """What sending needs. `business_now` is read for each group: texts speak of the present."""

    database: Database
    gateway: Gateway
    wording: Wording
    threads: int = 24
    business_now: Callable[[], datetime] = clock.now

    def send_due(self, *, seconds: float = 2.0) -> int:
        """Send what is due, claiming for at most `seconds`; returns how many were handed over."""
        until = time.monotonic() + seconds
        sent = 0
        running: set[Future[Settled]] = set()
        with ThreadPoolExecutor(self.threads, thread_name_prefix="send") as pool:
            while True:
                free = self.threads - len(running)
                claimed = self._claim(free) if free and time.monotonic() < until else []
                running |= {pool.submit(perform, self.gateway, each) for each in claimed}
                if not running:
                    return sent
                done, running = _some(running)
                sent += self._settle([future.result() for future in done])

    def _claim(self, limit: int) -> list[Claimed]:
        with self.database.transaction() as session:
            return claim(
                session,
                self.gateway,
                limit=limit,
                wording=self.wording,
                now=self.business_now(),
                real_now=clock.real_now(),
            )

    def _settle(self, results: list[Settled]) -> int:
        with self.database.transaction() as session:
            settle(session, results, gateway=self.gateway, real_now=clock.real_now())
        return len(results)


def _some(running: set[Future[Settled]]) -> tuple[set[Future[Settled]], set[Future[Settled]]]:
    """Wait for the first answer and for those that come right after it."""
    wait(running, return_when=FIRST_COMPLETED)
    done, rest = wait(running, timeout=_GATHER)
    return done, rest
