"""Whoever types somebody else's document learns nothing of its owner: one refusal, whatever is the matter."""

from datetime import date, timedelta

import pytest
from sqlalchemy import event, update

from booking.book import Book, book
from booking.book_at_once import book_at_once
from booking.hall_rules import rules_of
from booking.hold import HoldSlot, hold
from booking.models import Appointment
from booking.policy import AlreadyBookedThatDay, DocumentNotBookable, SuspendedForNoShows, TooManyOpen
from booking.reschedule import reschedule
from booking.standing import no_shows_of
from halls.models import Hall
from kernel.actor import ANONYMOUS
from people.citizens import identity_index, phone_index
from people.sample_ids import sample_resident_id
from people.staff import actor_of
from tests.build import at, make_group, make_hall, make_service, make_slot, make_staff

OWNER, STRANGER = "+8613800138000", "+8613900139000"
TEN, ELEVEN = at("10:00"), at("11:00")
NEXT = [at("10:00", date(2026, 3, day)) for day in (3, 4, 5)]
STRICT = {"booking": {"max_open_appointments": 2, "no_show_limit": 1}}


@pytest.fixture
def service(session):
    hall = make_hall(session, "h1")
    group = make_group(session, hall)
    for starts_at in (TEN, ELEVEN, *NEXT):
        make_slot(session, group, starts_at, numbers=4)
    session.execute(update(Hall).values(policy=STRICT))
    session.refresh(hall)
    return make_service(session, group)


def book_one(session, now, service, starts_at, phone):
    token = hold(session, HoldSlot("h1", (service.code,), starts_at), actor=ANONYMOUS, now=now).token
    command = Book(token, "张三", "resident_id", sample_resident_id(1), phone)
    return book(session, command, actor=ANONYMOUS, now=now)


def booked_that_day(session, now, service):
    book_one(session, now, service, TEN, OWNER)


def as_many_as_allowed(session, now, service):
    for starts_at in NEXT[:2]:
        book_one(session, now, service, starts_at, OWNER)


def suspended(session, now, service):
    visit = book_one(session, now, service, TEN, OWNER)
    visit.state, visit.starts_at = "no_show", now - timedelta(days=1)
    session.flush()


REASONS = {
    booked_that_day: AlreadyBookedThatDay,
    as_many_as_allowed: TooManyOpen,
    suspended: SuspendedForNoShows,
}


def refused(session, now, service, phone, actor=ANONYMOUS):
    """What is said, and in how many statements."""
    said = []

    def note(*facts):
        said.append(facts[2])

    token = hold(session, HoldSlot("h1", (service.code,), ELEVEN), actor=ANONYMOUS, now=now).token
    command = Book(token, "张三", "resident_id", sample_resident_id(1), phone)
    event.listen(session.connection(), "before_cursor_execute", note)
    try:
        with pytest.raises((*REASONS.values(), DocumentNotBookable)) as told:
            book(session, command, actor=actor, now=now)
    finally:
        event.remove(session.connection(), "before_cursor_execute", note)
    return told.value, said


@pytest.mark.parametrize("reason", REASONS)
def test_the_phone_that_booked_and_staff_are_told_what_is_the_matter(session, now, service, reason):
    reason(session, now, service)
    assert type(refused(session, now, service, OWNER)[0]) is REASONS[reason]
    officer = actor_of(make_staff(session))
    assert type(refused(session, now, service, STRANGER, officer)[0]) is REASONS[reason]


def test_every_other_phone_is_told_the_same_by_the_same_statements(session, now, service):
    told = set()
    for reason in REASONS:
        with session.begin_nested() as nested:
            reason(session, now, service)
            refusal, said = refused(session, now, service, STRANGER)
            told.add((refusal.code, refusal.sentence("zh"), refusal.sentence("en"), tuple(said)))
            assert len(said) == len(refused(session, now, service, OWNER)[1])
            nested.rollback()
    [(code, zh, _en, _said)] = told
    assert code == "document_not_bookable"
    assert "大厅" in zh


def test_who_was_served_after_a_booking_from_a_phone_is_known_to_it(session, now, service):
    visit = book_one(session, now, service, NEXT[2], STRANGER)
    visit.state = "fulfilled"
    session.flush()
    booked_that_day(session, now, service)
    assert isinstance(refused(session, now, service, STRANGER)[0], AlreadyBookedThatDay)


def test_a_phone_hears_of_its_own_part_first(session, now, service):
    book_one(session, now, service, NEXT[0], OWNER)
    book_one(session, now, service, TEN, STRANGER)
    assert isinstance(refused(session, now, service, STRANGER)[0], AlreadyBookedThatDay)
    third = "+8613700137000"
    assert isinstance(refused(session, now, service, third)[0], DocumentNotBookable)


def test_missed_visits_are_counted_for_the_phone_that_booked_them(session, now, service):
    suspended(session, now, service)
    rules = rules_of(session.query(Hall).one())
    person = identity_index("resident_id", sample_resident_id(1))
    for phone, counted in ((OWNER, True), (STRANGER, False)):
        standing = no_shows_of(session, person, told=phone_index(phone), rules=rules, now=now)
        assert (standing.suspended_until is not None) is counted


def test_moving_a_booking_asks_nothing_about_those_of_other_phones(session, now, service):
    booked_that_day(session, now, service)
    theirs = book_one(session, now, service, NEXT[0], STRANGER)
    token = hold(session, HoldSlot("h1", (service.code,), ELEVEN), actor=ANONYMOUS, now=now).token
    with pytest.raises(DocumentNotBookable):
        reschedule(session, theirs, token=token, actor=ANONYMOUS, now=now)
    with pytest.raises(AlreadyBookedThatDay):
        reschedule(session, theirs, token=token, actor=actor_of(make_staff(session)), now=now)
    theirs.phone_index = phone_index(OWNER)
    session.flush()
    with pytest.raises(AlreadyBookedThatDay):
        reschedule(session, theirs, token=token, actor=ANONYMOUS, now=now)


@pytest.mark.parametrize("reason", REASONS)
def test_booking_in_one_exchange_leaves_the_answer_to_booking_in_two(database, now, reason):
    with database.transaction() as session:
        hall = make_hall(session, "h1")
        group = make_group(session, hall)
        for starts_at in (TEN, ELEVEN, *NEXT):
            make_slot(session, group, starts_at, numbers=4)
        session.execute(update(Hall).values(policy=STRICT))
        session.refresh(hall)
        service = make_service(session, group)
        reason(session, now, service)
        before = session.query(Appointment).count()
        token = hold(session, HoldSlot("h1", (service.code,), ELEVEN), actor=ANONYMOUS, now=now).token
    command = Book(token, "张三", "resident_id", sample_resident_id(1), STRANGER)
    with database.direct() as direct:
        assert book_at_once(direct, command, actor=ANONYMOUS, now=now) is None
    with database.transaction() as session:
        assert session.query(Appointment).count() == before
        with pytest.raises(DocumentNotBookable):
            book(session, command, actor=ANONYMOUS, now=now)
