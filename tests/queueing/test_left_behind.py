"""Who still waits after the windows of their line have closed is told so, and found by the duty officer."""

from queueing.board import board
from queueing.close_day import close_day
from queueing.counters import close_counter, pause_counter
from queueing.left_behind import closed_lines, count_left, list_left
from queueing.queries import estimates, ticket_view
from queueing.today import today_of
from tests import build
from tests.build import at
from tests.queueing.hall_day import open_hall

LATE = at("17:20")


def waiting(session):
    """A hall whose plan ends at five, with an officer at line A and somebody in each line."""
    day = open_hall(session)
    tickets = day.take(at("16:00")), day.take(at("16:01"), group=day.b)
    return day, *tickets


def close(day):
    close_counter(day.session, day.counters[0].id, actor=day.officers[0], now=at("17:05"))


def seen(day, ticket, now=LATE):
    view = ticket_view(day.session, ticket, now=now)
    return view.line_closed, view.ahead, view.latest_at


def test_nobody_is_next_once_the_plan_is_over_and_no_window_is_open(session):
    day, ticket, other = waiting(session)
    close(day)
    assert seen(day, ticket) == seen(day, other) == (True, None, None)
    view = ticket_view(session, ticket, now=LATE)
    assert (view.closed_at, view.low_min, view.high_min, view.promise_at_risk) == (
        at("17:00"), None, None, False,
    )  # fmt: skip
    assert estimates(session, today_of(session, day.hall.id, now=LATE), day.a.id, now=LATE) == {}


def test_a_line_is_open_while_its_plan_runs_or_somebody_sits_there_also_on_a_break(session):
    day, ticket, other = waiting(session)
    assert seen(day, ticket)[:2] == (False, 0)  # the officer stays on after five
    assert seen(day, other)[0]  # nobody serves B
    assert not seen(day, other, at("16:59"))[0]
    pause_counter(session, day.counters[0].id, reason="meal", actor=day.officers[0], now=at("17:01"))
    assert not seen(day, ticket)[0]


def test_a_window_that_opens_again_goes_on_with_them(session):
    day, ticket, _ = waiting(session)
    close(day)
    day.seat(day.a, now=at("17:25"))
    assert seen(day, ticket, at("17:26"))[:2] == (False, 0)
    assert day.call(at("17:27"), counter=1) == ticket


def test_a_line_without_any_plan_today_has_closed_without_an_hour(session):
    hall = build.make_hall(session)
    group = build.make_group(session, hall)
    ticket = build.make_ticket(session, group)
    view = ticket_view(session, ticket, now=at("10:00"))
    assert (view.line_closed, view.closed_at) == (True, None)


def test_a_ticket_of_yesterday_is_void_and_not_left(session):
    day, ticket, _ = waiting(session)
    close(day)
    tomorrow = LATE.replace(day=LATE.day + 1)
    assert not ticket_view(session, ticket, now=tomorrow).line_closed
    assert list_left(session, day.hall.id, now=tomorrow) == []


def test_who_is_left_is_listed_line_by_line_until_the_day_ends(session):
    day, ticket, other = waiting(session)
    assert [each.ticket for each in list_left(session, day.hall.id, now=LATE)] == [other]
    close(day)
    left = list_left(session, day.hall.id, now=LATE)
    assert [(each.ticket, each.group, each.closed_at) for each in left] == [
        (ticket, day.a, at("17:00")),
        (other, day.b, at("17:00")),
    ]
    assert count_left(session, [day.hall.id], now=LATE) == {day.hall.id: 2}
    today = today_of(session, day.hall.id, now=LATE)
    assert set(closed_lines(session, today, [day.a.id, day.b.id], now=LATE)) == {day.a.id, day.b.id}
    close_day(session, day.hall.id, on_date=build.TODAY, now=at("20:00"))
    assert list_left(session, day.hall.id, now=at("20:01")) == []


def test_screens_mark_a_closed_line_where_somebody_waits_and_change_with_it(session):
    day, _ticket, _other = waiting(session)
    before = board(session, day.hall.id, now=at("16:30"))
    late = board(session, day.hall.id, now=LATE)
    assert [line.closed for line in before.waiting] == [False, False]
    assert [line.closed for line in late.waiting] == [False, True]
    assert before.version != late.version
