"""Visits of several lines on the waitlist: all their numbers are offered together, or none."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select

from booking import doctor
from booking.cancel import cancel
from booking.close import Close, close
from booking.models import Appointment, Draft, Number, WaitlistEntry
from booking.waitlist import (
    AlreadyWaiting,
    JoinWaitlist,
    NumbersAreFree,
    OfferTakenBack,
    accept,
    booked_by,
    count_ahead,
    join,
    leave,
)
from booking.waitlist_offers import tend
from halls.models import Hall
from kernel.actor import ANONYMOUS, SYSTEM
from kernel.outbox import OutboxEvent
from tests.booking.test_waitlist import (
    FIRST,
    HELD,
    MINUTE,
    SECOND,
    TEN,
    TUESDAY,
    WEDNESDAY,
    book_at,
    book_with,
)
from tests.booking.test_waitlist import wait as wait_for
from tests.build import at, make_group, make_hall, make_service, make_slot

HALF_PAST = at("10:30", TUESDAY)


@pytest.fixture
def lines(session):
    hall = make_hall(session, "h1", policy={"booking": {"max_open_appointments": 50}})
    return [make_group(session, hall, code) for code in "AB"]


@pytest.fixture
def services(session, lines):
    return [make_service(session, group) for group in lines]


@pytest.fixture
def full(session, now, lines, services):
    """A at ten and B at half past have a number each; both are booked, by different people."""
    for group, starts_at in zip(lines, (TEN, HALF_PAST), strict=True):
        make_slot(session, group, starts_at, numbers=1)
    return [
        book_at(session, now, service, starts_at, seed=seed)
        for seed, (service, starts_at) in enumerate(zip(services, (TEN, HALF_PAST), strict=True), 1)
    ]


def wait(session, now, services, phone=FIRST, **days):
    codes = tuple(service.code for service in services)
    first_on, last_on = days.get("first_on", TUESDAY), days.get("last_on", WEDNESDAY)
    return join(session, JoinWaitlist("h1", codes, first_on, last_on, phone), actor=ANONYMOUS, now=now)


def give_up(session, now, appointment, fraction=0.51):
    cancel(session, appointment, reason="citizen", actor=ANONYMOUS, now=now, fraction=fraction)


def held(session, entry):
    token = select(Draft.token_hash).where(Draft.id == entry.draft_id).scalar_subquery()
    rows = session.execute(
        select(Number.group_id, Number.starts_at).where(Number.hold_token == token).order_by(Number.starts_at)
    )
    return [tuple(row) for row in rows]


def test_all_its_numbers_are_offered_together_and_none_before(session, now, lines, services, full):
    entry = wait(session, now, services)
    assert [(leg["group_id"], leg["needed"]) for leg in entry.legs] == [(line.id, 1) for line in lines]
    give_up(session, now, full[1])
    assert (entry.state, session.scalars(select(Draft).where(Draft.appointment_id.is_(None))).all()) == (
        "waiting",
        [],
    )
    give_up(session, now, full[0])
    assert (entry.state, entry.offer_starts_at) == ("offered", TEN)
    assert held(session, entry) == [(lines[0].id, TEN), (lines[1].id, HALF_PAST)]
    assert len(session.scalars(select(OutboxEvent).where(OutboxEvent.name == "WaitlistOffered")).all()) == 1
    made = book_with(session, now, accept(session, entry, now=now + MINUTE), seed=9, phone=FIRST)
    assert [leg["group_id"] for leg in made.legs] == [line.id for line in lines]
    assert booked_by(session, entry) == made
    tend(session, now=now + MINUTE)
    assert entry.state == "taken"
    assert doctor.check(session) == []


def test_an_offer_that_lapses_gives_the_numbers_to_those_of_each_line(session, now, lines, services, full):
    both = wait(session, now, services)
    single = wait_for(session, now + MINUTE, services[1], SECOND)
    give_up(session, now, full[0])
    give_up(session, now, full[1])
    # Who came first is asked first, though the number of the other line alone would do for who came later.
    assert (both.state, single.state) == ("offered", "waiting")
    later = now + HELD + MINUTE
    tend(session, now=later)
    assert (both.state, both.offers, single.state) == ("waiting", 1, "offered")
    assert held(session, single) == [(lines[1].id, HALF_PAST)]
    assert doctor.check(session) == []


def test_numbers_that_come_back_at_night_are_kept_for_the_morning_in_every_line(
    session, now, lines, services, full
):
    entry = wait(session, now, services)
    night = at("23:00")
    for each in full:
        give_up(session, night, each)
    morning = at("07:00", TUESDAY)
    released = session.scalars(select(Number.released_at)).all()
    assert all(each > morning for each in released)
    tend(session, now=morning + MINUTE)
    assert entry.state == "offered"


def test_leaving_hands_every_number_on(session, now, lines, services, full):
    both = wait(session, now, services)
    singles = [
        wait_for(session, now + MINUTE, service, phone)
        for service, phone in zip(services, (SECOND, "+8613800138003"), strict=True)
    ]
    for each in full:
        give_up(session, now, each)
    states = [both.state, *(each.state for each in singles)]
    # A came back first, alone: nobody waits for it but its single; B alone goes to the other single.
    assert states.count("offered") >= 1
    leave(session, both, actor=ANONYMOUS, now=now + MINUTE)
    assert [each.state for each in singles] == ["offered", "offered"]


def test_nobody_waits_for_what_is_free_or_waits_twice(session, now, lines, services, full):
    entry = wait(session, now, services)
    with pytest.raises(AlreadyWaiting), session.begin_nested():
        wait(session, now, services)
    assert count_ahead(session, entry) == 0
    other = wait_for(session, now + MINUTE, services[1], SECOND)
    assert count_ahead(session, other) == 1
    for group, starts_at in zip(lines, (at("14:00", TUESDAY), at("14:30", TUESDAY)), strict=True):
        make_slot(session, group, starts_at, numbers=1)
    with pytest.raises(NumbersAreFree):
        wait(session, now, services, "+8613800138005")


def test_an_offer_whose_line_closes_is_taken_back_before_the_form(session, now, lines, services, full):
    entry = wait(session, now, services)
    for each in full:
        give_up(session, now, each)
    assert entry.state == "offered"
    hall = session.get_one(Hall, entry.hall_id)
    command = Close(lines[1].id, at("09:00", TUESDAY), at("12:00", TUESDAY), "停电")
    close(session, hall, command, actor=SYSTEM, now=now)
    with pytest.raises(OfferTakenBack):
        accept(session, entry, now=now + MINUTE)


def test_booking_one_line_otherwise_does_not_end_the_wait_for_both(session, now, lines, services, full):
    entry = wait(session, now, services)
    make_slot(session, lines[0], at("14:00", TUESDAY), numbers=1)
    make_slot(session, lines[1], at("15:00", TUESDAY), numbers=1)
    book_at(session, now, services[0], at("14:00", TUESDAY), seed=8, phone=FIRST)
    tend(session, now=now + MINUTE)
    assert entry.state == "waiting"


def test_returned_at_once_by_many_no_number_is_lost_or_offered_twice(database, now):
    """Real transactions on real threads: eight cancel at once, in both lines, while six wait for both."""
    with database.transaction() as session:
        hall = make_hall(session, "h1")
        groups = [make_group(session, hall, code) for code in "AB"]
        services = [make_service(session, group) for group in groups]
        for group, starts_at in zip(groups, (TEN, HALF_PAST), strict=True):
            make_slot(session, group, starts_at, numbers=4)
        booked = [
            book_at(session, now, services[nth % 2], (TEN, HALF_PAST)[nth % 2], seed=nth + 1).id
            for nth in range(8)
        ]
        for nth in range(6):
            wait(session, now + nth * timedelta(seconds=1), services, f"+86138001380{nth:02}")
    barrier = Barrier(len(booked))

    def press(appointment_id):
        barrier.wait()
        with database.transaction() as session:
            give_up(session, now, session.get_one(Appointment, appointment_id))

    with ThreadPoolExecutor(len(booked)) as pool:
        list(pool.map(press, booked))
    with database.transaction() as session:
        tend(session, now=now + MINUTE)
        offered = session.scalars(
            select(WaitlistEntry).where(WaitlistEntry.state == "offered").order_by(WaitlistEntry.id)
        ).all()
        assert len(offered) == 4
        mine = [number for entry in offered for number in held(session, entry)]
        assert sorted(mine) == sorted([(groups[0].id, TEN), (groups[1].id, HALF_PAST)] * 4)
        assert [entry.id for entry in offered] == sorted(session.scalars(select(WaitlistEntry.id)))[:4]
        assert doctor.check(session) == []
