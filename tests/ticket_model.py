"""A plain model of a hall's tickets and counters: what the rows must be after each step, kept in lists.

States change only along the arrows of the drawing in the documentation.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count

from tests.ticket_drawing import ends, ways

WAYS = ways()
ENDS = ends()
AT_COUNTER = ("called", "serving")
#: Steps that can be taken back for ten seconds → what that is called.
BACK = {
    "start_serving": "undo_start",
    "mark_absent": "undo_absent",
    "park": "undo_park",
    "transfer": "undo_transfer",
    "next_leg": "undo_transfer",
    "complete": "undo_complete",
    "resume": "undo_resume",
    "return_to_line": "undo_return",
    "reinstate": "undo_reinstate",
    "abandon": "undo_abandon",
}
_steps = count(1)
SECOND_CHANCE = timedelta(minutes=30)


@dataclass
class Visit:
    """A booking of somebody who comes today. `lines` in the order of its legs."""

    starts_at: datetime
    lines: tuple[str, ...]
    state: str = "booked"
    ticket: int | None = None

    @property
    def open(self) -> bool:
        return self.state in ("booked", "checked_in")


@dataclass
class Card:
    """A ticket as the model sees it."""

    line: str
    legs: list[str] = field(default_factory=list)
    here: set[str] = field(default_factory=set)  # whose matters are done in this line
    visit: int | None = None
    state: str = "waiting"
    counter: int | None = None
    slot_at: datetime | None = None
    absent_at: datetime | None = None
    reinstated: int = 0
    served: bool = False
    to: int | None = None  # waits for this counter alone, while it is open
    step: "Step | None" = None
    #: Of which lines something is done here, and what was done in lines before; never changed in place.
    services: tuple[str, ...] = ()
    done: tuple[str, ...] = ()

    def facts(self) -> tuple[object, ...]:
        """Line, state, counter, lines to come, and what is and was done: what its row must say."""
        counter = self.counter if self.state in AT_COUNTER else None
        return self.line, self.state, counter, self.legs, list(self.services), list(self.done)

    def can(self, verb: str) -> bool:
        return (self.state, verb) in WAYS

    def go(self, verb: str, *, pressed_at: int | None = None) -> None:
        """`pressed_at`: the counter of who presses, where the ticket stands at none."""
        kept = replace(self, legs=list(self.legs), here=set(self.here), step=None)
        where = self.counter if self.state in AT_COUNTER else pressed_at
        self.step = Step(verb, where, kept) if verb in BACK and where is not None else None
        (self.state,) = WAYS[self.state, verb]

    def call(self, counter: int) -> None:
        self.go("call_next")
        self.counter, self.step = counter, Step("call_next", counter, None)

    def start(self) -> None:
        self.go("start_serving")
        self.served, self.to = True, None

    def pass_on(self) -> None:
        """To the line of the next leg."""
        self.go("next_leg")
        self.line, self.counter = self.legs.pop(0), None
        self.here, self.done, self.services = {self.line}, self.done + self.services, (self.line,)

    def send(self, line: str, *, to: int | None = None) -> None:
        """To another line; what was still to be done there is done now. Who was only called has come."""
        if self.state == "called":
            self.start()
        self.go("transfer")
        self.line, self.counter, self.to = line, None, to
        merged = tuple(leg for leg in self.legs if leg == line)
        self.here, self.services = self.here | set(merged), self.services + merged
        self.legs = [leg for leg in self.legs if leg != line]

    def go_back(self, step: "Step") -> None:
        """As if the step had not been."""
        if step.before is None:
            self.go("undo_call")
            self.counter = None
            return
        assert step.before.state in WAYS[self.state, BACK[step.verb]]
        self.__dict__.update(step.before.__dict__)


@dataclass(frozen=True)
class Step:
    """The last step of a ticket, at which counter it was pressed, and what it found (a call: nothing)."""

    verb: str
    counter: int | None
    before: Card | None
    ended_visit: bool = False
    serial: int = field(default_factory=lambda: next(_steps))


@dataclass
class Seat:
    """A counter: who sits there, and which lines it serves."""

    lines: tuple[str, ...]
    officer: int | None = None
    paused: bool = False
    offered: bool = False  # its officer wants to be relieved

    @property
    def open(self) -> bool:
        return self.officer is not None and not self.paused


@dataclass
class Model:
    """What must be true, kept in lists. `DUTY` is an officer who may work every counter."""

    seats: list[Seat]
    cards: list[Card] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)

    def at(self, counter: int) -> Card | None:
        return next(
            (card for card in self.cards if card.counter == counter and card.state in AT_COUNTER), None
        )

    def seat_of(self, officer: int) -> int | None:
        return next((at for at, seat in enumerate(self.seats) if seat.officer == officer), None)

    def waiting_for(self, counter: int) -> list[int]:
        lines = self.seats[counter].lines
        return [
            at
            for at, card in enumerate(self.cards)
            if card.state == "waiting" and card.line in lines and self._may_come(card, counter)
        ]

    def _may_come(self, card: Card, counter: int) -> bool:
        return card.to in (None, counter) or not self.seats[card.to].open

    def last_step(self, counter: int) -> Step | None:
        """The last one pressed there that can still be taken back."""
        found = [card.step for card in self.cards if card.step is not None and card.step.counter == counter]
        return max(found, key=lambda step: step.serial, default=None)

    def take_back(self, card: Card, step: Step) -> None:
        """Nothing that was pressed at this counter before can be taken back after it."""
        card.go_back(step)
        if step.ended_visit and card.visit is not None:
            self.visits[card.visit].state = "checked_in"
        for each in self.cards:
            if each.step is not None and each.step.counter == step.counter:
                each.step = None

    def take_over(self, counter: int, officer: int) -> None:
        """Whoever is served there stays; what could be undone there cannot be any more."""
        seat = self.seats[counter]
        seat.officer, seat.paused, seat.offered = officer, False, False
        for each in self.cards:
            if each.step is not None and each.step.counter == counter:
                each.step = None

    def may_act(self, card: Card, officer: int, duty: int) -> bool:
        """Who is at a counter is a matter of who sits there; all others belong to the whole hall."""
        if card.state not in AT_COUNTER or card.counter is None:
            return True
        return officer in (duty, self.seats[card.counter].officer)

    def let_go(self, card: Card, *, pressed_at: int | None = None) -> None:
        """The ticket ends before its matter is done; a booking ends with it, or is partly done."""
        missed = card.state == "absent" and not card.served
        card.go("abandon", pressed_at=pressed_at)
        left = {*card.here, *card.legs}
        partly = card.visit is not None and 0 < len(left) < len(self.visits[card.visit].lines)
        self.end_visit(card, "no_show" if missed else "fulfilled" if partly else "cancelled")

    def finish(self, card: Card) -> None:
        card.go("complete")
        card.legs = []
        card.services = tuple(dict.fromkeys(card.done + card.services))
        self.end_visit(card, "fulfilled")

    def end_visit(self, card: Card, state: str) -> None:
        if card.visit is not None and self.visits[card.visit].open:
            self.visits[card.visit].state = state
            if card.step is not None:
                card.step = replace(card.step, ended_visit=True)

    def close_day(self) -> None:
        for card in self.cards:
            if card.state == "serving":
                self.finish(card)
            elif card.state not in ENDS:
                self.let_go(card)
        for seat in self.seats:
            seat.officer, seat.paused, seat.offered = None, False, False
