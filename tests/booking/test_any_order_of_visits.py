"""Visits of one and two lines held, booked, moved, cancelled, waited for and closed upon, in any order.

Beside the rows stands what people were told: which visit has which numbers. After each step the rows must say
the same, no number may be two visits' or come from nothing, and what is told must be a possible visit. Where
the hall closes, who loses the time has moved to a possible one, or was cancelled and there is none.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count, pairwise

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from booking import doctor
from booking.book import Book, book
from booking.cancel import cancel
from booking.close import Close, Then, close, reopen
from booking.hold import HoldSlot, hold
from booking.models import Appointment, Draft, Number, WaitlistEntry
from booking.publish import publish
from booking.reschedule import reschedule
from booking.waitlist import JoinWaitlist, accept, join, leave
from booking.waitlist_offers import tend
from booking.waitlist_visits import lines_of
from kernel.actor import ANONYMOUS, SYSTEM
from kernel.errors import DomainError
from kernel.outbox import OutboxEvent
from people.sample_ids import sample_resident_id
from tests.build import TODAY, at, make_group, make_hall, make_plan, make_service

TOMORROW = date(2026, 3, 3)
DAYS = (TODAY, TOMORROW)
CLOCKS = ("10:00", "10:30", "11:00")
HALF_HOUR = timedelta(minutes=30)
LEAD = timedelta(minutes=30)
#: The services of a visit: one line, or both in either order.
KINDS = ((0,), (1,), (0, 1), (1, 0))

Key = tuple[int, datetime, int]  # line, start, ordinal: a number, whatever its row


@dataclass
class Told:
    """A visit as its owner knows it."""

    person: int
    kind: tuple[int, ...]
    numbers: frozenset[Key]
    state: str = "booked"


@dataclass
class Wait:
    """Somebody on the waitlist."""

    entry_id: int
    person: int
    kind: tuple[int, ...]


@dataclass
class World:
    """All that people were told."""

    holds: dict[str, tuple[int, ...]] = field(default_factory=dict)
    visits: dict[int, Told] = field(default_factory=dict)
    waits: list[Wait] = field(default_factory=list)
    closures: list[tuple[int, int | None]] = field(default_factory=list)
    cancelled: int = 0
    moved: int = 0


class Visits(RuleBasedStateMachine):
    """Steps in two lines of one hall on two mornings, each half-hour with a few numbers."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.savepoint = session.begin_nested()
        self.session = session
        self.now = at("08:30")
        self.people = count(1)
        rules = {"max_open_appointments": 50, "waitlist_offers": 9}
        self.hall = make_hall(session, policy={"booking": rules})
        self.groups = [make_group(session, self.hall, code) for code in "AB"]
        for group in self.groups:
            make_plan(session, group, counters=1, hours="10:00-11:30")
        self.codes = [make_service(session, group).code for group in self.groups]
        publish(session, self.hall.id, first_on=TODAY, last_on=TOMORROW, actor=SYSTEM, now=self.now)
        self.planned = set(self.rows())
        self.world = World()

    def teardown(self) -> None:
        broken = doctor.check(self.session)
        self.savepoint.rollback()
        self.session.expunge_all()
        assert broken == []

    def rows(self) -> dict[Key, Number]:
        self.session.expire_all()
        found = self.session.scalars(select(Number).where(Number.hall_id == self.hall.id)).all()
        keys = {(row.group_id, row.starts_at, row.ordinal): row for row in found}
        assert len(keys) == len(found), "a number twice"
        return keys

    def of_visit(self, appointment_id: int) -> frozenset[Key]:
        return frozenset(key for key, row in self.rows().items() if row.appointment_id == appointment_id)

    def attempt(self, step):
        """What the step gives; None where it is refused, which changes nothing."""
        savepoint = self.session.begin_nested()
        try:
            made = step()
            savepoint.commit()
        except DomainError:
            savepoint.rollback()
            return None
        return made

    def services(self, kind: tuple[int, ...]) -> tuple[str, ...]:
        return tuple(self.codes[line] for line in kind)

    @rule(kind=st.sampled_from(KINDS), slot=st.integers(0, 2), day=st.sampled_from([0, 0, 1]))
    def hold(self, kind: tuple[int, ...], slot: int, day: int) -> None:
        wish = HoldSlot(self.hall.code, self.services(kind), at(CLOCKS[slot], DAYS[day]))
        held = self.attempt(lambda: hold(self.session, wish, actor=ANONYMOUS, now=self.now))
        if held is not None:
            self.world.holds[held.token] = kind

    @precondition(lambda self: self.world.holds)
    @rule(choice=st.integers(0, 3))
    def book(self, choice: int) -> None:
        token = list(self.world.holds)[-1 - choice % len(self.world.holds)]
        self._book(token, next(self.people), self.world.holds.pop(token))

    def _book(self, token: str, person: int, kind: tuple[int, ...]) -> None:
        who = Book(token, "张三", "resident_id", sample_resident_id(person), phone(person))
        made = self.attempt(lambda: book(self.session, who, actor=ANONYMOUS, now=self.now))
        if made is not None:
            self.world.visits[made.id] = Told(person, kind, self.of_visit(made.id))

    @rule(kind=st.sampled_from(KINDS), slot=st.integers(0, 2), day=st.sampled_from([0, 0, 1]))
    def hold_and_book(self, kind: tuple[int, ...], slot: int, day: int) -> None:
        before = set(self.world.holds)
        self.hold(kind, slot, day)
        if set(self.world.holds) - before:
            self.book(0)

    def open_visits(self) -> list[int]:
        return [each for each, told in self.world.visits.items() if told.state == "booked"]

    @precondition(lambda self: self.open_visits())
    @rule(choice=st.integers(0, 5), fraction=st.sampled_from([0.0, 0.5]))
    def cancel(self, choice: int, fraction: float) -> None:
        mine = self.open_visits()[choice % len(self.open_visits())]
        found = self.session.get_one(Appointment, mine)
        values = {"reason": "citizen", "actor": ANONYMOUS, "now": self.now, "fraction": fraction}
        self.attempt(lambda: cancel(self.session, found, **values))
        if found.state == "cancelled":
            self.world.cancelled += 1
            self.world.visits[mine].state, self.world.visits[mine].numbers = "cancelled", frozenset()

    @precondition(lambda self: self.open_visits() and self.world.holds)
    @rule(choice=st.integers(0, 5))
    def move(self, choice: int) -> None:
        mine, token = self.open_visits()[choice % len(self.open_visits())], list(self.world.holds)[-1]
        found = self.session.get_one(Appointment, mine)
        values = {"token": token, "actor": ANONYMOUS, "now": self.now, "fraction": 0.0}
        self.attempt(lambda: (reschedule(self.session, found, **values), True))
        numbers = self.of_visit(mine)
        if numbers != self.world.visits[mine].numbers:
            self.world.moved += 1
            self.world.visits[mine].numbers = numbers
            del self.world.holds[token]

    @rule(kind=st.sampled_from(KINDS))
    def wait_for_one(self, kind: tuple[int, ...]) -> None:
        person = next(self.people)
        wish = JoinWaitlist(self.hall.code, self.services(kind), TODAY, TOMORROW, phone(person))
        entry = self.attempt(lambda: join(self.session, wish, actor=ANONYMOUS, now=self.now))
        if entry is not None:
            self.world.waits.append(Wait(entry.id, person, kind))

    @precondition(lambda self: self.world.waits)
    @rule(choice=st.integers(0, 3), take=st.booleans())
    def answer(self, choice: int, *, take: bool) -> None:
        """Take what is offered, or leave the waitlist."""
        mine = self.world.waits[choice % len(self.world.waits)]
        entry = self.session.get_one(WaitlistEntry, mine.entry_id)
        if take:
            token = self.attempt(lambda: accept(self.session, entry, now=self.now))
            if token is not None:
                self._book(token, mine.person, mine.kind)
                self.world.waits.remove(mine)
        else:
            leave(self.session, entry, actor=ANONYMOUS, now=self.now)
            self.world.waits.remove(mine)

    @rule(minutes=st.sampled_from([1, 5, 10, 25]))
    def time_goes_by(self, minutes: int) -> None:
        self.now = min(self.now + timedelta(minutes=minutes), at("09:40"))
        tend(self.session, now=self.now)
        free = self.free(returning=True)
        for each in self.world.waits:
            entry = self.session.get_one(WaitlistEntry, each.entry_id)
            if entry.state == "waiting":
                kept = timedelta(minutes=20)
                assert not fits(free, self.lines(each.kind), self.now + LEAD + kept), "somebody waits in vain"

    def lines(self, kind: tuple[int, ...]) -> list[int]:
        return [self.groups[line].id for line in kind]

    def free(self, *, returning: bool = False) -> set[Key]:
        """Online numbers that nobody has: all of them, or those given back as well as those released."""
        return {
            key
            for key, row in self.rows().items()
            if row.channel == "online"
            and row.appointment_id is None
            and (row.held_until is None or row.held_until <= self.now)
            and (
                not returning
                or row.released_at <= self.now
                or row.released_at.second
                or row.released_at.microsecond
            )
        }

    @precondition(lambda self: len(self.open_visits()) > 1)
    @rule(line=st.sampled_from([None, 0, 1]), then=st.sampled_from([Then.MOVE, Then.MOVE, Then.CANCEL]))
    def close(self, line: int | None, then: Then) -> None:
        """The whole morning of today, of a line or of the hall."""
        group_id = None if line is None else self.groups[line].id
        command = Close(group_id, at("09:00"), at("12:00"), "停电", then=then)
        done = close(self.session, self.hall, command, actor=SYSTEM, now=self.now)
        self.world.closures.append((done.closure.id, group_id))
        self.session.expire_all()
        for mine in self.open_visits():
            told = self.world.visits[mine]
            if any(self._closed(key, group_id) for key in told.numbers):
                self._displaced(mine, told, then)

    def _closed(self, key: Key, group_id: int | None) -> bool:
        return key[1] < at("12:00") and group_id in (None, key[0])

    def _displaced(self, mine: int, told: Told, then: Then) -> None:
        told.state, told.numbers = self.session.get_one(Appointment, mine).state, self.of_visit(mine)
        if told.state == "booked":
            assert then is Then.MOVE
            assert all(key[1] >= at("09:00", TOMORROW) for key in told.numbers), "moved into closed time"
            self.world.moved += 1
        else:
            room = {key for key in self.free() if key[1] >= at("09:00", TOMORROW)}
            assert then is Then.CANCEL or not fits(room, self.lines(told.kind), self.now), "there was room"
            self.world.cancelled += 1

    @precondition(lambda self: self.world.closures)
    @rule()
    def open_again(self) -> None:
        closure_id, _ = self.world.closures.pop()
        reopen(self.session, self.hall, closure_id, actor=SYSTEM, now=self.now)

    @invariant()
    def everybody_has_what_they_were_told(self) -> None:
        rows = self.rows()
        assert set(rows) <= self.planned, "a number from nothing"
        has: dict[int, set[Key]] = {}
        for key, row in rows.items():
            assert not (row.appointment_id and row.hold_token), "booked and held"
            if row.appointment_id is not None:
                has.setdefault(row.appointment_id, set()).add(key)
        wanted = {mine: set(told.numbers) for mine, told in self.world.visits.items() if told.numbers}
        assert has == wanted
        for told in self.world.visits.values():
            if told.state == "booked":
                assert possible(told.numbers, self.lines(told.kind)), "no possible visit"

    @invariant()
    def no_number_is_lost(self) -> None:
        shut = {group_id for _, group_id in self.world.closures}
        gone = self.planned - set(self.rows())
        assert all(key[1] < at("12:00") and ({None, key[0]} & shut) for key in gone)

    @invariant()
    def what_is_held_is_all_of_a_visit_or_nothing(self) -> None:
        held: dict[bytes, set[Key]] = {}
        for key, row in self.rows().items():
            if row.hold_token is not None and row.held_until is not None and row.held_until > self.now:
                held.setdefault(row.hold_token, set()).add(key)
        for token, keys in held.items():
            draft = self.session.scalars(select(Draft).where(Draft.token_hash == token)).one()
            lines = [leg["group_id"] for leg in draft.legs] or [draft.group_id]
            assert self.world.closures or possible(frozenset(keys), lines), "a part of a visit is held"

    @invariant()
    def offers_are_whole(self) -> None:
        for each in self.session.scalars(select(WaitlistEntry).where(WaitlistEntry.state == "offered")):
            assert len(lines_of(each)) == each.needed

    @invariant()
    def counts_equal_history(self) -> None:
        names = ("AppointmentBooked", "AppointmentCancelled", "AppointmentRescheduled")
        query = select(OutboxEvent.name, func.count()).where(OutboxEvent.name.in_(names))
        told = dict(self.session.execute(query.group_by(OutboxEvent.name)).all())
        world = self.world
        assert [told.get(name, 0) for name in names] == [len(world.visits), world.cancelled, world.moved]


def phone(person: int) -> str:
    return f"+86138{person:08}"


def possible(numbers: frozenset[Key], lines: list[int]) -> bool:
    """One number of each line, half-hour after half-hour."""
    starts = sorted(starts_at for _, starts_at, _ in numbers)
    steady = all(later - before == HALF_HOUR for before, later in pairwise(starts))
    return sorted(line for line, _, _ in numbers) == sorted(lines) and steady


def fits(free: set[Key], lines: list[int], earliest: datetime) -> bool:
    """Whether a visit of these lines, in any order, fits into the numbers."""
    there = {(line, starts_at) for line, starts_at, _ in free if starts_at >= earliest}
    orders = [lines, lines[::-1]]
    return any(
        all((line, starts_at + nth * HALF_HOUR) in there for nth, line in enumerate(order))
        for order in orders
        for _, starts_at in there
    )


def play(session: Session, *, examples: int, steps: int) -> None:
    run_state_machine_as_test(
        lambda: Visits(session),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_in_any_order_everybody_has_what_they_were_told(session: Session) -> None:
    play(session, examples=8, steps=25)


@pytest.mark.faults
def test_in_any_long_order_everybody_has_what_they_were_told(session: Session) -> None:
    play(session, examples=60, steps=50)
