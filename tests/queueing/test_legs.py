"""A visit over several lines: one number, leg after leg, one end."""

import pytest
from sqlalchemy import select

from booking import doctor as booking_doctor
from booking.book import Book, book
from booking.counts import booking_counts
from booking.hold import HoldSlot, hold
from kernel import clock
from kernel.actor import ANONYMOUS
from kernel.audit import AuditEntry
from kernel.outbox import OutboxEvent
from people.sample_ids import sample_resident_id
from queueing import serve
from queueing.check_in import CheckIn, check_in
from queueing.close_day import close_day
from queueing.desk import matters_of
from queueing.doctor import check
from queueing.errors import TicketMoved
from queueing.forecast_models import LearnedTime
from queueing.loads import load_of
from queueing.queries import ticket_view
from queueing.today import today_of
from queueing.undo import undo
from tests import build
from tests.build import TODAY, at
from tests.queueing.hall_day import KIOSK, open_hall


@pytest.fixture
def day(session):
    """Counter 0 serves A, counter 1 serves B."""
    day = open_hall(session)
    day.seat(day.b, now=at("09:00"))
    return day


@pytest.fixture
def services(session, day):
    return [build.make_service(session, group) for group in (day.a, day.b)]


@pytest.fixture
def appointment(session, day, services, now):
    for group, starts in ((day.a, "10:00"), (day.b, "10:30")):
        build.make_slot(session, group, at(starts), numbers=1)
    wanted = HoldSlot(day.hall.code, tuple(each.code for each in services), at("10:00"))
    token = hold(session, wanted, actor=ANONYMOUS, now=now).token
    command = Book(token, "张三", "resident_id", sample_resident_id(1), "+8613800138000")
    return book(session, command, actor=ANONYMOUS, now=now)


@pytest.fixture
def ticket(session, day, appointment):
    command = CheckIn(day.hall.id, reference=appointment.reference)
    return check_in(session, command, actor=KIOSK, now=at("09:50"))


def serve_at(day, counter, starts):
    ticket = day.call(at(starts), counter)
    serve.start_serving(day.session, ticket, actor=day.officers[counter], now=at(starts))
    return ticket


def finish(day, ticket, counter, when, verb=serve.complete):
    return verb(day.session, ticket, actor=day.officers[counter], now=at(when))


def told(session, name):
    return session.scalars(select(OutboxEvent).where(OutboxEvent.name == name)).all()


def test_check_in_gives_one_number_that_knows_the_later_lines(session, day, services, ticket):
    assert (ticket.label, ticket.group_id, ticket.service_ids) == ("A001", day.a.id, [services[0].id])
    assert ticket.legs == [{"group_id": day.b.id, "service_ids": [services[1].id]}]
    assert [line.id for line in ticket_view(session, ticket, now=at("09:51")).next_lines] == [day.b.id]


def test_a_finished_leg_passes_on_with_the_first_key_and_the_visit_ends_with_the_last(
    session, day, services, appointment, ticket
):
    serve_at(day, 0, "10:01")
    finish(day, ticket, 0, "10:10")
    assert (ticket.state, ticket.group_id, ticket.label) == ("waiting", day.b.id, "A001")
    assert (ticket.due_at, ticket.counter_id, ticket.legs) == (at("10:00"), None, [])
    assert [matter.service.id for matter in matters_of(session, ticket)] == [services[1].id]
    assert (appointment.state, told(session, "VisitCompleted")) == ("checked_in", [])
    (passed,) = told(session, "TicketPassedOn")
    assert (passed.payload["group_id"], passed.payload["from_group_id"]) == (day.b.id, day.a.id)

    serve_at(day, 1, "10:12")
    finish(day, ticket, 1, "10:20")
    assert (ticket.state, appointment.state) == ("completed", "fulfilled")
    assert ticket.service_ids == appointment.service_ids
    assert len(told(session, "VisitCompleted")) == 1
    assert check(session) == booking_doctor.check(session) == []


def learned(session, day, group, service, minutes):
    facts = {"hall_id": day.hall.id, "group_id": group.id, "cases": 40, "learned_at": at("02:00")}
    session.add(LearnedTime(service_id=service.id, counter_id=None, minutes=minutes, **facts))
    session.flush()


@pytest.mark.parametrize("minutes", [4.0, 25.0])
def test_a_later_leg_is_expected_to_take_what_that_line_has_learned(session, day, services, ticket, minutes):
    learned(session, day, day.b, services[1], minutes)
    serve_at(day, 0, "10:01")
    finish(day, ticket, 0, "10:10")
    assert (ticket.minutes, ticket.quick) == (minutes, minutes == 4.0)
    load = load_of(session, today_of(session, day.hall.id, now=at("10:11")), day.b, now=at("10:11"))
    assert load.work_minutes == minutes


@pytest.mark.parametrize("leg", [True, False], ids=["a leg of the visit", "another line"])
def test_a_transfer_is_expected_to_take_what_is_left_to_do_there(session, day, services, ticket, leg):
    learned(session, day, day.b, services[0], 3.0)
    learned(session, day, day.b, services[1], 25.0)
    ticket.legs = ticket.legs if leg else []
    serve_at(day, 0, "10:01")
    before = (ticket.minutes, ticket.quick)
    serve.transfer(session, ticket, group_id=day.b.id, actor=day.officers[0], now=at("10:05"))
    assert (ticket.minutes, ticket.quick) == ((25.0, False) if leg else (3.0, True))
    undo(session, ticket, actor=day.officers[0], now=at("10:05"), real_now=clock.real_now())
    assert (ticket.minutes, ticket.quick) == before


def test_a_later_leg_goes_before_others_as_a_transfer_does(session, day, ticket):
    for _ in range(3):
        day.take(at("09:30"), day.b)
    serve_at(day, 0, "10:01")
    finish(day, ticket, 0, "10:10")
    assert day.call(at("10:11"), 1).label == "A001"


def test_a_call_in_the_second_line_can_be_undone_parked_and_given_again(session, day, ticket):
    serve_at(day, 0, "10:01")
    finish(day, ticket, 0, "10:10")
    day.call(at("10:11"), 1)
    finish(day, ticket, 1, "10:12", serve.undo_call)
    assert (ticket.state, ticket.group_id) == ("waiting", day.b.id)
    serve_at(day, 1, "10:13")
    finish(day, ticket, 1, "10:14", serve.park)
    finish(day, ticket, 1, "10:15", serve.return_to_line)
    serve_at(day, 1, "10:16")
    finish(day, ticket, 1, "10:20")
    assert ticket.state == "completed"
    assert check(session) == []


def test_a_transfer_to_a_line_that_was_to_come_anyhow_does_both_there(session, day, services, ticket):
    serve_at(day, 0, "10:01")
    serve.transfer(session, ticket, group_id=day.b.id, actor=day.officers[0], now=at("10:05"))
    assert (ticket.legs, ticket.service_ids) == ([], [each.id for each in services])
    serve_at(day, 1, "10:06")
    finish(day, ticket, 1, "10:20")
    assert ticket.state == "completed"


def test_who_does_not_want_the_rest_is_done_at_once(session, day, appointment, ticket):
    serve_at(day, 0, "10:01")
    finish(day, ticket, 0, "10:10", serve.complete_visit)
    assert (ticket.state, ticket.legs, appointment.state) == ("completed", [], "fulfilled")
    assert appointment.undone_service_ids == told(session, "AppointmentPartlyDone") == []
    last = session.scalars(
        select(AuditEntry).where(AuditEntry.action == "ticket.complete").order_by(AuditEntry.id.desc())
    ).first()
    assert last.details["legs_left"] == 1
    assert check(session) == []


@pytest.mark.parametrize("serving", [True, False])
def test_the_end_of_the_day_ends_the_visit_as_partly_done(session, day, appointment, ticket, serving):
    serve_at(day, 0, "10:01")
    if not serving:
        finish(day, ticket, 0, "10:10")
        day.call(at("10:11"), 1)
        finish(day, ticket, 1, "10:14", serve.mark_absent)
    close_day(session, day.hall.id, on_date=TODAY, now=at("18:00"))
    assert (ticket.state, appointment.state) == ("completed" if serving else "abandoned", "fulfilled")
    assert appointment.undone_service_ids == appointment.service_ids[1:]
    assert len(told(session, "AppointmentPartlyDone")) == 1
    assert told(session, "AppointmentNoShow") == told(session, "AppointmentCancelled") == []
    (count,) = booking_counts(session, day.hall, on_date=TODAY)
    assert (count.booked, count.arrived, count.handled, count.no_shows) == (1, 1, 0, 0)
    assert check(session) == booking_doctor.check(session) == []


def test_who_leaves_before_a_later_leg_has_been_here(session, day, services, appointment, ticket):
    serve_at(day, 0, "10:01")
    finish(day, ticket, 0, "10:10")
    serve.abandon(session, ticket, actor=day.officers[1], now=at("10:20"))
    assert (ticket.state, appointment.state) == ("abandoned", "fulfilled")
    assert appointment.undone_service_ids == [services[1].id]
    assert check(session) == booking_doctor.check(session) == []


def test_the_doctor_finds_what_is_said_to_be_undone_and_is_not_a_part(session, appointment):
    appointment.undone_service_ids = appointment.service_ids
    session.flush()
    assert [each.rule for each in booking_doctor.check(session)] == ["undone_without_the_rest_done"]


def test_who_leaves_before_the_first_leg_is_done_has_cancelled_it_all(session, day, appointment, ticket):
    serve.abandon(session, ticket, actor=day.officers[0], now=at("10:20"))
    assert (appointment.state, appointment.undone_service_ids) == ("cancelled", [])
    assert told(session, "AppointmentPartlyDone") == []


def test_what_was_merged_into_another_line_is_undone_as_well_when_it_ends_there(
    session, day, appointment, ticket
):
    serve_at(day, 0, "10:01")
    serve.transfer(session, ticket, group_id=day.b.id, actor=day.officers[0], now=at("10:05"))
    close_day(session, day.hall.id, on_date=TODAY, now=at("18:00"))
    assert (appointment.state, appointment.undone_service_ids) == ("cancelled", [])


def test_the_line_of_a_later_leg_expects_the_visit_until_it_is_there(session, day, appointment, services):
    def expected(group, when):
        load = load_of(session, today_of(session, day.hall.id, now=at(when)), group, now=at(when))
        return [(each.slot_starts_at, each.numbers) for each in load.expected]

    assert expected(day.a, "09:40") == [(at("10:00"), 1)]
    assert expected(day.b, "09:40") == [(at("10:30"), 1)]
    command = CheckIn(day.hall.id, reference=appointment.reference)
    ticket = check_in(session, command, actor=KIOSK, now=at("09:50"))
    assert expected(day.b, "09:51") == [(at("10:30"), 1)]
    serve_at(day, 0, "10:01")
    finish(day, ticket, 0, "10:10")
    assert expected(day.b, "10:11") == []


@pytest.mark.parametrize("aside", [serve.park, None], ids=["parked", "only called"])
def test_only_who_is_being_served_goes_on_to_the_next_line(session, day, ticket, aside):
    day.call(at("10:01"))
    if aside is not None:
        serve.start_serving(session, ticket, actor=day.officers[0], now=at("10:02"))
        aside(session, ticket, actor=day.officers[0], now=at("10:03"))
    with pytest.raises(TicketMoved):
        finish(day, ticket, 0, "10:05")
