"""A town for interleavings of bookings: many small lines, and citizens who act at once on real threads.

Each interleaving has a line (or two) and a day of its own with a few numbers and half a dozen citizens who
hold, book, move, cancel and have their data deleted at the same time, in one exchange with the database or in
several, as the API and the pages do. Before each statement a thread may rest for a moment drawn from the
interleaving's seed: the statements of different transactions then meet in ever other orders.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from threading import Barrier, local
from time import monotonic, sleep
from typing import ClassVar

from sqlalchemy import event, select

from booking.book import Book, book
from booking.book_at_once import book_at_once
from booking.cancel import cancel
from booking.hold import Held, HoldSlot, hold, hold_at_once, release
from booking.models import Number
from booking.publish import publish
from booking.recent import Recent
from booking.reschedule import reschedule
from booking.turns import wait_for_hall
from feedback.personal_data import forget
from kernel.actor import ANONYMOUS, SYSTEM
from kernel.db import Database
from kernel.direct import Statement
from kernel.errors import DomainError
from kernel.ids import token_hash
from people.sample_ids import sample_resident_id
from tests.booking_history import TakenAway, Told
from tests.build import at, make_counter, make_group, make_hall, make_plan, make_service
from tests.faults.town_rows import PLACE, Place, appointment_of, places_of
from tests.faults.town_undo import Undecided

CITIZENS = 6
STEPS = 3
LONGEST_REST = 0.002  # seconds
STARTS = ("10:00", "10:30")
#: Five weeks without a holiday, from Monday to Friday.
DAYS = [date(2026, 3, 2) + timedelta(days=7 * week + day) for week in range(5) for day in range(5)]
HALLS = 40
PHONE = "+8613800138000"

_OF_TOKEN = Statement(
    "SELECT group_id, starts_at, ordinal FROM number WHERE hold_token = :token AND appointment_id IS NULL"
)
_OF_VISIT = Statement("""
SELECT number.group_id, number.starts_at, number.ordinal
FROM number JOIN appointment ON appointment.id = number.appointment_id
WHERE appointment.reference = :reference
""")


@dataclass(frozen=True)
class Town:
    """Forty halls of two lines; line `n` is the first or the second one of hall `n // 2`."""

    database: Database
    hall_ids: list[int]
    group_ids: list[int]
    codes: list[tuple[str, str]]
    service_ids: list[tuple[int, int]]
    planned: dict[tuple[int, date], set[Place]]
    recent: Recent = field(default_factory=Recent)
    acknowledged: set[str] = field(default_factory=set)

    def place(self, n: int) -> tuple[int, date]:
        return n % len(self.group_ids), DAYS[n // len(self.group_ids)]


def make_town(database: Database) -> Town:
    """Every line has a few numbers each day, fewer than the citizens of an interleaving want."""
    with database.transaction() as session:
        halls = [make_hall(session, f"h{n}") for n in range(HALLS)]
        groups = [make_group(session, hall, letter) for hall in halls for letter in "AB"]
        for group in groups:
            make_plan(session, group, counters=1.5, hours="10:00-11:00")
        for nth, hall in enumerate(halls):
            make_counter(session, hall, groups[2 * nth : 2 * nth + 2])
        services = [
            (make_service(session, group), make_service(session, group, minutes=20)) for group in groups
        ]
        codes = [(short.code, long.code) for short, long in services]
        service_ids = [(short.id, long.id) for short, long in services]
        for hall in halls:
            publish(session, hall.id, first_on=DAYS[0], last_on=DAYS[-1], actor=SYSTEM, now=at("08:00"))
        planned: dict[tuple[int, date], set[Place]] = defaultdict(set)
        for *place, on in session.execute(select(*PLACE, Number.on_date)):
            planned[place[0], on].add(tuple(place))
        halls_and_groups = [hall.id for hall in halls], [group.id for group in groups]
        return Town(database, *halls_and_groups, codes, service_ids, planned)


@dataclass
class Interleaving:
    """One line on one day, and what its citizens were told."""

    town: Town
    n: int
    told: list[Told] = field(default_factory=list)
    needed: dict[str, int] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    taken_away: list[TakenAway] = field(default_factory=list)
    #: Special requests: their row, what was said of them, and the reference of the booking that came of it.
    decided: list[tuple[int, str, str]] = field(default_factory=list)
    #: How often the jobs have run.
    rounds: float = 0
    #: How late it may be by the clock of the jobs: by the later one, holds and offers have run out.
    jobs_minutes: ClassVar[tuple[int, ...]] = (0, 33, 33)
    #: Seconds for which a citizen looks at the form before it is sent, replaced or left.
    thinks: ClassVar[float] = 0.0
    #: What may end a citizen's step. Only where a fault is planted two may wait for each other.
    refusals: ClassVar[tuple[type[Exception], ...]] = (DomainError,)

    @property
    def line(self) -> int:
        return self.town.place(self.n)[0]

    @property
    def lines(self) -> tuple[int, ...]:
        return (self.line,)

    @property
    def group_ids(self) -> list[int]:
        return [self.town.group_ids[at_] for at_ in self.lines]

    @property
    def keys(self) -> list[tuple[int, date]]:
        return [(group_id, self.day) for group_id in self.group_ids]

    @property
    def hall_id(self) -> int:
        return self.town.hall_ids[self.line // 2]

    @property
    def hall_code(self) -> str:
        return f"h{self.line // 2}"

    def codes(self, needed: int, _chance: random.Random) -> tuple[str, ...]:
        """The services of a visit that takes so many numbers."""
        return (self.town.codes[self.line][needed - 1],)

    @property
    def day(self) -> date:
        return self.town.place(self.n)[1]

    @property
    def now(self) -> datetime:
        return at("08:30", self.day)

    def booked(
        self, reference: str, needed: int, began: float, numbers: tuple[Place, ...], *, now: datetime
    ) -> None:
        """Note a booking that was acknowledged."""
        self.needed[reference] = needed
        self.town.acknowledged.add(reference)
        self.told.append(Told("book", reference, began, monotonic(), numbers, now))

    @property
    def clocks_differ(self) -> bool:
        """In every other interleaving, so that holds run out while they are booked."""
        return self.n % 2 == 1

    @property
    def holds_are_certain(self) -> bool:
        """Whether nobody may have a number that somebody holds, however late it is by their clock."""
        return not self.clocks_differ


class Citizen(Undecided):
    """One thread: random steps from a seed, everything acknowledged is noted."""

    def __init__(self, scene: Interleaving, who: int) -> None:
        self.scene = scene
        self.who = who
        self.chance = random.Random(scene.n * 100 + who)  # a draw that can be repeated
        late = self.chance.choice([0, 0, 5, 11]) if scene.clocks_differ else 0
        self.now = scene.now + timedelta(minutes=late)
        self.token: str | None = None
        self.reference: str | None = None
        self.cancelled: str | None = None

    @property
    def phone(self) -> str:
        """Of their own: who is forgotten by it takes nobody along."""
        return f"+86137{self.scene.n * CITIZENS + self.who:08}"

    def live(self) -> None:
        for _ in range(STEPS):
            step = self.chance.choice(self._possible())
            try:
                step()
            except self.scene.refusals:
                self.token = None  # refused: begin again

    def _possible(self) -> list[Callable[[], None]]:
        if self.reference is not None:
            return [self._move, self._move_on_page, self._cancel, self._cancel_for_now, self._forget]
        if self.cancelled is not None:
            return [self._undo, self._undo, self._undo_twice, self._book, self._forget_cancelled]
        return [self._book, self._book, self._book, self._hold_and_let_go]

    def _hold(self, needed: int) -> str:
        codes = self.scene.codes(needed, self.chance)
        starts_at = at(self.chance.choice(STARTS), self.scene.day)
        began = self._let_go()
        wanted = HoldSlot(self.scene.hall_code, codes, starts_at, previous_token=self.token)
        held = self._hold_somehow(wanted)
        if self.scene.holds_are_certain:
            self.scene.held[held.token] = needed
        self._holds(held.token, began, held.held_until)
        return held.token

    def _holds(self, token: str, began: float, until: datetime) -> None:
        numbers = self._numbers_of_token(token)
        self.scene.told.append(Told("hold", token, began, monotonic(), numbers, self.now, until))

    def _hold_somehow(self, wanted: HoldSlot) -> Held:
        """In one exchange where that is enough, as the API does; or as the pages do."""
        if self.chance.random() < 0.5:
            with self.database.direct() as direct:
                held = hold_at_once(direct, wanted, recent=self.scene.town.recent, now=self.now)
            if held is not None:
                return held
        with self.database.transaction() as session:
            return hold(session, wanted, actor=ANONYMOUS, now=self.now, recent=self.scene.town.recent)

    def _numbers_of_token(self, token: str) -> tuple[Place, ...]:
        """Read when it is acknowledged: nobody may take what runs, by their own clock."""
        with self.database.direct() as direct:
            return tuple(direct.all(_OF_TOKEN, {"token": token_hash(token)}))

    def _let_go(self) -> float:
        """What is held is certain no longer: it is about to be booked, released or replaced."""
        if self.token is not None:
            sleep(self.scene.thinks)
        began = monotonic()
        if self.token is not None:
            self.scene.told.append(Told("let_go", self.token, began, began))
        return began

    def _hold_and_let_go(self) -> None:
        self.token = self._hold(1)
        if self.chance.random() < 0.5:
            self._let_go()
            with self.database.transaction() as session:
                release(session, self.token, now=self.now)

    def _book(self) -> None:
        needed = self.chance.choice([1, 1, 2])
        self.token = self._hold(needed)
        who = sample_resident_id(self.scene.n * CITIZENS + self.who)
        began = self._let_go()
        self.reference = self._book_somehow(Book(self.token, "张三", "resident_id", who, self.phone))
        with self.database.direct() as direct:  # nobody but its owner, or the hall, takes them away again
            numbers = tuple(direct.all(_OF_VISIT, {"reference": self.reference}))
        self.scene.booked(self.reference, needed, began, numbers, now=self.now)

    def _book_somehow(self, command: Book) -> str:
        """In one exchange, or in several where that says no; some have always needed several."""
        if self.chance.random() < 0.5:
            with self.database.direct() as direct:
                made = book_at_once(direct, command, actor=ANONYMOUS, now=self.now)
            if made is not None:
                return made.reference
        with self.database.transaction() as session:
            return book(session, command, actor=ANONYMOUS, now=self.now).reference

    def _move(self) -> None:
        assert self.reference is not None
        self.token = None
        self.token = token = self._hold(self.scene.needed[self.reference])
        began = self._let_go()
        with self.database.transaction() as session:
            found = appointment_of(session, self.reference)
            reschedule(session, found, token=token, actor=ANONYMOUS, now=self.now, fraction=0.0)
            numbers = places_of(session, found)
        self.scene.told.append(Told("move", self.reference, began, monotonic(), numbers, self.now))

    def _move_on_page(self) -> None:
        """Hold and move in one transaction, as the page does: nobody is told of the hold."""
        assert self.reference is not None
        self.token, began = None, monotonic()
        codes = self.scene.codes(self.scene.needed[self.reference], self.chance)
        wanted = HoldSlot(self.scene.hall_code, codes, at(self.chance.choice(STARTS), self.scene.day))
        with self.database.transaction() as session:
            wait_for_hall(session, self.scene.hall_id)
            token = hold(session, wanted, actor=ANONYMOUS, now=self.now).token
            found = appointment_of(session, self.reference)
            reschedule(session, found, token=token, actor=ANONYMOUS, now=self.now, fraction=0.0)
            numbers = places_of(session, found)
        self.scene.told.append(Told("move", self.reference, began, monotonic(), numbers, self.now))

    def _forget(self) -> None:
        """Have one's data deleted: what is booked by this phone is cancelled, and who it was is erased."""
        assert self.reference is not None
        began = monotonic()
        with self.database.transaction() as session:
            forget(session, self.phone, cancel_open=True, actor=ANONYMOUS, now=self.now)
        self.scene.told.append(Told("cancel", self.reference, began, monotonic()))
        self.reference = None

    def _cancel(self) -> None:
        assert self.reference is not None
        began = monotonic()
        with self.database.transaction() as session:
            found = appointment_of(session, self.reference)
            cancel(session, found, reason="citizen", actor=ANONYMOUS, now=self.now, fraction=0.0)
        self.scene.told.append(Told("cancel", self.reference, began, monotonic()))
        self.reference = None


@contextmanager
def restless(database: Database) -> Iterator[local]:
    """Let each thread rest before its statements, as long as its own seed says."""
    mine = local()

    def rest(*_: object) -> None:
        chance = getattr(mine, "chance", None)
        if chance is not None and chance.random() < 0.5:
            sleep(chance.random() * LONGEST_REST)

    event.listen(database.engine, "before_cursor_execute", rest)
    database.note_direct = rest
    try:
        yield mine
    finally:
        database.note_direct = None
        event.remove(database.engine, "before_cursor_execute", rest)


#: What one thread of an interleaving does.
Life = Callable[[], None]


def meet(scene: Interleaving, lives: Sequence[Life], pool: ThreadPoolExecutor, mine: local) -> None:
    """Let all of them begin at once, and wait until they are done."""
    barrier = Barrier(len(lives))

    def live(who: int) -> None:
        mine.chance = random.Random(scene.n * 1000 + who)  # a draw that can be repeated
        barrier.wait()
        lives[who]()

    for each in [pool.submit(live, who) for who in range(len(lives))]:
        each.result()


def play(scene: Interleaving, pool: ThreadPoolExecutor, mine: local) -> None:
    """One interleaving of citizens alone."""
    meet(scene, [Citizen(scene, who).live for who in range(CITIZENS)], pool, mine)
