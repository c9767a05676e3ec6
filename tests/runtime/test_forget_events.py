"""The outbox forgets what is done, and only that."""

from datetime import timedelta

from sqlalchemy import func, select, update

from kernel import clock, outbox
from kernel.outbox import EventDelivery, OutboxEvent
from runtime import forget_events as module
from runtime.deliveries import dispatch
from runtime.forget_events import KEPT, forget_events
from runtime.schedule import TimeCame
from runtime.subscriptions import handlers_of
from tests.conftest import NOW


def told(database, count=1, *, age=KEPT + timedelta(minutes=1), done=True, dispatched=True):
    """Events of that age; their ids."""
    with database.transaction() as session:
        rows = [outbox.emit(session, TimeCame("tend_waitlists", None, ""), now=NOW) for _ in range(count)]
        session.flush()
        ids = [row.id for row in rows]
        at = clock.real_now() - age
        session.execute(update(OutboxEvent).where(OutboxEvent.id.in_(ids)).values(recorded_at=at))
        if dispatched:
            values = {"dispatched_at": at}
            session.execute(update(OutboxEvent).where(OutboxEvent.id.in_(ids)).values(values))
            session.add_all(
                EventDelivery(event_id=each, handler="h", next_at=at, done_at=at if done else None)
                for each in ids
            )
    return ids


def forget(database):
    with database.transaction() as session:
        return forget_events(session, real_now=clock.real_now())


def left(database):
    with database.transaction() as session:
        return list(session.scalars(select(OutboxEvent.id).order_by(OutboxEvent.id)))


def test_what_was_done_long_ago_goes_with_its_deliveries(database):
    told(database, 3)
    assert forget(database) == 3
    assert left(database) == []
    with database.transaction() as session:
        assert session.scalar(select(func.count(EventDelivery.id))) == 0


def test_what_is_young_waits_or_failed_stays(database):
    ids = told(database, age=KEPT - timedelta(minutes=1)) + told(database, done=False)
    ids += told(database, dispatched=False)
    assert forget(database) == 0
    assert left(database) == ids


def test_goes_on_next_time_after_a_batch(database, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 2)
    told(database, 5)
    assert [forget(database) for _ in range(4)] == [2, 2, 1, 0]


def test_an_event_handed_over_meanwhile_is_not_touched(database):
    """The oldest events are looked at only; a younger one is handed over as always."""
    told(database, 2)
    with database.transaction() as session:
        outbox.emit(session, TimeCame("tend_waitlists", None, ""), now=NOW)
    forget(database)
    with database.transaction() as session:
        assert len(dispatch(session, handlers_of, limit=10, real_now=clock.real_now()).delivery_ids) == 1
