"""Calling past SQLAlchemy: as `call_next` calls, and nothing at all where the case is not plain."""

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, select, text, update

from kernel.audit import AuditEntry
from kernel.errors import Forbidden
from kernel.outbox import OutboxEvent
from queueing import doctor, serve
from queueing.call_at_once import CalledElsewhere, call_at_once, call_to_counter_at_once
from queueing.call_next import call_next
from queueing.counters import close_counter, pause_counter
from queueing.errors import NotYourCounter
from queueing.models import Call, Line, Ticket
from queueing.ordering import next_ticket
from queueing.policy import QueuePolicy
from queueing.waiting import all_waiting, calls_of, recent_calls
from tests.build import TODAY, at, make_staff, make_ticket
from tests.queueing.hall_day import officer_of, open_hall

NOW = at("10:30")
#: What two calls of the same ticket differ in.
OF_ITS_OWN = {"id", "stepped_at", "recorded_at"}
KINDS = (
    {},
    {"track": "green"},
    {"track": "standby", "promised_at": None},
    {"track": "booked", "promised_at": None},
    {"track": "booked", "promised_at": None, "late": True},
    {"returned_at": at("09:40")},
    {"reinsert_after_call": 3},
    {"minutes": 3.0, "quick": True},
)


class TakenBackError(Exception):
    pass


@pytest.fixture
def day(database):
    """A committed hall: counter 1 serves line A, counter 2 lines A and B, and both lines have been joined."""
    with database.transaction() as session:
        day = open_hall(session)
        day.seat(day.a, day.b, now=at("09:00"))
        for group in (day.a, day.b):
            session.add(Line(hall_id=day.hall.id, group_id=group.id, on_date=TODAY))
        return day


def at_once(database, day, counter=0, *, actor=None, now=NOW, key=None):
    seat, who = day.counters[counter], actor or day.officers[counter]
    with database.direct(together=True) as direct:
        return call_at_once(direct, day.hall.code, seat.number, actor=who, now=now, press_key=key)


def by_session(database, day, counter, *, now):
    """What `call_next` writes; it is taken back."""
    written = None
    with suppress(TakenBackError), database.transaction() as session:
        if call_next(session, day.counters[counter].id, actor=day.officers[counter], now=now):
            session.flush()
            written = rows(session)
        raise TakenBackError
    return written


def rows(session):
    """Everything that the last call has written."""
    call = session.scalars(select(Call).order_by(Call.id.desc()).limit(1)).one()
    found = [
        call,
        session.get_one(Ticket, call.ticket_id),
        session.scalars(select(Line).where(Line.group_id == call.group_id)).one(),
        *session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)),
        *session.scalars(select(OutboxEvent).order_by(OutboxEvent.id.desc()).limit(1)),
    ]
    told = [
        {each.name: getattr(row, each.name) for each in row.__table__.columns if each.name not in OF_ITS_OWN}
        for row in found
    ]
    assert told[-1]["payload"].pop("call_id") == call.id
    return told


def everybody(database, day, how_many):
    """So many who wait, of all kinds, drawn."""
    chance = random.Random(7)
    with database.transaction() as session:
        for n in range(1, how_many + 1):
            facts = dict(chance.choice(KINDS))
            due_at = at("09:00") + timedelta(minutes=chance.randrange(180))
            if facts.get("track") == "booked":
                facts["slot_starts_at"] = due_at
            issued_at = at("09:00") + timedelta(seconds=n)
            make_ticket(
                session, chance.choice((day.a, day.b)), n, due_at=due_at, issued_at=issued_at, **facts
            )


@pytest.mark.parametrize("discipline", ["promise", "fifo", "strict", "accumulating"])
def test_calls_and_writes_what_call_next_would(database, day, discipline):
    everybody(database, day, 40)
    with database.transaction() as session:
        hall = session.merge(day.hall)
        hall.policy = {"queue": {"discipline": discipline, "green_run": 1}}
    called, chance = 0, random.Random(1)
    while True:
        now = NOW + timedelta(minutes=called)
        counter = chance.randrange(2)
        wanted = by_session(database, day, counter, now=now)
        found = at_once(database, day, counter, now=now)
        assert (found is None) == (wanted is None)
        if found is None and counter == 1:
            break
        if found is not None:
            with database.transaction() as session:
                assert rows(session) == wanted
            assert found.reason.as_data() == wanted[0]["reason"]
            finish(database, day, counter, now)
            called += 1
    assert called == 40


@pytest.mark.parametrize("discipline", ["promise", "fifo", "strict", "accumulating"])
def test_calls_whom_the_rule_names_among_all_who_wait(database, day, discipline):
    """The statement reads the first of each lane; the rule is asked about everybody."""
    everybody(database, day, 30)
    rule = {"discipline": discipline, "green_run": 1}
    with database.transaction() as session:
        session.merge(day.hall).policy = {"queue": rule}
    groups, policy = [day.a.id, day.b.id], QueuePolicy.from_mapping(rule)
    for n in range(30):
        now = NOW + timedelta(minutes=2 * n)
        with database.transaction() as session:
            waiting = all_waiting(session, calls_of(session, groups, on_date=TODAY), on_date=TODAY)
            recent = recent_calls(session, groups, on_date=TODAY, policy=policy)
        choice = next_ticket(waiting, recent, now, policy)
        found = at_once(database, day, 1, now=now)
        label = next(each.label for each in waiting if each.ticket_id == choice.ticket_id)
        assert (found.ticket.label, found.reason) == (label, choice.reason)
        finish(database, day, 1, now)


def finish(database, day, counter, now):
    with database.transaction() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.state == "called")).one()
        for verb in (serve.start_serving, serve.complete):
            verb(session, ticket, actor=day.officers[counter], now=now)


def test_leaves_to_call_next_what_is_not_plain(database, day):
    assert at_once(database, day) is None  # nobody waits
    everybody(database, day, 5)
    with database.transaction() as session:
        pause_counter(session, day.counters[0].id, reason="meal", actor=day.officers[0], now=NOW)
    assert at_once(database, day) is None
    assert at_once(database, day, 1) is not None
    assert at_once(database, day, 1) is None  # busy
    finish(database, day, 1, NOW)
    with database.transaction() as session:
        session.execute(text("DELETE FROM line WHERE group_id = :group"), {"group": day.b.id})
    assert at_once(database, day, 1) is None  # one of its lines has not begun
    with database.transaction() as session:
        close_counter(session, day.counters[1].id, actor=day.officers[1], now=NOW)
    assert at_once(database, day, 1) is None
    with database.transaction() as session:
        assert session.scalar(select(func.count(Call.id))) == 1


def test_refuses_who_may_not_call_and_who_sits_elsewhere(database, day):
    everybody(database, day, 5)
    with database.transaction() as session:
        other = make_staff(session)
    with pytest.raises(NotYourCounter):
        at_once(database, day, actor=officer_of(other))
    with pytest.raises(Forbidden):
        at_once(database, day, actor=officer_of(other, "desk"))
    assert at_once(database, day) is not None  # nothing is locked, nobody was called


def test_counters_that_call_at_once_never_take_one_person_twice(database):
    with database.transaction() as session:
        day = open_hall(session, planned=12, seats=12)
        for _ in range(30):
            day.take(at("09:00"))
    begin = Barrier(12)

    def press(counter):
        begin.wait(30)
        found = [at_once(database, day, counter)]
        begin.wait(30)
        return found

    with ThreadPoolExecutor(12) as pool:
        called = [found.ticket.label for each in pool.map(press, range(12)) for found in each]
    assert sorted(called) == [f"A{n:03d}" for n in range(1, 13)]
    with database.transaction() as session:
        assert session.scalars(select(Line.calls)).one() == 12
        assert doctor.check(session) == []


def test_two_presses_at_one_counter_call_one_person(database, day):
    """The second has looked at the counter before the first was there, and waits for it."""
    everybody(database, day, 5)
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            call_next(session, day.counters[0].id, actor=day.officers[0], now=NOW)
            session.flush()
            second = pool.submit(at_once, database, day)
            wait_for_a_lock(database)
        with pytest.raises(CalledElsewhere):
            second.result(30)
    with database.transaction() as session:
        assert session.scalar(select(func.count(Call.id))) == 1


def test_a_press_that_has_called_before_calls_nobody_else(database, day):
    """Its ticket may be done with by then: what it is answered, `call_next` knows."""
    everybody(database, day, 5)
    first = at_once(database, day, key="p1")
    finish(database, day, 0, NOW)
    for counter in (0, 1):
        with pytest.raises(CalledElsewhere):
            at_once(database, day, counter, key="p1")
    with database.transaction() as session:
        call = session.scalars(select(Call)).one()
        assert (call.press_key, session.get_one(Ticket, call.ticket_id).label) == ("p1", first.ticket.label)
        again = call_next(session, day.counters[0].id, actor=day.officers[0], now=NOW, press_key="p1")
        assert again.label == first.ticket.label


def test_a_counter_is_found_by_its_id_as_by_its_number(database, day):
    everybody(database, day, 2)
    counter, who = day.counters[0], day.officers[0]
    with database.direct(together=True) as direct:
        found = call_to_counter_at_once(direct, counter.id, actor=who, now=NOW, press_key=None)
    with database.transaction() as session:
        assert session.scalars(select(Ticket).where(Ticket.counter_id == counter.id)).one().label == (
            found.ticket.label
        )
    with database.direct(together=True) as direct, pytest.raises(Forbidden):
        call_to_counter_at_once(
            direct,
            day.counters[1].id,
            actor=officer_of(make_other(database), "auditor"),
            now=NOW,
            press_key=None,
        )


def make_other(database):
    with database.transaction() as session:
        return make_staff(session)


def wait_for_a_lock(database):
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not connection.scalar(waiting):
            pass


def test_asks_again_when_the_owner_has_given_the_number_up_meanwhile(database, day):
    """Who leaves locks the ticket alone: it may be gone between the look and the call."""
    everybody(database, day, 5)
    with database.transaction() as session:
        first = call_next_label(session, day)
        session.rollback()
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            gone = update(Ticket).where(Ticket.label == first).values(state="abandoned", ended_at=NOW)
            session.execute(gone)
            second = pool.submit(at_once, database, day)
            wait_for_a_lock(database)
        assert second.result(30).ticket.label != first


def call_next_label(session, day):
    return call_next(session, day.counters[0].id, actor=day.officers[0], now=NOW).label
