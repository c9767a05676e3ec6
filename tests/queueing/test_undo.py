"""The last step can be taken back for ten seconds, once, and never over the head of anybody else."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from booking.models import Appointment
from feedback.ask import ask, take_back
from feedback.models import Survey
from kernel import clock
from kernel.actor import Actor
from people.models import Citizen
from queueing import serve
from queueing.check_in import CheckIn, check_in
from queueing.doctor import check
from queueing.durations import kind_of, spend
from queueing.errors import CannotUndo, CounterBusy, NotYourCounter, SameCounter
from queueing.models import Call, Ticket
from queueing.send_to import send_to_counter
from queueing.states import TRANSITIONS, TicketState
from queueing.steps import forget_step
from queueing.undo import find_undoable, undo
from tests import build
from tests.build import at
from tests.queueing.hall_day import KIOSK, officer_of, open_hall
from tests.queueing.test_races import at_once

LATER = timedelta(seconds=9)
TOO_LATE = timedelta(seconds=11)


@pytest.fixture
def day(session):
    day = open_hall(session, seats=2)
    day.seat(day.b, now=at("09:00"))
    return day


def called(day, *, counter=0, when="09:05"):
    day.take(at("09:00"))
    return day.call(at(when), counter)


def served(day, **options):
    ticket = called(day, **options)
    return serve.start_serving(
        day.session, ticket, actor=day.officers[options.get("counter", 0)], now=at("09:06")
    )


def undone(day, ticket, *, counter=0, after=LATER, when="09:08"):
    pressed = (ticket.stepped_at or clock.real_now()) + after  # however long the machine took until here
    return undo(day.session, ticket, actor=day.officers[counter], now=at(when), real_now=pressed)


def facts(ticket):
    names = [column.key for column in Ticket.__table__.columns]
    return {name: getattr(ticket, name) for name in names if not name.startswith("step")}


def to_b(session, ticket, *, actor, now):
    return serve.transfer(session, ticket, group_id=to_b.group_id, actor=actor, now=now)


def parked(day, **options):
    ticket = served(day, **options)
    return serve.park(day.session, ticket, actor=day.officers[options.get("counter", 0)], now=at("09:06"))


def missed(day):
    ticket = called(day)
    return serve.mark_absent(day.session, ticket, actor=day.officers[0], now=at("09:06"))


def waiting(day):
    return day.take(at("09:00"))


STEPS = {
    "start": (called, serve.start_serving),
    "absent": (called, serve.mark_absent),
    "park": (served, serve.park),
    "complete": (served, serve.complete),
    "transfer": (served, to_b),
    "resume": (parked, serve.resume),
    "return": (parked, serve.return_to_line),
    "reinstate": (missed, serve.reinstate),
    "void, waiting": (waiting, serve.abandon),
    "void, called": (called, serve.abandon),
    "void, put aside": (parked, serve.abandon),
    "void, missed": (missed, serve.abandon),
}


@pytest.mark.parametrize("name", STEPS)
def test_leaves_the_ticket_as_if_the_step_had_not_been(day, name):
    to_b.group_id = day.b.id
    before, verb = STEPS[name]
    ticket = before(day)
    kept = facts(ticket)
    verb(day.session, ticket, actor=day.officers[0], now=at("09:07"))
    assert facts(ticket) != kept
    undone(day, ticket)
    assert facts(ticket) == kept
    day.session.flush()
    assert check(day.session) == []


def test_a_call_is_taken_back_and_the_ticket_keeps_its_place(day):
    first, second = day.take(at("09:00")), day.take(at("09:01"))
    assert day.call(at("09:05")).id == first.id
    undone(day, first)
    assert (first.state, first.counter_id) == ("waiting", None)
    assert day.call(at("09:09")).id == first.id
    assert second.state == "waiting"


@pytest.mark.parametrize("name", STEPS)
def test_after_ten_seconds_nothing_is_taken_back(day, name):
    to_b.group_id = day.b.id
    before, verb = STEPS[name]
    ticket = before(day)
    verb(day.session, ticket, actor=day.officers[0], now=at("09:07"))
    state = ticket.state
    with pytest.raises(CannotUndo):
        undone(day, ticket, after=TOO_LATE)
    assert ticket.state == state


def test_only_one_step_is_taken_back(day):
    ticket = served(day)
    serve.complete(day.session, ticket, actor=day.officers[0], now=at("09:07"))
    undone(day, ticket)
    with pytest.raises(CannotUndo):
        undone(day, ticket)
    assert ticket.state == "serving"


def test_of_two_steps_at_a_counter_only_the_last_is_taken_back(day):
    first = served(day)
    serve.complete(day.session, first, actor=day.officers[0], now=at("09:07"))
    second = called(day, when="09:08")
    with pytest.raises(CannotUndo):
        undone(day, first)
    undone(day, second)
    with pytest.raises(CannotUndo):
        undone(day, first)


def test_what_others_built_upon_stays(day):
    ticket = served(day)
    serve.transfer(day.session, ticket, group_id=day.b.id, actor=day.officers[0], now=at("09:07"))
    assert day.call(at("09:08"), 2).id == ticket.id
    with pytest.raises((CannotUndo, NotYourCounter)):
        undone(day, ticket)
    assert ticket.counter_id == day.counters[2].id


def test_somebody_else_in_the_chair_stays(day):
    ticket = called(day)
    serve.mark_absent(day.session, ticket, actor=day.officers[0], now=at("09:07"))
    parked = served(day, counter=1)
    serve.park(day.session, parked, actor=day.officers[1], now=at("09:07"))
    serve.resume(day.session, parked, actor=day.officers[0], now=at("09:08"))
    forget_step(parked)  # as correcting what is done for them does
    with pytest.raises(CounterBusy):
        undone(day, ticket)


def test_another_officer_cannot_take_it_back(day):
    ticket = served(day)
    serve.park(day.session, ticket, actor=day.officers[0], now=at("09:07"))
    with pytest.raises(NotYourCounter):
        undone(day, ticket, counter=1)


def test_a_booking_comes_back_with_its_visit_and_the_survey_goes(day):
    session = day.session
    appointment = build.make_appointment(session, build.make_slot(session, day.a, starts_at=at("09:00")))
    ticket = check_in(
        session, CheckIn(day.hall.id, reference=appointment.reference), actor=KIOSK, now=at("08:55")
    )
    day.call(at("09:05"))
    serve.start_serving(session, ticket, actor=day.officers[0], now=at("09:06"))
    serve.complete(session, ticket, actor=day.officers[0], now=at("09:07"))
    session.flush()
    ask(session, {"ticket_id": ticket.id}, now=at("09:07"))
    undone(day, ticket)
    session.flush()
    take_back(session, {"ticket_id": ticket.id}, now=at("09:08"))
    assert session.get_one(Appointment, appointment.id).state == "checked_in"
    assert session.scalars(select(Survey)).all() == []
    ask(session, {"ticket_id": ticket.id}, now=at("09:08"))  # the old event, late
    assert session.scalars(select(Survey)).all() == []
    serve.complete(session, ticket, actor=day.officers[0], now=at("09:09"))
    session.flush()
    ask(session, {"ticket_id": ticket.id}, now=at("09:09"))
    assert len(session.scalars(select(Survey)).all()) == 1
    assert check(session) == []


def test_a_visit_stays_done_once_its_owner_has_booked_anew(day):
    session = day.session
    appointment = build.make_appointment(session, build.make_slot(session, day.a, starts_at=at("09:00")))
    ticket = check_in(
        session, CheckIn(day.hall.id, reference=appointment.reference), actor=KIOSK, now=at("08:55")
    )
    day.call(at("09:05"))
    serve.start_serving(session, ticket, actor=day.officers[0], now=at("09:06"))
    serve.complete(session, ticket, actor=day.officers[0], now=at("09:07"))
    later = build.make_slot(session, day.a, starts_at=at("11:00"))
    build.make_appointment(session, later, session.get_one(Citizen, appointment.citizen_id))
    with pytest.raises(CannotUndo):
        undone(day, ticket)


def test_names_what_can_be_undone_at_a_counter(day):
    ticket = called(day)
    assert find_undoable(day.session, day.counters[0].id, real_now=clock.real_now()).id == ticket.id
    assert find_undoable(day.session, day.counters[0].id, real_now=clock.real_now() + TOO_LATE) is None
    assert find_undoable(day.session, day.counters[1].id, real_now=clock.real_now()) is None


def test_a_call_that_was_taken_back_uses_up_no_turn_of_the_green_channel(day):
    """Two green calls in a row at most; one of them undone leaves the turn to the next green ticket."""
    session = day.session
    day.take(at("09:00"))
    for _ in range(3):
        day.take(at("09:00"), green_reason="elderly")
    first = day.call(at("09:05"))
    serve.mark_absent(session, first, actor=day.officers[0], now=at("09:06"))
    second = day.call(at("09:07"))
    undone(day, second)
    again = day.call(at("09:09"))
    assert (again.id, again.track) == (second.id, "green")
    serve.mark_absent(session, again, actor=day.officers[0], now=at("09:10"))
    assert day.call(at("09:11")).track == "walk_in"
    assert check(session) == []


@pytest.mark.parametrize("by_verb", [True, False])
def test_a_return_whose_call_was_taken_back_keeps_its_turn(day, by_verb):
    session, officer = day.session, day.officers[0]
    ticket = served(day)
    serve.park(session, ticket, actor=officer, now=at("09:10"))
    serve.return_to_line(session, ticket, actor=officer, now=at("09:12"))
    day.take(at("09:01"))
    called_back = day.call(at("09:13"))
    assert called_back.id == ticket.id
    if by_verb:
        serve.undo_call(session, called_back, actor=officer, now=at("09:14"))
    else:
        undone(day, called_back, when="09:14")
    session.flush()
    assert session.scalars(select(Call.undone).order_by(Call.id)).all() == [False, True]
    assert day.call(at("09:15")).id == ticket.id
    assert check(session) == []


# ---- durations ----


def test_waiting_walking_and_service_are_kept_exactly(day):
    ticket = served(day)  # 09:00 taken, 09:05 called, 09:06 started
    serve.park(day.session, ticket, actor=day.officers[0], now=at("09:10"))
    serve.resume(day.session, ticket, actor=day.officers[0], now=at("09:25"))
    serve.complete(day.session, ticket, actor=day.officers[0], now=at("09:27"))
    spent = (ticket.wait_time, ticket.walk_time, ticket.service_time, ticket.aside_time)
    assert spent == tuple(timedelta(minutes=minutes) for minutes in (5, 1, 6, 15))


def test_every_arrow_of_the_drawing_counts_its_time_once():
    for before, after in TRANSITIONS:
        ticket = Ticket(issued_at=at("09:00"), since_at=at("09:10"))
        ticket.wait_time = ticket.walk_time = ticket.service_time = ticket.aside_time = timedelta(0)
        spend(ticket, before, after, at("09:13"))
        total = ticket.wait_time + ticket.walk_time + ticket.service_time + ticket.aside_time
        assert (total, getattr(ticket, kind_of(before, after))) == (timedelta(minutes=3), total)
        spend(ticket, after, before, at("09:01"))  # a clock that ran back
        assert ticket.since_at == at("09:13")
    assert kind_of(TicketState.CALLED, TicketState.ABSENT) == "aside_time"


# ---- to one counter ----


def test_waits_for_the_counter_it_was_passed_on_to(day):
    ticket = served(day)
    send_to_counter(
        day.session, ticket, counter_id=day.counters[1].id, actor=day.officers[0], now=at("09:10")
    )
    assert (ticket.state, ticket.group_id) == ("waiting", day.a.id)
    assert day.call(at("09:11"), 0) is None
    assert day.call(at("09:11"), 1).id == ticket.id
    day.session.flush()
    assert check(day.session) == []


@pytest.mark.parametrize("leave", ["pause", "close"])
def test_nobody_waits_for_an_empty_chair(day, leave):
    from queueing.counters import close_counter, pause_counter  # noqa: PLC0415

    ticket = served(day)
    send_to_counter(
        day.session, ticket, counter_id=day.counters[1].id, actor=day.officers[0], now=at("09:10")
    )
    chair = {"actor": day.officers[1], "now": at("09:11")}
    if leave == "pause":
        pause_counter(day.session, day.counters[1].id, reason="meal", **chair)
    else:
        close_counter(day.session, day.counters[1].id, **chair)
    assert day.call(at("09:12"), 0).id == ticket.id


def test_a_counter_of_another_line_takes_the_ticket_into_that_line(day):
    ticket = served(day)
    send_to_counter(
        day.session, ticket, counter_id=day.counters[2].id, actor=day.officers[0], now=at("09:10")
    )
    assert ticket.group_id == day.b.id
    assert day.call(at("09:11"), 2).id == ticket.id


def test_refuses_its_own_counter(day):
    ticket = served(day)
    with pytest.raises(SameCounter):
        send_to_counter(
            day.session, ticket, counter_id=day.counters[0].id, actor=day.officers[0], now=at("09:10")
        )


# ---- races ----


@pytest.fixture
def stage(database):
    """Twenty times: somebody was just passed on from A to B, where another officer may call them."""
    with database.transaction() as session:
        day = open_hall(session, planned=20, seats=20)
        tickets = [day.take(at("09:00")) for _ in range(20)]
        for index in range(20):
            day.seat(day.b, now=at("09:00"))
            ticket = day.call(at("09:05"), index)
            serve.start_serving(session, ticket, actor=day.officers[index], now=at("09:06"))
        for index, ticket in enumerate(tickets):
            serve.transfer(session, ticket, group_id=day.b.id, actor=day.officers[index], now=at("09:07"))
        ids = [ticket.id for ticket in tickets]
    return day, ids


def test_undo_and_the_next_call_never_share_or_lose_a_person(database, stage):
    day, ids = stage

    def press(session, index):
        if index < 20:
            ticket = session.get_one(Ticket, ids[index])
            return undo(
                session, ticket, actor=day.officers[index], now=at("09:08"), real_now=clock.real_now()
            ).id
        found = day_call(session, day, index)
        return found and found.id

    answers = at_once(database, 40, press)
    assert all(answer is None or isinstance(answer, int | CannotUndo | NotYourCounter) for answer in answers)
    with database.transaction() as session:
        rows = session.scalars(select(Ticket).where(Ticket.id.in_(ids))).all()
        taken_back = {each for each in answers[:20] if isinstance(each, int)}
        called_there = {each for each in answers[20:] if isinstance(each, int)}
        assert not taken_back & called_there
        assert {row.id for row in rows if row.state == "serving"} == taken_back
        assert {row.id for row in rows if row.state == "called"} == called_there
        assert check(session) == []


def day_call(session, day, index):
    from queueing.call_next import call_next  # noqa: PLC0415

    return call_next(session, day.counters[index].id, actor=day.officers[index], now=at("09:08"))


def test_two_presses_of_undo_take_one_step_back(database, stage):
    day, ids = stage

    def press(session, _index):
        ticket = session.get_one(Ticket, ids[0])
        return undo(session, ticket, actor=day.officers[0], now=at("09:08"), real_now=clock.real_now()).id

    answers = at_once(database, 2, press)
    assert sorted(type(each).__name__ for each in answers) == ["CannotUndo", "int"]


def test_who_works_in_another_hall_undoes_nothing(day):
    from kernel.errors import Forbidden  # noqa: PLC0415

    ticket = called(day)
    stranger = officer_of(build.make_staff(day.session))
    elsewhere = Actor("staff", stranger.id, stranger.permissions, frozenset({day.hall.id + 1}))
    with pytest.raises(Forbidden):
        undo(day.session, ticket, actor=elsewhere, now=at("09:08"), real_now=clock.real_now())
