"""A cancellation that its owner may take back: what is kept meanwhile, and what comes of it afterwards."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from booking import doctor
from booking.availability import slot_counts
from booking.book import Book, book
from booking.cancel import cancel
from booking.close import Close, close, reopen
from booking.counts import booking_counts, channel_counts
from booking.errors import CancellationCounts, CancellationFinal, NumberTakenBack, SlotFull
from booking.hold import HoldSlot, hold
from booking.models import Appointment, KeptForUndo, Number, WaitlistEntry
from booking.policy import AlreadyBookedThatDay, DocumentNotBookable, TooManyOpen
from booking.publish import publish
from booking.queries import get_appointment
from booking.reschedule import reschedule
from booking.revisions import revision_of
from booking.states import AppointmentStateConflict
from booking.undo_cancel import end_undos, undo_cancel, undo_until
from booking.waitlist import JoinWaitlist, join
from booking.waitlist_offers import tend
from feedback.personal_data import forget
from halls.queries import get_hall_by_id
from kernel.actor import ANONYMOUS, SYSTEM
from kernel.outbox import OutboxEvent
from people.sample_ids import sample_resident_id
from tests.build import at, make_group, make_hall, make_plan, make_service, make_slot

TUESDAY = date(2026, 3, 3)
PHONE, OTHER, THIRD = "+8613800138000", "+8613900139000", "+8613700137000"
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
IN_TIME, TOO_LATE, ENDED = 2 * MINUTE - SECOND, 2 * MINUTE, 2 * MINUTE + 20 * SECOND


@pytest.fixture
def hall(session):
    return make_hall(session, "h1", policy={"booking": {"max_open_appointments": 2}})


@pytest.fixture
def lines(session, hall):
    """Two lines with one number in each half-hour of Tuesday; the codes of their services."""
    codes = []
    for letter in "AB":
        group = make_group(session, hall, letter)
        for clock in ("10:00", "10:30", "11:00"):
            make_slot(session, group, at(clock, TUESDAY), numbers=1)
        codes.append(make_service(session, group).code)
    return codes


def book_at(session, now, codes, clock="10:00", *, person=1, phone=PHONE):
    starts_at = at(clock, TUESDAY)
    token = hold(session, HoldSlot("h1", tuple(codes), starts_at), actor=ANONYMOUS, now=now).token
    command = Book(token, "张三", "resident_id", sample_resident_id(person), phone)
    return book(session, command, actor=ANONYMOUS, now=now)


@pytest.fixture
def visit(session, now, lines):
    return book_at(session, now, lines[:1])


def give_up(session, visit, now, **facts):
    cancel(session, visit, reason="citizen", actor=ANONYMOUS, now=now, may_undo=True, **facts)


def take_back(session, visit, now):
    undo_cancel(session, visit, actor=ANONYMOUS, now=now)


def numbers_of(session, visit):
    return set(session.scalars(select(Number.id).where(Number.appointment_id == visit.id)))


def told(session, name):
    return session.scalar(select(func.count()).where(OutboxEvent.name == name))


@pytest.mark.parametrize("several", [False, True])
def test_it_is_booked_again_as_it_was(session, now, lines, several):
    visit = book_at(session, now, lines if several else lines[:1])
    mine = numbers_of(session, visit)
    as_it_was = (visit.reference, visit.code, visit.legs, visit.answers, visit.starts_at, visit.booked_at)
    give_up(session, visit, now)
    assert (visit.state, numbers_of(session, visit)) == ("cancelled", set())
    assert undo_until(session, visit, now=now) == now + TOO_LATE
    take_back(session, visit, now + IN_TIME)
    assert (visit.state, visit.cancelled_at, visit.cancel_reason) == ("booked", None, None)
    assert numbers_of(session, visit) == mine
    assert len(mine) == 1 + several
    after = (visit.reference, visit.code, visit.legs, visit.answers, visit.starts_at, visit.booked_at)
    assert after == as_it_was
    assert undo_until(session, visit, now=now) is None
    assert revision_of(session, visit).number == 2
    assert end_undos(session, now=now + ENDED) == 0
    assert told(session, "AppointmentCancelled") == 0
    assert doctor.check(session) == []


def test_twice_is_once(session, now, visit):
    give_up(session, visit, now)
    give_up(session, visit, now + MINUTE)
    assert undo_until(session, visit, now=now) == now + TOO_LATE
    take_back(session, visit, now + MINUTE)
    take_back(session, visit, now + MINUTE)
    assert told(session, "CancellationUndone") == 1
    give_up(session, visit, now + MINUTE)
    assert undo_until(session, visit, now=now) == now + MINUTE + TOO_LATE


@pytest.mark.parametrize("job_ran", [False, True])
def test_after_two_minutes_it_is_final(session, now, visit, job_ran):
    give_up(session, visit, now)
    if job_ran:
        assert end_undos(session, now=now + TOO_LATE) == 1
    with pytest.raises(CancellationFinal):
        take_back(session, visit, now + TOO_LATE)
    assert visit.state == "cancelled"


def test_what_has_ended_otherwise_is_not_taken_back(session, now, visit):
    visit.state = "no_show"
    with pytest.raises(AppointmentStateConflict):
        take_back(session, visit, now)


def test_meanwhile_the_number_is_nobodys(session, now, hall, lines, visit):
    give_up(session, visit, now)
    later = now + IN_TIME
    counted = slot_counts(session, visit.group_id, TUESDAY, now=later)
    assert [slot.free for slot in counted] == [0, 1, 1]
    [count] = [
        each
        for each in channel_counts(session, hall, on_date=TUESDAY, now=later)
        if each.group_id == visit.group_id
    ]
    assert (count.planned, count.released, count.booked, count.held, count.free) == (3, 3, 0, 1, 2)
    assert booking_counts(session, hall, on_date=TUESDAY)[0].booked == 0
    with pytest.raises(SlotFull):
        book_at(session, later, lines[:1], person=2, phone=OTHER)


def test_a_plan_that_is_published_meanwhile_leaves_it_alone(session, now, hall, visit):
    """The plan has none of these slots at all."""
    give_up(session, visit, now)
    publish(session, hall.id, first_on=TUESDAY, last_on=TUESDAY, actor=SYSTEM, now=now + MINUTE)
    take_back(session, visit, now + IN_TIME)
    assert len(numbers_of(session, visit)) == 1


def wait_for_one(session, now, lines):
    """Somebody wants exactly the time of the visit: nothing else of the day is free."""
    for clock in ("10:30", "11:00"):
        book_at(session, now, lines[:1], clock, person=int(clock[:2] + clock[3:]), phone=OTHER)
    wish = JoinWaitlist("h1", tuple(lines[:1]), TUESDAY, TUESDAY, THIRD)
    return join(session, wish, actor=ANONYMOUS, now=now)


def test_who_waits_is_offered_it_when_it_is_final_and_not_before(session, now, lines, visit):
    entry = wait_for_one(session, now, lines)
    give_up(session, visit, now)
    tend(session, now=now + IN_TIME)
    assert session.get_one(WaitlistEntry, entry.id).state == "waiting"
    end_undos(session, now=now + ENDED)
    assert session.get_one(WaitlistEntry, entry.id).state == "offered"
    assert told(session, "AppointmentCancelled") == 1


def test_who_waits_is_not_offered_what_was_taken_back(session, now, lines, visit):
    entry = wait_for_one(session, now, lines)
    give_up(session, visit, now)
    take_back(session, visit, now + MINUTE)
    end_undos(session, now=now + ENDED)
    tend(session, now=now + ENDED)
    assert session.get_one(WaitlistEntry, entry.id).state == "waiting"


def test_it_returns_at_a_random_moment_after_the_end(session, now, visit):
    give_up(session, visit, now)
    end_undos(session, now=now + ENDED, fraction=0.5)
    number = session.scalars(select(Number).where(Number.slot_id == visit.slot_id)).one()
    assert (number.hold_token, number.held_until) == (None, None)
    assert number.released_at == now + ENDED + 5 * MINUTE
    assert session.get(KeptForUndo, visit.id) is None


def test_where_the_job_does_not_run_it_returns_all_the_same(session, now, lines, visit):
    give_up(session, visit, now, fraction=0.0)
    later = now + 5 * MINUTE
    made = book_at(session, later, lines[:1], person=2, phone=OTHER)
    end_undos(session, now=later + MINUTE)
    assert len(numbers_of(session, made)) == 1
    assert doctor.check(session) == []


def test_one_beyond_a_smaller_plan_goes_when_it_is_final(session, now, hall):
    group = make_group(session, hall, "C")
    make_plan(session, group, counters=0.5, hours="10:00-10:30")
    make_slot(session, group, at("10:00", TUESDAY), numbers=20)
    visit = book_at(session, now, [make_service(session, group).code])
    rows = select(func.count()).where(Number.slot_id == visit.slot_id)
    give_up(session, visit, now)
    before = session.scalar(rows)
    assert end_undos(session, now=now + ENDED) == 1
    assert session.scalar(rows) == before - 1


@pytest.mark.parametrize("opened_again", [False, True])
def test_a_closure_meanwhile_takes_it_away(session, now, hall, visit, opened_again):
    give_up(session, visit, now)
    shut = Close(None, at("09:00", TUESDAY), at("12:00", TUESDAY), "停电")
    closing = close(session, hall, shut, actor=SYSTEM, now=now)
    if opened_again:
        reopen(session, hall, closing.closure.id, actor=SYSTEM, now=now)
    with pytest.raises(NumberTakenBack):
        take_back(session, visit, now + MINUTE)
    assert end_undos(session, now=now + ENDED) == 1
    assert doctor.check(session) == []


def test_a_closure_of_one_line_takes_a_visit_of_two_away(session, now, hall, lines):
    visit = book_at(session, now, lines)
    give_up(session, visit, now)
    shut = Close(visit.group_id, at("09:00", TUESDAY), at("12:00", TUESDAY), "停电")
    close(session, hall, shut, actor=SYSTEM, now=now)
    with pytest.raises(NumberTakenBack):
        take_back(session, visit, now + MINUTE)
    end_undos(session, now=now + ENDED, fraction=0.0)
    kept = session.scalars(select(Number).where(Number.hall_id == hall.id)).all()
    assert [(row.appointment_id, row.hold_token) for row in kept] == [(None, None)]


@pytest.mark.parametrize(("phone", "refusal"), [(PHONE, AlreadyBookedThatDay), (OTHER, DocumentNotBookable)])
def test_who_has_booked_the_line_anew_keeps_that_one(session, now, lines, phone, refusal):
    """Another phone's booking of the same document is not told of."""
    visit = book_at(session, now, lines[:1])
    give_up(session, visit, now)
    book_at(session, now + SECOND, lines[:1], "11:00", phone=phone)
    with pytest.raises(refusal):
        take_back(session, visit, now + MINUTE)


@pytest.mark.parametrize(("phone", "refusal"), [(PHONE, TooManyOpen), (OTHER, DocumentNotBookable)])
def test_nobody_has_more_than_the_cap_by_cancelling_and_booking(session, now, lines, phone, refusal):
    visit = book_at(session, now, lines[:1])
    other = make_group(session, get_hall_by_id(session, visit.hall_id), "C")
    make_slot(session, other, at("10:00", TUESDAY), numbers=1)
    book_at(session, now, lines[1:], phone=phone)
    give_up(session, visit, now + SECOND)
    book_at(session, now + SECOND, [make_service(session, other).code], phone=phone)
    with pytest.raises(refusal):
        take_back(session, visit, now + MINUTE)


def test_what_was_made_beyond_the_cap_is_had_back(session, now, hall, lines, visit):
    """By somebody of the hall who may."""
    book_at(session, now, lines[1:])
    hall.policy = {"booking": {"max_open_appointments": 1}}
    give_up(session, visit, now + SECOND)
    take_back(session, visit, now + MINUTE)
    assert visit.state == "booked"


def test_a_late_cancellation_is_final_at_once(session, now, visit):
    late = visit.starts_at - 30 * MINUTE
    with pytest.raises(CancellationCounts):
        give_up(session, visit, late, despite_late=False)
    give_up(session, visit, late)
    assert undo_until(session, visit, now=late) is None
    assert told(session, "AppointmentCancelled") == 1
    with pytest.raises(CancellationFinal):
        take_back(session, visit, late)


def test_so_is_one_after_a_late_move(session, now, lines, visit):
    visit.moved_late_at = now
    with pytest.raises(CancellationCounts):
        give_up(session, visit, now, despite_late=False)
    give_up(session, visit, now)
    assert undo_until(session, visit, now=now) is None


def test_one_that_the_hall_cancels_is_final_at_once(session, now, visit):
    cancel(session, visit, reason="hall_closed", actor=SYSTEM, now=now)
    with pytest.raises(CancellationFinal):
        take_back(session, visit, now)


def test_who_is_forgotten_takes_nothing_back(session, now, visit):
    give_up(session, visit, now)
    forget(session, PHONE, cancel_open=False, actor=ANONYMOUS, now=now + SECOND)
    session.expire_all()
    assert session.get(KeptForUndo, visit.id) is None
    assert told(session, "AppointmentCancelled") == 1
    number = session.scalars(select(Number).where(Number.slot_id == visit.slot_id)).one()
    assert number.hold_token is None
    with pytest.raises(CancellationFinal):
        take_back(session, visit, now + MINUTE)


def test_who_moves_away_a_kept_booking_cannot(session, now, lines, visit):
    give_up(session, visit, now)
    token = hold(
        session, HoldSlot("h1", tuple(lines[:1]), at("11:00", TUESDAY)), actor=ANONYMOUS, now=now
    ).token
    with pytest.raises(AppointmentStateConflict):
        reschedule(session, get_appointment(session, visit.reference), token=token, actor=ANONYMOUS, now=now)
    assert session.get_one(Appointment, visit.id).state == "cancelled"
