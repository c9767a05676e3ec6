"""Somebody is forgotten while they book, with real transactions on real threads."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from booking import doctor
from booking.book import Book, book
from booking.book_at_once import book_at_once
from booking.cancel import cancel
from booking.hold import HoldSlot, hold
from booking.models import Appointment, Number, SpecialRequest, WaitlistEntry
from booking.queries import phone_of
from booking.special_requests import AskSpecially, RequestUnknown, approve, ask, refuse, withdraw
from booking.waitlist import JoinWaitlist, WaitUnknown, accept, join, leave
from feedback import personal_data
from halls.models import ServiceGroup
from kernel.actor import ANONYMOUS, SYSTEM, Actor
from people.citizens import name_of
from people.models import Citizen
from people.permissions import permissions_of
from people.sample_ids import sample_resident_id
from tests.booking.test_leg_races import is_somebody_waiting_for_a_person, wait_until
from tests.build import TODAY, at, make_group, make_hall, make_service, make_slot

PHONE, OTHER = "+8613800138000", "+8613900139000"
YEARS = timedelta(days=3 * 365)
COMING = at("10:00") + YEARS


@pytest.fixture
def codes(database):
    """Two halls with one service each, and numbers at ten and at eleven."""
    with database.transaction() as session:
        found = []
        for hall in ("h1", "h2"):
            group = make_group(session, make_hall(session, hall))
            found.append(make_service(session, group).code)
            for clock in ("10:00", "11:00"):
                make_slot(session, group, at(clock), numbers=1)
        return found


def hold_one(session, codes, now, nth=0, clock="10:00"):
    wish = HoldSlot(f"h{nth + 1}", (codes[nth],), at(clock))
    return hold(session, wish, actor=ANONYMOUS, now=now).token


def book_held(session, token, now, person=1, phone=PHONE):
    command = Book(token, "张三", "resident_id", sample_resident_id(person), phone)
    return book(session, command, actor=ANONYMOUS, now=now)


def forget(database, now, *, cancel_open=False):
    with database.transaction() as session:
        personal_data.forget(session, PHONE, cancel_open=cancel_open, actor=ANONYMOUS, now=now)


def past_visit(database, codes, now):
    """Somebody was here with this phone: a cancelled booking is all that is left."""
    with database.transaction() as session:
        made = book_held(session, hold_one(session, codes, now), now)
        cancel(session, made, reason="citizen", actor=ANONYMOUS, now=now, fraction=0.0)


def test_who_is_being_booked_for_is_not_forgotten(database, now, codes):
    """Both read before either wrote: without the person's lock an open booking would lose its person."""
    past_visit(database, codes, now)
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            token = hold_one(session, codes, now, clock="11:00")
            made = book_held(session, token, now, phone=OTHER).reference
            asked = pool.submit(forget, database, now)
            wait_until(lambda: asked.done() or is_somebody_waiting_for_a_person(database))
        asked.result()
    with database.transaction() as session:
        mine = session.scalars(select(Appointment).where(Appointment.reference == made)).one()
        assert (mine.state, phone_of(mine)) == ("booked", OTHER)
        assert name_of(session.get_one(Citizen, mine.citizen_id)) == "张三"
        assert session.get_one(Citizen, mine.citizen_id).erased_at is None
        assert doctor.check(session) == []


def test_who_books_while_being_forgotten_is_somebody_new(database, now, codes):
    past_visit(database, codes, now)
    with database.transaction() as session:
        token = hold_one(session, codes, now, clock="11:00")

    def book_it():
        command = Book(token, "张三", "resident_id", sample_resident_id(1), PHONE)
        with database.direct() as direct:
            made = book_at_once(direct, command, actor=ANONYMOUS, now=now)
        if made is not None:
            return made.reference
        with database.transaction() as session:
            return book(session, command, actor=ANONYMOUS, now=now).reference

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            personal_data.forget(session, PHONE, cancel_open=False, actor=ANONYMOUS, now=now)
            asked = pool.submit(book_it)
            wait_until(lambda: asked.done() or is_somebody_waiting_for_a_person(database))
        made = asked.result()
    with database.transaction() as session:
        mine = session.scalars(select(Appointment).where(Appointment.reference == made)).one()
        assert (mine.state, phone_of(mine)) == ("booked", PHONE)
        assert name_of(session.get_one(Citizen, mine.citizen_id)) == "张三"
        assert doctor.check(session) == []


def test_what_an_offer_held_goes_to_the_next_who_waits(database, now, codes):
    with database.transaction() as session:
        for nth, clock in enumerate(("10:00", "11:00")):
            token = hold_one(session, codes, now, clock=clock)
            made = book_held(session, token, now, person=5 + nth, phone=OTHER)
        entries = [
            join(session, JoinWaitlist("h1", (codes[0],), TODAY, TODAY, phone), actor=ANONYMOUS, now=now).id
            for phone in (PHONE, "+8613700137000")
        ]
        cancel(session, made, reason="citizen", actor=ANONYMOUS, now=now, fraction=0.0)
        assert session.get_one(WaitlistEntry, entries[0]).state == "offered"
    forget(database, now)
    with database.transaction() as session:
        assert session.get(WaitlistEntry, entries[0]) is None
        assert session.get_one(WaitlistEntry, entries[1]).state == "offered"
        held = session.scalars(select(Number.id).where(Number.hold_token.is_not(None))).all()
        assert len(held) == 1
        assert doctor.check(session) == []


def test_the_night_forgets_nobody_who_books_again(database, now, codes):
    """A silent person books while the job of the night looks at them."""
    past_visit(database, codes, now)
    later = now + YEARS
    with database.transaction() as session:
        citizen = session.scalars(select(Citizen.id)).one()
        session.execute(update(Citizen).values(created_at=now - timedelta(days=9999)))
        session.execute(update(Appointment).values(starts_at=now - timedelta(days=9999)))
        group_id = session.scalar(select(Number.group_id).order_by(Number.group_id).limit(1))
        make_slot(session, session.get_one(ServiceGroup, group_id), COMING, numbers=1)
    with database.transaction() as booking:
        wish = HoldSlot("h1", (codes[0],), COMING)
        token = hold(booking, wish, actor=ANONYMOUS, now=later).token
        book_held(booking, token, later)
        with database.transaction() as session:
            personal_data.forget_old(session, actor=SYSTEM, now=later)
    with database.transaction() as session:
        assert session.get_one(Citizen, citizen).erased_at is None


def leave_it(session, entry):
    leave(session, entry, actor=ANONYMOUS, now=entry.created_at)


def take_it(session, entry):
    accept(session, entry, now=entry.created_at)


@pytest.mark.parametrize("press", [leave_it, take_it])
def test_who_answers_an_offer_that_was_forgotten_is_told_so(database, now, codes, press):
    """Looked up before the owner was forgotten, on another page of theirs."""
    with database.transaction() as session:
        for person, clock in ((5, "10:00"), (6, "11:00")):
            book_held(session, hold_one(session, codes, now, clock=clock), now, person=person, phone=OTHER)
        wish = JoinWaitlist("h1", (codes[0],), TODAY, TODAY, PHONE)
        entry_id = join(session, wish, actor=ANONYMOUS, now=now).id
    with database.transaction() as session:
        entry = session.get_one(WaitlistEntry, entry_id)
        forget(database, now)
        with pytest.raises(WaitUnknown):
            press(session, entry)


@pytest.mark.parametrize("decide", [approve, refuse, withdraw])
def test_who_decides_a_request_that_was_forgotten_is_told_so(database, now, codes, decide):
    duty = Actor("staff", 1, permissions_of(["duty_officer"]))
    values = {
        approve: {"starts_at": at("10:00"), "answer": "", "actor": duty},
        refuse: {"answer": "请按预约时间来。", "actor": duty},
        withdraw: {"actor": ANONYMOUS},
    }
    wish = AskSpecially(
        "h1", (codes[0],), "urgent", TODAY, "明天出国。", "张三", "resident_id", sample_resident_id(1), PHONE
    )
    with database.transaction() as session:
        asked = ask(session, wish, actor=ANONYMOUS, now=now)
        session.flush()
        asked_id = asked.id
    with database.transaction() as session:
        row = session.get_one(SpecialRequest, asked_id)
        forget(database, now)
        with pytest.raises(RequestUnknown):
            decide(session, row, now=now, **values[decide])
    with database.transaction() as session:
        assert session.scalars(select(Appointment.id)).all() == []
        assert doctor.check(session) == []
