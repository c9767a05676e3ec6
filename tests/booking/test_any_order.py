"""Hold, book, cancel, move, close, open, release, expire in any order: the rows always equal a plain model.

The model knows every number as one place. It takes places by the rule as written in docs, and after each
step the database must show exactly the model's places: none twice, none lost, none from nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count

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
from booking.availability import slot_counts
from booking.book import Book, book
from booking.cancel import cancel
from booking.counts import booking_counts, channel_counts
from booking.hold import HoldSlot, hold, release
from booking.ladder import returned_at
from booking.models import Appointment, Number
from booking.no_show import close_no_shows
from booking.publish import publish
from booking.reschedule import reschedule
from halls.closures import add_closure, lift_closure, list_closures
from kernel.actor import ANONYMOUS, SYSTEM
from kernel.errors import DomainError
from kernel.ids import token_hash
from kernel.outbox import OutboxEvent
from people.sample_ids import sample_resident_id
from tests.booking_model import Hold, Model, Place, Visit
from tests.build import TODAY, at, make_group, make_hall, make_plan, make_service

LEAD = timedelta(minutes=30)
KEPT = timedelta(minutes=10)
CUTOFF = timedelta(minutes=60)
STARTS = (at("10:00"), at("10:30"), at("11:00"))
PHONE = "+8613800138000"


class Citizens(RuleBasedStateMachine):
    """Steps on one line of one hall on one morning."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.outer = session
        self.savepoint = session.begin_nested()
        self.session = session
        self.now = at("08:30")
        self.people = count(1)
        self.hall = make_hall(session, policy={"booking": {"max_open_appointments": 50}})
        self.group = make_group(session, self.hall)
        make_plan(session, self.group, counters=2, hours="10:00-11:30")
        self.codes = {
            needed: make_service(session, self.group, minutes=10 * needed).code for needed in (1, 2, 3)
        }
        self.publish()
        self.model = Model([_place(row, {}) for row in self.rows()])
        self.planned = [(place.starts_at, place.ordinal, place.released_at) for place in self.model.places]
        self.channels = {(place.starts_at, place.ordinal): place.channel for place in self.model.places}

    def teardown(self) -> None:
        broken = doctor.check(self.session)
        self.savepoint.rollback()
        self.session.expunge_all()
        assert broken == []

    def publish(self) -> None:
        publish(self.session, self.hall.id, first_on=TODAY, last_on=TODAY, actor=SYSTEM, now=self.now)

    def rows(self) -> list[Number]:
        self.session.expire_all()
        query = (
            select(Number).where(Number.group_id == self.group.id).order_by(Number.starts_at, Number.ordinal)
        )
        return list(self.session.scalars(query))

    @contextmanager
    def expecting(self, *, success: bool) -> Iterator[None]:
        """The step works exactly when the model says so; a refusal changes nothing."""
        step = self.session.begin_nested()
        refusal: str | None = None
        try:
            yield
            step.commit()
        except DomainError as error:
            step.rollback()
            refusal = error.code
        assert (refusal is None) is success, refusal or "should have been refused"

    def some(self, choice: int, keys: list[str]) -> str:
        """One of them, the newest first: the oldest are mostly over."""
        return keys[-1 - choice % len(keys)]

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
                visit.counts = not by_hall and visit.starts_at - self.now < CUTOFF
                self.model.cancelled += 1
                self.model.by_hall += by_hall
                moment = returned_at(self.now, fraction=fraction)
                self.model.give_back(self.model.of_visit(reference), moment)

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
        self.model.visits[reference].starts_at = held.starts_at

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

    def appointment(self, reference: str) -> Appointment:
        return self.session.scalars(select(Appointment).where(Appointment.reference == reference)).one()

    @invariant()
    def the_rows_are_the_places_of_the_model(self) -> None:
        names = dict(self.session.execute(select(Appointment.id, Appointment.reference)).all())
        tokens = {token_hash(token): token for token in self.model.holds}
        seen = [_seen(_place(row, names), tokens.get(row.hold_token or b"")) for row in self.rows()]
        wanted = sorted(self.model.places, key=lambda place: (place.starts_at, place.ordinal))
        assert seen == [_seen(place, place.token) for place in wanted]

    @invariant()
    def what_is_offered_is_what_is_free(self) -> None:
        offered = slot_counts(self.session, self.group.id, TODAY, now=self.now)
        for slot in offered:
            free = sum(
                place.free(self.now) for place in self.model.places if place.starts_at == slot.starts_at
            )
            assert slot.free == (free if slot.starts_at - self.now >= LEAD else 0)

    @invariant()
    def numbers_are_counted_as_the_model_has_them(self) -> None:
        found = {
            each.channel: (each.planned, each.released, each.booked, each.held, each.free)
            for each in channel_counts(self.session, self.hall, on_date=TODAY, now=self.now)
            if each.channel == "online"
        }
        places = [place for place in self.model.places if place.channel == "online"]
        held = [place.held_until is not None and place.held_until > self.now for place in places]
        wanted = (
            len(places),
            sum(place.released(self.now) for place in places),
            sum(place.reference is not None for place in places),
            sum(held),
            sum(place.free(self.now) for place in places),
        )
        assert found == ({"online": wanted} if places else {})

    @invariant()
    def bookings_are_counted_as_the_model_has_them(self) -> None:
        visits = self.model.visits.values()
        to_come = sum(visit.state == "booked" for visit in visits)
        late = sum(visit.state == "cancelled" and visit.counts for visit in visits)
        by_hall = self.model.by_hall
        found = [
            (each.booked, each.to_come, each.handled, each.late_cancelled, each.by_hall)
            for each in booking_counts(self.session, self.hall, on_date=TODAY)
        ]
        assert found == ([(to_come + late, to_come, 0, late, by_hall)] if visits else [])

    @invariant()
    def counts_equal_history(self) -> None:
        told = dict(
            self.session.execute(
                select(OutboxEvent.name, func.count())
                .where(OutboxEvent.name.in_(("AppointmentBooked", "AppointmentCancelled")))
                .group_by(OutboxEvent.name)
            ).all()
        )
        assert told.get("AppointmentBooked", 0) == len(self.model.visits)
        assert told.get("AppointmentCancelled", 0) == self.model.cancelled


def _place(row: Number, names: dict[int, str]) -> Place:
    reference = names[row.appointment_id] if row.appointment_id is not None else None
    return Place(row.starts_at, row.ordinal, row.channel, row.released_at, None, row.held_until, reference)


def _seen(place: Place, token: str | None) -> tuple[object, ...]:
    return (
        place.starts_at,
        place.ordinal,
        place.channel,
        place.released_at,
        token,
        place.held_until,
        place.reference,
    )


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
