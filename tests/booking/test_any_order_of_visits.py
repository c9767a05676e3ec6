"""Visits of one and two lines held, booked, moved, cancelled, waited for and closed upon, in any order.

What must hold after each step is in `tests.booking.mornings`. Where the hall closes, who loses the time has
moved to a possible one, or was cancelled and there is none.
"""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.orm import Session

from booking.book import Book, book
from booking.book_by_staff import StaffBooking, book_by_staff
from booking.cancel import cancel
from booking.close import Close, Then, close, reopen
from booking.duty_flow import flow_duty
from booking.hold import HoldSlot, hold
from booking.ladder import Channel
from booking.models import Appointment, WaitlistEntry
from booking.number_changes import Change, ChangeNumbers, change_numbers
from booking.reschedule import reschedule
from booking.undo_cancel import end_undos, undo_cancel
from booking.waitlist import JoinWaitlist, accept, join, leave
from booking.waitlist_offers import tend
from kernel.actor import ANONYMOUS, SYSTEM, Actor
from people.sample_ids import sample_resident_id
from tests.booking.mornings import (
    CLOCKS,
    CUTOFF,
    DAYS,
    DUTY_FLOWS_AT,
    KINDS,
    LEAD,
    TOMORROW,
    Key,
    Mornings,
    Told,
    Wait,
    fits,
    home_of,
    phone,
)
from tests.build import TODAY, at


class Visits(Mornings):
    """Steps of citizens, staff, the hall and time."""

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
            self.world.visits[made.id] = told = Told(person, kind, self.of_visit(made.id))
            told.home = home_of(told.numbers)

    @rule(kind=st.sampled_from(KINDS), slot=st.integers(0, 2), day=st.sampled_from([0, 0, 1]))
    def hold_and_book(self, kind: tuple[int, ...], slot: int, day: int) -> None:
        before = set(self.world.holds)
        self.hold(kind, slot, day)
        if set(self.world.holds) - before:
            self.book(0)

    @precondition(lambda self: self.open_visits())
    @rule(choice=st.integers(0, 5), fraction=st.sampled_from([0.0, 0.5]), may_undo=st.booleans())
    def cancel(self, choice: int, fraction: float, *, may_undo: bool) -> None:
        mine = self.open_visits()[choice % len(self.open_visits())]
        found = self.session.get_one(Appointment, mine)
        values = {"reason": "citizen", "actor": ANONYMOUS, "now": self.now, "fraction": fraction}
        self.attempt(lambda: cancel(self.session, found, **values, may_undo=may_undo))
        if found.state == "cancelled":
            told = self.world.visits[mine]
            late = told.moved_late or found.starts_at - self.now < CUTOFF
            if may_undo and not late:
                until = self.now + timedelta(minutes=2)
                self.world.kept[mine] = (until, told.numbers)
            else:
                self.world.cancelled += 1
            told.state, told.numbers, told.ended = "cancelled", frozenset(), "late" if late else "in time"

    @precondition(lambda self: self.world.kept)
    @rule(choice=st.sampled_from([0, 0, 1, 2]))
    def undo_cancel(self, choice: int) -> None:
        """The visit as it was; refused when it is too late, or a closure has taken a part of it."""
        mine = list(self.world.kept)[-1 - choice % len(self.world.kept)]
        until, numbers = self.world.kept[mine]
        there = numbers <= set(self.rows()) and not any(self.rows()[key].appointment_id for key in numbers)
        found, told = self.session.get_one(Appointment, mine), self.world.visits[mine]
        self.attempt(lambda: undo_cancel(self.session, found, actor=ANONYMOUS, now=self.now))
        if self.now >= until or not there or mine in self.world.struck:
            assert found.state == "cancelled"
        else:
            assert found.state == "booked", "could have been taken back"
            assert self.of_visit(mine) == numbers
            told.state, told.numbers, told.ended = "booked", numbers, ""
            del self.world.kept[mine]

    @precondition(lambda self: self.open_visits() and self.world.holds)
    @rule(choice=st.integers(0, 5))
    def move(self, choice: int) -> None:
        mine, token = self.open_visits()[choice % len(self.open_visits())], list(self.world.holds)[-1]
        found = self.session.get_one(Appointment, mine)
        late = found.starts_at - self.now < CUTOFF
        values = {"token": token, "actor": ANONYMOUS, "now": self.now, "fraction": 0.0}
        self.attempt(lambda: (reschedule(self.session, found, **values), True))
        numbers = self.of_visit(mine)
        if numbers != self.world.visits[mine].numbers:
            self.world.moved += 1
            self.world.visits[mine].numbers = numbers
            self.world.visits[mine].home = home_of(numbers)
            self.world.visits[mine].moved_late |= late
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
            self.read = None
            self.world.waits.remove(mine)

    @rule(minutes=st.sampled_from([1, 5, 10, 25]))
    def time_goes_by(self, minutes: int) -> None:
        self.now = min(self.now + timedelta(minutes=minutes), at("09:40"))
        over = [mine for mine, (until, _) in self.world.kept.items() if until <= self.now]
        assert end_undos(self.session, now=self.now) == len(over)
        self.world.cancelled += len(over)
        for mine in over:
            del self.world.kept[mine]
        tend(self.session, now=self.now)
        self.read = None
        free = self.free(returning=True)
        for each in self.world.waits:
            entry = self.session.get_one(WaitlistEntry, each.entry_id)
            if entry.state == "waiting":
                kept = timedelta(minutes=20)
                assert not fits(free, self.lines(each.kind), self.now + LEAD + kept), "somebody waits in vain"

    @precondition(lambda self: len(self.open_visits()) > 1)
    @rule(line=st.sampled_from([None, 0, 1]), then=st.sampled_from([Then.MOVE, Then.MOVE, Then.CANCEL]))
    def close(self, line: int | None, then: Then) -> None:
        """The whole morning of today, of a line or of the hall."""
        group_id = None if line is None else self.groups[line].id
        command = Close(group_id, at("09:00"), at("12:00"), "停电", then=then)
        done = close(self.session, self.hall, command, actor=SYSTEM, now=self.now)
        self.world.closures.append((done.closure.id, group_id))
        kept = self.world.kept.items()
        # Opened again, the time has other numbers: those kept for taking back are gone for good.
        self.world.struck |= {mine for mine, (_, keys) in kept if self._any_closed(keys, group_id)}
        self.read = None
        self.session.expire_all()
        for mine in self.open_visits():
            told = self.world.visits[mine]
            if self._any_closed(told.numbers, group_id):
                self._displaced(mine, told, then)

    def _any_closed(self, keys: frozenset[Key], group_id: int | None) -> bool:
        return any(key[1] < at("12:00") and group_id in (None, key[0]) for key in keys)

    def _displaced(self, mine: int, told: Told, then: Then) -> None:
        told.state, told.numbers = self.session.get_one(Appointment, mine).state, self.of_visit(mine)
        if told.state == "booked":
            assert then is Then.MOVE
            assert all(key[1] >= at("09:00", TOMORROW) for key in told.numbers), "moved into closed time"
            told.home, told.moved_late = home_of(told.numbers), False
            self.world.moved += 1
        else:
            room = {key for key in self.free() if key[1] >= at("09:00", TOMORROW)}
            assert then is Then.CANCEL or not fits(room, self.lines(told.kind), self.now), "there was room"
            told.ended = "by hall"
            self.world.cancelled += 1

    @precondition(lambda self: self.world.closures)
    @rule()
    def open_again(self) -> None:
        closure_id, _ = self.world.closures.pop()
        reopen(self.session, self.hall, closure_id, actor=SYSTEM, now=self.now)
        self.read = None

    @rule(
        line=st.integers(0, 1),
        day=st.integers(0, 1),
        change=st.sampled_from(list(Change)),
        most=st.sampled_from([1, 3]),
    )
    def change_by_hand(self, line: int, day: int, change: Change, most: int) -> None:
        """What nobody has is released, withdrawn or given to another channel; what somebody has stays."""
        taken = {key for key, row in self.rows().items() if self._is_taken(row)}
        before = {key: self.rows()[key] for key in taken}
        command = ChangeNumbers(self.groups[line].id, DAYS[day], change, most, "many_walk_ins")
        done = self.attempt(
            lambda: change_numbers(self.session, self.hall, command, actor=SYSTEM, now=self.now)
        )
        assert done is None or 0 < done <= most
        assert {key: self.rows()[key] for key in taken} == before

    @precondition(lambda self: self.now >= at("08:50"))
    @rule()
    def unused_duty_numbers_flow(self) -> None:
        """To walk-ins, from nine on; what somebody has stays, and so do tomorrow's."""
        due = self.now >= at(DUTY_FLOWS_AT)
        before = {key: row.channel for key, row in self.rows().items()}
        unused = {
            key
            for key, row in self.rows().items()
            if due and row.channel == "duty" and row.on_date == TODAY and not self._is_taken(row)
        }
        assert flow_duty(self.session, now=self.now) == len(unused)
        self.read = None
        after = {key: row.channel for key, row in self.rows().items()}
        assert after == before | dict.fromkeys(unused, "walk_in")

    @rule(line=st.integers(0, 1), slot=st.integers(0, 2), channel=st.sampled_from(list(Channel)))
    def book_by_staff(self, line: int, slot: int, channel: Channel) -> None:
        """For somebody in front of them, from any channel."""
        person = next(self.people)
        command = StaffBooking(
            self.hall.id,
            self.groups[line].id,
            (self.service_ids[line],),
            at(CLOCKS[slot]),
            (channel,),
            "needs_help",
            Book("", "张三", "resident_id", sample_resident_id(person), phone(person)),
        )
        made = self.attempt(
            lambda: book_by_staff(self.session, command, actor=Actor("staff", 1), now=self.now)
        )
        if made is not None:
            self.world.visits[made.id] = told = Told(person, (line,), self.of_visit(made.id))
            told.home = home_of(told.numbers)


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
