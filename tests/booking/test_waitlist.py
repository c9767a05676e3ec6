"""Who waits for a number is asked first, one person at a time, and no number is offered twice."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from booking import doctor
from booking.availability import day_counts
from booking.book import Book, book
from booking.cancel import cancel
from booking.errors import SlotFull
from booking.hold import HoldSlot, find_draft, hold, save_form
from booking.models import Appointment, Number, WaitlistEntry
from booking.reschedule import reschedule
from booking.waitlist import (
    AlreadyWaiting,
    JoinWaitlist,
    NumbersAreFree,
    OfferOver,
    TooManyWaits,
    WaitDaysImpossible,
    accept,
    booked_by,
    count_ahead,
    get_wait,
    join,
    leave,
    list_open_waits,
    remove_old_waits,
)
from booking.waitlist_offers import tend
from halls.models import Hall
from kernel.actor import ANONYMOUS
from kernel.crypto import cipher
from kernel.outbox import OutboxEvent
from people.sample_ids import sample_resident_id
from tests.build import at, make_group, make_hall, make_service, make_slot

TUESDAY, WEDNESDAY = date(2026, 3, 3), date(2026, 3, 4)
TEN, ELEVEN = at("10:00", TUESDAY), at("11:00", TUESDAY)
FIRST, SECOND, THIRD = "+8613800138001", "+8613800138002", "+8613800138003"
MINUTE = timedelta(minutes=1)
HELD = 20 * MINUTE


@pytest.fixture
def group(session):
    return make_group(session, make_hall(session, "h1"))


@pytest.fixture
def service(session, group):
    return make_service(session, group)


@pytest.fixture
def booked(session, now, group, service):
    """The only number, Tuesday at ten, is booked."""
    make_slot(session, group, TEN, numbers=1)
    return book_at(session, now, service, TEN)


def book_at(session, now, service, starts_at, *, seed=1, phone="+8613900139000"):
    token = hold(session, HoldSlot("h1", (service.code,), starts_at), actor=ANONYMOUS, now=now).token
    return book_with(session, now, token, seed, phone)


def book_with(session, now, token, seed=1, phone="+8613900139000"):
    command = Book(token, "张三", "resident_id", sample_resident_id(seed), phone)
    return book(session, command, actor=ANONYMOUS, now=now)


def wait(session, now, service, phone=FIRST, *, first_on=TUESDAY, last_on=WEDNESDAY):
    command = JoinWaitlist("h1", (service.code,), first_on, last_on, phone)
    return join(session, command, actor=ANONYMOUS, now=now)


def give_up(session, now, appointment, fraction=0.51):
    cancel(session, appointment, reason="citizen", actor=ANONYMOUS, now=now, fraction=fraction)


def states(session, *entries):
    session.expire_all()
    return [entry.state for entry in entries]


def free_now(session, group, now):
    counts = day_counts(session, [group.id], first_on=TUESDAY, last_on=WEDNESDAY, now=now)
    return sum(count.free for count in counts)


def test_a_number_that_is_given_back_is_offered_to_the_first_who_waits(session, now, service, booked):
    first = wait(session, now, service)
    second = wait(session, now + MINUTE, service, SECOND)
    give_up(session, now + 2 * MINUTE, booked)
    assert states(session, first, second) == ["offered", "waiting"]
    assert (first.offer_starts_at, first.offer_until) == (TEN, now + 2 * MINUTE + HELD)
    told = session.scalars(select(OutboxEvent).where(OutboxEvent.name == "WaitlistOffered")).one()
    assert told.payload["entry_id"] == first.id


def test_nobody_else_ever_sees_the_number_that_is_offered(session, now, group, service, booked):
    wait(session, now, service)
    give_up(session, now, booked, fraction=0.0)
    for minutes in (0, 1, 15, 20, 22):
        assert free_now(session, group, now + minutes * MINUTE) == 0
        with pytest.raises(SlotFull):
            hold(
                session,
                HoldSlot("h1", (service.code,), TEN),
                actor=ANONYMOUS,
                now=now + minutes * MINUTE,
            )


def test_the_offer_becomes_a_booking_by_its_draft(session, now, service, booked):
    entry = wait(session, now, service)
    give_up(session, now, booked)
    token = accept(session, entry, now=now + MINUTE)
    mine = book_with(session, now + 2 * MINUTE, token, seed=2, phone=FIRST)
    assert booked_by(session, entry) is mine
    tend(session, now=now + 30 * MINUTE)
    assert states(session, entry) == ["taken"]
    assert mine.state == "booked"
    assert doctor.check(session) == []


def test_nothing_typed_by_one_person_is_carried_to_the_next(session, now, service, booked):
    first, second = wait(session, now, service), wait(session, now, service, SECOND)
    give_up(session, now, booked)
    taken = accept(session, first, now=now)
    save_form(session, taken, {"name": "李四"}, now=now)
    tend(session, now=now + 40 * MINUTE)
    draft = find_draft(session, accept(session, second, now=now + 41 * MINUTE), now=now + 41 * MINUTE)
    assert draft.form_sealed is None


def test_a_lapsed_offer_goes_to_the_next_without_a_gap(session, now, group, service, booked):
    first, second = wait(session, now, service), wait(session, now, service, SECOND)
    give_up(session, now, booked)
    later = now + HELD
    assert free_now(session, group, later) == 0
    tend(session, now=later)
    assert states(session, first, second) == ["waiting", "offered"]
    assert free_now(session, group, later) == 0
    with pytest.raises(OfferOver):
        accept(session, first, now=later)


def test_who_was_asked_comes_after_who_was_not_and_two_offers_are_all(session, now, service, booked):
    only = wait(session, now, service)
    give_up(session, now, booked)
    tend(session, now=now + HELD)  # nobody else waits: the second offer
    assert (*states(session, only), only.offers) == ("offered", 2)
    tend(session, now=now + 2 * HELD)
    assert states(session, only) == ["lapsed"]
    assert only.ended_at == now + 2 * HELD


def test_after_the_last_lapsed_offer_the_number_is_for_everybody(session, now, group, service, booked):
    wait(session, now, service)
    give_up(session, now, booked)
    tend(session, now=now + HELD)
    tend(session, now=now + 2 * HELD)
    assert free_now(session, group, now + 2 * HELD) == 1


def test_pressing_the_link_late_still_leaves_time_for_the_form_but_not_for_ever(
    session, now, service, booked
):
    entry = wait(session, now, service)
    give_up(session, now, booked)
    accept(session, entry, now=now + 19 * MINUTE)
    assert entry.offer_until == now + 29 * MINUTE
    for minutes in (25, 28):
        accept(session, entry, now=now + minutes * MINUTE)
    assert entry.offer_until == now + 30 * MINUTE
    with pytest.raises(OfferOver):
        accept(session, entry, now=now + 30 * MINUTE)


def test_leaving_an_offer_hands_it_on_at_once(session, now, service, booked):
    first, second = wait(session, now, service), wait(session, now, service, SECOND)
    give_up(session, now, booked)
    leave(session, first, actor=ANONYMOUS, now=now)
    assert states(session, first, second) == ["left", "offered"]
    leave(session, first, actor=ANONYMOUS, now=now)
    assert states(session, first) == ["left"]


def test_a_wait_ends_with_its_days(session, now, service, booked):
    entry = wait(session, now, service, last_on=TUESDAY)
    tend(session, now=at("23:00", TUESDAY))
    assert states(session, entry) == ["waiting"]
    tend(session, now=at("00:01", WEDNESDAY))
    assert states(session, entry) == ["expired"]
    give_up(session, now, booked)
    assert states(session, entry) == ["expired"]


def test_only_the_days_that_were_asked_for_are_offered(session, now, service, booked):
    entry = wait(session, now, service, first_on=WEDNESDAY)
    give_up(session, now, booked)
    assert states(session, entry) == ["waiting"]


def test_a_visit_of_two_numbers_is_offered_two_in_a_row_or_none(session, now, group, booked):
    long_visit = make_service(session, group, minutes=20)
    entry = wait(session, now, long_visit)
    give_up(session, now, booked)
    assert states(session, entry) == ["waiting"]
    make_slot(session, group, at("10:30", TUESDAY), numbers=1)
    tend(session, now=now + MINUTE)
    assert states(session, entry) == ["offered"]
    held = session.scalars(select(Number.starts_at).where(Number.hold_token.is_not(None))).all()
    assert sorted(held) == [TEN, at("10:30", TUESDAY)]


def test_new_numbers_are_offered_too(session, now, group, service, booked):
    entry = wait(session, now, service)
    make_slot(session, group, ELEVEN, numbers=1, released_at=now + 5 * MINUTE)
    tend(session, now=now + 4 * MINUTE)
    assert states(session, entry) == ["waiting"]
    tend(session, now=now + 5 * MINUTE)
    assert (*states(session, entry), entry.offer_starts_at) == ("offered", ELEVEN)


def test_a_number_to_come_by_the_ladder_is_not_offered_before_its_time(session, now, group, service, booked):
    entry = wait(session, now, service)
    make_slot(session, group, ELEVEN, numbers=1, released_at=at("18:00"))
    tend(session, now=now + MINUTE)
    assert states(session, entry) == ["waiting"]


def test_a_moved_booking_gives_its_old_number_to_who_waits(session, now, group, service, booked):
    entry = wait(session, now, service, last_on=TUESDAY)
    make_slot(session, group, at("10:00", WEDNESDAY), numbers=1)
    token = hold(
        session, HoldSlot("h1", (service.code,), at("10:00", WEDNESDAY)), actor=ANONYMOUS, now=now
    ).token
    reschedule(session, booked, token=token, actor=ANONYMOUS, now=now)
    assert (*states(session, entry), entry.offer_starts_at) == ("offered", TEN)


def test_what_the_hall_itself_takes_away_is_offered_to_nobody(session, now, service, booked):
    entry = wait(session, now, service)
    cancel(session, booked, reason="hall_closed", actor=ANONYMOUS, now=now, fraction=0.51)
    assert states(session, entry) == ["waiting"]


def test_a_number_too_soon_to_be_reached_is_not_offered(session, now, service, booked):
    entry = wait(session, now, service)
    give_up(session, TEN - 49 * MINUTE, booked)  # 20 minutes to answer and the 30 of the lead time
    assert states(session, entry) == ["waiting"]


def test_nobody_is_woken_and_the_number_waits_for_the_morning(session, now, group, service):
    make_slot(session, group, at("10:00", WEDNESDAY), numbers=1)
    mine = book_at(session, now, service, at("10:00", WEDNESDAY))
    entry = wait(session, now, service)
    night = at("23:30")
    give_up(session, night, mine)
    assert states(session, entry) == ["waiting"]
    for moment in (night + 15 * MINUTE, at("06:59", TUESDAY), at("07:00", TUESDAY)):
        assert free_now(session, group, moment) == 0
        if moment < at("07:00", TUESDAY):
            tend(session, now=moment)
            assert states(session, entry) == ["waiting"]
    tend(session, now=at("07:00", TUESDAY))
    assert states(session, entry) == ["offered"]


def test_an_offer_that_lapses_at_night_is_kept_for_the_next_person_in_the_morning(
    session, now, group, service
):
    make_slot(session, group, at("10:00", WEDNESDAY), numbers=1)
    mine = book_at(session, now, service, at("10:00", WEDNESDAY))
    first, second = wait(session, now, service), wait(session, now, service, SECOND)
    give_up(session, at("21:50"), mine)
    assert states(session, first, second) == ["offered", "waiting"]
    tend(session, now=at("22:10"))
    assert states(session, first, second) == ["waiting", "waiting"]
    assert free_now(session, group, at("22:10")) == free_now(session, group, at("06:59", TUESDAY)) == 0
    tend(session, now=at("07:00", TUESDAY))
    assert states(session, first, second) == ["waiting", "offered"]


def test_an_offer_that_is_left_at_night_is_kept_for_the_next_person_in_the_morning(
    session, now, group, service
):
    make_slot(session, group, ELEVEN, numbers=1)
    mine = book_at(session, now, service, ELEVEN)
    first, second = wait(session, now, service), wait(session, now + MINUTE, service, SECOND)
    give_up(session, at("21:50"), mine)
    assert states(session, first, second) == ["offered", "waiting"]
    leave(session, first, actor=ANONYMOUS, now=at("22:05"))
    assert free_now(session, group, at("22:05")) == free_now(session, group, at("06:59", TUESDAY)) == 0
    tend(session, now=at("07:00", TUESDAY))
    assert states(session, first, second) == ["left", "offered"]


def test_at_night_a_number_nobody_waits_for_comes_back_as_always(session, now, group, service, booked):
    give_up(session, at("23:30"), booked)
    assert free_now(session, group, at("23:41")) == 1


def test_one_entry_for_a_phone_and_line(session, now, service, booked):
    wait(session, now, service)
    with pytest.raises(AlreadyWaiting):
        wait(session, now, service, first_on=WEDNESDAY)


def test_a_phone_waits_in_five_lines_at_most(session, now, group, service):
    hall = make_hall(session, "h2")
    for letter in "ABCDE":
        other = make_service(session, make_group(session, hall, letter))
        command = JoinWaitlist("h2", (other.code,), TUESDAY, TUESDAY, FIRST)
        join(session, command, actor=ANONYMOUS, now=now)
    with pytest.raises(TooManyWaits):
        wait(session, now, service)


def test_nobody_waits_where_numbers_are_free(session, now, group, service):
    make_slot(session, group, TEN, numbers=1)
    with pytest.raises(NumbersAreFree):
        wait(session, now, service)


@pytest.mark.parametrize(
    ("first_on", "last_on"),
    [
        (date(2026, 3, 1), TUESDAY),
        (WEDNESDAY, TUESDAY),
        (TUESDAY, date(2026, 5, 1)),
    ],
)
def test_refuses_days_that_make_no_sense(session, now, service, first_on, last_on):
    with pytest.raises(WaitDaysImpossible):
        wait(session, now, service, first_on=first_on, last_on=last_on)


def test_who_books_otherwise_waits_no_longer(session, now, group, service, booked):
    entry = wait(session, now, service)
    make_slot(session, group, ELEVEN, numbers=1)
    book_at(session, now + MINUTE, service, ELEVEN, seed=3, phone=FIRST)
    give_up(session, now + 2 * MINUTE, booked)
    assert states(session, entry) == ["waiting"]
    tend(session, now=now + 3 * MINUTE)
    assert states(session, entry) == ["taken"]


def test_who_books_a_visit_that_passes_the_line_later_waits_no_longer(session, now, group, service, booked):
    entry = wait(session, now, service)
    other = make_group(session, session.get_one(Hall, group.hall_id), "B")
    make_slot(session, other, ELEVEN, numbers=1)
    elsewhere = make_service(session, other)
    visit = book_at(session, now + MINUTE, elsewhere, ELEVEN, seed=3, phone=FIRST)
    tend(session, now=now + 2 * MINUTE)
    assert states(session, entry) == ["waiting"]
    visit.legs = [{"group_id": other.id}, {"group_id": group.id}]
    tend(session, now=now + 3 * MINUTE)
    assert states(session, entry) == ["taken"]


def test_the_place_in_line_counts_those_who_want_the_same_days(session, now, service, booked):
    wait(session, now, service, first_on=WEDNESDAY)
    mine = wait(session, now, service, SECOND, last_on=TUESDAY)
    other = wait(session, now, service, THIRD)
    assert count_ahead(session, mine) == 0
    assert count_ahead(session, other) == 2
    assert list_open_waits(session, SECOND) == [mine]
    assert get_wait(session, mine.reference) is mine


def test_old_waits_are_forgotten_with_their_phones(session, now, service, booked):
    entry, kept = wait(session, now, service), wait(session, now, service, SECOND)
    leave(session, entry, actor=ANONYMOUS, now=now)
    assert remove_old_waits(session, before=now + MINUTE) == 1
    assert session.scalars(select(WaitlistEntry)).all() == [kept]


def test_phone_and_token_are_not_readable_in_the_row(session, now, service, booked):
    entry = wait(session, now, service)
    give_up(session, now, booked)
    assert FIRST.encode() not in entry.phone_sealed
    assert cipher().decrypt(entry.token_sealed, "waitlist.token").encode() not in entry.token_sealed
    assert session.scalars(select(Appointment)).one().state == "cancelled"
