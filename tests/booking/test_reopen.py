"""An end that is taken back: its owner has not booked anew meanwhile, nor is booking at this moment."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text

from booking import doctor
from booking.book import Book, book
from booking.cancel import cancel
from booking.check_in import mark_checked_in
from booking.fulfil import fulfil
from booking.hold import HoldSlot, hold
from booking.models import Appointment, Number
from booking.no_show import mark_no_show
from booking.reopen import numbers_of, reopen
from kernel.actor import ANONYMOUS, SYSTEM
from people.sample_ids import sample_resident_id
from tests.booking.test_leg_races import is_somebody_waiting_for_a_person, wait_until
from tests.build import at, make_group, make_hall, make_service, make_slot

PHONE = "+8613800138000"
LATER = at("10:05")


def make_lines(session):
    """Two lines of one hall with two numbers in each half-hour; the codes of their services."""
    hall = make_hall(session, "h1")
    codes = []
    for letter in "AB":
        group = make_group(session, hall, letter)
        codes.append(make_service(session, group).code)
        for starts in ("10:00", "10:30", "11:00", "11:30"):
            make_slot(session, group, at(starts), numbers=2)
    return codes


def hold_for(session, codes, clock, now):
    return hold(session, HoldSlot("h1", tuple(codes), at(clock)), actor=ANONYMOUS, now=now).token


def book_held(session, token, now, person=1):
    command = Book(token, "张三", "resident_id", sample_resident_id(person), PHONE)
    return book(session, command, actor=ANONYMOUS, now=now)


def book_for(session, codes, clock, now, person=1):
    return book_held(session, hold_for(session, codes, clock, now), now, person)


@pytest.fixture
def codes(session):
    return make_lines(session)


def ended(session, codes, now, state):
    """A visit of both lines at ten that ended so at five past; it, and the numbers that it had."""
    visit = book_for(session, codes, "10:00", now)
    numbers = numbers_of(session, visit.id)
    mark_checked_in(session, visit, actor=SYSTEM, now=at("09:55"))
    if state == "cancelled":
        cancel(session, visit, reason="left_unserved", actor=SYSTEM, now=LATER, fraction=0.0)
    else:
        {"fulfilled": fulfil, "no_show": mark_no_show}[state](session, visit, actor=SYSTEM, now=LATER)
    session.flush()
    return visit, numbers


@pytest.mark.parametrize("state", ["fulfilled", "cancelled", "no_show"])
def test_comes_back_with_its_numbers(session, now, codes, state):
    visit, numbers = ended(session, codes, now, state)
    assert reopen(session, visit, number_ids=numbers, actor=SYSTEM, now=LATER) is True
    assert (visit.state, numbers_of(session, visit.id)) == ("checked_in", numbers)
    assert doctor.check(session) == []


@pytest.mark.parametrize("state", ["fulfilled", "cancelled", "no_show"])
@pytest.mark.parametrize("line", [0, 1])
def test_stays_ended_once_its_owner_has_booked_one_of_its_lines_anew(session, now, codes, state, line):
    """Also the line of a later leg, which no constraint keeps to one a day."""
    visit, numbers = ended(session, codes, now, state)
    book_for(session, [codes[line]], "11:00", LATER)
    assert reopen(session, visit, number_ids=numbers, actor=SYSTEM, now=LATER) is False
    assert visit.state == state
    assert doctor.check(session) == []


def test_stays_ended_where_somebody_is_taking_one_of_its_numbers(database, now):
    with database.transaction() as session:
        visit, numbers = ended(session, make_lines(session), now, "cancelled")
        visit_id = visit.id
    with database.transaction() as taking, database.transaction() as session:
        taking.execute(select(Number.id).where(Number.id == numbers[0]).with_for_update())
        session.execute(text("SET LOCAL lock_timeout = '20s'"))
        mine = session.get_one(Appointment, visit_id)
        assert reopen(session, mine, number_ids=numbers, actor=SYSTEM, now=LATER) is False
    with database.transaction() as session:
        assert numbers_of(session, visit_id) == []
        assert doctor.check(session) == []


def test_waits_for_what_its_owner_is_booking_and_then_sees_it(database, now):
    """The new booking has the line of the later leg first: without the person's lock both would stand."""
    with database.transaction() as session:
        codes = make_lines(session)
        visit, numbers = ended(session, codes, now, "fulfilled")
        visit_id, token = visit.id, hold_for(session, [codes[1]], "11:00", LATER)

    def take_back():
        with database.transaction() as session:
            mine = session.get_one(Appointment, visit_id)
            return reopen(session, mine, number_ids=numbers, actor=SYSTEM, now=LATER)

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            book_held(session, token, LATER)
            asked = pool.submit(take_back)
            wait_until(lambda: asked.done() or is_somebody_waiting_for_a_person(database))
        assert asked.result() is False
    with database.transaction() as session:
        assert session.get_one(Appointment, visit_id).state == "fulfilled"
        assert doctor.check(session) == []
