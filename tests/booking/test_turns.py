"""While a hall changes its time nobody locks a booking before its people: two would wait for each other."""

from concurrent.futures import ThreadPoolExecutor
from datetime import time, timedelta
from time import monotonic, sleep

import pytest
from sqlalchemy import select, text, update

from booking.book import Book, book
from booking.book_at_once import book_at_once
from booking.book_by_staff import StaffBooking, book_by_staff
from booking.cancel import cancel
from booking.change_plan import follow
from booking.close import Then
from booking.correct import Correction, correct
from booking.errors import HoldExpired
from booking.hold import HoldSlot, hold, release
from booking.ladder import Channel
from booking.models import Appointment, Number
from booking.publish import publish
from booking.reschedule import reschedule
from booking.turns import stop_moves
from halls.models import Hall, PlanLine
from kernel.actor import ANONYMOUS, SYSTEM, Actor
from people.permissions import permissions_of
from people.sample_ids import sample_resident_id
from tests.build import TODAY, at, make_group, make_hall, make_plan, make_service

PHONE = "+8613800138000"
OFFICER = Actor("staff", 1, permissions_of(["duty_officer"]))
HELD = Number.hold_token.is_not(None)
NO_WAITING = text("SET LOCAL lock_timeout = '2s'")


@pytest.fixture
def hall_id(database, now):
    with database.transaction() as session:
        hall = make_hall(session, "h1")
        group = make_group(session, hall)
        make_plan(session, group, counters=4, hours="10:00-12:00")
        make_service(session, group, code="card")
        publish(session, hall.id, first_on=TODAY, last_on=TODAY, actor=SYSTEM, now=now)
        return hall.id


def wish(clock="10:00", previous=None):
    return HoldSlot("h1", ("card",), at(clock), previous_token=previous)


def hold_one(database, now, clock="10:00", previous=None):
    with database.transaction() as session:
        session.execute(NO_WAITING)
        return hold(session, wish(clock, previous), actor=ANONYMOUS, now=now).token


def who(token, seed=1):
    return Book(token, "张三", "resident_id", sample_resident_id(seed), PHONE)


def book_one(database, now, clock="10:00", seed=1):
    token = hold_one(database, now, clock)
    with database.transaction() as session:
        return book(session, who(token, seed), actor=ANONYMOUS, now=now).id


def cancel_it(session, found, now, _token):
    cancel(session, found, reason="citizen", actor=ANONYMOUS, now=now)


def move_it(session, found, now, token):
    reschedule(session, found, token=token, actor=ANONYMOUS, now=now)


def correct_it(session, found, now, _token):
    changed = Correction("typing_slip", identity_kind="resident_id", identity_number=sample_resident_id(7))
    correct(session, found, changed, actor=OFFICER, now=now)


def book_another(session, found, now, _token):
    wanted = StaffBooking(
        found.hall_id,
        found.group_id,
        tuple(found.service_ids),
        at("11:00"),
        (Channel.WALK_IN,),
        "needs_help",
        who("", 9),
    )
    book_by_staff(session, wanted, actor=OFFICER, now=now)


def wait_until_somebody_waits(database):
    """For a turn: an advisory lock that was not had."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    until = monotonic() + 20
    while monotonic() < until:
        with database.transaction() as session:
            if session.scalar(waiting):
                return
        sleep(0.02)
    raise AssertionError("nobody waits for the hall")


@pytest.mark.parametrize("step", [cancel_it, move_it, correct_it, book_another])
def test_who_moves_a_booking_waits_for_the_hall_and_has_locked_nothing_yet(database, now, hall_id, step):
    mine, token = book_one(database, now), hold_one(database, now, "11:00")

    def move():
        with database.transaction() as session:
            step(session, session.get_one(Appointment, mine), now, token)

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            stop_moves(session, hall_id)
            moving = pool.submit(move)
            wait_until_somebody_waits(database)
            session.execute(select(Appointment.id).with_for_update(nowait=True))
            session.execute(select(Number.id).with_for_update(nowait=True))
        moving.result()


@pytest.mark.parametrize("at_once", [True, False])
def test_who_books_does_not_wait_for_a_number_that_the_hall_takes_away(database, now, hall_id, at_once):
    token = hold_one(database, now)
    with database.transaction() as closing:
        closing.execute(text("DELETE FROM number WHERE hold_token IS NOT NULL"))
        if at_once:
            with database.direct() as direct:
                assert book_at_once(direct, who(token), actor=ANONYMOUS, now=now) is None
        with database.transaction() as session:
            session.execute(NO_WAITING)
            with pytest.raises(HoldExpired):
                book(session, who(token), actor=ANONYMOUS, now=now)


def test_nobody_waits_to_give_up_a_number_of_a_hold_that_has_run_out(database, now, hall_id):
    token, later = hold_one(database, now), now + timedelta(minutes=11)
    with database.transaction() as taking:
        taking.execute(select(Number.id).where(Number.hold_token.is_not(None)).with_for_update())
        hold_one(database, later, "11:00", previous=token)
        with database.transaction() as session:
            session.execute(NO_WAITING)
            release(session, token, now=later)
    with database.transaction() as session:
        assert session.scalar(select(Number.held_until).where(Number.starts_at == at("11:00"), HELD)) > later


def test_who_confirms_while_a_plan_shrinks_is_among_the_stranded(database, now, hall_id):
    """Looked for at first, and again once nothing that the plan has no more can be booked."""
    late = []
    with database.transaction() as session:
        session.execute(update(PlanLine).values(ends=time(11)))
    late.append(book_one(database, now, "11:30"))  # after the first look, which is the empty list below
    with database.transaction() as session:
        hall = session.get_one(Hall, hall_id)
        done = follow(session, hall, [(TODAY, TODAY)], [], then=Then.CANCEL, actor=SYSTEM, now=now)
        assert [each.appointment_id for each in done.stranded] == late
        session.expire_all()
        assert session.get_one(Appointment, late[0]).state == "cancelled"
