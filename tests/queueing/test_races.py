"""Races on real connections. Each first shows, with the lock taken away, that the race is real."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

import queueing.call_next
import queueing.place
import queueing.serve
from kernel.db import Database
from kernel.outbox import OutboxEvent
from queueing import serve
from queueing.call_next import call_next
from queueing.counters import open_counter
from queueing.doctor import check
from queueing.errors import CounterTaken, TicketMoved
from queueing.issue import IssueTicket, issue
from queueing.models import Line, Ticket
from tests import build
from tests.build import at
from tests.queueing.hall_day import KIOSK, officer_of, open_hall

NOW = at("09:30")


def at_once(database: Database, count: int, work: Callable[..., Any]) -> list[Any]:
    """Run work(session, index) in so many transactions that begin together; what each returned or raised."""
    start = Barrier(count)

    def one(index: int) -> Any:
        start.wait(30)
        try:
            with database.transaction() as session:
                return work(session, index)
        except Exception as error:  # noqa: BLE001  # the test looks at what was raised
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def without_line_lock(meeting: Barrier):
    """`lock_lines` with the lock taken away; all have read before one goes on."""

    def read(session, today, group_ids):
        lines = session.scalars(
            select(Line).where(Line.group_id.in_(list(group_ids)), Line.on_date == today.on_date)
        )
        found = {line.group_id: line for line in lines}
        meeting.wait(30)
        return found

    return read


def without_ticket_lock(meeting: Barrier):
    """`steps.lock` with the lock taken away."""

    def read(session, ticket):
        found = session.scalars(select(Ticket).where(Ticket.id == ticket.id)).one()
        meeting.wait(30)
        return found

    return read


@pytest.fixture
def day(database):
    """A committed hall with 20 seated counters and 30 waiting walk-ins."""
    with database.transaction() as session:
        day = open_hall(session, planned=20, seats=20)
        for _ in range(30):
            day.take(at("09:00"))
    return day


def call_at(day):
    def call(session, index):
        ticket = call_next(session, day.counters[index].id, actor=day.officers[index], now=NOW)
        return ticket.id

    return call


def test_without_any_lock_twenty_counters_call_one_person(database, day):
    meeting = Barrier(20)

    def naive(session, index):
        head = select(Ticket.id).where(Ticket.state == "waiting").order_by(Ticket.due_at, Ticket.id)
        ticket_id = session.scalars(head.limit(1)).one()
        meeting.wait(30)
        values = {"state": "called", "counter_id": day.counters[index].id}
        session.execute(update(Ticket).where(Ticket.id == ticket_id).values(values))
        return ticket_id

    assert len(set(at_once(database, 20, naive))) == 1


def test_a_call_is_counted_by_the_statement_that_makes_it(database, day, monkeypatch):
    """The lock of the lines is for the rule, which looks at the calls before; the count needs none."""
    monkeypatch.setattr(queueing.call_next, "lock_lines_if_free", lambda *_arguments: None)
    monkeypatch.setattr(queueing.call_next, "lock_lines", without_line_lock(Barrier(20)))
    called = at_once(database, 20, call_at(day))
    with database.transaction() as session:
        assert session.scalars(select(Line.calls)).one() == len(set(called)) == 20


def test_twenty_counters_call_twenty_people(database, day):
    called = at_once(database, 20, call_at(day))
    assert len({each for each in called if isinstance(each, int)}) == 20
    with database.transaction() as session:
        assert session.scalars(select(Line.calls)).one() == 20
        first = select(Ticket.id).order_by(Ticket.due_at, Ticket.issued_at, Ticket.ordinal).limit(20)
        assert set(session.scalars(first)) == set(called)
        assert check(session) == []


def test_counters_that_share_lines_crosswise_do_not_wait_in_a_circle(database):
    with database.transaction() as session:
        day = open_hall(session, planned=20, seats=0)
        for seat in range(12):
            day.seat(*((day.a, day.b) if seat % 2 else (day.b, day.a)), now=at("09:00"))
        for group in (day.a, day.b) * 10:
            day.take(at("09:00"), group)
    called = at_once(database, 12, call_at(day))
    assert len({each for each in called if isinstance(each, int)}) == 12


def test_two_presses_at_one_counter_call_one_person(database, day):
    def call(session, _index):
        return call_next(session, day.counters[0].id, actor=day.officers[0], now=NOW, press_key="enter").id

    assert len(set(at_once(database, 8, call))) == 1


def take(day, **values):
    def press(session, index):
        keys = {name: value(index) for name, value in values.items()}
        command = IssueTicket(day.hall.id, day.a.id, **keys)
        return issue(session, command, actor=KIOSK, now=NOW).label

    return press


def test_without_the_lines_lock_fifty_presses_ask_for_one_number(database, day, monkeypatch):
    monkeypatch.setattr(queueing.place, "lock_lines", without_line_lock(Barrier(50)))
    answers = at_once(database, 50, take(day))
    assert sum(isinstance(each, IntegrityError) for each in answers) == 49


def test_fifty_presses_give_fifty_numbers_without_gaps(database, day):
    answers = at_once(database, 50, take(day))
    assert sorted(answers) == [f"A{ordinal:03d}" for ordinal in range(31, 81)]
    with database.transaction() as session:
        assert check(session) == []


def test_the_first_numbers_of_a_day_meet_a_line_that_nobody_has_made(database):
    with database.transaction() as session:
        day = open_hall(session, planned=20)
    answers = at_once(database, 20, take(day))
    assert sorted(answers) == [f"A{ordinal:03d}" for ordinal in range(1, 21)]


def test_one_press_sent_ten_times_gives_one_number(database, day):
    answers = at_once(database, 10, take(day, press_key=lambda _index: "press"))
    assert set(answers) == {"A031"}
    with database.transaction() as session:
        assert session.scalars(select(Line.last_ordinal)).one() == 31
        assert check(session) == []


def start_or_miss(day, ticket):
    def act(session, index):
        verb = (serve.start_serving, serve.mark_absent)[index]
        return verb(session, session.get_one(Ticket, ticket.id), actor=day.officers[0], now=NOW).state

    return act


def one_called(database, day):
    with database.transaction() as session:
        return call_next(session, day.counters[0].id, actor=day.officers[0], now=NOW)


def test_without_the_tickets_lock_a_person_is_served_and_absent(database, day, monkeypatch):
    ticket = one_called(database, day)
    monkeypatch.setattr(queueing.serve, "lock", without_ticket_lock(Barrier(2)))
    assert at_once(database, 2, start_or_miss(day, ticket)) == ["serving", "absent"]
    with database.transaction() as session:
        assert "ticket_state_skipped" in {each.rule for each in check(session)}


def test_of_two_officers_on_one_ticket_one_wins_and_the_other_is_told(database, day):
    for _ in range(8):
        ticket = one_called(database, day)
        answers = at_once(database, 2, start_or_miss(day, ticket))
        refused = [each for each in answers if isinstance(each, TicketMoved)]
        assert len(refused) == 1
        with database.transaction() as session:
            if session.get_one(Ticket, ticket.id).state == "serving":
                serve.complete(session, ticket, actor=day.officers[0], now=NOW)
    with database.transaction() as session:
        assert check(session) == []


def test_two_who_complete_one_visit_tell_it_once(database, day):
    ticket = one_called(database, day)
    with database.transaction() as session:
        serve.start_serving(session, ticket, actor=day.officers[0], now=NOW)

    def finish(session, _index):
        return serve.complete(
            session, session.get_one(Ticket, ticket.id), actor=day.officers[0], now=NOW
        ).state

    answers = at_once(database, 4, finish)
    assert answers.count("completed") == 1
    with database.transaction() as session:
        told = session.scalars(select(OutboxEvent).where(OutboxEvent.name == "VisitCompleted"))
        assert len(told.all()) == 1


def test_who_gives_the_number_up_while_it_is_called_is_called_or_gone_never_both(database, day):
    """The owner locks the ticket only, the counter the line: the call takes only who still waits."""
    with database.transaction() as session:
        head = session.scalars(select(Ticket).order_by(Ticket.due_at, Ticket.id).limit(1)).one()
    meeting = Barrier(2)

    def act(session, index):
        if index == 0:
            serve.abandon(session, session.get_one(Ticket, head.id), actor=KIOSK, now=NOW)
            meeting.wait(30)
            return None
        meeting.wait(30)  # the head is chosen while the owner's leaving is not committed yet
        return call_next(session, day.counters[0].id, actor=day.officers[0], now=NOW).id

    answers = at_once(database, 2, act)
    assert answers[1] != head.id
    with database.transaction() as session:
        assert check(session) == []


def test_two_officers_sit_down_at_one_counter_and_one_is_told(database):
    with database.transaction() as session:
        day = open_hall(session, seats=0)
        counter = build.make_counter(session, day.hall, [day.a])
        officers = [officer_of(build.make_staff(session)) for _ in range(4)]

    def sit(session, index):
        return open_counter(session, counter.id, actor=officers[index], now=NOW).staff_id

    answers = at_once(database, 4, sit)
    assert sum(isinstance(each, CounterTaken) for each in answers) == 3
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM counter_session")) == 1
