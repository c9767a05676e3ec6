"""The relay: carries events out of the outbox, finds what is due, and looks at the schedule.

It only reads and writes rows and hands ids to the workers. When Redis is down it does the work itself, so
nothing ever waits for Redis. Any number of relays may run.
"""

import logging
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import FrameType

import psycopg
from sqlalchemy.exc import DBAPIError

from kernel import clock, nudge
from kernel.db import DatabaseDown
from kernel.direct import Statement
from kernel.parts import Parts
from notifications import receipts
from notifications.sweep import sweep
from runtime import schedule
from runtime.deliveries import dispatch, take_overdue
from runtime.job_queue import JobQueue
from runtime.jobs import Work, make_work
from runtime.subscriptions import LATER, handlers_of

POLL = 0.05  # seconds between looks at the outbox: half of it is what a screen waits on the average
BATCH = 200
_MESSAGES_EVERY = 0.18
_OVERDUE_EVERY = 0.5
_SCHEDULE_EVERY = 1.0
_DOWN_PAUSE = 0.5

_ANY = Statement("SELECT EXISTS (SELECT FROM outbox_event WHERE dispatched_at IS NULL)")

log = logging.getLogger(__name__)


def run(parts: Parts, stop: threading.Event | None = None) -> None:
    """Relay until SIGTERM or SIGINT, or until `stop` is set (then signals are left alone)."""
    if stop is None:
        stop = threading.Event()
        _stop_on_signals(stop)
    relay = Relay(parts, make_work(parts), JobQueue(parts.redis))
    try:
        while not stop.is_set():
            stop.wait(relay.round())
    finally:
        relay.close()


def _stop_on_signals(stop: threading.Event) -> None:
    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, end)


class Relay:
    """One relay; `round` never raises for a database or a Redis that went away."""

    def __init__(self, parts: Parts, work: Work, queue: JobQueue) -> None:
        self._parts, self._work, self._queue = parts, work, queue
        self._hands = ThreadPoolExecutor(1, thread_name_prefix="inline")
        self._doing: Future[None] | None = None
        self._next = {self._messages: 0.0, self._overdue: 0.0, self._schedule: 0.0}

    def close(self) -> None:
        """Finish what is being sent inline."""
        self._hands.shutdown(wait=True, cancel_futures=True)
        self._work.close()

    def round(self) -> float:
        """Do everything that is due once; returns the seconds to wait before the next round."""
        try:
            found = self._dispatch()
            for step, due in self._next.items():
                if time.monotonic() >= due:
                    self._next[step] = time.monotonic() + _EVERY[step.__name__]
                    step()
        except (DatabaseDown, DBAPIError, psycopg.Error) as error:
            log.warning("the database does not answer: %s", type(error).__name__)
            return _DOWN_PAUSE
        return 0.0 if found == BATCH else POLL

    def _dispatch(self) -> int:
        """New events: deliveries in one transaction; nudges and jobs after it."""
        with self._parts.database.direct() as direct:
            if not direct.find(_ANY, {})[0]:
                return 0  # mostly so; a transaction would cost five times as much
        with self._parts.database.transaction() as session:
            found = dispatch(session, handlers_of, real_now=clock.real_now(), limit=BATCH, later=LATER)
        if found.topics:
            nudge.publish(self._parts.redis, found.topics)
        if found.delivery_ids:
            self._hand_over(list(found.delivery_ids))
        if found.later_ids:
            self._hand_over_later(list(found.later_ids))
        return found.events

    def _hand_over(self, delivery_ids: list[int]) -> None:
        if not self._queue.put_deliveries(delivery_ids):
            self._work.deliver(delivery_ids)

    def _hand_over_later(self, delivery_ids: list[int]) -> None:
        if not self._queue.put_scheduled(delivery_ids):
            self._work.deliver(delivery_ids)

    def _overdue(self) -> None:
        """Deliveries whose jobs were lost, or that failed and may be tried again.

        Those of the schedule may wait longer than a lease: handed over anew they would only pile up.
        """
        again, later = not self._queue.is_full(), not self._queue.has_scheduled()
        with self._parts.database.transaction() as session:
            now = clock.real_now()
            overdue = take_overdue(session, real_now=now, but=LATER) if again else []
            scheduled = take_overdue(session, real_now=now, only=LATER) if later else []
        if overdue:
            self._hand_over(overdue)
        if scheduled:
            self._hand_over_later(scheduled)

    def _messages(self) -> None:
        """The message sweeper: what it finds goes to a worker, or is done here when Redis is down."""
        with self._parts.database.transaction() as session:
            due = sweep(session, now=clock.now(), real_now=clock.real_now())
            if due.receipts:
                receipts.apply_stored(session, real_now=clock.real_now())
        if due.to_send and not self._queue.put_send(at_once=self._parts.settings.job_workers):
            self._inline(self._send_inline)
        if due.to_look_up and not self._queue.put_reconcile():
            self._inline(self._send_inline)

    def _send_inline(self) -> None:
        self._work.send_due()
        self._work.reconcile()

    def _inline(self, action: Callable[[], None]) -> None:
        """Off this thread, one at a time: a slow gateway must not stop the events."""
        if self._doing is None or self._doing.done():
            self._doing = self._hands.submit(action)

    def _schedule(self) -> None:
        """Jobs whose time has come become events like any other."""
        with self._parts.database.transaction() as session:
            schedule.tick(session, now=clock.now(), real_now=clock.real_now())


_EVERY = {"_messages": _MESSAGES_EVERY, "_overdue": _OVERDUE_EVERY, "_schedule": _SCHEDULE_EVERY}
