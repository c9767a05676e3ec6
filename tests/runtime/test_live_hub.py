"""What a listener is told: each topic once, in order, and exactly what it missed."""

import asyncio
from collections.abc import Iterator

import pytest

from runtime import live_hub
from runtime.live_hub import Hub, Listener


@pytest.fixture
def hub() -> Iterator[Hub]:
    with asyncio.Runner():
        yield Hub()


def resumed(hub: Hub, *topics: str, seen: int) -> tuple[bool, list[tuple[str, int]]]:
    return hub.add(topics, last_id=hub.id_of(seen)).take()


def fresh(hub: Hub, *topics: str) -> Listener:
    listener = hub.add(topics, last_id="")
    assert listener.take() == (True, [])
    return listener


def test_a_first_visit_is_told_to_refetch(hub: Hub) -> None:
    fresh(hub, "a")


def test_only_own_topics_are_told(hub: Hub) -> None:
    listener = fresh(hub, "a")
    hub.nudge("a")
    hub.nudge("b")
    assert listener.take() == (False, [("a", 1)])


def test_nudges_of_a_topic_merge_and_numbers_rise(hub: Hub) -> None:
    listener = fresh(hub, "a", "b")
    for topic in ("a", "b", "a", "a"):
        hub.nudge(topic)
    assert listener.take() == (False, [("b", 2), ("a", 4)])
    assert listener.take() == (False, [])


def test_a_returning_listener_gets_what_it_missed(hub: Hub) -> None:
    for topic in ("a", "b", "a", "c"):
        hub.nudge(topic)
    assert resumed(hub, "a", "b", seen=1) == (False, [("b", 2), ("a", 3)])
    assert resumed(hub, "a", "b", seen=4) == (False, [])


@pytest.mark.parametrize("last_id", ["other-1", "", "1", "garbage", "-", "x-x-x", "²"])
def test_an_unknown_last_id_means_refetch(hub: Hub, last_id: str) -> None:
    hub.nudge("a")
    assert hub.add(["a"], last_id=last_id).take() == (True, [])


def test_an_id_from_the_future_means_refetch(hub: Hub) -> None:
    assert resumed(hub, "a", seen=7)[0]


def test_a_gap_longer_than_the_memory_means_refetch(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(live_hub.REMEMBERED + 2):
        hub.nudge("a")
    assert resumed(hub, "a", seen=1)[0]
    assert not resumed(hub, "a", seen=2)[0]


def test_after_a_lost_feed_everybody_refetches_once(hub: Hub) -> None:
    listener = fresh(hub, "a")
    hub.nudge("a")
    hub.refetch_all()
    hub.nudge("a")
    assert listener.take() == (True, [("a", 3)])
    assert resumed(hub, "a", seen=1) == (True, [])
    assert resumed(hub, "a", seen=2) == (False, [("a", 3)])


def test_a_removed_listener_leaves_nothing_behind(hub: Hub) -> None:
    listener = fresh(hub, "a")
    hub.remove(listener)
    assert len(hub) == 0
    assert not hub._by_topic
