import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from kernel.ready import KEPT_SECONDS, Made, Ready
from runtime.ports import find_free
from runtime.redis_client import make_client

PROCESSES, ROUNDS_SECONDS = 3, 2.0


class Time:
    def __init__(self):
        self.at = 100.0

    def __call__(self):
        return self.at


@pytest.fixture
def nobody():
    """A Redis that is away."""
    client = make_client(f"redis://127.0.0.1:{find_free()}")
    yield client
    client.close()


def counting():
    made = []

    def make():
        made.append(None)
        return Made(str(len(made)).encode())

    return make, made


def test_bytes_are_made_once_and_again_when_they_are_too_old(nobody):
    monotonic = Time()
    ready, (make, _made) = Ready(nobody, monotonic=monotonic), counting()
    assert [ready.get("a", make) for _ in range(3)] == [b"1"] * 3
    assert ready.get("b", make) == b"2"
    monotonic.at += KEPT_SECONDS
    assert ready.get("a", make) == b"3"


def test_an_age_counts_from_before_they_were_made(nobody):
    monotonic = Time()
    ready = Ready(nobody, monotonic=monotonic)

    def make_slowly():
        monotonic.at += KEPT_SECONDS
        return Made(b"slow")

    ready.get("a", make_slowly)
    assert ready.get("a", lambda: Made(b"new")) == b"new"


def test_failures_are_kept_by_nobody_and_refusals_by_one_process(redis_client):
    here, there = Ready(redis_client), Ready(redis_client)
    make, made = counting()
    for _ in range(2):
        here.get("failure", lambda: Made(make().value, kept=False))
    assert len(made) == 2
    for ready in (here, here, there):
        ready.get("refusal", lambda: Made(make().value, shared=False))
    assert len(made) == 4


def test_processes_share_what_one_of_them_made(redis_client):
    make, made = counting()
    answers = {Ready(redis_client).get("a", make) for _ in range(PROCESSES)}
    assert (answers, len(made)) == ({b"1"}, 1)


def test_nothing_told_is_ever_older_than_allowed(redis_client):
    """Three processes with four threads each ask for two seconds; what is told says when it was made."""
    ends_at = time.monotonic() + ROUNDS_SECONDS
    made = []

    def make():
        made.append(None)
        return Made(repr(time.monotonic()).encode())

    def ask_again(ready):
        oldest = 0.0
        while (asked_at := time.monotonic()) < ends_at:
            oldest = max(oldest, asked_at - float(ready.get("a", make)))
        return oldest

    processes = [Ready(redis_client) for _ in range(PROCESSES)]
    with ThreadPoolExecutor(4 * PROCESSES) as pool:
        oldest = max(pool.map(ask_again, processes * 4))
    assert 0 < oldest <= KEPT_SECONDS
    assert len(made) >= ROUNDS_SECONDS / KEPT_SECONDS  # it was renewed, and not each time it was asked for
    assert len(made) < 100


def test_while_one_makes_them_the_others_wait_and_take_its_bytes(nobody):
    ready, inside, go_on = Ready(nobody), threading.Event(), threading.Event()
    make, made = counting()

    def make_slowly():
        inside.set()
        assert go_on.wait(30)
        return make()

    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(ready.get, "a", make_slowly)
        assert inside.wait(30)
        others = [pool.submit(ready.get, "a", make) for _ in range(7)]
        assert not made
        go_on.set()
        assert {each.result(30) for each in (first, *others)} == {b"1"}


def test_who_comes_while_they_are_renewed_takes_the_old_ones(nobody):
    monotonic = Time()
    ready, inside, go_on = Ready(nobody, monotonic=monotonic), threading.Event(), threading.Event()
    ready.get("a", lambda: Made(b"old"))
    monotonic.at += KEPT_SECONDS * 0.9

    def make_slowly():
        inside.set()
        assert go_on.wait(30)
        return Made(b"new")

    with ThreadPoolExecutor(1) as pool:
        renewing = pool.submit(ready.get, "a", make_slowly)
        assert inside.wait(30)
        assert ready.get("a", make_slowly) == b"old"
        go_on.set()
        assert renewing.result(30) == b"new"
    assert ready.get("a", make_slowly) == b"new"


def test_when_making_fails_the_next_one_tries(nobody):
    ready = Ready(nobody)

    def fail():
        raise LookupError

    for _ in range(2):
        with pytest.raises(LookupError):
            ready.get("a", fail)
    assert ready.get("a", lambda: Made(b"1")) == b"1"


def test_no_more_are_kept_than_there_is_room_for(nobody):
    ready, (make, made) = Ready(nobody), counting()
    for number in range(1000):
        ready.get(str(number), make)
    ready.get("0", make)
    assert len(made) == 1000  # the first are still there
    ready.get("999", make)
    assert len(made) == 1001
