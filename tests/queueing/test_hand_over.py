"""A counter goes to another officer with the person in service; a chosen ticket is called out of turn."""

import pytest
from sqlalchemy import select

from kernel import clock
from kernel.audit import AuditEntry
from kernel.errors import Forbidden
from queueing import serve
from queueing.choose import call_chosen
from queueing.counters import session_of_counter
from queueing.doctor import check
from queueing.errors import (
    AlreadyAtCounter,
    CannotUndo,
    ChosenReasonUnknown,
    CounterBusy,
    CounterNotOpen,
    NotOffered,
    NotServedHere,
    NotYourCounter,
    TicketMoved,
)
from queueing.hand_over import offer_counter, take_over
from queueing.models import CounterSession, Ticket
from queueing.undo import undo
from tests import build
from tests.build import at
from tests.queueing.hall_day import officer_of, open_hall
from tests.queueing.test_races import at_once


@pytest.fixture
def day(session):
    return open_hall(session, seats=2)


def relief(day, *roles):
    return officer_of(build.make_staff(day.session), *roles)


def serving(day, counter=0):
    day.take(at("09:00"))
    ticket = day.call(at("09:05"), counter)
    return serve.start_serving(day.session, ticket, actor=day.officers[counter], now=at("09:06"))


def offer(day, counter=0):
    offer_counter(day.session, day.counters[counter].id, actor=day.officers[counter], now=at("09:10"))


def test_the_person_in_service_stays_and_is_finished_by_the_other_officer(day):
    ticket, other = serving(day), relief(day)
    offer(day)
    running = take_over(day.session, day.counters[0].id, actor=other, now=at("09:11"))
    assert (running.staff_id, ticket.staff_id, ticket.state) == (other.id, other.id, "serving")
    with pytest.raises(NotYourCounter):
        serve.complete(day.session, ticket, actor=day.officers[0], now=at("09:12"))
    serve.complete(day.session, ticket, actor=other, now=at("09:12"))
    day.session.flush()
    assert check(day.session) == []
    kept = day.session.scalars(select(AuditEntry).where(AuditEntry.action == "ticket.hand_over")).one()
    assert kept.details["from_staff_id"] == day.officers[0].id


def test_a_counter_that_nobody_offered_stays(day):
    with pytest.raises(NotOffered):
        take_over(day.session, day.counters[0].id, actor=relief(day), now=at("09:11"))
    offer(day)
    offer_counter(day.session, day.counters[0].id, wanted=False, actor=day.officers[0], now=at("09:11"))
    with pytest.raises(NotOffered):
        take_over(day.session, day.counters[0].id, actor=relief(day), now=at("09:11"))


def test_the_duty_officer_needs_no_offer(day):
    duty = relief(day, "duty_officer")
    assert take_over(day.session, day.counters[0].id, actor=duty, now=at("09:11")).staff_id == duty.id


def test_nobody_offers_the_counter_of_another(day):
    with pytest.raises(NotYourCounter):
        offer_counter(day.session, day.counters[0].id, actor=day.officers[1], now=at("09:10"))


def test_who_sits_elsewhere_closes_there_first(day):
    offer(day)
    with pytest.raises(AlreadyAtCounter):
        take_over(day.session, day.counters[0].id, actor=day.officers[1], now=at("09:11"))


def test_what_the_last_officer_did_cannot_be_undone_by_the_next(day):
    ticket, other = serving(day), relief(day)
    offer(day)
    take_over(day.session, day.counters[0].id, actor=other, now=at("09:11"))
    day.session.refresh(ticket)
    with pytest.raises(CannotUndo):
        undo(day.session, ticket, actor=other, now=at("09:11"), real_now=clock.real_now())


def test_of_two_who_take_over_at_once_one_sits_there(database):
    with database.transaction() as session:
        day = open_hall(session)
        ticket = serving(day)
        offer(day)
        others = [relief(day) for _ in range(4)]
        counter_id, ticket_id = day.counters[0].id, ticket.id
    answers = at_once(
        database,
        4,
        lambda session, n: take_over(session, counter_id, actor=others[n], now=at("09:11")).staff_id,
    )
    [winner] = [each for each in answers if isinstance(each, int)]
    assert all(isinstance(each, NotOffered | CounterNotOpen | int) for each in answers)
    with database.transaction() as session:
        assert session_of_counter(session, counter_id).staff_id == winner
        assert session.get_one(Ticket, ticket_id).staff_id == winner
        assert len(session.scalars(select(CounterSession)).all()) == 2
        assert check(session) == []


# ---- a chosen one ----


def choose(day, ticket, actor, *, counter=0, why="frail", **options):
    values = {"why": why, "actor": actor, "now": at("09:10"), **options}
    return call_chosen(day.session, day.counters[counter].id, ticket, **values)


def test_a_chosen_ticket_goes_before_others_with_its_reason_in_the_audit(day):
    duty = relief(day, "duty_officer")
    day.take(at("09:00"))
    last = day.take(at("09:01"))
    assert choose(day, last, duty).state == "called"
    day.session.flush()
    kept = day.session.scalars(select(AuditEntry).where(AuditEntry.action == "ticket.call")).one()
    assert (kept.details["reason"], kept.details["why"]) == ("chosen", "frail")
    assert check(day.session) == []


def test_choosing_needs_its_own_permission_and_a_reason(day):
    ticket = day.take(at("09:00"))
    with pytest.raises(Forbidden):
        choose(day, ticket, day.officers[0])
    with pytest.raises(ChosenReasonUnknown):
        choose(day, ticket, relief(day, "duty_officer"), why="friend")


def test_a_line_that_the_counter_does_not_serve_is_refused(day):
    with pytest.raises(NotServedHere):
        choose(day, day.take(at("09:00"), day.b), relief(day, "duty_officer"))


def test_who_is_called_already_and_a_busy_counter_are_refused(day):
    duty = relief(day, "duty_officer")
    first, second = day.take(at("09:00")), day.take(at("09:00"))
    day.call(at("09:05"), 1)
    with pytest.raises(TicketMoved):
        choose(day, first, duty)
    choose(day, second, duty)
    with pytest.raises(CounterBusy):
        choose(day, day.take(at("09:06")), duty)


def test_the_same_press_gets_the_same_ticket(day):
    duty = relief(day, "duty_officer")
    ticket = day.take(at("09:00"))
    assert choose(day, ticket, duty, press_key="p1").id == choose(day, ticket, duty, press_key="p1").id


def test_ten_officers_who_choose_one_person_get_them_once(database):
    with database.transaction() as session:
        day = open_hall(session, seats=10, planned=10)
        ticket_id = day.take(at("09:00")).id
        duty = relief(day, "duty_officer")

    def press(session, index):
        ticket = session.get_one(Ticket, ticket_id)
        counter_id = day.counters[index].id
        return call_chosen(session, counter_id, ticket, why="urgent", actor=duty, now=at("09:10")).id

    answers = at_once(database, 10, press)
    assert [each for each in answers if isinstance(each, int)] == [ticket_id]
    assert sum(isinstance(each, TicketMoved) for each in answers) == 9
