"""The relay with real queues: jobs hold ids only, and nothing waits for Redis."""

import dataclasses
import json
import threading
import time
import zlib
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from kernel import clock, outbox
from kernel.outbox import EventDelivery
from notifications import simulator
from notifications.models import Message
from notifications.plan import plan
from notifications.states import MessageState
from people.phone_codes import request_code
from queueing.events import CounterOpened
from runtime import deliveries, jobs
from runtime import relay as relay_module
from runtime.job_queue import EVENTS, MESSAGES, SCHEDULED, JobQueue
from runtime.jobs import make_work
from runtime.redis_client import make_client
from runtime.relay import POLL, Relay, run
from runtime.schedule import TimeCame
from runtime.subscriptions import LATER
from runtime.worker import make_worker
from tests.conftest import NOW

PHONE = "+8613800138000"


@pytest.fixture
def work(parts):
    return make_work(parts)


@pytest.fixture
def relay(parts, work):
    relay = Relay(parts, work, JobQueue(parts.redis))
    yield relay
    relay.close()


def look_round(relay):
    """One round in which everything is due, however quick the machine is."""
    relay._next = dict.fromkeys(relay._next, 0.0)
    return relay.round()


def ask_for_code(parts, phone=PHONE):
    with parts.database.transaction() as session:
        request_code(session, phone, language="zh", now=clock.now())


def work_off(parts, work):
    """Be the worker until the queues are empty."""
    jobs.use(work)
    make_worker(parts).work(burst=True, logging_level="ERROR")


def sent(parts):
    with parts.database.transaction() as session:
        return len(simulator.list_simulated(session))


def state_of_message(parts):
    with parts.database.transaction() as session:
        return session.scalar(select(Message.state))


def until(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_an_event_goes_through_both_queues_to_the_gateway(parts, relay, work):
    ask_for_code(parts)
    look_round(relay)
    work_off(parts, work)
    look_round(relay)
    work_off(parts, work)
    until(lambda: sent(parts) == 1)  # it is sent on a thread beside the worker's other jobs
    until(lambda: state_of_message(parts) != MessageState.SENDING)
    look_round(relay)
    assert state_of_message(parts) == MessageState.DELIVERED


def work_some(parts, work, jobs_):
    jobs.use(work)
    make_worker(parts).work(burst=True, max_jobs=jobs_, logging_level="ERROR")


def of_the_schedule(parts, *, done):
    """How many deliveries of the schedule's jobs are made, or wait."""
    wanted = EventDelivery.done_at.is_not(None) if done else EventDelivery.done_at.is_(None)
    with parts.database.transaction() as session:
        mine = EventDelivery.handler.in_(LATER)
        return session.scalar(select(func.count(EventDelivery.id)).where(mine, wanted))


def test_at_a_start_nobody_waits_for_the_jobs_of_all_halls(parts, relay, work):
    with parts.database.transaction() as session:
        for _hall in range(30):
            outbox.emit(session, TimeCame("forget_old_events", None, NOW.isoformat()), now=NOW)
    ask_for_code(parts)
    look_round(relay)
    work_some(parts, work, 2)
    assert state_of_message(parts) is not None  # the code's message is written, after one job at most
    assert of_the_schedule(parts, done=True) == 1
    look_round(relay)
    work_some(parts, work, 2)
    until(lambda: sent(parts) == 1)
    assert of_the_schedule(parts, done=True) <= 2
    waiting = of_the_schedule(parts, done=False)
    assert waiting >= 28
    work_some(parts, work, None)
    assert of_the_schedule(parts, done=False) == 0


def test_jobs_of_the_schedule_that_wait_are_not_handed_over_twice_and_lost_ones_are(
    parts, relay, work, monkeypatch
):
    monkeypatch.setattr(deliveries, "LEASE", timedelta(0))
    with parts.database.transaction() as session:
        outbox.emit(session, TimeCame("forget_old_events", None, NOW.isoformat()), now=NOW)
    relay._dispatch()
    for _ in range(3):
        relay._overdue()
    assert JobQueue(parts.redis)._queues[SCHEDULED].count == 1
    parts.redis.flushall()
    relay._overdue()
    assert JobQueue(parts.redis)._queues[SCHEDULED].count == 1
    work_some(parts, work, None)
    assert of_the_schedule(parts, done=True) == 1


def test_jobs_hold_ids_and_nothing_else(parts, relay):
    ask_for_code(parts)
    look_round(relay)
    (job,) = JobQueue(parts.redis)._queues[EVENTS].jobs
    assert job.func_name == "runtime.jobs.deliver"
    ((ids,), named) = (job.args, job.kwargs)
    assert named == {}
    assert all(isinstance(each, int) for each in ids)


def test_payloads_are_json_not_pickle(parts, relay):
    ask_for_code(parts)
    look_round(relay)
    (job,) = JobQueue(parts.redis)._queues[EVENTS].jobs
    stored = zlib.decompress(parts.redis.hget(f"rq:job:{job.id}", "data"))
    assert json.loads(stored)[0] == "runtime.jobs.deliver"


def test_live_pages_are_nudged_after_the_commit(parts, relay):
    listener = parts.redis.pubsub(ignore_subscribe_messages=True)
    listener.psubscribe("live:*")
    with parts.database.transaction() as session:
        outbox.emit(session, CounterOpened(1, 42), now=NOW)
    look_round(relay)
    heard = []
    until(lambda: heard.append(listener.get_message()) or any(heard))
    assert next(filter(None, heard))["channel"] == b"live:hall:42"
    listener.close()


def test_the_simulators_page_is_nudged_when_a_message_was_sent(parts, relay, work):
    listener = parts.redis.pubsub(ignore_subscribe_messages=True)
    listener.subscribe(f"live:{simulator.TOPIC}")
    ask_for_code(parts)
    look_round(relay)
    work_off(parts, work)
    look_round(relay)
    work_off(parts, work)
    until(lambda: listener.get_message() is not None)
    listener.close()


def test_without_redis_the_relay_does_the_work_itself(parts, work, tmp_path):
    gone = make_client(f"unix://{tmp_path}/nobody.sock")
    alone = dataclasses.replace(parts, redis=gone)
    relay = Relay(alone, work, JobQueue(gone))
    ask_for_code(parts)
    try:
        until(lambda: look_round(relay) and sent(parts) == 1)
    finally:
        relay.close()


def test_jobs_that_redis_lost_are_handed_out_again(parts, relay, work, monkeypatch):
    monkeypatch.setattr(deliveries, "LEASE", timedelta(milliseconds=50))
    ask_for_code(parts)
    look_round(relay)
    parts.redis.flushall()

    def work_and_look():
        look_round(relay)
        work_off(parts, work)
        return sent(parts) == 1

    until(work_and_look)


def test_enough_senders_are_asked_for_and_not_more(parts, relay, work, monkeypatch):
    monkeypatch.setitem(relay_module._EVERY, "_messages", 0.0)
    with parts.database.transaction() as session:
        for number in range(5):
            plan(
                session,
                "reply_thanks",
                event_key=f"k{number}",
                phone=PHONE,
                language="zh",
                subject=("reply", 1),
                hall_id=None,
                now=NOW,
            )
    for _ in range(10):
        look_round(relay)
    waiting = JobQueue(parts.redis)._queues[MESSAGES].count
    assert waiting == parts.settings.job_workers


def test_a_quiet_relay_waits_and_a_busy_one_does_not(parts, relay, monkeypatch):
    assert look_round(relay) == POLL
    monkeypatch.setattr("runtime.relay.BATCH", 1)
    ask_for_code(parts)
    assert look_round(relay) == 0.0


def test_ends_when_told(parts):
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(parts, stop))
    thread.start()
    stop.set()
    thread.join(60)
    assert not thread.is_alive()


def test_two_relays_deliver_everything_once(parts, work):
    relays = [Relay(parts, work, JobQueue(parts.redis)) for _ in range(2)]
    for number in range(10):
        ask_for_code(parts, f"+861380013800{number}")
    threads = [threading.Thread(target=relay.round) for relay in relays]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    work_off(parts, work)
    with parts.database.transaction() as session:
        done = EventDelivery.done_at.is_not(None)
        assert session.scalar(select(func.count(EventDelivery.id)).where(done)) == 10
        assert session.scalar(select(func.count(Message.id))) == 10
    for relay in relays:
        relay.close()
