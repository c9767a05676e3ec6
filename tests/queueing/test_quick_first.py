"""Quick matters go before longer ones that are not due yet; promises and promises' arithmetic stay right."""

from dataclasses import replace
from datetime import timedelta

from queueing.admission import needed_minutes
from queueing.capacity import Capacity, Opening
from queueing.estimate import Fitted, estimate
from queueing.keys import is_quick
from queueing.models import Call
from queueing.ordering import POLICIES, Track, Waiting, next_ticket
from queueing.policy import QueuePolicy
from queueing.promise import Load, promised_call
from queueing.reasons import Reason, ReasonCode
from tests import build
from tests.build import at
from tests.queueing.hall_day import open_hall

TEN = at("10:00")
MINUTE = timedelta(minutes=1)


def walk_in(number, *, due, quick=False, minutes=11.0, since=0):
    return Waiting(
        number,
        "",
        Track.WALK_IN,
        TEN + due * MINUTE,
        TEN + since * MINUTE,
        number,
        minutes=minutes,
        quick=quick,
    )


LONG, SHORT = walk_in(1, due=30, minutes=18.0), walk_in(2, due=35, quick=True, minutes=6.0, since=3)


def test_a_quick_matter_goes_before_a_longer_one_that_is_not_due():
    choice = next_ticket([LONG, SHORT], [], TEN + 5 * MINUTE)
    assert (choice.ticket_id, choice.reason.code) == (2, ReasonCode.QUICK)
    assert choice.reason.text("zh", TEN.tzinfo).startswith("短件先办")


def test_nobody_is_overtaken_beyond_the_promised_time():
    assert next_ticket([LONG, SHORT], [], TEN + 30 * MINUTE).ticket_id == 1


def test_among_quick_matters_the_first_come_goes_first_and_no_reason_is_needed():
    first = replace(SHORT, ticket_id=3, issued_at=TEN - MINUTE)
    choice = next_ticket([LONG, SHORT, first], [], TEN + 5 * MINUTE)
    assert (choice.ticket_id, choice.reason.code) == (3, ReasonCode.WALK_IN)


def test_who_booked_and_is_due_goes_first_and_who_is_early_does_not():
    due = Waiting(4, "", Track.BOOKED, TEN, TEN, 4, TEN)
    early = replace(due, ticket_id=5, due_at=TEN + 20 * MINUTE, slot_starts_at=TEN + 20 * MINUTE)
    assert next_ticket([due, SHORT], [], TEN + 5 * MINUTE).ticket_id == 4
    assert next_ticket([early, LONG, SHORT], [], TEN + 5 * MINUTE).ticket_id == 2


def test_other_policies_know_nothing_of_it():
    for name in ("fifo", "strict", "accumulating"):
        assert POLICIES[name]([LONG, SHORT], [], TEN + 5 * MINUTE).ticket_id == 1


def test_quick_is_what_takes_at_most_three_quarters_of_the_mean_and_a_hall_may_switch_it_off():
    assert [is_quick(minutes, 11) for minutes in (8.25, 8.3, 0)] == [True, False, False]
    assert not is_quick(1, 11, QueuePolicy(quick_share=0))


def test_promise_and_admission_count_the_minutes_of_those_who_wait():
    day = Capacity([Opening(TEN, TEN + 480 * MINUTE, 1)])
    by_number, by_minutes = Load(10, 6), Load(10, 6, waiting_minutes=90)
    promised = [promised_call(day, load, TEN, previous=None) for load in (by_number, by_minutes)]
    assert promised[1] - promised[0] >= 30 * MINUTE
    assert needed_minutes(by_minutes, expected=0) - needed_minutes(by_number, expected=0) == 30
    assert Load(10, 6, waiting_minutes=90).with_more(1.5).work_minutes == 110


def test_the_estimate_counts_the_minutes_of_those_ahead():
    day = Capacity([Opening(TEN, TEN + 480 * MINUTE, 1)])
    waits = []
    for minutes in (5.0, 20.0):
        line = [walk_in(n, due=200 + n, minutes=minutes, since=n) for n in range(1, 5)]
        load = Load(11, 4, busy=1)
        told = estimate(line, [], TEN + 9 * MINUTE, capacity=day, load=load, fitted=Fitted(long_share=0.0))
        waits.append(told[4].expected_minutes)
    assert waits[1] - waits[0] >= 3 * 15


def test_the_running_hall_calls_the_quick_matter_and_keeps_the_reason(session):
    day = open_hall(session)
    quick = build.make_service(session, code="quick", minutes=2)
    long = build.make_service(session, code="long", minutes=40)
    first, second = (
        day.take(at(clock), service_ids=(service.id,))
        for clock, service in (("09:30", long), ("09:31", quick))
    )
    assert [(each.minutes, each.quick) for each in (first, second)] == [(40, False), (2, True)]
    assert day.call(at("09:32")).id == second.id
    call = session.query(Call).filter_by(ticket_id=second.id).one()
    assert Reason.from_data(call.reason) == Reason(ReasonCode.QUICK, at("09:31"))
