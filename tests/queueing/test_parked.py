"""Nobody who was put aside is forgotten when the counter that did it closes."""

import pytest

from queueing import serve
from queueing.call_next import call_next
from queueing.close_day import close_day
from queueing.counters import close_counter, open_counter, pause_counter
from queueing.parked import count_parked, list_all_parked, list_parked
from tests.build import TODAY, at
from tests.queueing.hall_day import open_hall


def labels(session, day, counter, time="10:00"):
    found = list_parked(session, day.counters[counter].id, now=at(time))
    return [(each.ticket.label, each.closed) for each in found]


@pytest.fixture
def day(session):
    """Counters 0 and 1 serve line A, counter 2 line B. Counter 0 put A001 aside."""
    day = open_hall(session, seats=2)
    day.seat(day.b, now=at("09:00"))
    park(day, 0, "09:01")
    return day


def park(day, counter, time):
    day.take(at(time), day.b if counter == 2 else day.a)
    ticket = day.call(at(time), counter)
    facts = {"actor": day.officers[counter], "now": at(time)}
    serve.start_serving(day.session, ticket, **facts)
    return serve.park(day.session, ticket, reason="photo", **facts)


def close(day, counter, time="09:30"):
    close_counter(day.session, day.counters[counter].id, actor=day.officers[counter], now=at(time))


def test_while_the_counter_is_open_or_rests_its_parked_tickets_are_its_own(session, day):
    assert labels(session, day, 0) == [("A001", False)]
    assert labels(session, day, 1) == []
    pause_counter(session, day.counters[0].id, reason="break", actor=day.officers[0], now=at("09:20"))
    assert labels(session, day, 1) == []


def test_a_closed_counter_leaves_them_to_every_counter_of_their_line_and_to_no_other(session, day):
    park(day, 1, "09:05")
    close(day, 0)
    assert labels(session, day, 1) == [("A002", False), ("A001", True)]  # its own first
    assert labels(session, day, 2) == []


def test_another_counter_goes_on_with_them_and_then_has_them_alone(session, day):
    [parked] = list_parked(session, day.counters[0].id, now=at("09:10"))
    close(day, 0)
    facts = {"actor": day.officers[1], "counter_id": day.counters[1].id}
    serve.resume(session, parked.ticket, now=at("09:40"), **facts)
    assert (parked.ticket.state, parked.ticket.counter_id) == ("serving", day.counters[1].id)
    serve.park(session, parked.ticket, actor=day.officers[1], now=at("09:45"))
    assert labels(session, day, 1) == [("A001", False)]


def test_who_opens_the_counter_again_finds_them_there(session, day):
    close(day, 0)
    open_counter(session, day.counters[0].id, actor=day.officers[0], now=at("09:40"))
    assert labels(session, day, 0) == [("A001", False)]
    assert labels(session, day, 1) == []


def test_the_hall_lists_all_with_the_longest_first_also_where_no_counter_is_open(session, day):
    park(day, 2, "09:05")
    for counter in (0, 1, 2):
        close(day, counter)
    found = list_all_parked(session, day.hall.id, now=at("10:00"))
    assert [(each.ticket.label, each.group.letter, each.closed) for each in found] == [
        ("A001", "A", True),
        ("B001", "B", True),
    ]
    assert [each.counter_number for each in found] == [day.counters[0].number, day.counters[2].number]
    assert count_parked(session, [day.hall.id], now=at("10:00")) == {day.hall.id: 2}


def test_back_in_line_they_are_called_by_another_counter(session, day):
    [parked] = list_parked(session, day.counters[0].id, now=at("09:10"))
    close(day, 0)
    serve.return_to_line(session, parked.ticket, actor=day.officers[1], now=at("09:40"))
    assert call_next(session, day.counters[1].id, actor=day.officers[1], now=at("09:41")) is parked.ticket


def test_the_end_of_the_day_ends_them_also_when_their_counter_closed_before(session, day):
    [parked] = list_parked(session, day.counters[0].id, now=at("09:10"))
    close(day, 0)
    close_day(session, day.hall.id, on_date=TODAY, now=at("18:00"))
    assert parked.ticket.state == "abandoned"
    assert list_all_parked(session, day.hall.id, now=at("18:01")) == []
