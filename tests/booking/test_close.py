from contextlib import contextmanager, suppress
from datetime import date, timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import event, func, select, update

from booking import doctor
from booking.availability import slot_counts
from booking.book import Book, book
from booking.close import Close, Then, close, preview, reopen
from booking.errors import HoldExpired
from booking.hall_rules import rules_of
from booking.hold import HoldSlot, hold
from booking.models import Appointment, Number
from booking.number_changes import Change, ChangeNumbers, NoSuchNumbers, change_numbers
from booking.publish import publish
from booking.standing import no_shows_of
from halls.closures import ClosureBackwards, ClosureUnknown
from halls.models import Hall
from kernel.actor import ANONYMOUS, SYSTEM
from kernel.audit import AuditEntry
from kernel.outbox import OutboxEvent
from people.models import Citizen
from people.sample_ids import sample_resident_id
from tests.booking.crowded import book_all
from tests.build import TODAY, at, make_appointment, make_group, make_hall, make_plan, make_service, make_slot
from tests.conftest import NOW

TOMORROW = date(2026, 3, 3)
LATER = date(2026, 3, 11)


@contextmanager
def statements(session):
    """What is sent to the server meanwhile; a list of rows to one statement counts once."""
    sent = []

    def note(_connection, _cursor, statement, *_rest):
        sent.append(statement)

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


@pytest.fixture
def hall(session):
    return make_hall(session, "h1")


@pytest.fixture
def group(session, hall):
    group = make_group(session, hall)
    make_plan(session, group, counters=4, hours="09:00-17:00")
    return group


@pytest.fixture
def other(session, hall):
    group = make_group(session, hall, "B")
    make_plan(session, group, counters=5, hours="09:00-17:00")
    return group


@pytest.fixture
def published(session, hall, group, other):
    publish(session, hall.id, first_on=TODAY, last_on=LATER, actor=SYSTEM, now=NOW)


def shut(session, hall, *, then=Then.MOVE, group=None, hours=("12:00", "17:00"), on=TODAY):
    command = Close(
        group.id if group else None, at(hours[0], on), at(hours[1], on), "停电", "no power", True, then
    )
    return close(session, hall, command, actor=SYSTEM, now=NOW)


def free_on(session, group, on=TODAY):
    return {each.starts_at for each in slot_counts(session, group.id, on, now=NOW) if each.free}


def test_nothing_free_is_left_in_closed_time_and_slots_are_cut_around_it(
    session, hall, group, other, published
):
    shut(session, hall, group=group, hours=("12:00", "14:15"))
    free = free_on(session, group)
    assert at("11:30") in free
    assert not {at(clock) for clock in ("12:00", "13:00", "14:00")} & free
    assert at("14:15") in {slot.starts_at for slot in slot_counts(session, group.id, TODAY, now=NOW)}
    assert at("14:30") in free
    assert at("14:00") not in {slot.starts_at for slot in slot_counts(session, group.id, TODAY, now=NOW)}
    assert at("13:00") in free_on(session, other)
    assert at("13:00", TOMORROW) in free_on(session, group, TOMORROW)


def test_bookings_move_to_the_nearest_free_numbers_of_their_line(session, hall, group, published):
    booked = book_all(session, hall, TODAY, now=NOW)
    lost = [each for each in booked if each.starts_at >= at("12:00")]
    done = shut(session, hall)
    assert (done.affected, done.rehoused.moved, done.rehoused.cancelled) == (len(lost), len(lost), 0)
    session.expire_all()
    assert {each.state for each in lost} == {"booked"}
    assert all(each.starts_at >= at("17:00") for each in lost)
    assert min(each.starts_at for each in lost) == at("09:00", TOMORROW)
    kept = [each for each in booked if each not in lost]
    assert {each.on_date for each in kept} == {TODAY}
    rows = session.execute(
        select(
            Number.group_id, Number.slot_id, Appointment.group_id, Appointment.slot_id, Appointment.code
        ).join(Appointment, Appointment.id == Number.appointment_id)
    ).all()
    assert len(rows) == len(booked)
    assert all(row[:2] == row[2:4] for row in rows)
    assert doctor.check(session) == []


def test_nobody_is_moved_to_a_number_that_somebody_has_withdrawn(session, hall, group, published):
    booked = book_all(session, hall, TODAY, most=3, group=group, now=NOW)
    for day in range(10):
        change = ChangeNumbers(group.id, TODAY + timedelta(days=day), Change.WITHDRAW, 500, "fewer_staff")
        with suppress(NoSuchNumbers):
            change_numbers(session, hall, change, actor=SYSTEM, now=NOW)
    done = shut(session, hall, hours=("09:00", "12:00"))
    assert (done.rehoused.moved, done.rehoused.cancelled) == (0, len(booked))


def test_who_finds_no_number_is_cancelled_by_the_hall_and_told(session, hall, group, published):
    booked = book_all(session, hall, TODAY, now=NOW)
    for day in range(1, 10):
        book_all(session, hall, TODAY + timedelta(days=day), now=NOW)
    done = shut(session, hall)
    lost = [each for each in booked if each.starts_at >= at("12:00")]
    session.expire_all()
    assert (done.rehoused.moved, done.rehoused.cancelled) == (0, len(lost))
    assert {(each.state, each.cancel_reason) for each in lost} == {("cancelled", "hall_closed")}
    told = session.scalars(
        select(OutboxEvent.payload).where(OutboxEvent.name == "AppointmentCancelled")
    ).all()
    assert sorted(each["appointment_id"] for each in told) == sorted(each.id for each in lost)
    assert {(each["reason"], each["closure_id"]) for each in told} == {("hall_closed", done.closure.id)}
    assert doctor.check(session) == []
    rules = rules_of(hall)
    late = session.get_one(Citizen, lost[0].citizen_id)
    assert no_shows_of(session, late.identity_index, told=None, rules=rules, now=at("18:00")).counted == 0


@pytest.mark.parametrize("then", [Then.CANCEL, Then.KEEP])
def test_the_bookings_become_what_was_asked_for(session, hall, group, published, then):
    booked = [each for each in book_all(session, hall, TODAY, now=NOW) if each.starts_at >= at("12:00")]
    done = shut(session, hall, then=then)
    session.expire_all()
    assert done.affected == len(booked)
    assert {each.state for each in booked} == {"cancelled" if then is Then.CANCEL else "booked"}
    left = session.scalars(
        select(Number.appointment_id).where(Number.on_date == TODAY, Number.starts_at >= at("12:00"))
    ).all()
    assert sorted(filter(None, left)) == ([] if then is Then.CANCEL else sorted(each.id for each in booked))
    assert None not in left


def test_nobody_gets_two_appointments_a_day_in_one_line(session, hall, group, published):
    today = book_all(session, hall, TODAY, now=NOW)
    lost = [each for each in today if each.starts_at >= at("12:00") and each.group_id == group.id]
    citizens = [session.get_one(Citizen, each.citizen_id) for each in lost]
    book_all(session, hall, TOMORROW, most=20, now=NOW, citizens=citizens, group=group)
    shut(session, hall)
    session.expire_all()
    assert all(each.on_date > TOMORROW for each in lost[:20])
    assert {each.on_date for each in lost[20:]} >= {TOMORROW}


def test_a_later_leg_that_day_counts_when_bookings_are_moved(session, hall, group, other, published):
    today = book_all(session, hall, TODAY, now=NOW)
    lost = next(each for each in today if each.starts_at >= at("12:00") and each.group_id == group.id)
    citizen = session.get_one(Citizen, lost.citizen_id)
    (visit,) = book_all(session, hall, TOMORROW, most=1, now=NOW, citizens=[citizen], group=other)
    visit.legs = [{"group_id": other.id}, {"group_id": group.id}]
    shut(session, hall)
    session.expire_all()
    assert (lost.state, lost.on_date > TOMORROW) == ("booked", True)


def test_the_preview_changes_nothing(session, hall, group, published):
    booked = book_all(session, hall, TODAY, now=NOW)
    command = Close(group.id, at("12:00"), at("17:00"), "停电")
    found = preview(session, hall, command, now=NOW)
    lost = [each for each in booked if each.starts_at >= at("12:00") and each.group_id == group.id]
    assert [each.code for each in found] == [each.code for each in lost]
    assert {each.state for each in booked} == {"booked"}


def test_who_looks_at_a_closure_locks_no_booking(database, now):
    with database.transaction() as session:
        hall = make_hall(session)
        slot = make_slot(session, make_group(session, hall), at("10:00"), numbers=1)
        mine = make_appointment(session, slot).id
        session.execute(update(Number).values(appointment_id=mine))
    with database.transaction() as looking:
        hall = looking.get_one(Hall, hall.id)
        assert len(preview(looking, hall, Close(None, at("09:00"), at("17:00"), ""), now=now)) == 1
        with database.transaction() as other:
            assert other.scalar(select(Appointment.id).with_for_update(nowait=True)) == mine


def test_who_came_already_is_left_to_the_officers(session, hall, group, published):
    booked = book_all(session, hall, TODAY, now=NOW)
    booked[-1].state = "checked_in"
    booked[-2].state = "fulfilled"
    session.flush()
    found = {each.code for each in preview(session, hall, Close(None, at("09:00"), at("17:00"), ""), now=NOW)}
    assert found == {each.code for each in booked[:-2]}


def test_reopening_brings_the_numbers_back(session, hall, group, published):
    before = session.scalar(select(func.count(Number.id)))
    done = shut(session, hall)
    assert session.scalar(select(func.count(Number.id))) < before
    reopen(session, hall, done.closure.id, actor=SYSTEM, now=NOW)
    assert session.scalar(select(func.count(Number.id))) == before
    assert reopen(session, hall, done.closure.id, actor=SYSTEM, now=NOW) == 0


def test_a_closure_of_years_publishes_no_years(session, hall, group, published):
    command = Close(None, at("09:00"), at("09:00", date(2036, 3, 2)), "改建", then=Then.CANCEL)
    done = close(session, hall, command, actor=SYSTEM, now=NOW)
    assert session.scalar(select(func.count(Number.id)).where(Number.starts_at >= at("09:00"))) == 0
    reopen(session, hall, done.closure.id, actor=SYSTEM, now=NOW)
    assert session.scalar(select(func.max(Number.on_date))) < date(2026, 4, 1)
    assert free_on(session, group, TOMORROW)


def test_refuses_a_closure_that_ends_before_it_begins_and_to_lift_a_foreign_one(session, hall, group):
    with pytest.raises(ClosureBackwards):
        shut(session, hall, hours=("12:00", "12:00"))
    done = shut(session, hall)
    with pytest.raises(ClosureUnknown):
        reopen(session, make_hall(session), done.closure.id, actor=SYSTEM, now=NOW)


def test_the_statements_do_not_grow_with_the_bookings(session, hall, group, published, other):
    few = book_all(session, hall, TODAY, most=5, now=NOW)
    with statements(session) as for_few:
        shut(session, hall, hours=("09:00", "12:00"))
    assert len(few) == 5
    booked = book_all(session, hall, TOMORROW, now=NOW)
    with statements(session) as for_many:
        done = shut(session, hall, hours=("09:00", "17:00"), on=TOMORROW)
    assert done.affected == len(booked) >= 200
    assert done.rehoused.moved >= 200
    assert len(for_many) == len(for_few) <= 37


def wish(service, clock="14:00", on=TODAY):
    return HoldSlot("h1", (service.code,), at(clock, on))


def person(token, serial=1):
    return Book(token, "张三", "resident_id", sample_resident_id(serial), "+8613800138000", "zh")


def test_a_hold_in_closed_time_cannot_be_confirmed(session, hall, group, published):
    service = make_service(session, group)
    held = hold(session, wish(service), actor=ANONYMOUS, now=NOW)
    shut(session, hall)
    with pytest.raises(HoldExpired):
        book(session, person(held.token), actor=ANONYMOUS, now=NOW)


def test_who_confirms_at_the_same_moment_is_moved_or_refused_never_left_behind(database):
    """Real transactions on real threads: nobody stays booked in closed time without having been told."""
    with database.transaction() as session:
        hall = make_hall(session, "h1")
        group = make_group(session, hall)
        make_plan(session, group, counters=4, hours="09:00-17:00")
        service = make_service(session, group)
        publish(session, hall.id, first_on=TODAY, last_on=LATER, actor=SYSTEM, now=NOW)
        hall_id = hall.id
        tokens = [hold(session, wish(service), actor=ANONYMOUS, now=NOW).token for _ in range(6)]
    barrier = Barrier(len(tokens) + 1)
    ended = []

    def confirm(serial, token):
        barrier.wait()
        try:
            with database.transaction() as session:
                ended.append(book(session, person(token, serial), actor=ANONYMOUS, now=NOW).id)
        except HoldExpired:
            ended.append(None)

    threads = [Thread(target=confirm, args=(nth, token)) for nth, token in enumerate(tokens, 1)]
    for thread in threads:
        thread.start()
    barrier.wait()
    with database.transaction() as session:
        shut(session, session.get_one(type(hall), hall_id))
    for thread in threads:
        thread.join()
    with database.transaction() as session:
        stayed = session.scalars(
            select(Appointment.id).where(
                Appointment.state == "booked",
                Appointment.on_date == TODAY,
                Appointment.starts_at >= at("12:00"),
            )
        ).all()
        assert stayed == []
        booked = {each for each in ended if each is not None}
        assert set(session.scalars(select(Appointment.id))) == booked
        assert (
            session.scalars(
                select(Number.id).where(Number.on_date == TODAY, Number.starts_at >= at("12:00"))
            ).all()
            == []
        )
        assert [
            each for each in slot_counts(session, group.id, TODAY, now=NOW) if each.starts_at >= at("12:00")
        ] == []
        assert doctor.check(session) == []
        told = session.scalars(
            select(AuditEntry.subject_id).where(
                AuditEntry.action.in_(("appointment.move", "appointment.cancel"))
            )
        ).all()
        assert set(told) == booked
