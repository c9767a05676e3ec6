"""Giving up what is being booked, and moving to what staff give away at this moment."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from booking import doctor
from booking.book import Book, book
from booking.errors import HoldExpired
from booking.hold import HoldSlot, hold, release
from booking.models import Appointment, Draft, Number
from booking.reschedule import reschedule
from booking.standing import lock_person
from kernel.actor import ANONYMOUS
from people.citizens import identity_index
from people.sample_ids import sample_resident_id
from tests.booking.test_leg_races import wait_until
from tests.build import at, make_group, make_hall, make_service, make_slot

PHONE = "+8613800138000"


@pytest.fixture
def code(database):
    with database.transaction() as session:
        group = make_group(session, make_hall(session, "h1"))
        for clock in ("10:00", "10:30", "11:00"):
            make_slot(session, group, at(clock), numbers=1)
        return make_service(session, group).code


def hold_one(session, code, now, clock="10:00"):
    return hold(session, HoldSlot("h1", (code,), at(clock)), actor=ANONYMOUS, now=now).token


def book_held(session, token, now, person=1):
    command = Book(token, "张三", "resident_id", sample_resident_id(person), PHONE)
    return book(session, command, actor=ANONYMOUS, now=now)


def is_somebody_waiting_for_a_row(database):
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%draft%'"
    with database.transaction() as session:
        return session.scalar(text(query)) == 1


@pytest.mark.parametrize("booked", [True, False])
def test_who_gives_up_what_is_being_booked_waits_for_the_booking(database, now, code, booked):
    """If it is refused the number is free at once, and not held by nobody for ten minutes."""
    with database.transaction() as session:
        token = hold_one(session, code, now)

    def give_up():
        with database.transaction() as session:
            release(session, token, now=now)

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            made = book_held(session, token, now).id
            asked = pool.submit(give_up)
            wait_until(lambda: asked.done() or is_somebody_waiting_for_a_row(database))
            if not booked:
                session.rollback()
        asked.result()
    with database.transaction() as session:
        assert session.scalars(select(Number.id).where(Number.hold_token.is_not(None))).all() == []
        assert (session.get(Appointment, made) is not None) is booked
        ended = session.scalar(select(Draft.held_until)) == now
        assert ended is not booked
        assert doctor.check(session) == []


def test_who_moves_waits_for_nobody_who_waits_for_the_same_person(database, now, code):
    """A hold that has run out, whose number staff are giving to the very person who moves to it.

    They have the number and want the person, who is locked by the move, which wants the number.
    """
    with database.transaction() as session:
        made = book_held(session, hold_one(session, code, now), now).id
        token = hold_one(session, code, now, "11:00")
    later = now + timedelta(minutes=11)
    person = identity_index("resident_id", sample_resident_id(1))

    def move():
        with database.transaction() as session:
            mine = session.get_one(Appointment, made)
            reschedule(session, mine, token=token, actor=ANONYMOUS, now=later)

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as staff:
            eleven = select(Number.id).where(Number.starts_at == at("11:00"))
            staff.execute(eleven.with_for_update())
            moving = pool.submit(move)
            wait_until(lambda: moving.done() or is_somebody_waiting_for_the_number(database))
            lock_person(staff, person)  # had as soon as the move gives up
        with pytest.raises(HoldExpired):
            moving.result()
    with database.transaction() as session:
        assert session.get_one(Appointment, made).starts_at == at("10:00")
        assert doctor.check(session) == []


def is_somebody_waiting_for_the_number(database):
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%number%'"
    with database.transaction() as session:
        return session.scalar(text(query)) == 1
