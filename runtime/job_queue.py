"""The queues between relay and workers. They hold ids, may lose everything, and never hold anybody up."""

import time
from collections.abc import Callable, Sequence

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

EVENTS = "events"
MESSAGES = "messages"
SCHEDULED = "scheduled"
#: A worker takes a job of each in turn: effects, sending, and what the schedule does by itself, for which
#: nobody waits.
QUEUES = (EVENTS, MESSAGES, SCHEDULED)

PER_JOB = 20  # deliveries in one job: RQ's own bookkeeping costs as much as one delivery
MOST_WAITING = 200  # jobs in a queue beyond which repeating them would only add to the pile
_PAUSE = 1.0  # seconds without Redis before it is asked again


class JobQueue:
    """Puts jobs into Redis; every method answers False when Redis did not take them."""

    def __init__(self, client: Redis) -> None:
        self._queues = {name: make_queue(name, client) for name in QUEUES}
        self._down_until = 0.0

    def put_deliveries(self, delivery_ids: Sequence[int]) -> bool:
        """Have these deliveries made, some in each job."""
        parts = [list(delivery_ids[at : at + PER_JOB]) for at in range(0, len(delivery_ids), PER_JOB)]

        def put() -> None:
            for part in parts:
                self._put(EVENTS, "runtime.jobs.deliver", [part])

        return self._try(put)

    def put_scheduled(self, delivery_ids: Sequence[int]) -> bool:
        """Have these deliveries made, each by a job of its own: one takes as long as a hundred effects."""

        def put() -> None:
            for delivery_id in delivery_ids:
                self._put(SCHEDULED, "runtime.jobs.deliver", [[delivery_id]])

        return self._try(put)

    def put_send(self, *, at_once: int) -> bool:
        """Have due messages sent, by up to `at_once` workers."""
        return self._put_unless_full("runtime.jobs.send_due", at_once)

    def put_reconcile(self) -> bool:
        """Have doubtful messages looked up."""
        return self._put_unless_full("runtime.jobs.reconcile", MOST_WAITING)

    def is_full(self) -> bool:
        """Whether so many jobs wait that the workers, not Redis, are behind."""
        return self._waiting(EVENTS) > MOST_WAITING

    def has_scheduled(self) -> bool:
        """Whether a job of the schedule still waits here: then none was lost."""
        return self._waiting(SCHEDULED) > 0

    def _waiting(self, queue: str) -> int:
        found: list[int] = []
        return found[0] if self._try(lambda: found.append(self._queues[queue].count)) else 0

    def _put_unless_full(self, job: str, most: int) -> bool:
        def put() -> None:
            if self._queues[MESSAGES].count < most:
                self._put(MESSAGES, job, [])

        return self._try(put)

    def _put(self, queue: str, job: str, args: list[object]) -> None:
        self._queues[queue].enqueue_call(job, args=args, result_ttl=0, failure_ttl=300, timeout=120)

    def _try(self, action: Callable[[], object]) -> bool:
        if time.monotonic() < self._down_until:
            return False
        try:
            action()
        except (RedisError, OSError):
            self._down_until = time.monotonic() + _PAUSE
            return False
        return True


def make_queue(name: str, client: Redis) -> Queue:
    """A queue with JSON payloads: pickle would let whoever reaches Redis run code here."""
    return Queue(name, connection=client, serializer=JSONSerializer)
