"""Redis is emptied, hangs and is killed: nobody who books notices, and nothing is lost or doubled."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from runtime.local_valkey import url_of
from runtime.redis_client import make_client
from runtime.server_home import socket_directory
from tests.faults.hall_day import call_next, check_tickets, open_counter, serve_next, take_tickets
from tests.faults.load import HALL, Answer, wait_for
from tests.faults.screen import Screen
from tests.faults.stage import BACK_WITHIN, HANGS, Stage, now, report, staged

pytestmark = pytest.mark.faults

AWAY = 30.0
SLOWEST = 1.0  # seconds that a booking may take while Redis is away
TOLD = ("refetch", "nudge")
CONFIRMED = "SELECT count(*) FROM message WHERE template = 'booked' AND state = 'delivered'"


@contextmanager
def hanging(pid: int) -> Iterator[None]:
    """A server that takes connections and answers nothing, which is worse than none."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def assert_nobody_noticed(answers: list[Answer]) -> None:
    assert {answer.status for answer in answers} <= {200, 201, 409}
    seconds = sorted(answer.seconds for answer in answers if answer.path in ("/holds", "/appointments"))
    # A booking that asked Redis would wait for it each time.
    report("19 of 20 holds and bookings while Redis is away", seconds[len(seconds) * 19 // 20], SLOWEST)


def seconds_until_screen_lives(stage: Stage, screen: Screen, since: float) -> float:
    """It hears that something may have been missed, and is told after the next call.

    A nudge does not say that Redis is back: it may have been under way when Redis went.
    Who is told to fetch everything only after the call sees the call as well.
    """
    assert wait_for(lambda: screen.heard_since(since, "refetch"), HANGS)
    label = call_next(stage)
    called = now()
    assert serve_next(stage, label) == label
    assert wait_for(lambda: any(screen.heard_since(called, event) for event in TOLD), HANGS), screen.heard
    assert wait_for(lambda: screen.shows(label), HANGS)
    return now() - since


def test_redis_emptied_again_and_again_while_people_book(tmp_path):
    with staged(tmp_path / "var") as stage:
        redis = make_client(url_of(socket_directory(stage.installation.var)))
        crowd = stage.crowd(60)
        crowd.start_booking()
        while crowd.booked() < 60:
            redis.flushall()
            crowd.wait_until_booked(min(60, crowd.booked() + 3))
        redis.close()
        crowd.finish()
        stage.check(crowd)


def test_redis_hangs_for_half_a_minute(tmp_path):
    with staged(tmp_path / "var") as stage, Screen(stage.installation.url, HALL) as screen:
        open_counter(stage)
        crowd = stage.crowd(60)
        tickets = take_tickets(stage, 4)
        began = now()
        with hanging(stage.installation.pids()["valkey"]):
            crowd.start_booking()
            done = [serve_next(stage)]
            assert screen.shows(done[0])
            crowd.finish()
            assert wait_for(lambda: stage.ledger.rows(CONFIRMED) == [(60,)], AWAY)
            report("60 bookings confirmed by SMS without Redis", now() - began, AWAY)
            assert_nobody_noticed(stage.phone.since(began))
            assert wait_for(lambda: now() - began >= AWAY, AWAY)
            back = now()
        report("screens live again", seconds_until_screen_lives(stage, screen, back), BACK_WITHIN)
        stage.check(crowd)
        done = [label for (label,) in stage.ledger.rows("SELECT label FROM ticket WHERE state = 'completed'")]
        assert len(done) == 2
        check_tickets(stage, tickets, done)


def test_redis_killed_while_people_book(tmp_path):
    with staged(tmp_path / "var") as stage, Screen(stage.installation.url, HALL) as screen:
        open_counter(stage)
        take_tickets(stage, 4)
        crowd = stage.crowd(60)
        crowd.start_booking()
        began = now()
        for booked in (10, 25, 40):
            crowd.wait_until_booked(booked)
            pid = stage.installation.pids()["valkey"]
            killed = now()
            os.kill(pid, signal.SIGKILL)
            assert wait_for(lambda pid=pid: stage.installation.pids()["valkey"] != pid, HANGS)
            report("screens live again", seconds_until_screen_lives(stage, screen, killed), BACK_WITHIN)
        crowd.finish()
        assert_nobody_noticed(stage.phone.since(began))
        stage.check(crowd)
