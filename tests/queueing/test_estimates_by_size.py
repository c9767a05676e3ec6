"""A line of five counters and more has a lead for who booked: estimates know it like the rule does."""

from booking.states import OPEN
from queueing.queries import estimates
from queueing.today import today_of
from tests import build
from tests.build import at
from tests.queueing.hall_day import open_hall
from tests.queueing.test_check_in import booked_for, scan


def minutes_of(day, ticket):
    today = today_of(day.session, day.hall.id, now=at("09:50"))
    return estimates(day.session, today, day.a.id, now=at("09:50"))[ticket.id].expected_minutes


def test_who_booked_and_is_expected_counts_as_the_rule_will_call_them(session):
    day = open_hall(session, planned=5, seats=0)
    for _ in range(5):
        counter = build.make_counter(session, day.hall, [day.a])
        build.make_ticket(session, day.a, state="serving", counter_id=counter.id)
    for _ in range(4):
        build.make_ticket(session, day.a)
    last = build.make_ticket(session, day.a, due_at=at("09:58"), promised_at=at("09:58"))
    alone = minutes_of(day, last)
    booked = booked_for(session, day, at("10:00"))
    assert booked.state in OPEN
    expected = minutes_of(day, last)
    ticket = scan(day, booked, at("09:50"))
    assert ticket.due_at == at("09:57")
    assert minutes_of(day, last) == expected > alone
