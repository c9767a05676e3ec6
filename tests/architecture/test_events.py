"""Every event is subscribed or declared unheard, and documented; every handler can be found again."""

import re
from pathlib import Path

import pytest

from kernel.outbox import Event, all_events
from runtime.job_queue import QUEUES
from runtime.schedule import SCHEDULE
from runtime.subscriptions import APART, HANDLERS, SUBSCRIPTIONS, UNHEARD, handlers_of, name_of
from runtime.worker import make_worker
from tests.architecture.source import import_everything

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "events.md").read_text(encoding="utf-8")


def real_events() -> set[tuple[str, str]]:
    """(name, module) of the program's events; bases that only share fields are never emitted.

    By name: a dataclass with slots leaves a second class of itself behind.
    """
    import_everything()
    found = [event for event in all_events() if not event.__module__.startswith("tests")]
    bases = {base.name() for event in found for base in event.__mro__[1:] if issubclass(base, Event)}
    return {(event.name(), event.__module__) for event in found if event.name() not in bases}


def test_every_event_is_subscribed_or_declared_unheard():
    known = {event.name() for event in set(SUBSCRIPTIONS) | UNHEARD}
    assert {name for name, _module in real_events()} == known
    assert not set(SUBSCRIPTIONS) & UNHEARD


def test_event_names_are_unique():
    names = [name for name, _module in real_events()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("event", sorted(SUBSCRIPTIONS, key=lambda event: event.name()))
def test_every_subscription_is_documented(event):
    (row,) = re.findall(rf"^\| `{event.name()}` \|.*$", PAGE, re.MULTILINE)
    documented = row.split("|")[3].strip().split(", ")
    assert documented == [name_of(handler) for handler in SUBSCRIPTIONS[event]]


def test_every_unheard_event_is_documented():
    _, _, rest = PAGE.partition("Unheard:")
    table, _, _ = rest.partition("## Schedule")
    assert set(re.findall(r"`([A-Z][A-Za-z]+)`", table)) == {event.name() for event in UNHEARD}


def test_every_job_of_the_schedule_is_documented():
    _, _, table = PAGE.partition("## Schedule")
    assert set(re.findall(r"^\| (\w+) \|", table, re.MULTILINE)) - {"job"} == set(SCHEDULE)


def test_deliveries_find_their_handlers_by_name():
    for event, handlers in SUBSCRIPTIONS.items():
        assert [HANDLERS[name] for name in handlers_of(event.name())] == list(handlers)
    assert set(HANDLERS) >= APART
    assert max(map(len, HANDLERS)) <= 96, "the column is no longer"


def test_every_queue_is_worked(parts):
    assert make_worker(parts).queue_names() == list(QUEUES)
