"""A day of the running hall, in its database and by its use cases, played again by the twin."""

from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import select

from queueing import serve
from queueing.errors import TakeNewNumber
from queueing.models import Call, Ticket
from queueing.ordering import Track, Waiting
from queueing.policy import DISCIPLINES, QueuePolicy
from queueing.reasons import Reason, ReasonCode
from queueing.recall import calls_to_wait
from tests import build
from tests.build import at
from tests.queueing.hall_day import open_hall
from twin.sim.recorded import Called, Joined, Left, Undone, play_again


def seen(ticket, *, calls_to_wait=0):
    return Waiting(
        ticket.id,
        ticket.label,
        Track(ticket.track),
        ticket.due_at,
        ticket.issued_at,
        ticket.ordinal,
        ticket.slot_starts_at,
        ticket.late,
        ticket.returned_at,
        calls_to_wait,
        ticket.minutes,
        ticket.quick,
    )


class Recorder:
    """Plays a random day with the use cases and writes down what happens."""

    def __init__(self, session, rng):
        self.session, self.rng, self.day, self.events = session, rng, open_hall(session), []
        self.undone = 0
        self.groups = [(self.day.a.id,), (self.day.a.id, self.day.b.id)]
        self.day.seat(self.day.a, self.day.b, now=at("09:00"))
        self.absent = []
        # Most come for something, that takes little or much.
        self.services = [build.make_service(session, minutes=minutes).id for minutes in (3, 15)]

    def join(self, ticket, **more):
        self.events.append(Joined(ticket.group_id, seen(ticket, **more)))

    def come(self, now):
        group = self.rng.choice([self.day.a, self.day.a, self.day.b])
        kind = self.rng.random()
        if kind < 0.4:
            slot_at = now + timedelta(minutes=self.rng.randint(-15, 25))
            ticket = self.take(now, group)
            ticket.track, ticket.due_at, ticket.slot_starts_at = "booked", slot_at, slot_at
            self.session.flush()
            self.join(ticket)
        elif kind < 0.55:
            self.join(self.take(now, group, green_reason="elderly"))
        else:
            self.join(self.take(now, group))

    def take(self, now, group, **values):
        wanted = self.rng.choice([(), *((service,) for service in self.services)])
        return self.day.take(now, group, service_ids=wanted, **values)

    def call(self, now, counter):
        ticket = self.day.call(now, counter)
        if ticket is None:
            return
        self.events.append(Called(now, self.groups[counter], ticket.group_id, ticket.id))
        actor = self.day.officers[counter]
        if self.rng.random() < 0.2:
            serve.undo_call(self.session, ticket, actor=actor, now=now)
            self.undone += 1
            left = calls_to_wait(ticket.reinsert_after_call, calls_made=self.made(ticket))
            self.events.append(Undone(ticket.group_id, seen(ticket, calls_to_wait=left)))
            return
        if self.rng.random() < 0.2:
            serve.mark_absent(self.session, ticket, actor=actor, now=now)
            self.absent.append(ticket)
            return
        serve.start_serving(self.session, ticket, actor=actor, now=now)
        if self.rng.random() < 0.2:
            other = self.day.b if ticket.group_id == self.day.a.id else self.day.a
            serve.transfer(self.session, ticket, group_id=other.id, actor=actor, now=now)
            self.join(ticket)
        else:
            serve.complete(self.session, ticket, actor=actor, now=now)

    def give_up(self, now):
        waiting = [e for e in self.events if isinstance(e, Joined)]
        ticket = self.session.get_one(Ticket, self.rng.choice(waiting).waiting.ticket_id)
        if ticket.state == "waiting":
            serve.abandon(self.session, ticket, actor=self.day.officers[0], now=now)
            self.events.append(Left(ticket.group_id, ticket.id))

    def step(self, now):
        kind = self.rng.random()
        if kind < 0.55:
            self.come(now)
        elif kind < 0.92 or not self.events:
            self.call(now, self.rng.choice([0, 1]))
        elif kind < 0.96 or not self.absent:
            self.give_up(now)
        else:
            self.come_back(now)

    def come_back(self, now):
        ticket = self.absent.pop(0)
        try:
            serve.reinstate(self.session, ticket, actor=self.day.officers[0], now=now)
        except TakeNewNumber:  # too late, or the second time
            return
        if ticket.state == "waiting":
            left = calls_to_wait(ticket.reinsert_after_call, calls_made=self.made(ticket))
            self.join(ticket, calls_to_wait=left)

    def made(self, ticket):
        return sum(isinstance(e, Called) and e.group == ticket.group_id for e in self.events)


@pytest.mark.parametrize("seed", [1, 2])
def test_recorded_events_give_identical_calls_for_identical_reasons(session, seed):
    recorder = Recorder(session, Random(seed))
    for minute in range(70):
        recorder.step(at("09:00") + timedelta(minutes=minute))
    session.flush()
    told = {
        (call.ticket_id, call.called_at): Reason.from_data(call.reason)
        for call in session.scalars(select(Call))
    }
    played = list(play_again(recorder.events, QueuePolicy()))
    assert len(played) == len(told) > 20
    assert recorder.undone > 2
    assert ReasonCode.QUICK in {reason.code for reason in told.values()}
    for call, choice in played:
        assert choice.ticket_id == call.ticket_id
        assert choice.reason == told[call.ticket_id, call.at]
    others = [
        list(play_again(recorder.events, QueuePolicy(name))) for name in DISCIPLINES if name != "promise"
    ]
    # The day was such that another discipline would have called otherwise.
    assert any(choice.ticket_id != call.ticket_id for each in others for call, choice in each)
