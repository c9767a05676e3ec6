"""Staff and citizens in any order: tickets always equal a plain model that walks the drawing in docs.

The model takes its arrows from the documentation. A step works exactly when the model says so, the rows are
the model's after each step, no time ever runs backwards, and closing the day ends everybody.
"""

from collections.abc import Callable, Iterator
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

from queueing import serve
from queueing.choose import call_chosen
from queueing.models import Ticket
from queueing.send_to import send_to_counter
from queueing.undo import undo
from tests.build import at
from tests.queueing.any_order import DUTY, HALF_DAY, LAG, OFFICER, RECENT, Hall
from tests.ticket_model import AT_COUNTER, SECOND_CHANCE, Card

LATE = st.sampled_from([False, False, False, True])


class AnyOrder(Hall):
    """What staff do with tickets."""

    def press(
        self, verb: Callable[..., object], choice: int, officer: int, *, word: str = ""
    ) -> Iterator[Card]:
        """One verb by one officer on one ticket; yields the card where the model says that it works."""
        at_ = self.some(choice)
        card = self.model.cards[at_]
        name = word or verb.__name__
        works = card.can(name) and self.model.may_act(card, officer, DUTY)
        with self.expecting(success=works) as now:
            verb(self.session, self.ticket(at_), actor=self.officers[officer], now=now)
            yield card

    def who(self, choice: int, officer: int, *, own: bool) -> int:
        """Mostly the officer at whose counter the ticket is."""
        card = self.model.cards[self.some(choice)]
        seated = None if card.counter is None else self.model.seats[card.counter].officer
        return seated if own and seated is not None else officer

    @precondition(lambda self: self.model.cards)
    @rule(
        choice=RECENT,
        officer=OFFICER,
        own=st.sampled_from([True, True, False]),
        lag=LAG,
        verb=st.sampled_from([serve.start_serving, serve.start_serving, serve.park, serve.undo_call]),
    )
    def plain_step(
        self, choice: int, officer: int, lag: int, verb: Callable[..., object], *, own: bool
    ) -> None:
        self.lag = timedelta(seconds=lag)
        for card in self.press(verb, choice, self.who(choice, officer, own=own)):
            card.go(verb.__name__) if verb is not serve.start_serving else card.start()
            if card.state == "waiting":
                card.counter = None

    @precondition(lambda self: self.model.cards)
    @rule(choice=RECENT, officer=OFFICER, lag=LAG, own=st.booleans())
    def recall(self, choice: int, officer: int, lag: int, *, own: bool) -> None:
        self.lag = timedelta(seconds=lag)
        for _card in self.press(serve.recall, choice, self.who(choice, officer, own=own), word="undo_call"):
            pass  # called again, and where it was

    @precondition(lambda self: self.model.cards)
    @rule(choice=RECENT, officer=OFFICER, lag=LAG, own=st.booleans())
    def mark_absent(self, choice: int, officer: int, lag: int, *, own: bool) -> None:
        self.lag = timedelta(seconds=lag)
        for card in self.press(serve.mark_absent, choice, self.who(choice, officer, own=own)):
            card.go("mark_absent")
            card.absent_at = self.session.get_one(Ticket, self.rows[self.model.cards.index(card)]).absent_at

    @precondition(lambda self: self.model.cards)
    @rule(
        choice=RECENT,
        officer=st.sampled_from([DUTY, DUTY, DUTY, 0]),
        counter=st.integers(0, 2),
        again=st.booleans(),
    )
    def call_chosen(self, choice: int, officer: int, counter: int, *, again: bool) -> None:
        """Whoever is ahead, by the duty officer alone; the same press twice is one call."""
        at_ = self.some(choice)
        card, seat = self.model.cards[at_], self.model.seats[counter]
        may = officer == DUTY and seat.open and self.model.at(counter) is None
        works = may and card.state == "waiting" and card.line in seat.lines
        with self.expecting(success=works) as now:
            for _ in range(2 if again else 1):
                call_chosen(
                    self.session,
                    self.counters[counter],
                    self.ticket(at_),
                    why="frail",
                    actor=self.officers[officer],
                    now=now,
                    press_key=f"chosen-{len(self.chosen)}",
                )
            self.chosen.append(at_)
            card.call(counter)

    @precondition(lambda self: self.model.cards)
    @rule(choice=RECENT, officer=OFFICER)
    def reinstate(self, choice: int, officer: int) -> None:
        at_ = self.some(choice)
        card = self.model.cards[at_]
        first = (
            card.absent_at is not None and self.now - card.absent_at <= SECOND_CHANCE and not card.reinstated
        )
        ends_at = HALF_DAY if card.slot_at is not None and card.slot_at < HALF_DAY else at("17:00")
        late = card.slot_at is not None and self.now < ends_at and not first
        with self.expecting(success=card.can("reinstate") and (first or late)) as now:
            ticket = serve.reinstate(self.session, self.ticket(at_), actor=self.officers[officer], now=now)
            card.go("reinstate", pressed_at=self.model.seat_of(officer))
            self.before_late[ticket.id] = self.keys[ticket.id]
            card.counter, card.reinstated = None, card.reinstated + 1
            if late:
                self.keys[ticket.id] = (ticket.due_at, ticket.promised_at)

    @precondition(lambda self: self.model.cards)
    @rule(choice=RECENT, officer=OFFICER, lag=LAG, own=st.sampled_from([True, True, False]))
    def complete(self, choice: int, officer: int, lag: int, *, own: bool) -> None:
        """With the last leg the visit ends; until then the ticket goes on to the next line."""
        self.lag = timedelta(seconds=lag)
        for card in self.press(serve.complete, choice, self.who(choice, officer, own=own)):
            if not card.legs:
                self.model.finish(card)
                continue
            card.pass_on()

    @precondition(lambda self: self.model.cards)
    @rule(choice=RECENT, officer=OFFICER)
    def complete_visit(self, choice: int, officer: int) -> None:
        for card in self.press(
            serve.complete_visit, choice, self.who(choice, officer, own=True), word="complete"
        ):
            self.model.finish(card)

    @precondition(lambda self: self.model.cards)
    @rule(choice=RECENT, officer=OFFICER, lag=LAG, own=st.booleans())
    def resume(self, choice: int, officer: int, lag: int, *, own: bool) -> None:
        """At the officer's own counter; by who has none, where it was put aside, while that is open."""
        self.lag = timedelta(seconds=lag)
        at_ = self.some(choice)
        card = self.model.cards[at_]
        officer = self.who(choice, officer, own=own)
        there = self.model.seat_of(officer)
        if there is None and card.counter is not None:
            seat = self.model.seats[card.counter]
            there = card.counter if officer == DUTY and seat.officer is not None else None
        free = there is not None and self.model.at(there) is None
        with self.expecting(success=card.can("resume") and free) as now:
            serve.resume(self.session, self.ticket(at_), actor=self.officers[officer], now=now)
            card.go("resume", pressed_at=there)
            card.counter = there

    @precondition(lambda self: self.model.cards)
    @rule(choice=RECENT, officer=OFFICER, lag=LAG)
    def return_to_line(self, choice: int, officer: int, lag: int) -> None:
        self.lag = timedelta(seconds=lag)
        for card in self.press(serve.return_to_line, choice, officer):
            card.go("return_to_line", pressed_at=self.model.seat_of(officer))
            card.counter = None

    @precondition(lambda self: self.model.cards)
    @rule(choice=RECENT, officer=OFFICER, to=st.sampled_from("AB"), own=st.sampled_from([True, True, False]))
    def transfer(self, choice: int, officer: int, to: str, *, own: bool) -> None:
        """To the other line; who was only called is taken as having come."""
        at_ = self.some(choice)
        card = self.model.cards[at_]
        officer = self.who(choice, officer, own=own)
        works = card.state in AT_COUNTER and card.line != to and self.model.may_act(card, officer, DUTY)
        with self.expecting(success=works) as now:
            serve.transfer(
                self.session,
                self.ticket(at_),
                group_id=self.groups[to].id,
                actor=self.officers[officer],
                now=now,
            )
            card.send(to)

    @precondition(lambda self: self.model.cards)
    @rule(choice=RECENT, officer=OFFICER, to=st.integers(0, 2), own=st.sampled_from([True, True, False]))
    def send_to_counter(self, choice: int, officer: int, to: int, *, own: bool) -> None:
        """To one counter, in a line that it serves; that may be the same line."""
        at_ = self.some(choice)
        card, seat = self.model.cards[at_], self.model.seats[to]
        officer = self.who(choice, officer, own=own)
        may = card.state in AT_COUNTER and self.model.may_act(card, officer, DUTY)
        with self.expecting(success=may and seat.open and card.counter != to) as now:
            actor, ticket = self.officers[officer], self.ticket(at_)
            send_to_counter(self.session, ticket, counter_id=self.counters[to], actor=actor, now=now)
            line = card.line if card.line in seat.lines else seat.lines[0]
            card.send(line, to=to)

    @precondition(lambda self: any(card.step for card in self.model.cards))
    @rule(choice=RECENT, officer=OFFICER, own=st.sampled_from([True, True, False]), late=LATE)
    def undo(self, choice: int, officer: int, *, own: bool, late: bool) -> None:
        """The last step at a counter, for ten seconds: as if it had not been."""
        able = [at_ for at_, card in enumerate(self.model.cards) if card.step is not None]
        at_ = max(able, key=self._serial) if choice < 2 else able[choice % len(able)]  # mostly
        card, ticket = self.model.cards[at_], self.ticket(at_)
        step = card.step
        assert step is not None
        assert step.counter is not None
        seated = self.model.seats[step.counter].officer
        officer = seated if own and seated is not None else officer
        comes_back = step.before is not None and step.before.state in AT_COUNTER
        stays = card.state in AT_COUNTER or not comes_back
        free = stays or self.model.at(step.counter) is None
        last = self.model.last_step(step.counter) is step
        works = seated is not None and officer in (DUTY, seated) and last and free and not late
        assert ticket.stepped_at is not None
        real_now = ticket.stepped_at + timedelta(seconds=11 if late else 1)
        with self.expecting(success=works) as now:
            undo(self.session, ticket, actor=self.officers[officer], now=now, real_now=real_now)
            self.model.take_back(card, step)
            if step.verb == "reinstate":
                self.keys[ticket.id] = self.before_late[ticket.id]
            self.seen.pop(ticket.id, None)  # its times are those of before

    def _serial(self, at_: int) -> int:
        step = self.model.cards[at_].step
        return 0 if step is None else step.serial

    @precondition(lambda self: self.model.cards)
    @rule(choice=RECENT, officer=OFFICER, lag=LAG, own=st.booleans())
    def give_up(self, choice: int, officer: int, lag: int, *, own: bool) -> None:
        self.lag = timedelta(seconds=lag)
        officer = self.who(choice, officer, own=own)
        for card in self.press(serve.abandon, choice, officer):
            self.model.let_go(card, pressed_at=self.model.seat_of(officer))


def play(session: Session, *, examples: int, steps: int, machine: type[AnyOrder] = AnyOrder) -> None:
    run_state_machine_as_test(
        lambda: machine(session),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_in_any_order_tickets_walk_the_drawing_and_end(session: Session) -> None:
    play(session, examples=15, steps=30)


@pytest.mark.faults
def test_in_any_long_order_tickets_walk_the_drawing_and_end(session: Session) -> None:
    play(session, examples=150, steps=60)
