"""Who was passed on to one counter waits for that counter: estimates know it."""

import pytest

from queueing import one_counter, serve
from queueing.counters import close_counter
from queueing.desk import desk
from queueing.promise import Expected
from queueing.queries import ticket_view
from queueing.send_to import send_to_counter
from queueing.today import today_of
from tests import build
from tests.build import at
from tests.queueing.hall_day import open_hall

SEATS = 4


@pytest.fixture
def day(session):
    return open_hall(session, planned=SEATS, seats=SEATS)


def busy_line(day):
    """Four are being served, twelve wait behind them."""
    tickets = [day.take(at("09:00")) for _ in range(SEATS + 12)]
    for counter in range(SEATS):
        called = day.call(at("09:00"), counter)
        serve.start_serving(day.session, called, actor=day.officers[counter], now=at("09:00"))
    return tickets


def pass_on(day, ticket, counter, now):
    officer = day.officers[[each.id for each in day.counters].index(ticket.counter_id)]
    return send_to_counter(day.session, ticket, counter_id=day.counters[counter].id, actor=officer, now=now)


def view(day, ticket, now="09:01"):
    return ticket_view(day.session, ticket, now=at(now))


def test_one_counter_takes_longer_than_four(day):
    tickets = busy_line(day)
    pass_on(day, tickets[0], 1, at("09:01"))
    alone = view(day, tickets[0])
    assert alone.to_counter_number == day.counters[1].number
    assert alone.ahead == 0
    everybody = [view(day, each) for each in tickets[SEATS:]]
    # The next call of any counter comes sooner than the next one of this counter.
    assert min(each.high_min for each in everybody) < alone.high_min


def test_the_second_and_third_for_the_same_counter_wait_for_the_first(day):
    tickets = busy_line(day)
    for each in (0, 2, 3):
        pass_on(day, tickets[each], 1, at("09:01"))
    first, second, third = (view(day, tickets[each]) for each in (0, 2, 3))
    assert first.high_min < second.high_min < third.high_min
    # Each of them takes this counter some ten minutes, however many counters the line has.
    middles = [each.low_min + each.high_min for each in (first, third)]
    assert middles[1] - middles[0] > 2 * 2 * 0.8 * day.a.mean_minutes


@pytest.mark.parametrize("line", ["its own", "another that it serves"])
def test_booked_people_who_may_yet_come_to_the_counter_are_in_the_wait(session, line):
    """Two counters, nobody else waits: of two passed on to one, the second lets who is due go between."""
    day = open_hall(session, planned=2, seats=1)
    day.seat(day.a, day.b, now=at("09:00"))
    tickets = [day.take(at("09:00")) for _ in range(2)]
    for ticket in tickets:
        called = day.call(at("09:00"), 0)
        serve.start_serving(session, called, actor=day.officers[0], now=at("09:00"))
        pass_on(day, ticket, 1, at("09:01"))
    first, second = (view(day, ticket) for ticket in tickets)
    booked = day.a if line == "its own" else day.b
    slot = build.make_slot(session, booked, at("09:05"))
    for _ in range(2 if booked is day.a else 1):  # of its own line the other counter takes half
        build.make_appointment(session, slot)
    assert view(day, tickets[0]).high_min == first.high_min
    assert view(day, tickets[1]).low_min > second.low_min
    assert view(day, tickets[1]).high_min > second.high_min + 5


def test_of_booked_people_for_many_counters_one_gets_its_part(session):
    day = open_hall(session, planned=SEATS, seats=SEATS)
    slot = build.make_slot(session, day.a, at("09:05"))
    for _ in range(6):
        build.make_appointment(session, slot)
    today = today_of(session, day.hall.id, now=at("09:01"))
    assert one_counter._coming(session, today, [day.a.id], now=at("09:01")) == [Expected(at("09:05"), 1.5)]


def test_once_the_counter_is_closed_the_ticket_stands_in_the_line_again(day):
    tickets = busy_line(day)
    serve.complete(day.session, tickets[1], actor=day.officers[1], now=at("09:01"))
    ticket = pass_on(day, tickets[0], 1, at("09:01"))
    close_counter(day.session, day.counters[1].id, actor=day.officers[1], now=at("09:02"))
    seen = view(day, ticket, "09:02")
    assert (seen.to_counter_number, seen.ahead) == (None, 0)


def test_a_desk_counts_whom_it_can_call_and_not_who_waits_for_another_counter(session, day):
    ticket = day.call(day.take(at("09:00")).issued_at)
    serve.start_serving(session, ticket, actor=day.officers[0], now=at("09:01"))
    pass_on(day, ticket, 1, at("09:02"))
    counts = {number: desk(session, day.counters[number].id, now=at("09:03")).waiting for number in range(3)}
    assert counts == {0: 0, 1: 1, 2: 0}
    close_counter(session, day.counters[1].id, actor=day.officers[1], now=at("09:04"))
    assert desk(session, day.counters[0].id, now=at("09:05")).waiting == 1  # nobody works there any more
