"""Visits of several lines when the hall's time falls away: moved as a whole, or cancelled and told."""

from datetime import date, datetime, timedelta
from threading import Thread
from time import monotonic

import pytest
from sqlalchemy import select, text, update

from booking import doctor
from booking.book import Book, book
from booking.close import Close, Then, close
from booking.errors import HoldExpired
from booking.hold import HoldSlot, hold
from booking.models import Appointment, Number, Slot
from booking.publish import publish
from booking.standing import lock_people
from booking.visit_legs import MOST_WAIT
from kernel.actor import ANONYMOUS, SYSTEM
from kernel.db import lock_key
from kernel.outbox import OutboxEvent
from people.sample_ids import sample_resident_id
from tests.booking.test_close import statements
from tests.build import TODAY, at, make_citizen, make_group, make_hall, make_plan, make_service
from tests.conftest import NOW

TOMORROW, LATER = date(2026, 3, 3), date(2026, 3, 11)
PHONE = "+8613800138000"


@pytest.fixture
def hall(session):
    return make_hall(session, "h1", policy={"booking": {"max_open_appointments": 50}})


@pytest.fixture
def lines(session, hall):
    groups = [make_group(session, hall, code) for code in "AB"]
    for group in groups:
        make_plan(session, group, counters=3, hours="09:00-17:00")
    publish(session, hall.id, first_on=TODAY, last_on=LATER, actor=SYSTEM, now=NOW)
    return groups


@pytest.fixture
def services(session, lines):
    """Two numbers in the first line, one in the second."""
    return [make_service(session, lines[0], minutes=20), make_service(session, lines[1])]


def booked(session, services, clock, *, seed=1, on=TODAY):
    codes = tuple(service.code for service in services)
    held = hold(session, HoldSlot("h1", codes, at(clock, on)), actor=ANONYMOUS, now=NOW)
    person = Book(held.token, "张三", "resident_id", sample_resident_id(seed), PHONE)
    return book(session, person, actor=ANONYMOUS, now=NOW)


def shut(session, hall, group=None, *, hours=("12:00", "17:00"), until=TODAY, then=Then.MOVE):
    command = Close(
        group.id if group else None, at(hours[0]), at(hours[1], until), "停电", emergency=True, then=then
    )
    return close(session, hall, command, actor=SYSTEM, now=NOW)


def numbers_of(session, visit):
    """(line, start, end) of its numbers in order of time."""
    return session.execute(
        select(Number.group_id, Slot.starts_at, Slot.ends_at)
        .join(Slot, Slot.id == Number.slot_id)
        .where(Number.appointment_id == visit.id)
        .order_by(Slot.starts_at)
    ).all()


def assert_a_possible_visit(session, visit):
    """Its numbers are those of its legs, on one day, one leg after the other with less than half an hour."""
    session.refresh(visit)
    numbers = numbers_of(session, visit)
    assert {row.starts_at.date() for row in numbers} == {visit.starts_at.date()}
    ended_at = None
    for leg in visit.legs:
        mine = [row for row in numbers if row.group_id == leg["group_id"]]
        assert len(mine) == leg["needed"]
        assert mine[0].starts_at == datetime.fromisoformat(leg["starts_at"])
        if ended_at is not None:
            assert timedelta(0) <= mine[0].starts_at - ended_at < MOST_WAIT
        ended_at = mine[-1].ends_at
    assert len(numbers) == sum(leg["needed"] for leg in visit.legs)
    assert (visit.group_id, visit.starts_at) == (numbers[0].group_id, numbers[0].starts_at)
    assert visit.slot_id == session.scalar(
        select(Slot.id).where(Slot.group_id == visit.group_id, Slot.starts_at == visit.starts_at)
    )


def test_a_visit_moves_as_a_whole_and_keeps_the_order_of_its_legs(session, hall, lines, services):
    visit = booked(session, services, "14:00")
    done = shut(session, hall)
    assert (done.affected, done.rehoused.moved, done.rehoused.cancelled) == (1, 1, 0)
    assert_a_possible_visit(session, visit)
    assert [leg["group_id"] for leg in visit.legs] == [lines[0].id, lines[1].id]
    assert [leg["service_ids"] for leg in visit.legs] == [[each.id] for each in services]
    assert visit.starts_at == at("11:00")  # the nearest start from which the second line is reached by noon
    told = session.scalars(select(OutboxEvent).where(OutboxEvent.name == "AppointmentRescheduled")).one()
    assert (told.payload["by_hall"], told.payload["group_id"]) == (True, lines[0].id)
    assert doctor.check(session) == []


def test_a_later_line_that_closes_moves_the_visit_too(session, hall, lines, services):
    visit = booked(session, services, "11:30")
    shut(session, hall, lines[1])
    assert_a_possible_visit(session, visit)
    assert (visit.starts_at, visit.group_id) == (at("11:30"), lines[1].id)
    assert doctor.check(session) == []


def test_legs_never_part_over_two_days(session, hall, lines, services):
    """In the last half-hour before the closure one line has room, and the other only the day after."""
    visit = booked(session, services, "15:00")
    shut(session, hall, hours=("09:30", "17:00"))
    assert_a_possible_visit(session, visit)
    assert (visit.state, visit.on_date) == ("booked", TOMORROW)


def test_another_order_is_taken_where_the_first_line_opens_later(session, hall, lines, services):
    visit = booked(session, services, "15:00")
    shut(session, hall, lines[0], hours=("09:00", "16:30"))
    assert_a_possible_visit(session, visit)
    assert (visit.starts_at, visit.group_id) == (at("16:00"), lines[1].id)
    assert [leg["group_id"] for leg in visit.legs] == [lines[1].id, lines[0].id]
    assert doctor.check(session) == []


def test_what_fits_nowhere_is_cancelled_by_the_hall_with_all_its_numbers(session, hall, lines, services):
    visit = booked(session, services, "15:00")
    far = shut(session, hall, lines[1], hours=("08:00", "17:00"), until=date(2027, 3, 2))
    session.refresh(visit)
    assert (far.rehoused.moved, far.rehoused.cancelled) == (0, 1)
    assert (visit.state, visit.cancel_reason, numbers_of(session, visit)) == ("cancelled", "hall_closed", [])
    assert doctor.check(session) == []


def test_nobody_meets_an_own_visit_that_passes_the_line_that_day(session, hall, lines, services):
    visit = booked(session, services, "15:00")
    booked(session, services[1:], "10:00", on=TOMORROW)
    shut(session, hall, hours=("09:00", "17:00"))
    assert_a_possible_visit(session, visit)
    assert visit.on_date > TOMORROW


def test_two_visits_of_one_person_on_two_closed_days_do_not_meet(session, hall, lines, services):
    first, second = booked(session, services, "15:00"), booked(session, services, "15:00", on=TOMORROW)
    single = (
        booked(session, services[1:], "16:00", seed=2),
        booked(session, services[1:], "16:00", seed=2, on=TOMORROW),
    )
    shut(session, hall, hours=("12:00", "17:00"), until=TOMORROW)
    for each in (first, second):
        assert_a_possible_visit(session, each)
    for one, other in ((first, second), single):
        session.refresh(one)
        session.refresh(other)
        assert {one.state, other.state} == {"booked"}
        assert one.on_date != other.on_date
    assert doctor.check(session) == []


def test_a_full_line_is_not_starved_by_another_with_much_that_is_nearer(session, hall, lines, services):
    wide = make_group(session, hall, "C")
    make_plan(session, wide, counters=60, hours="09:00-17:00")
    publish(session, hall.id, first_on=TODAY, last_on=LATER, actor=SYSTEM, now=NOW)
    busy = booked(session, [make_service(session, wide)], "15:00", seed=2)
    visit = booked(session, services[:1], "15:00")
    full = Number.group_id == lines[0].id, Number.on_date <= TOMORROW, Number.appointment_id.is_(None)
    session.execute(update(Number).where(*full).values(channel="walk_in"))
    shut(session, hall, hours=("14:30", "17:00"))
    for each in (busy, visit):
        session.refresh(each)
        assert each.state == "booked"
    assert (busy.on_date, visit.on_date > TOMORROW) == (TODAY, True)


def test_the_statements_do_not_grow_with_the_visits(session, hall, lines, services):
    booked(session, services, "10:00")
    with statements(session) as for_one:
        shut(session, hall, hours=("09:00", "12:00"))
    visits = [
        booked(session, services, clock, seed=10 + nth, on=TOMORROW)
        for nth, clock in enumerate(["09:00", "09:30", "10:30", "11:00", "13:00", "14:00", "15:00"])
    ]
    command = Close(None, at("09:00", TOMORROW), at("17:00", TOMORROW), "停电")
    with statements(session) as for_many:
        done = close(session, hall, command, actor=SYSTEM, now=NOW)
    assert (done.rehoused.moved, done.rehoused.cancelled) == (len(visits), 0)
    assert len(for_many) == len(for_one)
    for visit in visits:
        assert_a_possible_visit(session, visit)
    assert doctor.check(session) == []


def test_who_books_the_line_for_the_next_day_at_that_moment_is_waited_for(database):
    """Else both would get the same day, and the closing would fail or break "one a day"."""
    with database.transaction() as session:
        hall = make_hall(session, "h1")
        groups = [make_group(session, hall, code) for code in "AB"]
        for group in groups:
            make_plan(session, group, counters=3, hours="09:00-17:00")
        publish(session, hall.id, first_on=TODAY, last_on=LATER, actor=SYSTEM, now=NOW)
        both = [make_service(session, group) for group in groups]
        displaced = booked(session, both, "15:00").id
    done = []

    def shut_it():
        with database.transaction() as session:
            shut(session, session.get_one(type(hall), hall.id), hours=("09:00", "17:00"))
        done.append(True)

    with database.transaction() as session:
        # Through a later leg: no index keeps one a day there.
        booked(session, both[::-1], "10:00", on=TOMORROW)
        closing = Thread(target=shut_it)
        closing.start()
        wait_until_blocked(database)
        assert done == []
    closing.join()
    with database.transaction() as session:
        days = session.execute(select(Appointment.id, Appointment.on_date, Appointment.state)).all()
        assert len(days) == 2
        assert [state for _, _, state in days] == ["booked"] * 2
        assert {on for each, on, _ in days if each != displaced} == {TOMORROW}
        assert all(on > TOMORROW for each, on, _ in days if each == displaced)
        assert done == [True]
        assert doctor.check(session) == []


def wait_until_blocked(database):
    """Until somebody waits for a lock."""
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    deadline = monotonic() + 20
    while monotonic() < deadline:
        with database.transaction() as session:
            if session.scalar(waiting):
                return
    raise AssertionError("nobody waited")


def test_the_locks_of_many_people_are_those_of_each(session):
    people = [make_citizen(session) for _ in range(5)]
    lock_people(session, [each.id for each in people])
    advisory = text("SELECT classid::bigint << 32 | objid::bigint FROM pg_locks WHERE locktype = 'advisory'")
    assert set(session.scalars(advisory)) >= {lock_key(each.identity_index) for each in people}


def test_what_a_form_holds_in_the_lines_that_stay_open_is_free_again(session, hall, lines, services):
    codes = tuple(service.code for service in services)
    held = hold(session, HoldSlot("h1", codes, at("14:00")), actor=ANONYMOUS, now=NOW)
    kept = hold(session, HoldSlot("h1", codes[:1], at("14:00")), actor=ANONYMOUS, now=NOW)
    shut(session, hall, lines[1])
    still = session.execute(
        select(Number.group_id, Number.hold_token).where(Number.hold_token.is_not(None))
    ).all()
    assert [row.group_id for row in still] == [lines[0].id] * 2, "who needs open lines only keeps the hold"
    assert len({row.hold_token for row in still}) == 1
    with pytest.raises(HoldExpired):
        book(
            session,
            Book(held.token, "张三", "resident_id", sample_resident_id(1), PHONE),
            actor=ANONYMOUS,
            now=NOW,
        )
    other = Book(kept.token, "张三", "resident_id", sample_resident_id(2), PHONE)
    assert book(session, other, actor=ANONYMOUS, now=NOW).state == "booked"
