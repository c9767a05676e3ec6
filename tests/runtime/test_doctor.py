from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from kernel import outbox
from kernel.outbox import EventDelivery, OutboxEvent
from people.phone_codes import request_code
from queueing.events import CounterClosed
from runtime.deliveries import ATTEMPTS
from runtime.doctor import LATE, check_all, check_events
from runtime.drain import drain
from tests.conftest import NOW


@pytest.fixture
def done(parts):
    """One event with a handler and one without, long ago and all well."""
    with parts.database.transaction() as session:
        request_code(session, "+8613800138000", language="zh", now=NOW)
        outbox.emit(session, CounterClosed(1, 2), now=NOW)
    drain(parts, now=NOW)
    with parts.database.transaction() as session:
        session.execute(update(OutboxEvent).values(recorded_at=OutboxEvent.recorded_at - 2 * LATE))
    return parts.database


def rules(database):
    with database.transaction() as session:
        return [violation.rule for violation in check_events(session)]


def test_finds_nothing_where_every_event_took_effect(done):
    with done.transaction() as session:
        assert check_all(session) == []


def test_finds_an_event_that_nobody_dispatched(done):
    with done.transaction() as session:
        session.execute(update(OutboxEvent).values(dispatched_at=None))
    assert rules(done) == ["event_not_dispatched"] * 2


def test_finds_a_delivery_that_was_given_up(done):
    with done.transaction() as session:
        session.execute(update(EventDelivery).values(done_at=None, attempts=ATTEMPTS, error="KeyError"))
        (violation,) = check_events(session)
    assert (violation.rule, "KeyError" in violation.detail) == ("delivery_dead", True)


def test_finds_a_late_delivery_but_not_a_young_one(done):
    with done.transaction() as session:
        session.execute(update(EventDelivery).values(done_at=None))
    assert rules(done) == ["delivery_late"]
    with done.transaction() as session:
        session.execute(update(OutboxEvent).values(recorded_at=OutboxEvent.recorded_at + timedelta(days=1)))
    assert rules(done) == []


def test_finds_an_event_that_never_reached_a_handler(done):
    with done.transaction() as session:
        session.execute(delete(EventDelivery))
    assert rules(done) == ["delivery_missing"]
