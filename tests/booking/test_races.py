"""Fifty citizens and one last place, with real transactions on real threads.

Each race first shows, with the lock taken away, that it is a race.
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import monotonic, sleep

import pytest
from sqlalchemy import func, select, text

from booking import doctor, taking
from booking.book import Book, book
from booking.cancel import cancel
from booking.errors import HoldExpired, SlotFull
from booking.hold import HoldSlot, hold
from booking.models import Appointment, Number
from booking.policy import TooManyOpen
from kernel.actor import ANONYMOUS
from kernel.errors import DomainError
from people.sample_ids import sample_resident_id
from tests.build import at, make_group, make_hall, make_service, make_slot

CITIZENS = 50
TEN = at("10:00")
PHONE = "+8613800138000"


@pytest.fixture
def code(database):
    """The code of a service with one last place at 10:00 and some at 11:00."""
    with database.transaction() as session:
        group = make_group(session, make_hall(session, "h1"))
        service = make_service(session, group)
        make_slot(session, group, TEN, numbers=1)
        make_slot(session, group, at("11:00"), numbers=3)
        return service.code


def test_a_long_visit_that_is_refused_locks_nothing_that_others_want(database, now):
    with database.transaction() as session:
        group = make_group(session, make_hall(session, "h1"))
        short, long = (make_service(session, group, minutes=minutes) for minutes in (10, 25))
        make_slot(session, group, at("10:30"), numbers=1)
        make_slot(session, group, TEN, numbers=1)
        codes = [short.code, long.code]
    with database.transaction() as refused:
        with pytest.raises(SlotFull):
            hold(refused, HoldSlot("h1", (codes[1],), TEN), actor=ANONYMOUS, now=now)
        with database.transaction() as session:  # while the refusal is still being written
            held = hold(session, HoldSlot("h1", (codes[0],), at("10:30")), actor=ANONYMOUS, now=now)
    assert held.starts_at == at("10:30")


def all_at_once(action, count=CITIZENS):
    """Run `action(n)` on so many threads that start together; what each came to."""
    barrier = Barrier(count)

    def run(n):
        barrier.wait()
        try:
            return action(n)
        except DomainError as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def hold_ten(database, now, code):
    with database.transaction() as session:
        return hold(session, HoldSlot("h1", (code,), TEN), actor=ANONYMOUS, now=now)


def book_held(database, now, token, n):
    command = Book(token, "张三", "resident_id", sample_resident_id(n), PHONE)
    with database.transaction() as session:
        return book(session, command, actor=ANONYMOUS, now=now).reference


def test_without_the_lock_several_citizens_are_told_the_last_place_is_theirs(
    database, now, code, monkeypatch
):
    monkeypatch.setattr(taking, "TAKE", taking.take_statement(lock=""))
    # Somebody keeps the row for a moment, so that all fifty have read it as free before one can write.
    with database.transaction() as keeper, ThreadPoolExecutor(CITIZENS) as pool:
        keeper.execute(select(Number.id).where(Number.starts_at == TEN).with_for_update())
        asked = [pool.submit(hold_ten, database, now, code) for _ in range(CITIZENS)]
        wait_until(lambda: waiting(database) == CITIZENS)
        keeper.rollback()
        winners = [each.result() for each in asked]
    assert len({held.token for held in winners}) == CITIZENS


def waiting(database, what="picked"):
    """How many wait for a row that somebody else keeps."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE :what"
    with database.transaction() as session:
        return session.scalar(text(query), {"what": f"%{what}%"})


def wait_until(condition):
    ends_at = monotonic() + 20
    while not condition():
        assert monotonic() < ends_at, "the citizens did not all get as far as the row"
        sleep(0.01)


def test_of_fifty_who_want_the_last_place_one_gets_it_and_the_others_are_told_what_is_near(
    database, now, code
):
    def hold_and_book(n):
        return book_held(database, now, hold_ten(database, now, code).token, n)

    results = all_at_once(hold_and_book)

    winners = [each for each in results if isinstance(each, str)]
    refused = [each for each in results if isinstance(each, SlotFull)]
    assert (len(winners), len(refused)) == (1, CITIZENS - 1), Counter(map(type, results))
    for each in refused:
        assert [one["starts_at"] for one in each.params["alternatives"]] == [at("11:00").isoformat()]
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Appointment)) == 1
        assert doctor.check(session) == []


def test_one_token_sent_twenty_times_at_once_is_one_appointment(database, now, code):
    token = hold_ten(database, now, code).token
    results = all_at_once(lambda n: book_held(database, now, token, 1), 20)
    assert len(set(results)) == 1
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Appointment)) == 1
        assert doctor.check(session) == []


def test_who_only_looks_at_a_held_number_does_not_end_its_hold(database, now, code, monkeypatch):
    monkeypatch.setattr(taking, "_WAIT_A_MOMENT", text("SET LOCAL lock_timeout = '20s'"))
    token = hold_ten(database, now, code).token
    with database.transaction() as keeper, ThreadPoolExecutor(1) as pool:
        keeper.execute(select(Number.id).where(Number.starts_at == TEN).with_for_update())
        asked = pool.submit(book_held, database, now, token, 1)
        wait_until(lambda: waiting(database, "hold_token") == 1)
        keeper.commit()
        assert asked.result(timeout=10)


def test_a_number_that_somebody_keeps_is_not_waited_for_long(database, now, code):
    token = hold_ten(database, now, code).token
    with database.transaction() as keeper:
        keeper.execute(select(Number.id).where(Number.starts_at == TEN).with_for_update())
        with pytest.raises(HoldExpired):
            book_held(database, now, token, 1)
    assert book_held(database, now, token, 1)


def test_a_crowd_never_gets_more_numbers_than_there_are(database, now):
    with database.transaction() as session:
        group = make_group(session, make_hall(session, "h1"))
        service = make_service(session, group)
        long_visit = make_service(session, group, minutes=20)
        for starts in ("10:00", "10:30", "11:00"):
            make_slot(session, group, at(starts), numbers=10)
        codes, long_id = [service.code, long_visit.code], long_visit.id

    def hold_some(n):
        starts_at = at(("10:00", "10:30", "11:00")[n % 3])
        with database.transaction() as session:
            held = hold(session, HoldSlot("h1", (codes[n % 2],), starts_at), actor=ANONYMOUS, now=now)
        return book_held(database, now, held.token, n)

    results = all_at_once(hold_some)
    assert {type(each) for each in results} <= {str, SlotFull}
    with database.transaction() as session:
        needed = session.scalars(select(Appointment.service_ids)).all()
        bound = session.scalar(
            select(func.count()).select_from(Number).where(Number.appointment_id.is_not(None))
        )
        long_visits = sum(ids == [long_id] for ids in needed)
        assert bound == len(needed) + long_visits
        assert doctor.check(session) == []


def test_one_person_cannot_pass_the_cap_by_booking_everywhere_at_once(database, now):
    with database.transaction() as session:
        hall = make_hall(session, "h1", policy={"booking": {"max_open_appointments": 2}})
        codes = []
        for letter in "ABCDEFGH":
            group = make_group(session, hall, letter)
            make_slot(session, group, TEN, numbers=1)
            codes.append(make_service(session, group).code)
    tokens = [hold_ten(database, now, code).token for code in codes]

    results = all_at_once(lambda n: book_held(database, now, tokens[n], 1), len(tokens))

    assert sum(isinstance(each, str) for each in results) == 2
    assert sum(isinstance(each, TooManyOpen) for each in results) == len(tokens) - 2


def test_a_cancellation_and_ten_others_give_the_numbers_back_once(database, now, code):
    reference = book_held(database, now, hold_ten(database, now, code).token, 1)

    def cancel_it(_n):
        with database.transaction() as session:
            found = session.scalars(select(Appointment).where(Appointment.reference == reference)).one()
            cancel(session, found, reason="citizen", actor=ANONYMOUS, now=now)
        return "done"

    assert set(all_at_once(cancel_it, 10)) == {"done"}
    with database.transaction() as session:
        assert doctor.check(session) == []
        cancelled = session.scalar(
            text("SELECT count(*) FROM outbox_event WHERE name = 'AppointmentCancelled'")
        )
        assert cancelled == 1
