"""Without Redis nobody waits."""

import time
from pathlib import Path

from kernel import nudge
from runtime.redis_client import is_reachable, make_client

HANGS = 4.0  # seconds; redis-py's own defaults would take longer than this to give up


def test_a_missing_server_is_known_at_once(tmp_path: Path) -> None:
    client = make_client(f"unix://{tmp_path}/none.sock?db=0")
    began = time.perf_counter()
    assert not is_reachable(client)
    assert time.perf_counter() - began < HANGS


def test_a_server_that_never_answers_costs_a_second_at_most() -> None:
    client = make_client("redis://127.0.0.1:9/0")  # discard: nobody listens
    began = time.perf_counter()
    assert not is_reachable(client)
    assert time.perf_counter() - began < HANGS


def test_a_nudge_without_redis_fails_quietly(tmp_path: Path) -> None:
    assert nudge.publish(make_client(f"unix://{tmp_path}/none.sock?db=0"), ["hall:1"]) is False


def test_a_nudge_of_nothing_is_fine(redis_url: str) -> None:
    assert nudge.publish(make_client(redis_url), []) is True


def test_a_topic_is_published_once(redis_url: str) -> None:
    client = make_client(redis_url)
    with client.pubsub() as heard:  # type: ignore[no-untyped-call]  # redis-py has no hints here
        heard.psubscribe("live:*")
        heard.get_message(timeout=60)
        nudge.publish(client, ["a", "b", "a"])
        names = [heard.get_message(timeout=60)["channel"] for _ in range(2)]
        assert names == [b"live:a", b"live:b"]
        assert heard.get_message(timeout=0.05) is None
    client.close()


def test_a_token_allows_its_topics_and_no_others() -> None:
    token = nudge.sign_topics("secret", ["a", "b"])
    assert nudge.read_topics("secret", token) == {"a", "b"}
    assert nudge.read_topics("another", token) == frozenset()
    assert nudge.read_topics("secret", token[:-1]) == frozenset()
    assert nudge.read_topics("secret", "") == frozenset()
