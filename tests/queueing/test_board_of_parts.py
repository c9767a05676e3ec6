"""Screens of one counter or of some lines: who was sent on is shown where the last call was, nowhere else."""

import pytest

from queueing import serve
from queueing.board import CALLS_SHOWN, Only, board
from tests.build import at
from tests.queueing.hall_day import open_hall

NOW = at("10:00")


@pytest.fixture
def day(session):
    """Counter 1 serves line A, counter 2 line B."""
    day = open_hall(session)
    day.seat(day.b, now=at("09:00"))
    return day


def shown(session, day, **only):
    part = Only(**{name: frozenset(ids) for name, ids in only.items()})
    return [call.label for call in board(session, day.hall.id, now=NOW, only=part).calls]


def test_who_is_passed_on_leaves_the_screens_of_the_first_counter_and_line(session, day):
    first, second = (counter.id for counter in day.counters)
    label = day.take(at("09:00")).label
    ticket = day.call(at("09:10"))
    assert shown(session, day, counter_ids=[first]) == [label]
    serve.start_serving(session, ticket, actor=day.officers[0], now=at("09:11"))
    serve.transfer(session, ticket, group_id=day.b.id, actor=day.officers[0], now=at("09:15"))
    called = day.call(at("09:20"), counter=1)
    assert called.label == label
    assert shown(session, day, counter_ids=[second]) == [label]
    assert shown(session, day, counter_ids=[first]) == []
    assert shown(session, day, group_ids=[day.b.id]) == [label]
    assert shown(session, day, group_ids=[day.a.id]) == []


def test_who_is_served_on_elsewhere_is_shown_there_and_the_board_is_another(session, day):
    first, second = (counter.id for counter in day.counters)
    label = day.take(at("09:00")).label
    ticket = day.call(at("09:10"))
    serve.start_serving(session, ticket, actor=day.officers[0], now=at("09:11"))
    serve.park(session, ticket, actor=day.officers[0], now=at("09:12"))
    before = board(session, day.hall.id, now=NOW)
    serve.resume(session, ticket, actor=day.officers[1], now=at("09:15"))
    session.flush()
    after = board(session, day.hall.id, now=NOW)
    assert [call.counter_number for call in before.calls] == [day.counters[0].number]
    assert [call.counter_number for call in after.calls] == [day.counters[1].number]
    assert before.version != after.version
    assert shown(session, day, counter_ids=[second]) == [label]
    assert shown(session, day, counter_ids=[first]) == []


def test_who_is_served_is_shown_however_many_were_called_since(session, day):
    first, second = (counter.id for counter in day.counters)
    label = day.take(at("09:00")).label
    ticket = day.call(at("09:10"))
    serve.start_serving(session, ticket, actor=day.officers[0], now=at("09:11"))
    serve.park(session, ticket, actor=day.officers[0], now=at("09:12"))
    for _ in range(3 * CALLS_SHOWN):
        day.take(at("09:12"))
        other = day.call(at("09:13"))
        serve.mark_absent(session, other, actor=day.officers[0], now=at("09:14"))
    serve.resume(session, ticket, actor=day.officers[0], now=at("09:20"))
    session.flush()
    assert label in shown(session, day, counter_ids=[first])
    serve.park(session, ticket, actor=day.officers[0], now=at("09:21"))
    serve.resume(session, ticket, actor=day.officers[1], now=at("09:22"))
    session.flush()
    assert shown(session, day, counter_ids=[second]) == [label]
    assert label not in shown(session, day, counter_ids=[first])
