"""One job worker: RQ's, working in this process.

A fork per job would cost more than the job (some 20 ms; ours take 1 to 5), and a supervisor restarts what
dies. Sending is concurrent inside one job instead, by threads (`notifications.sender`).
"""

import logging
import os
import time
import uuid
from contextlib import suppress
from types import FrameType

from redis.exceptions import RedisError
from rq import SimpleWorker
from rq.exceptions import StopRequested
from rq.serializers import JSONSerializer
from rq.worker import DequeueStrategy

from kernel.parts import Parts
from runtime import jobs
from runtime.job_queue import QUEUES, make_queue
from runtime.redis_client import make_client

_PAUSE = 0.5

log = logging.getLogger(__name__)


class QuickWorker(SimpleWorker):
    """Asks a Redis that is away each second; RQ's own wait doubles up to a minute."""

    max_connection_wait_time = 1.0
    ending = False

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """SIGTERM or SIGINT: remember it, as RQ does only while a job runs."""
        self.ending = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]  # RQ has no types here


def run(parts: Parts) -> None:
    """Work off jobs until SIGTERM or SIGINT; the job at hand is finished first.

    RQ's worker gives up when Redis goes away in the middle of a job; then another takes its place.
    """
    work = jobs.make_work(parts)
    jobs.use(work)
    worker = make_worker(parts)
    while not worker.ending:
        with suppress(StopRequested):  # a signal that came while no job was at hand
            _work(worker)
            time.sleep(_PAUSE)
            worker = worker if worker.ending else make_worker(parts)
    work.close()


def _work(worker: QuickWorker) -> None:
    try:
        # In turn: neither a flood of events nor a slow gateway may starve the other.
        worker.work(logging_level="CRITICAL", dequeue_strategy=DequeueStrategy.ROUND_ROBIN)
    except RedisError as error:
        log.warning("Redis does not answer: %s", type(error).__name__)


def make_worker(parts: Parts) -> QuickWorker:
    """A worker with a connection of its own, which blocks while it waits."""
    connection = make_client(parts.settings.redis_url, answer_seconds=None)
    return QuickWorker(
        [make_queue(name, connection) for name in QUEUES],
        name=f"{os.getpid()}-{uuid.uuid4().hex[:8]}",
        connection=connection,
        serializer=JSONSerializer,
        worker_ttl=30,
        maintenance_interval=60,
        log_job_description=False,
    )
