"""Nobody comes: the program calls again, then marks absent, and never over the head of an officer."""

from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import func, select, update

from kernel import clock
from kernel.audit import AuditEntry
from kernel.outbox import OutboxEvent
from queueing import serve
from queueing.desk import desk
from queueing.doctor import check
from queueing.errors import TicketMoved
from queueing.models import Call, Ticket
from queueing.recall import Step
from queueing.unanswered import find_unanswered, follow_up
from queueing.undo import undo
from tests.build import at
from tests.queueing.hall_day import open_hall
from tests.queueing.test_races import at_once

CALLED_AT = at("09:05")


def after(seconds):
    return CALLED_AT + timedelta(seconds=seconds)


def let_real_time_pass(session):
    """As if the last press were more than ten real seconds ago."""
    session.execute(update(Ticket).values(stepped_at=Ticket.stepped_at - timedelta(seconds=11)))


def called(session, queue=None):
    day = open_hall(session)
    if queue:
        day.hall.policy = {"queue": queue}
    day.take(at("09:00"))
    ticket = day.call(CALLED_AT)
    let_real_time_pass(session)
    return day, ticket


def look(session, seconds):
    """One run of the job; what it did about the only ticket."""
    session.flush()
    now, last = after(seconds), session.scalar(select(func.max(OutboxEvent.id)))
    found = find_unanswered(session, now=now)
    told = select(OutboxEvent).where(OutboxEvent.id > last, OutboxEvent.name == "CallUnanswered")
    for event in session.scalars(told).all():
        follow_up(session, event.payload, now=now)
    assert found <= 1
    return found


def test_calls_again_twice_and_then_marks_absent(session):
    day, ticket = called(session)
    seen = []
    for seconds in range(0, 170, 10):
        look(session, seconds)
        seen.append((seconds, ticket.state, ticket.recalls))
    changes = [seen[0]] + [here for last, here in pairwise(seen) if here[1:] != last[1:]]
    assert changes == [(0, "called", 0), (50, "called", 1), (100, "called", 2), (160, "absent", 2)]
    assert session.scalars(select(Call.last_called_at)).one() == after(100)
    actors = select(AuditEntry.actor_kind).where(
        AuditEntry.action.in_(("ticket.recall", "ticket.mark_absent"))
    )
    assert session.scalars(actors).all() == ["system"] * 3
    names = session.scalars(select(OutboxEvent.name)).all()
    assert (names.count("TicketRecalled"), names.count("TicketMissed")) == (2, 1)
    assert check(session) == []
    day.take(at("09:00"))
    assert day.call(at("09:10")).label == "A002"  # the counter is free


def test_a_call_repeated_by_hand_is_not_repeated_a_moment_later(session):
    day, ticket = called(session)
    serve.recall(session, ticket, actor=day.officers[0], now=after(40))
    assert look(session, 50) == 0
    assert look(session, 89) == 0
    assert look(session, 90) == 1
    assert ticket.recalls == 2


def test_the_officer_sees_what_comes_by_itself(session):
    day, ticket = called(session)
    counter_id = day.counters[0].id

    def told():
        session.flush()
        step = desk(session, counter_id, now=after(60)).current.next_step
        return None if step is None else (step.what, step.at)

    assert told() == (Step.RECALL, after(45))
    look(session, 50)
    assert told() == (Step.RECALL, after(95))
    look(session, 100)
    assert told() == (Step.ABSENT, after(160))
    serve.start_serving(session, ticket, actor=day.officers[0], now=after(110))
    assert told() is None
    undo(session, ticket, actor=day.officers[0], now=after(115), real_now=clock.real_now())
    assert told() is None


def test_who_is_served_is_left_alone(session):
    day, ticket = called(session)
    serve.start_serving(session, ticket, actor=day.officers[0], now=after(30))
    assert look(session, 3600) == 0
    assert ticket.state == "serving"


def test_what_the_officer_took_back_is_left_to_the_officer(session):
    day, ticket = called(session)
    officer = day.officers[0]
    serve.mark_absent(session, ticket, actor=officer, now=after(20))
    undo(session, ticket, actor=officer, now=after(25), real_now=clock.real_now())
    assert ticket.state == "called"
    assert look(session, 3600) == 0


def test_an_absence_by_the_program_can_be_taken_back_too(session):
    day, ticket = called(session)
    for seconds in (50, 100, 160):
        look(session, seconds)
    assert ticket.state == "absent"
    undo(session, ticket, actor=day.officers[0], now=after(165), real_now=clock.real_now())
    assert ticket.state == "called"
    assert look(session, 600) == 0


def test_a_hall_can_leave_absence_to_its_officers(session):
    _day, ticket = called(session, {"absent_after_seconds": 0})
    for seconds in (50, 100, 160, 3600):
        look(session, seconds)
    assert (ticket.state, ticket.recalls) == ("called", 2)


def test_nothing_happens_in_the_ten_real_seconds_of_a_press(session):
    """A demonstration's clock runs through 150 seconds before an officer has found the key."""
    _day, ticket = called(session)
    ticket.stepped_at = clock.real_now()
    assert look(session, 600) == 0
    let_real_time_pass(session)
    assert look(session, 600) == 1


def test_a_call_of_another_day_is_left_to_the_end_of_that_day(session):
    called(session)
    assert look(session, 86400) == 0


@pytest.mark.parametrize("verb", [serve.start_serving, serve.mark_absent])
def test_of_the_program_and_an_officer_at_once_one_acts(database, verb):
    for _ in range(10):
        with database.transaction() as session:
            session.execute(update(Ticket).where(Ticket.state == "called").values(stepped_at=None))
            day = open_hall(session)
            day.take(at("09:00"))
            ticket_id = day.call(CALLED_AT).id
            session.execute(update(Ticket).where(Ticket.id == ticket_id).values(recalls=2, stepped_at=None))

        def act(session, index, day=day, ticket_id=ticket_id):
            if index:
                return follow_up(session, {"ticket_id": ticket_id}, now=after(200))
            ticket = session.get(Ticket, ticket_id)
            return verb(session, ticket, actor=day.officers[0], now=after(200)).state

        officer, program = at_once(database, 2, act)
        assert program is None, program
        with database.transaction() as session:
            steps = select(func.count(AuditEntry.id)).where(
                AuditEntry.subject_kind == "ticket",
                AuditEntry.subject_id == ticket_id,
                AuditEntry.from_state == "called",
            )
            assert session.scalar(steps) == 1
            state = session.get(Ticket, ticket_id).state
            assert state == officer if isinstance(officer, str) else state == "absent"
            assert isinstance(officer, str | TicketMoved)
