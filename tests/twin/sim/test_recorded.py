"""A day of the running hall, in its database and by its use cases, played again by the twin."""

from collections import Counter
from datetime import timedelta
from random import Random

from sqlalchemy import select

from kernel.errors import DomainError
from queueing import counters, serve
from queueing.choose import call_chosen
from queueing.models import Call, CounterSession, Ticket
from queueing.ordering import Track, Waiting
from queueing.policy import DISCIPLINES, QueuePolicy
from queueing.reasons import Reason, ReasonCode
from queueing.recall import calls_to_wait
from queueing.send_to import send_to_counter
from queueing.undo import undo
from tests import build
from tests.build import at
from tests.queueing.hall_day import officer_of, open_hall
from twin.sim.recorded import Called, Joined, Left, Undone, Worked, play_again

STEPS, SEEDS = 260, (1, 5)
#: What a ticket waits with: when any of it changes, it has joined anew.
PLACE = ("group_id", "to_counter_id", "due_at", "late", "returned_at", "reinsert_after_call")
AT_COUNTER = ("called", "serving")
#: What officers and citizens do, and how often.
KINDS = {
    "come": 48, "call": 55, "choose": 4, "start": 12, "absent": 6, "undo_call": 6, "complete": 12,
    "transfer": 8, "send_to": 10, "park": 12, "resume": 7, "back": 6, "come_back": 5, "give_up": 3,
    "undo": 26, "pause": 2, "open": 4,
}  # fmt: skip


class Recorder:
    """Plays a random day with the use cases. What happened is told from the rows that each step left."""

    def __init__(self, session, rng):
        self.session, self.rng, self.day = session, rng, open_hall(session, seats=0)
        self.events, self.groups = [], {}
        for groups in ((self.day.a,), (self.day.a, self.day.b), (self.day.b,)):
            counter = build.make_counter(session, self.day.hall, groups)
            officer = officer_of(build.make_staff(session), "duty_officer")  # who may choose whom to call
            counters.open_counter(session, counter.id, actor=officer, now=at("09:00"))
            self.day.counters.append(counter)
            self.day.officers.append(officer)
            self.groups[counter.id] = tuple(group.id for group in groups)
        # Most come for something, that takes little or much.
        self.services = [build.make_service(session, minutes=minutes).id for minutes in (3, 15)]
        self.waiting, self.at_work, self.calls, self.done = {}, set(), {}, Counter()

    def play(self, steps):
        kinds = self.rng.choices(list(KINDS), list(KINDS.values()), k=steps)
        for nth, kind in enumerate(kinds):
            self.now = at("09:00") + timedelta(seconds=20 * nth)
            step = self.session.begin_nested()
            try:
                happened = getattr(self, kind)()
                step.commit()
            except DomainError:  # too late, not the time for it: nothing has happened
                step.rollback()
                happened = False
            self.session.flush()
            self.done[kind] += happened is not False
            self.observe()

    def observe(self):
        """Write down what the rows say has changed: calls first, which take tickets out of the lines."""
        open_now = self.session.scalars(
            select(CounterSession.counter_id).where(
                CounterSession.counter_id.in_(self.groups), CounterSession.state == "open"
            )
        )
        was, self.at_work = self.at_work, set(open_now)
        self.events += [Worked(counter, counter in self.at_work) for counter in was ^ self.at_work]
        taken_back = set()
        for call in self.session.scalars(self.mine(Call).order_by(Call.id)):
            if call.id not in self.calls:
                chosen = Reason.from_data(call.reason).code is ReasonCode.CHOSEN
                facts = (self.groups[call.counter_id], call.group_id, call.ticket_id, call.counter_id)
                self.events.append(Called(call.called_at, *facts, chosen=chosen))
                del self.waiting[call.ticket_id]
            elif call.undone and not self.calls[call.id]:
                taken_back.add(call.ticket_id)
            self.calls[call.id] = call.undone
        here = {
            each.id: each for each in self.session.scalars(self.mine(Ticket).where(Ticket.state == "waiting"))
        }
        places = {each.id: tuple(getattr(each, name) for name in PLACE) for each in here.values()}
        for ticket_id in [each for each in self.waiting if self.waiting[each] != places.get(each)]:
            self.events.append(Left(self.waiting[ticket_id][0], ticket_id))
            del self.waiting[ticket_id]
        for ticket_id in places.keys() - self.waiting.keys():
            event = Undone if ticket_id in taken_back else Joined
            self.events.append(event(here[ticket_id].group_id, self.seen(here[ticket_id])))
        self.waiting = places

    def seen(self, ticket):
        made = sum(isinstance(e, Called) and e.group == ticket.group_id for e in self.events)
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
            calls_to_wait(ticket.reinsert_after_call, calls_made=made),
            ticket.minutes,
            ticket.quick,
            ticket.to_counter_id,
        )

    def mine(self, model):
        return select(model).where(model.hall_id == self.day.hall.id)

    # -- whom and where ---------------------------------------------------------------------------------

    def some(self, *states):
        """A ticket in one of these states, or nothing is done."""
        query = self.mine(Ticket).where(Ticket.state.in_(states)).order_by(Ticket.id)
        found = self.session.scalars(query).all()
        if not found:
            raise counters.CounterNotOpen
        return self.rng.choice(found)

    def counter(self):
        return self.rng.choice(self.day.counters).id

    def officer(self, counter_id):
        return self.day.officers[[each.id for each in self.day.counters].index(counter_id)]

    def with_ticket(self, verb, *states, **values):
        """A verb for a ticket at a counter, by the officer there."""
        ticket = self.some(*states)
        return verb(self.session, ticket, actor=self.officer(ticket.counter_id), now=self.now, **values)

    # -- steps ------------------------------------------------------------------------------------------

    def come(self):
        group = self.rng.choice([self.day.a, self.day.a, self.day.b])
        wanted = self.rng.choice([(), *((service,) for service in self.services)])
        kind = self.rng.random()
        values = {"green_reason": "elderly"} if 0.2 < kind < 0.3 else {}
        ticket = self.day.take(self.now, group, service_ids=wanted, **values)
        if kind < 0.2:
            slot_at = self.now + timedelta(minutes=self.rng.randint(-5, 40))
            ticket.track, ticket.due_at, ticket.slot_starts_at = "booked", slot_at, slot_at
        if self.rng.random() < 0.25:
            other = self.day.b if group is self.day.a else self.day.a
            ticket.legs = [{"group_id": other.id, "service_ids": [self.services[0]]}]

    def call(self):
        counter = self.rng.randrange(3)
        where = self.day.counters[counter].id
        busy = select(Ticket).where(Ticket.counter_id == where, Ticket.state.in_(AT_COUNTER))
        if (ticket := self.session.scalar(busy)) is not None:
            return self.finish(ticket)
        return self.day.call(self.now, counter) is not None

    def choose(self):
        where = self.counter()
        ticket = self.some("waiting")
        call_chosen(self.session, where, ticket, why="urgent", actor=self.officer(where), now=self.now)

    def start(self):
        self.with_ticket(serve.start_serving, "called")

    def absent(self):
        self.with_ticket(serve.mark_absent, "called")

    def undo_call(self):
        self.with_ticket(serve.undo_call, "called")

    def complete(self):
        return self.finish(self.some(*AT_COUNTER))

    def finish(self, ticket):
        officer, legs = self.officer(ticket.counter_id), bool(ticket.legs)
        if ticket.state == "called":
            serve.start_serving(self.session, ticket, actor=officer, now=self.now)
        serve.complete(self.session, ticket, actor=officer, now=self.now)
        self.done["next_leg"] += legs

    def transfer(self):
        group = self.rng.choice([self.day.a, self.day.b])
        self.with_ticket(serve.transfer, *AT_COUNTER, group_id=group.id)

    def send_to(self):
        self.with_ticket(send_to_counter, *AT_COUNTER, counter_id=self.counter())

    def park(self):
        self.with_ticket(serve.park, "serving")

    def resume(self):
        where = self.counter()
        ticket, officer = self.some("parked"), self.officer(where)
        serve.resume(self.session, ticket, actor=officer, now=self.now, counter_id=where)

    def back(self):
        ticket, officer = self.some("parked"), self.officer(self.counter())
        serve.return_to_line(self.session, ticket, actor=officer, now=self.now)

    def come_back(self):
        ticket, officer = self.some("absent"), self.officer(self.counter())
        serve.reinstate(self.session, ticket, actor=officer, now=self.now)

    def give_up(self):
        ticket, officer = self.some("waiting"), self.officer(self.counter())
        serve.abandon(self.session, ticket, actor=officer, now=self.now)

    def undo(self):
        """The last step at some counter, which may be a second call, a transfer, a finished matter."""
        query = (
            self.mine(Ticket).where(Ticket.step_counter_id.is_not(None)).order_by(Ticket.stepped_at.desc())
        )
        ticket = self.session.scalars(query).first()
        if ticket is None:
            return False
        step, officer = ticket.step["action"], self.officer(ticket.step_counter_id)
        undo(self.session, ticket, actor=officer, now=self.now, real_now=ticket.stepped_at)
        self.done[f"undo of {step}"] += 1
        return True

    def pause(self):
        where = self.counter()
        counters.pause_counter(self.session, where, reason="meal", actor=self.officer(where), now=self.now)

    def open(self):
        where = self.counter()
        counters.open_counter(self.session, where, actor=self.officer(where), now=self.now)


#: What the days must have been about, or they prove little.
COVERED = (
    "next_leg", "transfer", "send_to", "park", "resume", "back", "choose", "undo_call", "absent", "come_back",
    "give_up", "pause", "undo of ticket.transfer", "undo of ticket.next_leg", "undo of ticket.complete",
    "undo of ticket.park", "undo of ticket.call",
)  # fmt: skip


def test_recorded_events_give_identical_calls_for_identical_reasons(session):
    done, alone, codes, differ = Counter(), 0, set(), 0
    for seed in SEEDS:
        recorder = Recorder(session, Random(seed))
        recorder.play(STEPS)
        told = {
            (call.ticket_id, call.called_at): Reason.from_data(call.reason)
            for call in session.scalars(select(Call).where(Call.hall_id == recorder.day.hall.id))
        }
        calls = [event for event in recorder.events if isinstance(event, Called)]
        played = list(play_again(recorder.events, QueuePolicy()))
        assert len(calls) == len(told) > 20
        assert len(played) == sum(not call.chosen for call in calls)
        for call, choice in played:
            assert choice.ticket_id == call.ticket_id
            assert choice.reason == told[call.ticket_id, call.at]
        for name in set(DISCIPLINES) - {"promise"}:
            others = play_again(recorder.events, QueuePolicy(name))
            differ += any(choice.ticket_id != call.ticket_id for call, choice in others)
        done += recorder.done
        codes |= {reason.code for reason in told.values()}
        alone += sum(
            isinstance(e, Joined | Undone) and e.waiting.to_counter is not None for e in recorder.events
        )
    assert [kind for kind in COVERED if not done[kind]] == []
    assert alone > 5
    assert {ReasonCode.QUICK, ReasonCode.RETURNED, ReasonCode.CHOSEN, ReasonCode.GREEN} <= codes
    # The days were such that other disciplines would have called otherwise.
    assert differ > len(SEEDS)
