"""What is told of many at once is what would be told of each."""

from datetime import timedelta

from sqlalchemy import select

from booking.events import AppointmentCancelled
from kernel import audit, outbox, story
from kernel.actor import SYSTEM

COLUMNS = [
    column for column in audit.AuditEntry.__table__.columns if column.name not in {"id", "recorded_at"}
]
OF_EVENTS = [
    column for column in outbox.OutboxEvent.__table__.columns if column.name not in {"id", "recorded_at"}
]


def told(session):
    rows = [
        session.execute(select(*columns).order_by(columns[0].table.c.id)).all()
        for columns in (COLUMNS, OF_EVENTS)
    ]
    for table in (audit.AuditEntry, outbox.OutboxEvent):
        session.execute(table.__table__.delete())
    return rows


def test_many_are_told_as_each_would_be_in_their_order(session, now):
    facts = [
        {
            "subject": ("appointment", n),
            "hall_id": n or None,
            "states": ("booked", "cancelled"),
            "why": why,
            "n": n,
        }
        for n, why in enumerate(["停电", "", 'a"b\\c', "\u2028"])
    ]
    events = [AppointmentCancelled(n, 3, 4, "hall_closed", n, "停电", "") for n in range(4)]
    moments = [now + timedelta(microseconds=n) for n in range(4)]
    for each, event, at in zip(facts, events, moments, strict=True):
        audit.record(session, "appointment.cancel", actor=SYSTEM, now=at, **each)
        outbox.emit(session, event, now=at)
    session.flush()
    one_by_one = told(session)
    story.tell_all(
        session,
        [
            audit.values("appointment.cancel", actor=SYSTEM, now=at, **each)
            for each, at in zip(facts, moments, strict=True)
        ],
        [outbox.values(event, now=at) for event, at in zip(events, moments, strict=True)],
    )
    assert told(session) == one_by_one
    assert len(one_by_one[0]) == len(one_by_one[1]) == 4


def test_nothing_is_told_of_none(session):
    story.tell_all(session, [], [])
    assert told(session) == [[], []]
