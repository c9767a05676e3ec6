"""Visits that cross the same lines in opposite orders, with real transactions on real threads."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from time import monotonic, sleep

import pytest
from sqlalchemy import func, select, text

from booking import doctor, leg_holding
from booking.book import Book, book
from booking.errors import SlotFull
from booking.hold import HoldSlot, hold
from booking.models import Appointment, Number
from booking.policy import AlreadyBookedThatDay
from booking.reschedule import reschedule
from halls.models import ServiceGroup
from kernel.actor import ANONYMOUS
from kernel.errors import DomainError
from people.sample_ids import sample_resident_id
from tests.build import at, make_group, make_hall, make_service, make_slot

CITIZENS = 40
STARTS = ("10:00", "10:30", "11:00", "11:30")


@pytest.fixture
def codes(database):
    """Two services of two lines, each with two numbers in every half-hour."""
    with database.transaction() as session:
        hall = make_hall(session, "h1")
        found = []
        for letter in "AB":
            group = make_group(session, hall, letter)
            found.append(make_service(session, group).code)
            for starts in STARTS:
                make_slot(session, group, at(starts), numbers=2)
        return found


def all_at_once(action, count=CITIZENS):
    barrier = Barrier(count)

    def run(n):
        barrier.wait()
        try:
            return action(n)
        except DomainError as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def book_crossing(database, now, codes, n):
    """Every other citizen asks for the lines in the opposite order, and begins where others go on."""
    asked = tuple(codes if n % 2 else codes[::-1])
    with database.transaction() as session:
        wanted = HoldSlot("h1", asked, at(STARTS[n % 3]))
        token = hold(session, wanted, actor=ANONYMOUS, now=now).token
    with database.transaction() as session:
        command = Book(token, "张三", "resident_id", sample_resident_id(n), "+8613800138000")
        return book(session, command, actor=ANONYMOUS, now=now).reference


def count_numbers(session, *conditions):
    return session.scalar(select(func.count()).select_from(Number).where(*conditions))


def test_visits_that_cross_neither_block_each_other_nor_share_a_number(database, now, codes):
    results = all_at_once(lambda n: book_crossing(database, now, codes, n))
    assert {type(each) for each in results} <= {str, SlotFull}  # a deadlock would be another error
    won = sum(isinstance(each, str) for each in results)
    with database.transaction() as session:
        assert won == session.scalar(select(func.count()).select_from(Appointment))
        assert count_numbers(session, Number.appointment_id.is_not(None)) == 2 * won
        assert count_numbers(session, Number.hold_token.is_not(None)) == 0
        assert doctor.check(session) == []
    assert won >= len(STARTS)


def test_short_visits_and_visits_of_two_lines_compete_for_the_same_numbers(database, now, codes):
    def book_some(n):
        if n % 4 < 2:
            return book_crossing(database, now, codes, n)
        return book_crossing(database, now, codes[n % 4 - 2 : n % 4 - 1], n)

    results = all_at_once(book_some)
    assert {type(each) for each in results} <= {str, SlotFull}
    with database.transaction() as session:
        needed = sum(len(ids) for ids in session.scalars(select(Appointment.service_ids)))
        assert count_numbers(session, Number.appointment_id.is_not(None)) == needed
        assert doctor.check(session) == []


def test_two_holds_that_swap_their_times_do_not_wait_for_each_other(database, now, codes):
    """Each has just what the other wants next: one may be refused, neither may hang."""
    for _ in range(10):
        tokens = []
        with database.transaction() as session:
            for starts in ("10:00", "11:00"):
                wanted = HoldSlot("h1", tuple(codes), at(starts))
                tokens.append([hold(session, wanted, actor=ANONYMOUS, now=now).token for _ in range(2)])

        def swap(n, tokens=tokens):
            wanted = HoldSlot(
                "h1", tuple(codes), at(("11:00", "10:00")[n % 2]), previous_token=tokens[n % 2][n // 2]
            )
            with database.transaction() as session:
                return hold(session, wanted, actor=ANONYMOUS, now=now).token

        results = all_at_once(swap, 4)
        assert {type(each) for each in results} <= {str, SlotFull}
        with database.transaction() as session:
            # A refused swap keeps what it had.
            assert count_numbers(session, Number.hold_token.is_not(None)) == 8
            session.execute(Number.__table__.update().values(hold_token=None, held_until=None))


def is_somebody_waiting(database):
    """Whether somebody waits for a row that the first visit has written."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%picked%'"
    with database.transaction() as session:
        return session.scalar(text(query)) == 1


def wait_until(condition):
    ends_at = monotonic() + 20
    while not condition():
        assert monotonic() < ends_at, "the second visit did not get as far as the row"
        sleep(0.01)


def test_without_the_lock_two_visits_are_told_one_number_is_theirs(database, now, codes, monkeypatch):
    monkeypatch.setattr(leg_holding, "LOCK", "")
    with database.transaction() as first, database.transaction() as second:
        wanted = HoldSlot("h1", tuple(codes), at("10:00"))
        one = hold(first, wanted, actor=ANONYMOUS, now=now)
        with ThreadPoolExecutor(1) as pool:
            other = pool.submit(hold, second, wanted, actor=ANONYMOUS, now=now)
            wait_until(lambda: is_somebody_waiting(database))
            first.commit()
            assert other.result().token != one.token
        second.commit()
    with database.transaction() as session:
        assert count_numbers(session, Number.hold_token.is_not(None)) < 4


def is_somebody_waiting_for_a_person(database):
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory' AND query LIKE '%xact_lock%'"
    with database.transaction() as session:
        return session.scalar(text(query)) == 1


def test_a_move_waits_for_a_visit_that_is_being_booked_and_then_sees_its_later_legs(database, now, codes):
    tomorrow = at("10:00") + timedelta(days=1)
    with database.transaction() as session:
        group_id = session.scalars(select(Number.group_id).order_by(Number.group_id.desc()).limit(1)).one()
        make_slot(session, session.get_one(ServiceGroup, group_id), tomorrow)
        wish = HoldSlot("h1", (codes[1],), tomorrow)
        token = hold(session, wish, actor=ANONYMOUS, now=now).token
        command = Book(token, "张三", "resident_id", sample_resident_id(1), "+8613800138000")
        moved_id = book(session, command, actor=ANONYMOUS, now=now).id
        wish = HoldSlot("h1", (codes[1],), at("11:30"))
        to_today = hold(session, wish, actor=ANONYMOUS, now=now).token
        visit = hold(session, HoldSlot("h1", tuple(codes), at("10:00")), actor=ANONYMOUS, now=now).token

    def move():
        with database.transaction() as session:
            mine = session.get_one(Appointment, moved_id)
            reschedule(session, mine, token=to_today, actor=ANONYMOUS, now=now)

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            command = Book(visit, "张三", "resident_id", sample_resident_id(1), "+8613800138000")
            book(session, command, actor=ANONYMOUS, now=now)
            asked = pool.submit(move)
            wait_until(lambda: asked.done() or is_somebody_waiting_for_a_person(database))
        with pytest.raises(AlreadyBookedThatDay):
            asked.result()
