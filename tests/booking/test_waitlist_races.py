"""Real threads: a returned number goes to one who waits, and to nobody else at the same time."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, text

from booking import doctor
from booking.affected import ClosedTime
from booking.cancel import cancel
from booking.close import _withdraw
from booking.errors import SlotFull
from booking.hold import Held, HoldSlot, hold, release
from booking.models import Appointment, Number, WaitlistEntry
from booking.publish import publish
from booking.waitlist import JoinWaitlist, OfferOver, OfferTakenBack, accept, get_wait, join
from booking.waitlist_offers import tend
from halls.closures import add_closure
from halls.models import Hall
from kernel.actor import ANONYMOUS, SYSTEM
from tests.booking.test_races import all_at_once, book_held
from tests.build import at, make_group, make_hall, make_plan, make_service, make_slot

TUESDAY = date(2026, 3, 3)
TEN = at("10:00", TUESDAY)
HALVES = [at(clock, TUESDAY) for clock in ("10:00", "10:30", "11:00", "11:30", "13:30", "14:00")]


def phone(n):
    return f"+86138001380{n:02d}"


def make_line(database, starts):
    """A line with one number at each of these times."""
    with database.transaction() as session:
        group = make_group(session, make_hall(session, "h1"))
        service = make_service(session, group)
        for each in starts:
            make_slot(session, group, each, numbers=1)
        return service.code


def hold_at(database, now, code, starts_at):
    with database.transaction() as session:
        return hold(session, HoldSlot("h1", (code,), starts_at), actor=ANONYMOUS, now=now)


def wait(database, now, code, n):
    with database.transaction() as session:
        command = JoinWaitlist("h1", (code,), TUESDAY, TUESDAY, phone(n))
        return join(session, command, actor=ANONYMOUS, now=now).reference


def cancel_one(database, now, reference):
    with database.transaction() as session:
        found = session.scalars(select(Appointment).where(Appointment.reference == reference)).one()
        cancel(session, found, reason="citizen", actor=ANONYMOUS, now=now, fraction=0.0)
    return "cancelled"


def count_of(database, model, *where):
    with database.transaction() as session:
        return session.scalar(select(func.count()).select_from(model).where(*where))


def offers(database):
    with database.transaction() as session:
        return session.scalar(text("SELECT count(*) FROM outbox_event WHERE name = 'WaitlistOffered'"))


def test_numbers_given_back_together_are_offered_once_each_and_never_to_passers_by(database, now):
    code = make_line(database, HALVES)
    booked = [
        book_held(database, now, hold_at(database, now, code, each).token, n) for n, each in enumerate(HALVES)
    ]
    waiting = [wait(database, now, code, n) for n in range(10)]

    def act(n):
        if n < len(booked):
            return cancel_one(database, now, booked[n])
        if n % 4 == 0:
            with database.transaction() as session:
                tend(session, now=now)
            return "tended"
        return hold_at(database, now, code, HALVES[n % len(HALVES)])

    results = all_at_once(act, 36)
    with database.transaction() as session:
        tend(session, now=now)  # entries that were passed over while somebody else looked at them

    assert not [each for each in results if isinstance(each, Held)]  # released at once, and yet unseen
    assert {type(each) for each in results} == {str, SlotFull}
    assert count_of(database, WaitlistEntry, WaitlistEntry.state == "offered") == len(HALVES)
    assert offers(database) == len(HALVES)
    with database.transaction() as session:
        tokens = session.scalars(select(Number.hold_token)).all()
        drafts = session.scalars(select(WaitlistEntry.draft_id).where(WaitlistEntry.state == "offered")).all()
        assert len(set(tokens)) == len(set(drafts)) == len(HALVES)
        assert doctor.check(session) == []
    assert len(waiting) == 10


def test_a_free_number_goes_either_to_the_waitlist_or_to_who_books_never_to_both(database, now):
    code = make_line(database, HALVES)
    held = [hold_at(database, now, code, each) for each in HALVES]  # nothing is free while they join
    for n in range(6):
        wait(database, now, code, n)
    later = now + timedelta(minutes=11)  # those holds have run out: everything is free at once

    def act(n):
        if n % 3 == 0:
            with database.transaction() as session:
                tend(session, now=later)
            return "tended"
        return hold_at(database, later, code, HALVES[n % len(HALVES)])

    results = all_at_once(act, 30)

    by_citizens = [each for each in results if isinstance(each, Held)]
    by_waitlist = count_of(database, WaitlistEntry, WaitlistEntry.state == "offered")
    assert len(held) == len(HALVES)
    assert len(by_citizens) + by_waitlist <= len(HALVES)
    with database.transaction() as session:
        tend(session, now=later)
        tokens = session.scalars(select(Number.hold_token).where(Number.held_until > later)).all()
        assert len(set(tokens)) == len(HALVES)  # none twice; and nothing was lost between them
    assert len(by_citizens) + count_of(database, WaitlistEntry, WaitlistEntry.state == "offered") == len(
        HALVES
    )


def test_booking_an_offer_and_its_lapse_at_the_same_moment_have_one_outcome(database, now):
    code = make_line(database, [TEN])
    reference = book_held(database, now, hold_at(database, now, code, TEN).token, 50)
    first, second = wait(database, now, code, 1), wait(database, now + timedelta(seconds=1), code, 2)
    cancel_one(database, now, reference)
    with database.transaction() as session:
        token = accept(session, get_wait(session, first), now=now)
    over = now + timedelta(minutes=20)

    def act(n):
        if n % 2:
            with database.transaction() as session:
                tend(session, now=over)
            return None
        return book_held(database, over, token, 7)

    all_at_once(act, 12)

    with database.transaction() as session:
        tend(session, now=over)
        states = {ref: get_wait(session, ref).state for ref in (first, second)}
        number = session.scalars(select(Number)).one()
        assert doctor.check(session) == []
        if number.appointment_id is not None:
            assert states == {first: "taken", second: "waiting"}
        else:
            assert states == {first: "waiting", second: "offered"}


def test_ten_presses_of_the_link_are_one_hold(database, now):
    code = make_line(database, [TEN])
    reference = book_held(database, now, hold_at(database, now, code, TEN).token, 50)
    waiting = wait(database, now, code, 1)
    cancel_one(database, now, reference)

    def press(_n):
        with database.transaction() as session:
            return accept(session, get_wait(session, waiting), now=now)

    assert len(set(all_at_once(press, 10))) == 1
    assert not [each for each in all_at_once(press, 4) if isinstance(each, OfferOver)]


def close_beside(database, now, first, last):
    """A closure whose locks were taken before the offer was made, and which so meets it locked."""
    with database.transaction() as session:
        hall = session.scalars(select(Hall)).one()
        time = {"group_id": None, "starts_at": at(first, TUESDAY), "ends_at": at(last, TUESDAY)}
        add_closure(session, hall, **time, reason_zh="停电", actor=SYSTEM, now=now)
        _withdraw(session, ClosedTime(hall.id, **time), now=now)


def offer_ten(database, now):
    """Somebody is offered the number of ten o'clock; their entry."""
    code = make_line(database, [TEN, at("14:00", TUESDAY)])
    reference = book_held(database, now, hold_at(database, now, code, TEN).token, 50)
    other = hold_at(database, now, code, at("14:00", TUESDAY)).token
    waiting = wait(database, now, code, 1)
    cancel_one(database, now, reference)
    with database.transaction() as session:
        release(session, other, now=now)
    return waiting, code


def test_who_takes_an_offer_while_the_hall_closes_reads_that_the_hall_took_it(database, now):
    waiting, _code = offer_ten(database, now)
    later = now + timedelta(minutes=1)
    with database.transaction() as locking:
        entry = get_wait(locking, waiting)
        locking.refresh(entry, with_for_update=True)
        close_beside(database, later, "09:00", "12:00")
    with database.transaction() as session, pytest.raises(OfferTakenBack):
        accept(session, get_wait(session, waiting), now=later)
    with database.transaction() as session:
        tend(session, now=later)
    with database.transaction() as session:
        entry = get_wait(session, waiting)  # the other time is offered at once, and alone counts
        assert (entry.state, entry.offers, entry.offer_starts_at) == ("offered", 1, at("14:00", TUESDAY))
        assert count_lost(session) == 1
        assert doctor.check(session) == []


@pytest.mark.parametrize("closed", [("09:00", "09:30"), ("10:30", "12:00")])
def test_who_chose_another_time_instead_does_not_read_that_the_hall_took_it(database, now, closed):
    """Also where the hall has closed at another time of that day."""
    waiting, code = offer_ten(database, now)
    with database.transaction() as session:
        token = accept(session, get_wait(session, waiting), now=now)
        command = HoldSlot("h1", (code,), at("14:00", TUESDAY), previous_token=token)
        hold(session, command, actor=ANONYMOUS, now=now)
    close_beside(database, now, *closed)
    later = now + timedelta(minutes=1)
    with database.transaction() as session, pytest.raises(OfferOver):
        accept(session, get_wait(session, waiting), now=later)
    with database.transaction() as session:
        tend(session, now=later)
        assert get_wait(session, waiting).state == "offered"
        assert count_lost(session) == 0


def offer_third(database, now):
    """Three numbers at ten, two booked; somebody is offered the third. From now on less is planned."""
    with database.transaction() as session:
        group = make_group(session, make_hall(session, "h1"))
        service = make_service(session, group)
        make_slot(session, group, TEN, numbers=3)
        make_slot(session, group, at("14:00", TUESDAY), numbers=1)
        code, line = service.code, group
    mine = [book_held(database, now, hold_at(database, now, code, TEN).token, n) for n in (50, 51, 52)]
    other = hold_at(database, now, code, at("14:00", TUESDAY)).token
    waiting = wait(database, now, code, 1)
    cancel_one(database, now, mine[-1])
    with database.transaction() as session:
        release(session, other, now=now)
        for hours in ("10:00-10:30", "14:00-14:30"):
            make_plan(session, line, counters=0.5, hours=hours)
    return waiting, code


def plan_less_beside(database, now):
    """The plan as it is now, whoever fills in a form; as `change_plan` does it."""
    with database.transaction() as session:
        (hall,) = session.scalars(select(Hall.id))
        days = {"first_on": TUESDAY, "last_on": TUESDAY}
        publish(session, hall, **days, even_held=True, actor=SYSTEM, now=now)


def test_who_takes_an_offer_while_a_smaller_plan_takes_a_part_of_the_slot_reads_that_the_hall_took_it(
    database, now
):
    waiting, _code = offer_third(database, now)
    later = now + timedelta(minutes=1)
    with database.transaction() as locking:
        entry = get_wait(locking, waiting)
        locking.refresh(entry, with_for_update=True)
        plan_less_beside(database, later)
    with database.transaction() as session:
        assert count_of_numbers(session, TEN) == 2  # the booked ones
    with database.transaction() as session, pytest.raises(OfferTakenBack):
        accept(session, get_wait(session, waiting), now=later)
    with database.transaction() as session:
        tend(session, now=later)
    with database.transaction() as session:
        assert count_lost(session) == 1
        assert get_wait(session, waiting).offers == 1  # the other time, which alone counts
        assert doctor.check(session) == []


def test_who_chose_another_time_before_a_smaller_plan_does_not_read_that_the_hall_took_it(database, now):
    waiting, code = offer_third(database, now)
    with database.transaction() as session:
        token = accept(session, get_wait(session, waiting), now=now)
        command = HoldSlot("h1", (code,), at("14:00", TUESDAY), previous_token=token)
        hold(session, command, actor=ANONYMOUS, now=now)
    plan_less_beside(database, now + timedelta(minutes=1))
    with database.transaction() as session:
        assert count_of_numbers(session, TEN) == 2
    with database.transaction() as session, pytest.raises(OfferOver):
        accept(session, get_wait(session, waiting), now=now + timedelta(minutes=1))


def count_of_numbers(session, starts_at):
    return session.scalar(select(func.count(Number.id)).where(Number.starts_at == starts_at))


def count_lost(session):
    return session.scalar(text("SELECT count(*) FROM outbox_event WHERE name = 'WaitlistOfferLost'"))


def test_nothing_is_half_done_when_the_process_dies_before_the_commit(database, now):
    code = make_line(database, [TEN])
    reference = book_held(database, now, hold_at(database, now, code, TEN).token, 50)
    waiting = wait(database, now, code, 1)
    with database.transaction() as dying:
        found = dying.scalars(select(Appointment).where(Appointment.reference == reference)).one()
        cancel(dying, found, reason="citizen", actor=ANONYMOUS, now=now, fraction=0.0)
        dying.rollback()  # what PostgreSQL does with the transaction of a killed process
    with database.transaction() as session:
        assert get_wait(session, waiting).state == "waiting"
        assert session.scalars(select(Number.appointment_id)).one() is not None
    assert offers(database) == 0
    cancel_one(database, now, reference)
    assert offers(database) == 1
