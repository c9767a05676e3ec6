"""Send all that is due: claims as many as it has threads for, and settles what comes back in groups.

The gateway takes tens of milliseconds and we take one, so many sends are under way at once in threads,
while one thread alone speaks to the database: two short transactions for a whole group. A gateway that hangs
keeps its threads busy, but not the caller.
"""

import logging
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime

from kernel import clock
from kernel.db import Database
from notifications.gateways.base import Gateway
from notifications.render import Wording
from notifications.send import Claimed, Settled, claim, perform, settle

THREADS = 32
CLAIM_SECONDS = 2.0  # so long one call goes on claiming
_LAST_ANSWERS = 0.5  # and so long it then waits for what is under way
_GATHER = 0.04  # seconds in which further answers join a group: each group costs two transactions

log = logging.getLogger(__name__)


class Sender:
    """Holds the threads. `business_now` is read for each group: texts speak of the present.

    `on_sent` is called when a group was handed over and written down.
    """

    def __init__(
        self,
        database: Database,
        gateway: Gateway,
        wording: Wording,
        *,
        threads: int = THREADS,
        business_now: Callable[[], datetime] = clock.now,
        on_sent: Callable[[], object] = lambda: None,
    ) -> None:
        self.wording = wording
        self._on_sent = on_sent
        self._database, self._gateway, self._business_now = database, gateway, business_now
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="send")
        self._late: set[Future[Settled]] = set()
        self._behind = ThreadPoolExecutor(1, thread_name_prefix="sender")
        self._begun: Future[None] | None = None

    def begin(self) -> None:
        """Send what is due on a thread of its own, unless it is at it already; returns at once."""
        if self._begun is None or self._begun.done():
            self._begun = self._behind.submit(self._send_behind)

    def _send_behind(self) -> None:
        try:
            self.send_due()
        except Exception as error:  # noqa: BLE001  # what was not sent is still due, and the relay finds it
            log.warning("send_due: %s", type(error).__name__)

    def send_due(self, *, seconds: float = CLAIM_SECONDS) -> int:
        """Send what is due, claiming for at most `seconds`; returns how many were handed over."""
        until = time.monotonic() + seconds
        sent = 0
        running: set[Future[Settled]] = set()
        while time.monotonic() < until + _LAST_ANSWERS:
            free = self._threads - len(running) - len(self._late)
            claimed = self._claim(free) if free > 0 and time.monotonic() < until else []
            running |= {self._pool.submit(perform, self._gateway, each) for each in claimed}
            if not running:
                return sent
            done, running = _some(running, until + _LAST_ANSWERS - time.monotonic())
            sent += self._settle([future.result() for future in done])
        self._leave(running)
        return sent

    def close(self) -> None:
        """Wait for what is under way; each send ends within the gateway's time-out."""
        self._behind.shutdown(wait=True)
        self._pool.shutdown(wait=True)

    def _claim(self, limit: int) -> list[Claimed]:
        with self._database.transaction() as session:
            return claim(
                session,
                self._gateway,
                limit=limit,
                wording=self.wording,
                now=self._business_now(),
                real_now=clock.real_now(),
            )

    def _settle(self, results: list[Settled]) -> int:
        if results:
            with self._database.transaction() as session:
                settle(session, results, gateway=self._gateway, real_now=clock.real_now())
            self._on_sent()
        return len(results)

    def _leave(self, running: set[Future[Settled]]) -> None:
        """The gateway hangs: what is under way settles itself when it comes back."""
        self._late |= running
        for future in running:
            future.add_done_callback(self._settle_late)

    def _settle_late(self, future: Future[Settled]) -> None:
        self._late.discard(future)
        try:
            self._settle([future.result()])
        except Exception as error:  # noqa: BLE001  # the lease runs out, and a look-up settles it
            log.warning("a late answer was not written: %s", type(error).__name__)


def _some(running: set[Future[Settled]], seconds: float) -> tuple[set[Future[Settled]], set[Future[Settled]]]:
    """Wait for the first answer and for those that come right after it."""
    wait(running, timeout=max(seconds, 0.0), return_when=FIRST_COMPLETED)
    done, rest = wait(running, timeout=_GATHER)
    return done, rest
