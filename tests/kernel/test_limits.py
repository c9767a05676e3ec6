"""Limits: exact under a crowd, without personal data in Redis, and never open while Redis is away."""

import socket
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import redis.exceptions
from structlog.testing import capture_logs

from kernel.limits import LimitReached, Limits, Rule, hashed, parse_rules
from kernel.settings import SettingsInvalid, load
from runtime.redis_client import make_client

RULES = {"hold": Rule(5, 60), "book": Rule(2, 60)}
CROWD = 50
AWAY = "unix:///nowhere/valkey.sock"


class Watch:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def limits_of(redis, watch=None) -> Limits:
    return Limits(redis, RULES, **({"monotonic": watch} if watch else {}))


def passed(limits: Limits, *claims) -> bool:
    try:
        limits.take(claims)
    except LimitReached:
        return False
    return True


def crowd_passes(limits: Limits) -> int:
    barrier = Barrier(CROWD)

    def one(_n: int) -> bool:
        barrier.wait()
        return passed(limits, ("hold", "somebody"))

    with ThreadPoolExecutor(CROWD) as pool:
        return sum(pool.map(one, range(CROWD)))


def test_of_fifty_at_once_exactly_five_pass(redis_client):
    assert crowd_passes(limits_of(redis_client)) == 5


def test_of_fifty_at_once_exactly_five_pass_without_redis():
    assert crowd_passes(limits_of(make_client(AWAY))) == 5


def test_processes_count_together(redis_client):
    one, other = limits_of(redis_client), limits_of(redis_client)
    assert [passed(each, ("hold", "x")) for each in (one, other) * 3] == [True] * 5 + [False]


def test_others_are_not_touched(redis_client):
    limits = limits_of(redis_client)
    assert [passed(limits, ("hold", "x")) for _ in range(6)][-1] is False
    assert passed(limits, ("hold", "y"))


@pytest.mark.parametrize("url", ["", AWAY])
def test_who_is_refused_by_one_limit_uses_up_none_of_the_others(redis_client, url):
    limits = limits_of(make_client(url) if url else redis_client)
    for _ in range(2):
        limits.take([("book", "x")])
    for _ in range(9):
        assert not passed(limits, ("hold", "x"), ("book", "x"))
    assert [passed(limits, ("hold", "x")) for _ in range(6)] == [True] * 5 + [False]


def test_the_refusal_says_which_limit_and_how_long(redis_client):
    limits = limits_of(redis_client)
    for _ in range(5):
        limits.take([("hold", "x")])
    with pytest.raises(LimitReached) as refusal:
        limits.take([("hold", "x")])
    assert refusal.value.params["limit"] == "hold"
    assert 50 <= refusal.value.params["wait_seconds"] <= 60
    assert "大厅" in refusal.value.sentence("zh")


def test_a_window_ends_without_redis_too():
    watch = Watch()
    limits = limits_of(make_client(AWAY), watch)
    assert [passed(limits, ("hold", "x")) for _ in range(6)] == [True] * 5 + [False]
    watch.now += 61
    assert passed(limits, ("hold", "x"))


def test_says_once_that_it_counts_alone():
    limits = limits_of(make_client(AWAY))
    with capture_logs() as logs:
        for _ in range(4):
            limits.take([("hold", "x")])
    assert [entry["event"] for entry in logs] == ["limits_counted_by_this_process"]


def test_asks_a_redis_that_is_away_only_now_and_then():
    watch, asked = Watch(), []

    class Hanging:
        def make_connection(self):
            asked.append(watch.now)
            raise TimeoutFromRedis

    client = make_client(AWAY)
    client.connection_pool = Hanging()
    limits = Limits(client, RULES, monotonic=watch)
    for second in range(60):
        watch.now = 1000.0 + second
        passed(limits, ("hold", "x"))
    assert asked == [1000, 1001, 1003, 1007, 1015, 1031]


def test_waits_only_once_and_not_long_for_a_redis_that_takes_connections_and_answers_nothing(tmp_path):
    address = str(tmp_path / "hanging.sock")
    with socket.socket(socket.AF_UNIX) as hanging:
        hanging.bind(address)
        hanging.listen()
        limits = limits_of(make_client(f"unix://{address}", answer_seconds=None))
        assert [passed(limits, ("hold", "x")) for _ in range(6)] == [True] * 5 + [False]
        hanging.setblocking(False)
        hanging.accept()[0].close()
        with pytest.raises(BlockingIOError):
            hanging.accept()


def test_goes_back_to_redis(redis_client):
    watch = Watch()
    client = make_client(AWAY)
    limits = limits_of(client, watch)
    limits.take([("hold", "x")])
    client.connection_pool = redis_client.connection_pool
    watch.now += 2
    with capture_logs() as logs:
        limits.take([("hold", "x")])
    assert [entry["event"] for entry in logs] == ["limits_in_redis_again"]
    assert redis_client.keys("fair:*")


def test_keys_hold_keyed_hashes_only(redis_client):
    limits_of(redis_client).take([("hold", hashed("+8613800138000", "phone"))])
    (key,) = redis_client.keys("*")
    assert b"138" not in key.removeprefix(b"fair:hold:") or len(key) == len("fair:hold:") + 32
    assert redis_client.get(key) == b"1"
    assert hashed("+8613800138000", "phone") != hashed("+8613800138000", "device")


@pytest.mark.parametrize("url", ["", AWAY])
def test_a_line_is_busy_from_the_hold_too_many_on_and_for_a_while(redis_client, url):
    limits = limits_of(make_client(url) if url else redis_client)
    busy = [limits.note("line", window=5, most=3, stays=60) for _ in range(5)]
    assert busy == [False, False, False, True, True]


@pytest.mark.parametrize("url", ["", AWAY])
def test_something_is_used_once(redis_client, url):
    limits = limits_of(make_client(url) if url else redis_client)
    assert [limits.use_once("ticket", seconds=60) for _ in range(3)] == [True, False, False]


@pytest.mark.parametrize("url", ["", AWAY])
def test_or_again_by_the_one_who_used_it_first(redis_client, url):
    limits = limits_of(make_client(url) if url else redis_client)
    asked = [limits.use_once("proof", seconds=60, by=who) for who in ("one", "one", "another", None)]
    assert asked == [True, True, False, False]


def test_reads_limits_of_the_settings():
    assert parse_rules("hold.device=30/600  book.phone=3/86400") == {
        "hold.device": Rule(30, 600),
        "book.phone": Rule(3, 86400),
    }


@pytest.mark.parametrize("text", ["hold.device", "hold.device=30", "=3/60", "hold.device=0/60", "a=x/y"])
def test_refuses_to_start_with_limits_that_cannot_be_read(text):
    with pytest.raises(SettingsInvalid, match="YOUHAO_LIMITS"):
        load({"YOUHAO_LIMITS": text})


class TimeoutFromRedis(redis.exceptions.TimeoutError):
    pass
