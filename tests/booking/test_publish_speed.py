"""Sixty days of a large hall: how many statements. How long it takes is told by `youhao bench publish`."""

from datetime import date, timedelta

from sqlalchemy import event, func, select

from booking.models import Number
from booking.publish import publish
from kernel.actor import SYSTEM
from tests.build import TODAY, make_group, make_hall, make_plan

DAYS = 60


def publish_counting(session, hall, now):
    sent = []
    engine = session.get_bind()

    def note(_connection, _cursor, statement, *_rest):
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        last_on = TODAY + timedelta(days=DAYS - 1)
        added = publish(session, hall.id, first_on=TODAY, last_on=last_on, actor=SYSTEM, now=now)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return added, len(sent)


def test_sixty_days_of_twelve_counters_take_a_dozen_statements(session, now):
    hall = make_hall(session)
    for code in "ABCDE":
        make_plan(session, make_group(session, hall, code), counters=2.4, hours="09:00-17:00")
    added, statements = publish_counting(session, hall, now)
    assert added > 15_000
    assert statements <= 16
    again, same_statements = publish_counting(session, hall, now)
    assert (again, same_statements <= statements) == (0, True)
    days = session.scalar(select(func.count(func.distinct(Number.on_date))))
    assert days >= 40
    assert session.scalar(select(func.max(Number.on_date))) <= date(2026, 5, 1)
