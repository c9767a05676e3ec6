import threading
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import DataError

from kernel import clock, outbox
from kernel.actor import SYSTEM
from kernel.audit import AuditEntry
from kernel.job_run import JobRun
from kernel.outbox import Event, EventDelivery, OutboxEvent
from runtime.deliveries import ATTEMPTS, LEASE, deliver, deliver_all, dispatch, retry_dead, take_overdue
from tests.conftest import NOW


@dataclass(frozen=True, slots=True)
class Happened:
    """Not a real event: only what `emit` needs, so that the table of subscriptions stays true."""

    number: int = 1

    @classmethod
    def name(cls):
        return "Happened"

    def topics(self):
        return [f"hall:{self.number}"]


def write_row(session, event, *, now):
    """A handler whose effect would show if it happened twice."""
    session.add(JobRun(name=f"test:{event['event_id']}", due_at=clock.real_now(), recorded_at=now))


def break_down(session, event, *, now):
    write_row(session, event, now=now)
    session.flush()
    raise ValueError("张三 13800138000")


HANDLERS = {"write_row": write_row, "break_down": break_down}


def emit(database, count=1):
    with database.transaction() as session:
        for number in range(count):
            outbox.emit(session, Happened(number), now=NOW)


def dispatch_to(database, *handlers, limit=200):
    with database.transaction() as session:
        return dispatch(session, lambda _name: handlers, real_now=clock.real_now(), limit=limit)


def effects(database):
    with database.transaction() as session:
        return session.scalar(select(func.count()).select_from(JobRun))


def test_an_event_becomes_one_delivery_for_each_handler(database):
    emit(database, 3)
    found = dispatch_to(database, "write_row", "break_down")
    assert (found.events, len(found.delivery_ids)) == (3, 6)
    assert found.topics == ("hall:0", "hall:1", "hall:2")
    assert dispatch_to(database, "write_row").events == 0


def test_an_unheard_event_is_dispatched_to_nobody(database):
    emit(database)
    found = dispatch_to(database)
    assert (found.events, found.delivery_ids) == (1, ())


def test_what_was_rolled_back_never_happened(database):
    def emit_and_break():
        with database.transaction() as session:
            outbox.emit(session, Happened(), now=NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        emit_and_break()
    assert dispatch_to(database, "write_row").events == 0


def test_a_delivery_takes_effect_once_however_often_it_is_made(database):
    emit(database)
    (delivery_id,) = dispatch_to(database, "write_row").delivery_ids
    for _ in range(3):
        assert deliver(database, delivery_id, HANDLERS, now=NOW) is None
    assert effects(database) == 1


def test_twenty_at_once_make_one_effect(database):
    emit(database)
    (delivery_id,) = dispatch_to(database, "write_row").delivery_ids
    barrier = threading.Barrier(20)

    def make():
        barrier.wait()
        deliver(database, delivery_id, HANDLERS, now=NOW)

    threads = [threading.Thread(target=make) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert effects(database) == 1


def test_the_negative_control_without_the_lock_the_effect_doubles(database):
    """Two processes that only look whether it is done, and then do it, both do it."""
    emit(database)
    (delivery_id,) = dispatch_to(database, "write_row").delivery_ids
    barrier = threading.Barrier(2)

    def make_without_lock():
        with database.transaction() as session:
            delivery = session.get_one(EventDelivery, delivery_id)
            assert delivery.done_at is None
            barrier.wait()
            write_row(session, {"event_id": delivery.event_id}, now=NOW)
            delivery.done_at = clock.real_now()

    threads = [threading.Thread(target=make_without_lock) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert effects(database) == 2


def test_a_failing_handler_leaves_no_effect_and_is_tried_later(database):
    emit(database)
    (delivery_id,) = dispatch_to(database, "break_down").delivery_ids
    assert isinstance(deliver(database, delivery_id, HANDLERS, now=NOW), ValueError)
    assert effects(database) == 0
    with database.transaction() as session:
        delivery = session.get_one(EventDelivery, delivery_id)
        assert (delivery.attempts, delivery.error) == (1, "ValueError")
        assert delivery.next_at > clock.real_now()


def test_one_failing_handler_does_not_stop_the_other(database):
    emit(database)
    for delivery_id in dispatch_to(database, "break_down", "write_row").delivery_ids:
        deliver(database, delivery_id, HANDLERS, now=NOW)
    assert effects(database) == 1


def test_a_handler_that_spoils_its_transaction_is_noted_too(database):
    def divide(session, event, *, now):
        session.execute(select(func.sqrt(-1)))

    emit(database)
    (delivery_id,) = dispatch_to(database, "divide").delivery_ids
    assert isinstance(deliver(database, delivery_id, {"divide": divide}, now=NOW), DataError)


def test_a_handler_of_another_version_waits_instead_of_vanishing(database):
    emit(database)
    (delivery_id,) = dispatch_to(database, "gone").delivery_ids
    deliver(database, delivery_id, HANDLERS, now=NOW)
    with database.transaction() as session:
        assert session.scalar(select(EventDelivery.error)) == "HandlerUnknown"


def overdue(database, after=LEASE):
    with database.transaction() as session:
        return take_overdue(session, real_now=clock.real_now() + after)


def test_a_lost_job_is_found_again_after_the_lease_and_only_then(database):
    emit(database)
    found = dispatch_to(database, "write_row")
    assert overdue(database, timedelta(0)) == []
    assert overdue(database) == list(found.delivery_ids)
    assert overdue(database) == [], "it was just handed out again"


def test_done_and_dead_deliveries_are_not_handed_out(database):
    emit(database, 2)
    done, dead = dispatch_to(database, "write_row").delivery_ids
    deliver(database, done, HANDLERS, now=NOW)
    with database.transaction() as session:
        session.execute(update(EventDelivery).where(EventDelivery.id == dead).values(attempts=ATTEMPTS))
    assert overdue(database, timedelta(days=1)) == []


def test_two_relays_share_the_outbox(database):
    emit(database, 10)
    with database.transaction() as one, database.transaction() as other:
        first = dispatch(one, lambda _: ("write_row",), real_now=NOW, limit=5)
        second = dispatch(other, lambda _: ("write_row",), real_now=NOW, limit=10)
    assert (first.events, second.events) == (5, 5)
    assert not set(first.delivery_ids) & set(second.delivery_ids)


def test_neither_names_nor_phones_get_into_the_error(database):
    emit(database)
    (delivery_id,) = dispatch_to(database, "break_down").delivery_ids
    deliver(database, delivery_id, HANDLERS, now=NOW)
    with database.transaction() as session:
        assert "138" not in (session.scalar(select(EventDelivery.error)) or "")
        assert session.scalar(select(func.count(AuditEntry.id))) == 0
        assert session.scalar(select(OutboxEvent.payload)) == {"number": 0, "topics": ["hall:0"]}


def test_the_stand_in_event_is_not_taken_for_a_real_one():
    assert Happened not in outbox.all_events(Event)


def test_dead_deliveries_get_a_fresh_start_and_the_others_none(database):
    emit(database, 2)
    _waiting, dead = dispatch_to(database, "write_row").delivery_ids
    with database.transaction() as session:
        session.execute(update(EventDelivery).where(EventDelivery.id == dead).values(attempts=ATTEMPTS))
    with database.transaction() as session:
        assert retry_dead(session, actor=SYSTEM, now=NOW, real_now=clock.real_now()) == 1
    assert overdue(database, timedelta(0)) == [dead]
    with database.transaction() as session:
        assert session.get_one(EventDelivery, dead).attempts == 0
        entry = session.scalars(select(AuditEntry)).one()
        assert (entry.action, entry.subject_id) == ("delivery.retry", dead)


def write_rows(session, events, *, now):
    """What takes many events at once; it leaves a mark of its own."""
    for event in events:
        write_row(session, event, now=now)
    session.add(JobRun(name=f"test: {len(events)} at once", due_at=clock.real_now(), recorded_at=now))


def break_all_down(session, events, *, now):
    write_rows(session, events, now=now)
    session.flush()
    raise ValueError


def test_several_deliveries_of_one_handler_are_made_together(database):
    emit(database, 4)
    ids = dispatch_to(database, "write_row").delivery_ids
    deliver_all(database, ids, HANDLERS, now=NOW, of_many={"write_row": write_rows})
    with database.transaction() as session:
        assert "test: 4 at once" in session.scalars(select(JobRun.name)).all()
        assert session.scalar(select(func.count()).where(EventDelivery.done_at.is_(None))) == 0
    assert effects(database) == 5


def test_what_fails_together_is_made_one_by_one(database):
    emit(database, 4)
    ids = dispatch_to(database, "write_row").delivery_ids
    deliver_all(database, ids, HANDLERS, now=NOW, of_many={"write_row": break_all_down})
    assert effects(database) == 4  # nothing of what broke down is left, and nothing is missing


def test_a_batch_keeps_what_came_before_in_the_same_matter_before(database):
    """Those of one handler move together to the place of their first, so never behind what followed one."""
    emit(database, 3)
    order = []

    def note(name):
        return lambda _session, event, *, now: order.append((name, event["number"]))

    with database.transaction() as session:
        handlers = {0: ("first",), 1: ("second",), 2: ("first",)}
        numbers = iter(sorted(handlers))
        ids = dispatch(session, lambda _name: handlers[next(numbers)], real_now=clock.real_now()).delivery_ids

    def firsts(_session, events, *, now):
        order.extend(("first", event["number"]) for event in events)

    deliver_all(
        database,
        ids,
        {"first": note("first"), "second": note("second")},
        now=NOW,
        of_many={"first": firsts},
    )
    assert order == [("first", 0), ("first", 2), ("second", 1)]
