"""Steps of citizens, staff, the hall and time in any order: the rows always equal a plain model."""

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
from booking.duty_flow import flow_duty
from booking.hold import HoldSlot, hold, release
from booking.ladder import Channel, off_the_minute, returned_at
from booking.no_show import close_no_shows
from booking.number_changes import Change, ChangeNumbers, change_numbers
from booking.reschedule import reschedule
from booking.undo_cancel import end_undos, undo_cancel
from halls.closures import add_closure, lift_closure, list_closures
from kernel.actor import ANONYMOUS, SYSTEM
from people.sample_ids import sample_resident_id
from tests.booking.any_order import CUTOFF, KEPT, LEAD, OFFICER, PHONE, STARTS, Line
from tests.booking_model import Hold, Place, Visit, undo_of
from tests.build import TODAY, at


class Citizens(Line):
    """Steps of citizens, of the hall and of time."""

    @rule(
        slot=st.integers(0, 2),
        needed=st.sampled_from([1, 1, 2, 3]),
        before=st.none() | st.sampled_from([0, 0, 1]),
    )
    def hold(self, slot: int, needed: int, before: int | None) -> None:
        starts_at = STARTS[slot]
        previous = (
            self.some(before, list(self.model.holds)) if before is not None and self.model.holds else None
        )
        picked = self.model.pick(starts_at, needed, self.now, previous)
        with self.expecting(success=picked is not None and starts_at - self.now >= LEAD):
            wanted = HoldSlot(self.hall.code, (self.codes[needed],), starts_at, previous_token=previous)
            held = hold(self.session, wanted, actor=ANONYMOUS, now=self.now)
            self._held(held.token, picked or [], previous, Hold(starts_at, needed))

    def _held(self, token: str, picked: list[Place], previous: str | None, made: Hold) -> None:
        if previous is not None:
            for place in self.model.of_token(previous):
                place.let_go()
        for place in picked:
            place.token, place.held_until = token, self.now + KEPT
        self.model.holds[token] = made

    @precondition(lambda self: self.model.holds)
    @rule(choice=st.sampled_from([0, 0, 1, 2, 5]))
    def release(self, choice: int) -> None:
        token = self.some(choice, list(self.model.holds))
        release(self.session, token, now=self.now)
        for place in self.model.of_token(token):
            place.let_go()

    @precondition(lambda self: self.model.holds)
    @rule(choice=st.sampled_from([0, 0, 1, 2, 5]), again=st.booleans())
    def book(self, choice: int, *, again: bool) -> None:
        """By somebody new, or by somebody who may have an appointment that day already."""
        token = self.some(choice, list(self.model.holds))
        held = self.model.holds[token]
        mine = self.model.of_token(token)
        open_people = {visit.person for visit in self.model.visits.values() if visit.state == "booked"}
        person = next(iter(open_people)) if again and open_people else next(self.people)
        fresh = len(mine) == held.needed and held.starts_at > self.now and person not in open_people
        with self.expecting(success=held.reference is not None or fresh):
            command = Book(token, "张三", "resident_id", sample_resident_id(person), PHONE)
            booked = book(self.session, command, actor=ANONYMOUS, now=self.now)
            assert held.reference in (None, booked.reference)
            if held.reference is None:
                self._booked(booked.reference, person, token, mine)

    @rule(slot=st.integers(0, 2), needed=st.sampled_from([1, 1, 2, 3]))
    def hold_and_book(self, slot: int, needed: int) -> None:
        self.hold(slot, needed, None)
        if self.model.holds:
            self.book(0, again=False)

    def _booked(self, reference: str, person: int, token: str, mine: list[Place]) -> None:
        for place in mine:
            place.reference = reference
            place.let_go()
        self.model.holds[token].reference = reference
        self.model.visits[reference] = Visit(self.model.holds[token].starts_at, person, token)

    @precondition(lambda self: self.model.visits)
    @rule(
        choice=st.sampled_from([0, 0, 1, 2, 5]),
        fraction=st.sampled_from([0.0, 0.5, 0.99]),
        by_hall=st.booleans(),
    )
    def cancel(self, choice: int, fraction: float, *, by_hall: bool) -> None:
        reference = self.some(choice, list(self.model.visits))
        visit = self.model.visits[reference]
        in_time = by_hall or visit.starts_at > self.now
        works = visit.state == "cancelled" or (visit.state == "booked" and in_time)
        with self.expecting(success=works):
            reason = "hall_closed" if by_hall else "citizen"
            found = self.appointment(reference)
            cancel(self.session, found, reason=reason, actor=ANONYMOUS, now=self.now, fraction=fraction)
            if visit.state == "booked":
                visit.state = "cancelled"
                late = visit.moved_late or visit.starts_at - self.now < CUTOFF
                visit.counts = late and not by_hall
                self.model.cancelled += 1
                self.model.by_hall += by_hall
                moment = returned_at(self.now, fraction=fraction)
                self.model.give_back(self.model.of_visit(reference), moment)

    @precondition(lambda self: self.model.visits)
    @rule(choice=st.sampled_from([0, 0, 1, 2, 5]), fraction=st.sampled_from([0.0, 0.5]))
    def cancel_for_now(self, choice: int, fraction: float) -> None:
        """By its owner, who may take it back unless it counts as missed."""
        reference = self.some(choice, list(self.model.visits))
        visit = self.model.visits[reference]
        works = visit.state == "cancelled" or (visit.state == "booked" and visit.starts_at > self.now)
        with self.expecting(success=works):
            facts = {"reason": "citizen", "actor": ANONYMOUS, "now": self.now, "fraction": fraction}
            cancel(self.session, self.appointment(reference), **facts, may_undo=True)
            if visit.state == "booked":
                late = visit.moved_late or visit.starts_at - self.now < CUTOFF
                visit.state, visit.counts = "cancelled", late
                self._leave(reference, fraction, late=late)

    def _leave(self, reference: str, fraction: float, *, late: bool) -> None:
        if late:
            self.model.cancelled += 1
            moment = returned_at(self.now, fraction=fraction)
            self.model.give_back(self.model.of_visit(reference), moment)
        else:
            moment = returned_at(self.now + timedelta(minutes=5), fraction=fraction)
            self.model.keep(reference, self.now, off_the_minute(moment))

    @precondition(lambda self: self.model.visits)
    @rule(choice=st.sampled_from([0, 0, 0, 1, 2, 5]))
    def undo_cancel(self, choice: int) -> None:
        reference = self.some(choice, list(self.model.visits))
        visit = self.model.visits[reference]
        with self.expecting(success=visit.state == "booked" or self.model.may_undo(reference, self.now)):
            undo_cancel(self.session, self.appointment(reference), actor=ANONYMOUS, now=self.now)
            if visit.state != "booked":
                self.model.undo(reference, off_the_minute(self.now))

    @rule(fraction=st.sampled_from([0.0, 0.5]))
    def what_nobody_took_back_is_let_go(self, fraction: float) -> None:
        """The job: from then on it is like every other cancellation."""
        over = [
            reference
            for reference, visit in self.model.visits.items()
            if visit.kept_until is not None and visit.kept_until <= self.now
        ]
        assert end_undos(self.session, now=self.now, fraction=fraction) == len(over)
        for reference in over:
            self.model.visits[reference].kept_until = None
            self.model.cancelled += 1
            moment = returned_at(self.now, fraction=fraction)
            self.model.give_back(self.model.of_token(undo_of(reference)), moment)

    @precondition(lambda self: self.model.visits)
    @rule(slot=st.integers(0, 2), choice=st.sampled_from([0, 0, 1, 2, 5]))
    def hold_and_reschedule(self, slot: int, choice: int) -> None:
        self.hold(slot, 1, None)
        if self.model.holds:
            self.reschedule(choice, 0)

    @precondition(lambda self: self.model.visits and self.model.holds)
    @rule(choice=st.sampled_from([0, 0, 1, 2, 5]), to=st.sampled_from([0, 0, 1, 2, 5]))
    def reschedule(self, choice: int, to: int) -> None:
        reference = self.some(choice, list(self.model.visits))
        token = self.some(to, list(self.model.holds))
        visit, held = self.model.visits[reference], self.model.holds[token]
        mine = self.model.of_token(token)
        done = held.reference == reference
        fits = held.reference is None and len(mine) == held.needed and held.starts_at > self.now
        works = done or (fits and visit.state == "booked" and visit.starts_at > self.now)
        with self.expecting(success=works):
            appointment = self.appointment(reference)
            reschedule(self.session, appointment, token=token, actor=ANONYMOUS, now=self.now, fraction=0.25)
            if not done:
                self._moved(reference, held, mine)

    def _moved(self, reference: str, held: Hold, mine: list[Place]) -> None:
        self.model.give_back(self.model.of_visit(reference), returned_at(self.now, fraction=0.25))
        for place in mine:
            place.reference = reference
            place.let_go()
        held.reference = reference
        visit = self.model.visits[reference]
        visit.moved_late = visit.moved_late or visit.starts_at - self.now < CUTOFF
        visit.starts_at = held.starts_at

    @rule(minutes=st.sampled_from([1, 5, 5, 10, 10, 20]))
    def wait(self, minutes: int) -> None:
        """Holds run out and given-back numbers appear by the clock alone."""
        self.now = min(self.now + timedelta(minutes=minutes), at("11:10"))

    @precondition(lambda self: len(self.model.visits) > 1)
    @rule()
    def close(self) -> None:
        """The hall withdraws what nobody holds; booked and held numbers stay."""
        hours = {"starts_at": at("09:00"), "ends_at": at("12:00")}
        add_closure(
            self.session, self.hall, group_id=None, **hours, reason_zh="停电", actor=SYSTEM, now=self.now
        )
        self.publish()
        self.model.places = [place for place in self.model.places if not self._withdrawn(place)]

    def _withdrawn(self, place: Place) -> bool:
        held = place.held_until is not None and place.held_until > self.now
        return place.starts_at > self.now and place.reference is None and not held

    @precondition(lambda self: len(self.model.places) < len(self.planned))
    @rule()
    def open_again(self) -> None:
        """What was withdrawn comes back once, as planned at first."""
        for closure in list_closures(self.session, self.hall.id, now=self.now):
            lift_closure(self.session, self.hall, closure.id, actor=SYSTEM, now=self.now)
        self.publish()
        there = {(place.starts_at, place.ordinal) for place in self.model.places}
        self.model.places += [
            Place(starts_at, ordinal, self.channels[starts_at, ordinal], released_at)
            for starts_at, ordinal, released_at in self.planned
            if (starts_at, ordinal) not in there and starts_at > self.now
        ]

    @precondition(lambda self: self.now > at("10:00"))
    @rule()
    def half_day_ends_for_nobody_yet(self) -> None:
        """Closing no-shows in the same half-day touches nothing."""
        assert close_no_shows(self.session, now=self.now) == 0

    @rule(change=st.sampled_from(list(Change)), most=st.sampled_from([1, 2, 20]))
    def change_by_hand(self, change: Change, most: int) -> None:
        """Release before the time, withdraw, or give to another channel what nobody has."""
        chosen = self.model.changeable(str(change), self.now)[:most]
        command = ChangeNumbers(self.group.id, TODAY, change, most, "many_bookings")
        with self.expecting(success=bool(chosen)):
            done = change_numbers(self.session, self.hall, command, actor=SYSTEM, now=self.now)
            assert done == len(chosen)
            self.model.change(chosen, str(change), self.now)

    @precondition(lambda self: self.now > at("09:30"))
    @rule()
    def unused_duty_numbers_flow(self) -> None:
        """To walk-ins, from ten o'clock on."""
        unused = self.model.changeable("duty_to_walk_in", self.now) if self.now >= at("10:00") else []
        assert flow_duty(self.session, now=self.now) == len(unused)
        self.model.change(unused, "duty_to_walk_in", self.now)

    @rule(slot=st.integers(0, 2), needed=st.sampled_from([1, 1, 2]), channel=st.sampled_from(list(Channel)))
    def book_by_staff(self, slot: int, needed: int, channel: Channel) -> None:
        """From any channel, until the slot begins."""
        starts_at, person = STARTS[slot], next(self.people)
        picked = self.model.pick(starts_at, needed, self.now, None, str(channel))
        command = StaffBooking(
            self.hall.id,
            self.group.id,
            (self.service_ids[needed],),
            starts_at,
            (channel,),
            "needs_help",
            Book("", "张三", "resident_id", sample_resident_id(person), PHONE),
        )
        with self.expecting(success=picked is not None and starts_at > self.now):
            booked = book_by_staff(self.session, command, actor=OFFICER, now=self.now)
            for place in picked or []:
                place.let_go()
                place.reference = booked.reference
            self.model.visits[booked.reference] = Visit(starts_at, person, "")


def play(session: Session, *, examples: int, steps: int) -> None:
    run_state_machine_as_test(
        lambda: Citizens(session),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_in_any_order_no_number_is_twice_lost_or_from_nothing(session: Session) -> None:
    play(session, examples=20, steps=30)


@pytest.mark.faults
def test_in_any_long_order_no_number_is_twice_lost_or_from_nothing(session: Session) -> None:
    play(session, examples=80, steps=50)
