"""Booking in one exchange: the same as by `book` where the person is plainly free, and nothing otherwise."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier

import pytest
from sqlalchemy import func, select, text, update

from booking import doctor
from booking.book import Book, book
from booking.book_at_once import book_at_once
from booking.hold import HoldSlot, hold, hold_at_once, save_form
from booking.models import Appointment, Draft, Number
from booking.offers import get_offer, get_offer_at_once
from booking.policy import InsideLeadTime
from booking.recent import Recent
from booking.standing import lock_person
from halls.models import Hall, ServiceGroup
from kernel.actor import ANONYMOUS
from kernel.audit import AuditEntry
from kernel.errors import DomainError
from kernel.outbox import OutboxEvent
from people.citizens import identity_index, name_of
from people.models import Citizen
from people.sample_ids import sample_resident_id
from tests.build import at, make_group, make_hall, make_service, make_slot

PHONE, OTHER_PHONE = "+8613800138000", "+8613900139000"
TEN = at("10:00")
NOT_COMPARED = {
    AuditEntry: {"id", "subject_id", "recorded_at"},
    OutboxEvent: {"id", "recorded_at", "payload"},
    Appointment: {"id", "reference", "code", "citizen_id", "phone_sealed", "name_sealed"},
}


@pytest.fixture
def code(database):
    """A service whose line has four numbers at each half-hour from 10:00 on."""
    with database.transaction() as session:
        group = make_group(session, make_hall(session, "h1"))
        service = make_service(session, group)
        for half in range(8):
            make_slot(session, group, TEN + timedelta(days=half // 4, minutes=30 * (half % 4)), numbers=4)
        return service.code


def hold_one(database, now, code, starts_at=TEN):
    with database.transaction() as session:
        return hold(session, HoldSlot("h1", (code,), starts_at), actor=ANONYMOUS, now=now).token


def who(token, seed=1, *, name="张三", phone=PHONE):
    return Book(token, name, "resident_id", sample_resident_id(seed), phone)


def at_once(database, now, command):
    with database.direct() as direct:
        return book_at_once(direct, command, actor=ANONYMOUS, now=now)


def in_two(database, now, command):
    with database.transaction() as session:
        return book(session, command, actor=ANONYMOUS, now=now)


def facts_of(row):
    left_out = NOT_COMPARED[type(row)]
    return {
        column.name: getattr(row, column.name) for column in row.__table__.c if column.name not in left_out
    }


def test_writes_what_booking_in_two_statements_writes(database, now, code):
    one = at_once(database, now, who(hold_one(database, now, code), 1))
    two = in_two(database, now, who(hold_one(database, now, code), 2))
    with database.transaction() as session:
        for kind in (Appointment, AuditEntry, OutboxEvent):
            first, second = session.scalars(select(kind).order_by(kind.id))
            assert facts_of(first) == facts_of(second)
        first, second = session.scalars(select(OutboxEvent).order_by(OutboxEvent.id))
        assert first.payload | {"appointment_id": 0} == second.payload | {"appointment_id": 0}
        made = session.scalars(select(Appointment).where(Appointment.reference == one.reference)).one()
        assert first.payload["appointment_id"] == made.id != two.id
        assert (made.code, made.starts_at, made.ends_at) == (one.code, one.starts_at, one.ends_at)
        assert name_of(session.get_one(Citizen, made.citizen_id)) == "张三"
        assert session.scalar(select(func.count()).where(Number.appointment_id == made.id)) == 1
        assert not doctor.check(session)


def test_wipes_the_form_and_closes_the_draft(database, now, code):
    token = hold_one(database, now, code)
    with database.transaction() as session:
        save_form(session, token, {"name": "张三"}, now=now)
    assert at_once(database, now, who(token)) is not None
    with database.transaction() as session:
        draft = session.scalars(select(Draft)).one()
        assert draft.form_sealed is None
        assert draft.appointment_id is not None


def test_a_token_books_once(database, now, code):
    token = hold_one(database, now, code)
    assert at_once(database, now, who(token)) is not None
    assert at_once(database, now, who(token)) is None
    assert at_once(database, now, who("unknown-token-of-nobody")) is None


def test_leaves_the_past_and_what_somebody_else_took_to_booking_in_two(database, now, code):
    token = hold_one(database, now, code)
    assert at_once(database, TEN, who(token)) is None
    with database.transaction() as session:
        session.execute(update(Number).values(hold_token=None, held_until=None))
    assert at_once(database, now, who(token)) is None


@pytest.mark.parametrize("state", ["no_show", "cancelled"])
def test_whoever_missed_as_often_as_the_hall_allows_is_asked_about(database, now, code, state):
    assert at_once(database, now, who(hold_one(database, now, code))) is not None
    with database.transaction() as session:
        session.execute(update(Appointment).values(state=state))
        session.execute(update(Hall).values(policy={"booking": {"no_show_limit": 1}}))
    assert at_once(database, now, who(hold_one(database, now, code, TEN + timedelta(days=1)))) is None


def test_caps_are_those_of_the_hall(database, now, code):
    with database.transaction() as session:
        session.execute(update(Hall).values(policy={"booking": {"max_open_appointments": 1}}))
    assert at_once(database, now, who(hold_one(database, now, code))) is not None
    assert at_once(database, now, who(hold_one(database, now, code, TEN + timedelta(days=1)))) is None
    assert at_once(database, now, who(hold_one(database, now, code), 2)) is not None


def test_another_visit_that_day_is_asked_about(database, now, code):
    assert at_once(database, now, who(hold_one(database, now, code))) is not None
    assert at_once(database, now, who(hold_one(database, now, code, at("11:00")))) is None


def test_another_phone_changes_nothing_that_is_told_about_an_open_booking(database, now, code):
    assert at_once(database, now, who(hold_one(database, now, code))) is not None
    later = hold_one(database, now, code, TEN + timedelta(days=1))
    assert at_once(database, now, who(later, name="李四", phone=OTHER_PHONE)) is not None
    with database.transaction() as session:
        assert name_of(session.scalars(select(Citizen)).one()) == "张三"


def test_books_nothing_where_the_person_was_booked_for_after_the_statement_began(database, now, code):
    """It waits for the person, and what it then sees is from before: only the person's row tells."""
    assert at_once(database, now, who(hold_one(database, now, code))) is not None
    token = hold_one(database, now, code, TEN + timedelta(days=1))
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            lock_person(session, identity_index("resident_id", sample_resident_id(1)))
            waiting = pool.submit(at_once, database, now, who(token))
            while not session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                assert not waiting.done()
        assert waiting.result() is None
    assert at_once(database, now, who(token)) is not None


def test_a_crowd_for_one_person_keeps_to_the_cap_both_ways(database, now, code):
    with database.transaction() as session:
        session.execute(update(Hall).values(policy={"booking": {"max_open_appointments": 2}}))
    starts = [TEN + timedelta(days=n % 2, minutes=30 * (n % 4)) for n in range(16)]
    tokens = [hold_one(database, now, code, each) for each in starts]
    barrier = Barrier(len(tokens))

    def press(n):
        barrier.wait()
        try:
            way = at_once if n % 3 else in_two
            return way(database, now, who(tokens[n])) or in_two(database, now, who(tokens[n]))
        except DomainError as error:
            return error

    with ThreadPoolExecutor(len(tokens)) as pool:
        list(pool.map(press, range(len(tokens))))
    with database.transaction() as session:
        days = session.scalars(select(Appointment.on_date).where(Appointment.state == "booked")).all()
        assert len(days) == len(set(days)) == 2
        assert not doctor.check(session)


def test_pressing_the_same_token_twice_at_once_gives_one_appointment(database, now, code):
    token, barrier = hold_one(database, now, code), Barrier(8)

    def press(_n):
        barrier.wait()
        made = at_once(database, now, who(token)) or in_two(database, now, who(token))
        return made.reference

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(press, range(8)))) == 1


def test_holds_one_number_at_once_until_there_is_none(database, now, code):
    recent, command = Recent(60), HoldSlot("h1", (code,), TEN)
    with database.direct() as direct:
        held = [hold_at_once(direct, command, recent=recent, now=now) for _ in range(5)]
        assert [each is not None for each in held] == [True] * 4 + [False]
        with pytest.raises(InsideLeadTime):
            hold_at_once(direct, command, recent=recent, now=TEN - timedelta(minutes=1))
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Draft)) == 4
        assert book(session, who(held[0].token), actor=ANONYMOUS, now=now).starts_at == TEN


@pytest.mark.parametrize("hall", ["h1", "nowhere"])
@pytest.mark.parametrize("services", [1, 2, "unknown", "elsewhere"])
def test_an_offer_read_at_once_is_the_offer(database, code, hall, services):
    with database.transaction() as session:
        group = session.scalars(select(ServiceGroup)).one()
        other = make_group(session, session.get_one(Hall, group.hall_id), "B")
        wanted = {
            1: (code,),
            2: (code, make_service(session, group, minutes=25).code),
            "unknown": (code, "unknown"),
            "elsewhere": (code, make_service(session, other).code),
        }[services]

    def of(read, by):
        try:
            return read(by, hall, wanted)
        except DomainError as error:
            return type(error)

    with database.transaction() as session, database.direct() as direct:
        assert of(get_offer_at_once, direct) == of(partial(get_offer, answers={}), session)
