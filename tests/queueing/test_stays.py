"""What a visit took is kept for each line that it was in, exactly, and each line learns its own."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select, text

from kernel import clock
from queueing import serve
from queueing.doctor import check
from queueing.forecast_models import LearnedTime
from queueing.learn_times import learn_times
from queueing.models import Ticket
from queueing.send_to import send_to_counter
from queueing.services_done import correct_services
from queueing.stays import by_line, leave
from queueing.taken import minutes_taken
from queueing.undo import undo
from tests import build
from tests.build import at
from tests.queueing.hall_day import open_hall

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def day(session):
    """Counters 0 and 2 serve A, which offers `service`; counter 1 serves B, which offers `other`."""
    day = open_hall(session)
    day.service = build.make_service(session, day.a, code="pass", minutes=20)
    day.other = build.make_service(session, day.b, code="pay", minutes=6)
    day.seat(day.b, now=at("08:30"))
    day.seat(day.a, now=at("08:30"))
    return day


def serve_at(day, counter, called, started):
    ticket = day.call(at(called), counter)
    return serve.start_serving(day.session, ticket, actor=day.officers[counter], now=at(started))


def send(day, ticket, group, counter, when):
    return serve.transfer(day.session, ticket, group_id=group.id, actor=day.officers[counter], now=at(when))


def finish(day, ticket, counter, when):
    serve.complete(day.session, ticket, actor=day.officers[counter], now=at(when))
    day.session.flush()


def there_and_back(day):
    """A for 30 minutes, B for five, A again for four."""
    day.take(at("08:55"), service_ids=[day.service.id])
    ticket = serve_at(day, 0, "09:00", "09:01")
    send(day, ticket, day.b, 0, "09:30")
    serve_at(day, 1, "09:40", "09:41")
    send(day, ticket, day.a, 1, "09:45")
    assert serve_at(day, 2, "09:50", "09:51").id == ticket.id
    return ticket


def spent(ticket):
    return [(each.group_id, each.minutes) for each in by_line(ticket.stays)]


def learned(day, group, service):
    """How many cases of a service a line learned from, their mean before it was shrunk, and the counters."""
    learn_times(day.session, day.hall.id, on_date=(at("12:00") + DAY).date(), now=at("03:40") + DAY)
    rows = day.session.scalars(
        select(LearnedTime).where(LearnedTime.group_id == group.id, LearnedTime.service_id == service.id)
    ).all()
    in_all = [row for row in rows if row.counter_id is None]
    return in_all, {row.counter_id for row in rows} - {None}


def shrunk_to(belief, *minutes):
    return pytest.approx((sum(minutes) + 20 * belief) / (len(minutes) + 20))


def stay(group_id, took, *service_ids, counter_id=1):
    return {"group_id": group_id, "counter_id": counter_id, "service_ids": [*service_ids], "took": took}


def test_stays_in_one_line_are_one_case_with_the_services_and_the_counter_of_the_last():
    minute = 60_000_000
    a, b = by_line([stay(7, 3 * minute, 1), stay(8, minute, 1), stay(7, 4 * minute, 2, counter_id=5)])
    assert (a.group_id, a.minutes, a.counter_id, a.service_ids) == (7, 7.0, 5, [2])
    assert (b.group_id, b.minutes) == (8, 1.0)
    assert by_line([]) == []


def test_each_stay_took_what_was_added_since_the_one_before():
    ticket = SimpleNamespace(group_id=7, counter_id=1, service_ids=[1], stays=[])
    for walked, served in ((1, 4), (2, 10)):
        ticket.walk_time, ticket.service_time = walked * MINUTE, served * MINUTE
        leave(ticket)
    assert [each["took"] // 60_000_000 for each in ticket.stays] == [5, 7]


def test_who_was_sent_to_another_line_and_back_has_the_minutes_of_each(session, day):
    ticket = there_and_back(day)
    finish(day, ticket, 2, "09:54")
    assert spent(ticket) == [(day.a.id, 34.0), (day.b.id, 5.0)]
    assert session.scalar(select(minutes_taken()).where(Ticket.id == ticket.id)) == pytest.approx(4)
    assert check(session) == []


def test_the_line_learns_all_that_it_took_and_the_other_what_it_took_of_that_service(session, day):
    finish(day, there_and_back(day), 2, "09:54")
    [of_a], counters = learned(day, day.a, day.service)
    assert (of_a.cases, of_a.minutes) == (1, shrunk_to(20, 34))
    assert counters == {day.counters[2].id}
    [of_b], counters = learned(day, day.b, day.service)
    assert (of_b.cases, of_b.minutes) == (
        1,
        shrunk_to(day.b.mean_minutes, 5),
    )  # not the 20 of the whole matter
    assert counters == {day.counters[1].id}


def test_a_line_learns_also_from_those_who_end_in_another(session, day):
    day.take(at("08:55"), service_ids=[day.service.id])
    ticket = serve_at(day, 0, "09:00", "09:01")
    send(day, ticket, day.b, 0, "09:12")
    serve_at(day, 1, "09:40", "09:41")
    serve.park(session, ticket, actor=day.officers[1], now=at("09:42"))
    serve.resume(session, ticket, actor=day.officers[1], now=at("10:12"))
    finish(day, ticket, 1, "10:13")
    assert spent(ticket) == [(day.a.id, 12.0), (day.b.id, 3.0)]  # without the half-hour put aside
    assert session.scalar(select(minutes_taken()).where(Ticket.id == ticket.id)) == pytest.approx(3)
    assert learned(day, day.a, day.service)[0][0].minutes == shrunk_to(20, 12)


def test_each_part_of_a_visit_is_a_case_of_its_own_service_and_line(session, day):
    day.take(at("08:55"), service_ids=[day.service.id])
    ticket = serve_at(day, 0, "09:00", "09:01")
    ticket.legs = [{"group_id": day.b.id, "service_ids": [day.other.id]}]
    finish(day, ticket, 0, "09:20")
    serve_at(day, 1, "09:30", "09:30")
    finish(day, ticket, 1, "09:38")
    assert ticket.service_ids == [day.service.id, day.other.id]
    assert learned(day, day.a, day.service)[0][0].minutes == shrunk_to(20, 20)
    assert learned(day, day.b, day.other)[0][0].minutes == shrunk_to(6, 8)
    assert learned(day, day.b, day.service)[0] == learned(day, day.a, day.other)[0] == []


def test_what_was_corrected_in_the_end_is_what_a_line_did(session, day):
    again = build.make_service(session, day.a, code="again", minutes=15)
    ticket = there_and_back(day)
    correct_services(session, ticket, service_ids=[again.id], actor=day.officers[2], now=at("09:52"))
    finish(day, ticket, 2, "09:54")
    assert learned(day, day.a, again)[0][0].minutes == shrunk_to(15, 34)
    assert learned(day, day.a, day.service)[0] == []
    assert learned(day, day.b, day.service)[0][0].cases == 1  # there it was what it was


def test_a_transfer_that_is_taken_back_was_no_stay(session, day):
    day.take(at("08:55"), service_ids=[day.service.id])
    ticket = serve_at(day, 0, "09:00", "09:01")
    send(day, ticket, day.b, 0, "09:10")
    assert spent(ticket) == [(day.a.id, 10.0)]
    undo(session, ticket, actor=day.officers[0], now=at("09:11"), real_now=clock.real_now())
    assert ticket.stays == []
    finish(day, ticket, 0, "09:20")
    assert ticket.stays == []
    assert session.scalar(select(minutes_taken()).where(Ticket.id == ticket.id)) == pytest.approx(20)


def test_an_end_that_is_taken_back_notes_the_last_stay_once(session, day):
    ticket = there_and_back(day)
    finish(day, ticket, 2, "09:54")
    undo(session, ticket, actor=day.officers[2], now=at("09:54"), real_now=clock.real_now())
    assert spent(ticket) == [(day.a.id, 30.0), (day.b.id, 5.0)]
    finish(day, ticket, 2, "09:58")
    assert spent(ticket) == [(day.a.id, 38.0), (day.b.id, 5.0)]
    assert check(session) == []


def test_another_counter_of_the_line_is_no_other_stay(session, day):
    day.take(at("08:55"), service_ids=[day.service.id])
    ticket = serve_at(day, 0, "09:00", "09:01")
    where = day.counters[2].id
    send_to_counter(session, ticket, counter_id=where, actor=day.officers[0], now=at("09:05"))
    serve_at(day, 2, "09:10", "09:10")
    finish(day, ticket, 2, "09:14")
    assert ticket.stays == []
    assert learned(day, day.a, day.service)[0][0].minutes == shrunk_to(20, 9)


@pytest.mark.parametrize(
    "damage",
    [
        """jsonb_set(stays, '{0,took}', '1')""",
        "stays - -1",
        """jsonb_set(stays, '{-1,group_id}', '0')""",
    ],
)
def test_the_doctor_sees_stays_that_are_not_the_visit(session, day, damage):
    finish(day, there_and_back(day), 2, "09:54")
    session.execute(text(f"UPDATE ticket SET stays = {damage}"))  # noqa: S608  # our own words
    assert "ticket_stays_do_not_add_up" in {each.rule for each in check(session)}


def test_who_moved_before_stays_were_kept_is_no_case_of_either_line(session, day):
    """What such a visit took in its last line is known to the call alone."""
    ticket = there_and_back(day)
    finish(day, ticket, 2, "09:54")
    ticket.stays, ticket.group_id = [], day.b.id
    session.flush()
    assert session.scalar(select(minutes_taken()).where(Ticket.id == ticket.id)) == pytest.approx(4)
    assert learned(day, day.a, day.service)[0] == learned(day, day.b, day.service)[0] == []
