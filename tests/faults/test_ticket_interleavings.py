"""Random interleavings of staff and citizens in a hall: real transactions on real threads, read by a checker.

Each interleaving is a morning in a hall of its own, with three officers, a duty officer who presses the same
buttons, a kiosk and somebody who gives numbers up. Before each statement a thread may rest for a moment drawn
from the interleaving's seed: the statements of different transactions then meet in ever other orders.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from importlib import import_module
from threading import Barrier, local
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from booking.cancel import cancel
from booking.models import Appointment
from kernel import clock
from kernel.actor import ANONYMOUS, Actor
from kernel.audit import AuditEntry
from kernel.db import Database
from kernel.errors import DomainError
from queueing import doctor, serve
from queueing.call_next import call_next
from queueing.check_in import CheckIn, check_in
from queueing.close_day import close_day
from queueing.counters import open_counter
from queueing.issue import IssueTicket, issue
from queueing.leave import leave_with_booking
from queueing.models import Call, CounterSession, Line, Ticket
from queueing.ordering import Choice
from queueing.send_to import send_to_counter
from queueing.today import Today
from queueing.undo import find_undoable, undo
from tests import build
from tests.build import TODAY, at
from tests.faults.hall_history import AT_COUNTER, ENDS, Done, Row, violations
from tests.faults.town import restless
from tests.queueing.hall_day import KIOSK, officer_of

calling = import_module("queueing.call_next")

pytestmark = pytest.mark.faults

INTERLEAVINGS = 100
STEPS = 7
COUNTERS = 3
UNDONE = 0.2  # of the presses of an officer
FASTER = 60  # a second of the machine is a minute of the hall

Told = list[tuple[int, str]]  # ticket and verb
Work = Callable[[Session, datetime], Told]

#: What must have happened somewhere in so many mornings.
UNDOABLE = {f"ticket.undo_{step}" for step in ("call", "start", "complete", "park", "abandon")}

AUDITED_HERE = "audit_entry.xmin::text = (txid_current() % (2::numeric ^ 32)::bigint)::text"
WRITTEN_HERE = "ticket.xmin::text = (txid_current() % (2::numeric ^ 32)::bigint)::text"

#: The state a ticket is in → what an officer may press then, in whatever proportion.
PRESSES = {
    "called": ("start_serving", "start_serving", "mark_absent", "undo_call", "transfer", "abandon"),
    "serving": ("complete", "complete", "complete", "park", "transfer"),
    "parked": ("resume", "return_to_line", "abandon"),
    "absent": ("reinstate", "reinstate", "abandon"),
}


@dataclass
class Morning:
    """One interleaving: a hall of its own, and what its people were told."""

    database: Database
    n: int
    hall_id: int
    groups: list[int]
    counters: list[int]
    officers: list[Actor]
    duty: Actor
    booked: list[int]
    began: float = field(default_factory=monotonic)
    done: list[Done] = field(default_factory=list)

    def now(self) -> datetime:
        """Read before the transaction begins, as every edge reads it."""
        return at("10:00") + timedelta(seconds=(monotonic() - self.began) * FASTER)

    def do(self, work: Work, counter: int | None = None) -> None:
        """One transaction; what it says that it did is noted once it is committed."""
        began, now = monotonic(), self.now()
        with self.database.transaction() as session:
            told = work(session, now)
        ended = monotonic()
        self.done += [Done(ticket, verb, began, ended, counter) for ticket, verb in told]


class Person:
    """One thread: random presses from a seed."""

    def __init__(self, morning: Morning, who: int) -> None:
        self.morning = morning
        self.chance = random.Random(morning.n * 100 + who)  # a draw that can be repeated

    def live(self) -> None:
        for _ in range(STEPS):
            with suppress(DomainError):  # refused: somebody was quicker
                self.step()

    def step(self) -> None:
        raise NotImplementedError


class Officer(Person):
    """Works the counter `seat`; the duty officer, who has none, reaches into whichever."""

    def __init__(self, morning: Morning, who: int, seat: int | None) -> None:
        super().__init__(morning, who)
        self.seat = seat
        self.actor = morning.duty if seat is None else morning.officers[seat]

    def step(self) -> None:
        seat = self.chance.randrange(COUNTERS) if self.seat is None else self.seat
        counter_id = self.morning.counters[seat]
        if self.chance.random() < UNDONE:
            self.morning.do(partial(self._undo, counter_id), counter_id)
            return
        here, aside = self._look(counter_id)
        if not here and (not aside or self.chance.random() < 0.7):
            self.morning.do(partial(self._call, counter_id), counter_id)
            return
        ticket_id, state = self.chance.choice(here or aside)
        verb = self.chance.choice(PRESSES[state])
        # The duty officer may act on a person who meanwhile stands at another counter.
        certain = counter_id if self.seat is not None or verb == "resume" else None
        self.morning.do(partial(self._press, verb, ticket_id, counter_id), certain)

    def _look(self, counter_id: int) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
        """Who is at the counter, and who was put aside: as the page showed them a moment ago."""
        shown = (Ticket.hall_id == self.morning.hall_id, Ticket.state.in_(list(PRESSES)))
        with self.morning.database.transaction() as session:
            rows = session.execute(select(Ticket.id, Ticket.state, Ticket.counter_id).where(*shown)).all()
        here = [(i, state) for i, state, where in rows if where == counter_id and state in AT_COUNTER]
        return here, [(i, state) for i, state, _where in rows if state not in AT_COUNTER]

    def _call(self, counter_id: int, session: Session, now: datetime) -> Told:
        ticket = call_next(session, counter_id, actor=self.actor, now=now)
        return [] if ticket is None else [(ticket.id, "call_next")]

    def _press(self, verb: str, ticket_id: int, counter_id: int, session: Session, now: datetime) -> Told:
        ticket = session.get_one(Ticket, ticket_id)
        if verb == "transfer":
            return self._transfer(session, ticket, now)
        where = {"counter_id": counter_id} if verb == "resume" else {}
        getattr(serve, verb)(session, ticket, actor=self.actor, now=now, **where)
        return [(ticket_id, "next_leg" if verb == "complete" and ticket.state == "waiting" else verb)]

    def _undo(self, counter_id: int, session: Session, now: datetime) -> Told:
        """The last step pressed at the counter, whichever it was."""
        last = find_undoable(session, counter_id, real_now=clock.real_now())
        if last is None:
            return []
        undo(session, last, actor=self.actor, now=now, real_now=clock.real_now())
        return _written(session, last)

    def _transfer(self, session: Session, ticket: Ticket, now: datetime) -> Told:
        """Who was only called is taken as having come: the audit has the two steps that these are."""
        to = next(group for group in self.morning.groups if group != ticket.group_id)
        if self.chance.random() < 0.5:
            counter_id = self.chance.choice(self.morning.counters)
            send_to_counter(session, ticket, counter_id=counter_id, actor=self.actor, now=now)
        else:
            serve.transfer(session, ticket, group_id=to, actor=self.actor, now=now)
        return _written(session, ticket)


def _written(session: Session, ticket: Ticket) -> Told:
    """The steps of the ticket that this transaction wrote to the audit, in their order."""
    session.flush()
    mine = (AuditEntry.subject_kind == "ticket", AuditEntry.subject_id == ticket.id)
    found = select(AuditEntry.action).where(*mine, AuditEntry.to_state.is_not(None), text(AUDITED_HERE))
    return [
        (ticket.id, each.removeprefix("ticket.")) for each in session.scalars(found.order_by(AuditEntry.id))
    ]


class Kiosk(Person):
    """Gives numbers and checks in who booked."""

    def step(self) -> None:
        self.morning.do(self._scan if self.chance.random() < 0.3 else self._take)

    def _take(self, session: Session, now: datetime) -> Told:
        group_id = self.chance.choice(self.morning.groups)
        return [
            (issue(session, IssueTicket(self.morning.hall_id, group_id), actor=KIOSK, now=now).id, "issue")
        ]

    def _scan(self, session: Session, now: datetime) -> Told:
        appointment = session.get_one(Appointment, self.chance.choice(self.morning.booked))
        again = appointment.state != "booked"
        command = CheckIn(self.morning.hall_id, reference=appointment.reference)
        ticket = check_in(session, command, actor=self.morning.duty, now=now)
        return [] if again else [(ticket.id, "issue")]


class Leaver(Person):
    """Cancels bookings and gives up numbers that wait."""

    def step(self) -> None:
        if self.chance.random() < 0.4:
            self._cancel()
            return
        waiting = (Ticket.hall_id == self.morning.hall_id, Ticket.state == "waiting")
        with self.morning.database.transaction() as session:
            found = session.scalars(select(Ticket.id).where(*waiting)).all()
        if found:
            self.morning.do(partial(self._leave, self.chance.choice(found)))

    def _leave(self, ticket_id: int, session: Session, now: datetime) -> Told:
        serve.abandon(session, session.get_one(Ticket, ticket_id), actor=KIOSK, now=now)
        return [(ticket_id, "abandon")]

    def _cancel(self) -> None:
        """As in the hall: the booking first, then its ticket, by an event and in a transaction of its own."""
        appointment_id = self.chance.choice(self.morning.booked)
        with self.morning.database.transaction() as session:
            appointment = session.get_one(Appointment, appointment_id)
            now = self.morning.now()
            cancel(session, appointment, reason="citizen", actor=ANONYMOUS, now=now, fraction=0.0)
        self.morning.do(partial(self._follow, appointment_id))

    def _follow(self, appointment_id: int, session: Session, now: datetime) -> Told:
        leave_with_booking(session, {"appointment_id": appointment_id}, now=now)
        session.flush()
        mine = select(Ticket.id).where(Ticket.appointment_id == appointment_id, Ticket.state == "abandoned")
        # Only where it was this transaction that ended it.
        return [(i, "abandon") for i in session.scalars(mine.where(text(WRITTEN_HERE)))]


def play(database: Database, n: int, pool: ThreadPoolExecutor, mine: local) -> list[str]:
    """One morning; what the checker finds after its day was closed."""
    morning = _open(database, n)
    people = [
        *(Officer(morning, seat, seat) for seat in range(COUNTERS)),
        Officer(morning, 3, None),
        Officer(morning, 4, 1),  # one officer presses on two keyboards
        Kiosk(morning, 5),
        Leaver(morning, 6),
    ]
    barrier = Barrier(len(people))

    def live(who: int) -> None:
        mine.chance = random.Random(n * 1000 + who)  # a draw that can be repeated
        barrier.wait()
        people[who].live()

    for each in [pool.submit(live, who) for who in range(len(people))]:
        each.result()
    return _close(morning)


def _open(database: Database, n: int) -> Morning:
    """Officers sit down; a few people wait; a few have booked, one of them two lines."""
    with database.transaction() as session:
        hall = build.make_hall(session)
        a, b = groups = [build.make_group(session, hall, letter) for letter in "AB"]
        for group in groups:
            build.make_plan(session, group, counters=9)
        served = ([a], [a, b], [b])
        counters = [build.make_counter(session, hall, groups_).id for groups_ in served]
        officers = [officer_of(build.make_staff(session)) for _ in range(COUNTERS)]
        for counter_id, officer in zip(counters, officers, strict=True):
            open_counter(session, counter_id, actor=officer, now=at("09:00"))
        slot = build.make_slot(session, a, at("12:30"), numbers=2)
        legs = [{"group_id": group.id, "service_ids": []} for group in groups]
        booked = [build.make_appointment(session, slot, **v).id for v in ({}, {"legs": legs}, {})]
        duty = officer_of(build.make_staff(session), "duty_officer")
        ids = [group.id for group in groups]
        morning = Morning(database, n, hall.id, ids, counters, officers, duty, booked)
    kiosk = Kiosk(morning, 7)
    for _ in range(5):
        morning.do(kiosk._take)  # who came before the rush
    return morning


def _close(morning: Morning) -> list[str]:
    """Close the day, tell the checker whom that ended, and look at the rows."""
    here = select(Ticket).where(Ticket.hall_id == morning.hall_id)

    def close(session: Session, now: datetime) -> Told:
        going = [ticket.id for ticket in session.scalars(here) if ticket.state not in ENDS]
        close_day(session, morning.hall_id, on_date=TODAY, now=now)
        return [(ticket_id, "close_day") for ticket_id in going]

    morning.do(close)
    with morning.database.transaction() as session:
        states = {ticket.id: ticket.state for ticket in session.scalars(here)}
        calls = select(Call.ticket_id, Call.counter_id).where(Call.hall_id == morning.hall_id)
        made = session.execute(calls.order_by(Call.id)).all()
        counted = sum(session.scalars(select(Line.calls).where(Line.hall_id == morning.hall_id)))
    rows = {i: Row(state, tuple(c for t, c in made if t == i)) for i, state in states.items()}
    wrong = [] if counted == len(made) else [f"the lines counted {counted} of {len(made)} calls"]
    return wrong + violations(morning.done, rows)


def played(database: Database) -> Iterator[list[str]]:
    """What the checker finds in one morning after the other."""
    with restless(database) as mine, ThreadPoolExecutor(7) as pool:
        for n in range(INTERLEAVINGS):
            yield play(database, n, pool, mine)


def test_hundreds_of_interleavings_in_a_hall_have_a_possible_history(database: Database) -> None:
    for n, found in enumerate(played(database)):
        assert found == [], f"interleaving {n}"
    with database.transaction() as session:
        assert doctor.check(session) == []
        calls = session.scalar(select(func.count()).select_from(Call))
        undone = select(AuditEntry.action).where(AuditEntry.action.like("ticket.undo_%"))
        kinds = set(session.scalars(undone))
    assert calls > 4 * INTERLEAVINGS, "hardly anybody was called: this proves nothing"
    assert kinds >= UNDOABLE, "some steps were never taken back: this proves nothing about them"


def unlocked(session: Session, ticket: Ticket) -> Ticket:
    """`steps.lock` with the lock taken away."""
    session.refresh(ticket)
    return ticket


def test_without_the_ticket_s_lock_the_checker_finds_a_step_that_was_lost(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "lock", unlocked)
    assert next((found for found in played(database) if found), None) is not None


def test_where_a_call_takes_who_was_called_the_checker_finds_two_counters_with_one_person(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock of the lines gone, and the look whether the person still waits."""

    def lines(session: Session, today: Today, group_ids: Iterable[int]) -> dict[int, Line]:
        of_today = (Line.group_id.in_(list(group_ids)), Line.on_date == today.on_date)
        return {line.group_id: line for line in session.scalars(select(Line).where(*of_today))}

    def take(session: Session, choice: Choice, running: CounterSession, **values: Any) -> Ticket | None:
        """Whoever was chosen, even if another counter has called them meanwhile."""
        session.execute(update(Ticket).where(Ticket.id == choice.ticket_id).values(state="waiting"))
        return really(session, choice, running, **values)

    really = calling.take
    monkeypatch.setattr(calling, "lock_lines", lines)
    monkeypatch.setattr(calling, "take", take)
    found = (each for all_ in played(database) for each in all_)
    assert next((each for each in found if "was called to" in each or "cannot follow" in each), None)
