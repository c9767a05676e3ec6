"""Steps on numbers that stand at no counter (void, resume, return, second chance) are taken back, too."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from booking import doctor as bookings
from booking.book import Book, book
from booking.cancel import cancel
from booking.hold import HoldSlot, hold
from booking.models import Appointment, Number
from kernel import clock
from kernel.actor import ANONYMOUS
from notifications import tell
from notifications.models import Message
from queueing import serve
from queueing.check_in import CheckIn, check_in
from queueing.counters import close_counter
from queueing.doctor import check
from queueing.errors import CannotUndo, CounterBusy, NotYourCounter, TicketMoved
from queueing.leave import leave_with_booking
from queueing.models import Ticket
from queueing.undo import find_undoable, undo
from tests import build
from tests.build import at
from tests.queueing.hall_day import KIOSK, open_hall
from tests.queueing.test_races import at_once
from tests.queueing.test_undo import called, facts, missed, parked, served, undone, waiting


@pytest.fixture
def day(session):
    day = open_hall(session, seats=2)
    day.seat(day.b, now=at("09:00"))
    return day


def booked(day, *, time="11:00", minutes=10):
    session, friday = day.session, at("09:00") - timedelta(days=3)
    build.make_slot(session, day.a, starts_at=at(time), numbers=3)
    service = build.make_service(session, day.a, minutes=minutes)
    wanted = HoldSlot(day.hall.code, (service.code,), at(time), {})
    token = hold(session, wanted, actor=ANONYMOUS, now=friday).token
    who = Book(token, "张三", "passport_cn", "E12345678", "+8613800138000", "zh")
    appointment = book(session, who, actor=ANONYMOUS, now=friday)
    shown = CheckIn(day.hall.id, reference=appointment.reference)
    return appointment, check_in(session, shown, actor=day.officers[0], now=at("09:00"))


def fine(session):
    session.flush()
    return check(session) == [] == bookings.check(session)


def void(day, ticket, *, counter=0, when="09:10"):
    return serve.abandon(day.session, ticket, actor=day.officers[counter], now=at(when))


def test_it_counts_at_the_counter_where_its_officer_sits(day):
    ticket = waiting(day)
    void(day, ticket, counter=1)
    now = clock.real_now()
    assert find_undoable(day.session, day.counters[0].id, real_now=now) is None
    assert find_undoable(day.session, day.counters[1].id, real_now=now).id == ticket.id


def test_who_sits_nowhere_cannot_take_it_back(day):
    ticket = waiting(day)
    serve.abandon(day.session, ticket, actor=KIOSK, now=at("09:10"))
    with pytest.raises(CannotUndo):
        undone(day, ticket)


def test_a_void_is_taken_back_while_somebody_else_is_served_there(day):
    gone = missed(day)
    here = served(day)
    void(day, gone)
    undone(day, gone, when="09:11")
    assert (gone.state, here.state) == ("absent", "serving")
    assert fine(day.session)


def test_who_was_called_comes_back_only_to_a_free_counter(day):
    gone = called(day)
    void(day, gone)
    called(day, when="09:11")
    with pytest.raises((CannotUndo, CounterBusy)):
        undone(day, gone, when="09:12")


def test_after_one_s_counter_was_closed_nothing_is_taken_back(day):
    ticket = waiting(day)
    void(day, ticket)
    close_counter(day.session, day.counters[0].id, actor=day.officers[0], now=at("09:11"))
    with pytest.raises(Exception, match="counter"):
        undone(day, ticket, when="09:12")
    assert ticket.state == "abandoned"


def test_somebody_who_came_back_late_gets_the_key_of_before_again(day):
    _appointment, ticket = booked(day, time="09:00")
    day.call(at("09:05"))
    serve.mark_absent(day.session, ticket, actor=day.officers[0], now=at("09:06"))
    kept = facts(ticket)
    serve.reinstate(day.session, ticket, actor=day.officers[0], now=at("09:50"))
    assert ticket.late
    undone(day, ticket, when="09:51")
    assert facts(ticket) == kept
    assert not ticket.late
    assert fine(day.session)


def test_a_returned_number_that_was_called_elsewhere_stays_there(day):
    ticket = parked(day)
    serve.return_to_line(day.session, ticket, actor=day.officers[0], now=at("09:10"))
    assert day.call(at("09:11"), 1).id == ticket.id
    with pytest.raises((CannotUndo, NotYourCounter)):
        undone(day, ticket, when="09:12")
    assert ticket.state == "called"


# ---- the booking ----


def test_the_booking_comes_back_with_its_numbers(day):
    appointment, ticket = booked(day, minutes=20)
    kept = set(day.session.scalars(select(Number.id).where(Number.appointment_id == appointment.id)))
    void(day, ticket)
    assert appointment.state == "cancelled"
    undone(day, ticket, when="09:11")
    assert (appointment.state, appointment.cancelled_at, appointment.cancel_reason) == (
        "checked_in",
        None,
        None,
    )
    assert kept == set(day.session.scalars(select(Number.id).where(Number.appointment_id == appointment.id)))
    assert ticket.state == "waiting"
    assert fine(day.session)


def test_not_once_somebody_else_has_the_number(day):
    _appointment, ticket = booked(day)
    void(day, ticket)
    number = day.session.get_one(Number, ticket.step["numbers"][0])
    number.held_until, number.hold_token = at("09:30"), b"somebody's token"
    day.session.flush()
    with pytest.raises(CannotUndo):
        undone(day, ticket, when="09:11")


def test_a_missed_visit_that_was_voided_is_no_no_show_after_all(day):
    appointment, ticket = booked(day, time="09:00")
    day.call(at("09:05"))
    serve.mark_absent(day.session, ticket, actor=day.officers[0], now=at("09:06"))
    void(day, ticket)
    assert appointment.state == "no_show"
    undone(day, ticket, when="09:11")
    assert (appointment.state, ticket.state) == ("checked_in", "absent")
    assert appointment.closed_as_no_show_at is None
    assert fine(day.session)


def test_a_booking_that_its_owner_gave_up_before_stays_given_up(day):
    appointment, ticket = booked(day)
    day.call(at("09:05"))
    cancel(day.session, appointment, reason="citizen", actor=ANONYMOUS, now=at("09:06"), fraction=0.0)
    void(day, ticket)
    undone(day, ticket, when="09:11")
    assert (appointment.state, ticket.state) == ("cancelled", "called")
    assert fine(day.session)


def test_what_was_to_be_told_about_its_end_is_not_sent_and_comes_again_with_a_second_void(day):
    session, (appointment, ticket) = day.session, booked(day)
    told = {"appointment_id": appointment.id, "reason": "left"}

    def states():
        found = select(Message.state).where(Message.template == "cancelled").order_by(Message.id)
        return session.scalars(found).all()

    void(day, ticket)
    session.flush()
    tell.cancelled(session, told | {"event_id": 1}, now=at("09:10"))
    assert states() == ["planned"]
    assert session.scalars(select(Message.plan_at)).one() == at("09:11")  # not within the ten seconds
    undone(day, ticket, when="09:11")
    session.flush()
    tell.reopened(session, told, now=at("09:11"))
    assert states() == ["cancelled"]
    tell.cancelled(session, told | {"event_id": 1}, now=at("09:11"))  # the old event, late
    leave_with_booking(session, told, now=at("09:11"))
    assert (states(), ticket.state) == (["cancelled"], "waiting")
    void(day, ticket, when="09:12")
    session.flush()
    tell.cancelled(session, told | {"event_id": 2}, now=at("09:12"))
    assert states() == ["cancelled", "planned"]


# ---- two presses at once ----


@pytest.mark.parametrize("name", ["void", "return", "reinstate", "resume"])
def test_two_presses_of_undo_take_one_step_back(database, name):
    before, verb = {
        "void": (waiting, serve.abandon),
        "return": (parked, serve.return_to_line),
        "reinstate": (missed, serve.reinstate),
        "resume": (parked, serve.resume),
    }[name]
    with database.transaction() as session:
        day = open_hall(session, seats=1)
        day.seat(day.b, now=at("09:00"))
        ticket = before(day)
        state = ticket.state
        verb(session, ticket, actor=day.officers[0], now=at("09:07"))
        ticket_id = ticket.id

    def press(session, _index):
        row = session.get_one(Ticket, ticket_id)
        return undo(session, row, actor=day.officers[0], now=at("09:08"), real_now=clock.real_now()).id

    answers = at_once(database, 2, press)
    assert sorted(type(each).__name__ for each in answers) == ["CannotUndo", "int"]
    with database.transaction() as session:
        assert session.get_one(Ticket, ticket_id).state == state
        assert fine(session)


def test_two_presses_of_a_void_end_one_booking_once(database):
    with database.transaction() as session:
        day = open_hall(session, seats=1)
        appointment, ticket = booked(day)
        row, booking = ticket.id, appointment.id

    def press(session, _index):
        ticket = session.get_one(Ticket, row)
        return serve.abandon(session, ticket, actor=day.officers[0], now=at("09:10")).id

    answers = at_once(database, 2, press)
    assert sorted(type(each).__name__ for each in answers) == [TicketMoved.__name__, "int"]
    with database.transaction() as session:
        ticket = session.get_one(Ticket, row)
        undo(session, ticket, actor=day.officers[0], now=at("09:11"), real_now=clock.real_now())
        assert session.get_one(Appointment, booking).state == "checked_in"
        assert fine(session)
