"""Cancelling and taking back at once with each other, the job and the hall: real transactions on threads."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, select

from booking import doctor
from booking.cancel import cancel
from booking.close import Close, close
from booking.errors import CancellationFinal, NumberTakenBack
from booking.models import Appointment, KeptForUndo, Number
from booking.undo_cancel import end_undos, undo_cancel
from halls.models import Hall
from kernel.actor import ANONYMOUS, SYSTEM
from kernel.audit import AuditEntry
from kernel.errors import DomainError
from kernel.outbox import OutboxEvent
from tests.booking.test_leg_races import is_somebody_waiting_for_a_person, wait_until
from tests.booking.test_reopen import book_for, book_held, hold_for, make_lines
from tests.booking.test_turns import wait_until_somebody_waits
from tests.build import at

MINUTE = timedelta(minutes=1)
ROUNDS = 12


@pytest.fixture
def codes(database):
    with database.transaction() as session:
        return make_lines(session)


@pytest.fixture
def visit(database, now, codes):
    with database.transaction() as session:
        return book_for(session, codes, "10:00", now).id


def give_up(database, visit, now):
    with database.transaction() as session:
        found = session.get_one(Appointment, visit)
        cancel(session, found, reason="citizen", actor=ANONYMOUS, now=now, may_undo=True)


def take_back(database, visit, now):
    with database.transaction() as session:
        undo_cancel(session, session.get_one(Appointment, visit), actor=ANONYMOUS, now=now)


def let_go(database, now):
    with database.transaction() as session:
        end_undos(session, now=now)


def shut(database, now):
    with database.transaction() as session:
        hall = session.scalars(select(Hall)).one()
        hours = Close(None, at("09:00"), at("12:00"), "停电")
        close(session, hall, hours, actor=SYSTEM, now=now)


def at_once(*steps):
    """What each of them was refused with, or None."""
    barrier = Barrier(len(steps))

    def run(step):
        barrier.wait()
        try:
            step()
        except DomainError as refusal:
            return type(refusal)
        return None

    with ThreadPoolExecutor(len(steps)) as pool:
        return list(pool.map(run, steps))


def state_of(database, visit):
    """Its state, how many numbers it has, and whether anything is kept for it; after the doctor's look."""
    with database.transaction() as session:
        assert doctor.check(session) == []
        has = session.scalar(select(func.count()).where(Number.appointment_id == visit))
        kept = session.get(KeptForUndo, visit) is not None
        return session.get_one(Appointment, visit).state, has, kept


def count(database, action):
    with database.transaction() as session:
        return session.scalar(select(func.count()).where(AuditEntry.action == action))


def test_cancelled_twice_at_once_is_once(database, now, visit):
    def step():
        give_up(database, visit, now)

    assert at_once(step, step, step) == [None] * 3
    assert state_of(database, visit) == ("cancelled", 0, True)
    assert count(database, "appointment.cancel") == 1


def test_taken_back_twice_at_once_is_once(database, now, visit):
    give_up(database, visit, now)

    def step():
        take_back(database, visit, now + MINUTE)

    assert at_once(step, step, step) == [None] * 3
    assert state_of(database, visit) == ("booked", 2, False)
    assert count(database, "appointment.undo_cancel") == 1


def test_taken_back_in_the_last_moment_or_let_go_but_never_both(database, now, visit):
    """Their clocks differ by a second: for one it is in time, for the job too late."""
    for nth in range(ROUNDS):
        moment = now + 5 * nth * MINUTE
        give_up(database, visit, moment)
        refused, _ = at_once(
            lambda moment=moment: take_back(database, visit, moment + 2 * MINUTE - timedelta(seconds=1)),
            lambda moment=moment: let_go(database, moment + 2 * MINUTE),
        )
        state = state_of(database, visit)
        with database.transaction() as session:
            told = session.scalar(select(func.count()).where(OutboxEvent.name == "AppointmentCancelled"))
        if refused is None:
            assert (state, told) == (("booked", 2, False), 0)
        else:
            assert (refused, state, told) == (CancellationFinal, ("cancelled", 0, False), 1)
            break


def test_the_job_passes_over_what_is_just_taken_back(database, now, visit):
    give_up(database, visit, now)
    with database.transaction() as session:
        undo_cancel(session, session.get_one(Appointment, visit), actor=ANONYMOUS, now=now + MINUTE)
        let_go(database, now + 2 * MINUTE)
    assert state_of(database, visit) == ("booked", 2, False)


def test_who_takes_it_back_waits_for_a_hall_that_closes(database, now, visit):
    give_up(database, visit, now)
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            hours = Close(None, at("09:00"), at("12:00"), "停电")
            close(session, session.scalars(select(Hall)).one(), hours, actor=SYSTEM, now=now)
            asked = pool.submit(take_back, database, visit, now + MINUTE)
            wait_until_somebody_waits(database)
        assert isinstance(asked.exception(), NumberTakenBack)
    assert state_of(database, visit)[:2] == ("cancelled", 0)


def test_a_hall_that_closes_finds_what_was_taken_back(database, now, visit):
    """In whichever order they come: it is not left in closed time."""
    give_up(database, visit, now)
    refused, _ = at_once(lambda: take_back(database, visit, now + MINUTE), lambda: shut(database, now))
    assert refused in (None, NumberTakenBack)
    assert state_of(database, visit)[:2] == ("cancelled", 0)
    assert count(database, "appointment.undo_cancel") == (refused is None)


def test_who_books_anew_at_this_moment_does_not_get_both(database, now, codes, visit):
    give_up(database, visit, now)
    with database.transaction() as session:
        token = hold_for(session, codes[:1], "11:00", now)
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            book_held(session, token, now + MINUTE)
            asked = pool.submit(take_back, database, visit, now + MINUTE)
            wait_until(lambda: is_somebody_waiting_for_a_person(database))
        assert isinstance(asked.exception(), DomainError)
    assert state_of(database, visit)[0] == "cancelled"
