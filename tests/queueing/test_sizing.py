"""Numbers of the rule by the size of a line, the same for the running hall and the twin."""

from datetime import timedelta

import pytest

from queueing.policy import QueuePolicy
from queueing.sizing import sized
from queueing.staffing import capacity_of
from queueing.today import today_of
from tests.build import at
from tests.queueing.hall_day import open_hall
from tests.twin.sim.halls import counter, hall, play

MINUTES = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("counters", "efficiency", "lead"),
    [(0, 0.75, 0), (3, 0.75, 0), (4.9, 0.75, 0), (5, 0.8, 3), (10, 0.8, 3), (20, 0.8, 2), (40, 0.8, 2)],
)
def test_a_line_has_the_numbers_of_its_size(counters, efficiency, lead):
    policy = sized(QueuePolicy(), (), counters)
    assert (policy.promise_efficiency, policy.booked_lead) == (efficiency, lead * MINUTES)


def test_what_the_hall_says_stays():
    values = {"promise_efficiency": 0.9, "booked_lead_seconds": 0}
    policy = sized(QueuePolicy.from_mapping(values), values, 40)
    assert (policy.promise_efficiency, policy.booked_lead) == (0.9, 0 * MINUTES)


def test_the_running_hall_and_the_twin_take_them_from_the_counters_of_the_line(session):
    day = open_hall(session)
    today = today_of(session, day.hall.id, now=at("09:30"))
    assert today.policy_for(capacity_of(session, today, day.a.id, now=at("09:30"))).promise_efficiency == 0.75
    day.hall.policy = {"queue": {"promise_efficiency": 0.5}}
    today = today_of(session, day.hall.id, now=at("09:30"))
    assert today.policy_for(capacity_of(session, today, day.a.id, now=at("09:30"))).promise_efficiency == 0.5
    _, played, _ = play(hall(counters=tuple(counter(number) for number in range(1, 7))))
    keys = {ticket.waiting.slot_starts_at - ticket.waiting.due_at for ticket in played._desk.tickets
            if ticket.booked and not ticket.waiting.late}  # fmt: skip
    assert keys == {3 * MINUTES}
