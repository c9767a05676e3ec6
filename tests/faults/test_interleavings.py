"""Two thousand random interleavings of real transactions on real threads, read by a checker of its own.

Each interleaving has a line with a few numbers and half a dozen citizens who hold, book, move and cancel at
the same time. Before each statement a thread may rest for a moment drawn from the interleaving's seed: the
statements of different transactions then meet in ever other orders.
"""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from threading import Barrier, local
from time import monotonic, sleep
from typing import Any

import pytest
from sqlalchemy import event, select

from booking import doctor, taking
from booking.book import Book, book
from booking.cancel import cancel
from booking.hold import HoldSlot, hold, release
from booking.models import Appointment, Number
from booking.reschedule import reschedule
from halls.models import ServiceGroup
from kernel.actor import ANONYMOUS
from kernel.db import Database
from kernel.errors import DomainError
from kernel.ids import token_hash
from people.sample_ids import sample_resident_id
from tests.booking_history import Final, Told, violations
from tests.build import at, make_group, make_hall, make_service, make_slot

pytestmark = pytest.mark.faults

INTERLEAVINGS = 2000
CITIZENS = 6
STEPS = 3
LONGEST_REST = 0.002  # seconds
STARTS = ("10:00", "10:30")
FIRST_DAY = date(2026, 3, 2)
PHONE = "+8613800138000"


@dataclass(frozen=True)
class Town:
    """Forty lines of one hall; an interleaving has a line and a day of its own."""

    database: Database
    group_ids: list[int]
    codes: list[tuple[str, str]]

    def place(self, n: int) -> tuple[int, date]:
        return n % len(self.group_ids), FIRST_DAY + timedelta(days=n // len(self.group_ids))


@dataclass
class Interleaving:
    """One line on one day, and what its citizens were told."""

    town: Town
    n: int
    told: list[Told] = field(default_factory=list)
    needed: dict[str, int] = field(default_factory=dict)

    @property
    def line(self) -> int:
        return self.town.place(self.n)[0]

    @property
    def group_ids(self) -> list[int]:
        return [self.town.group_ids[self.line]]

    def codes(self, needed: int, _chance: random.Random) -> tuple[str, ...]:
        """The services of a visit that takes so many numbers."""
        return (self.town.codes[self.line][needed - 1],)

    @property
    def day(self) -> date:
        return self.town.place(self.n)[1]

    @property
    def now(self) -> datetime:
        return at("08:30", self.day)


class Citizen:
    """One thread: random steps from a seed, everything acknowledged is noted."""

    def __init__(self, scene: Interleaving, who: int) -> None:
        self.scene = scene
        self.who = who
        self.chance = random.Random(scene.n * 100 + who)  # a draw that can be repeated
        # In every other interleaving clocks differ, so that holds run out while they are booked.
        self.now = scene.now + timedelta(minutes=self.chance.choice([0, 0, 5, 11]) if scene.n % 2 else 0)
        self.token: str | None = None
        self.reference: str | None = None

    def live(self) -> None:
        for _ in range(STEPS):
            step = self.chance.choice(self._possible())
            try:
                step()
            except DomainError:
                self.token = None  # refused: begin again

    def _possible(self) -> list[Any]:
        if self.reference is not None:
            return [self._move, self._cancel]
        return [self._book, self._book, self._book, self._hold_and_let_go]

    def _hold(self, needed: int) -> str:
        codes = self.scene.codes(needed, self.chance)
        starts_at = at(self.chance.choice(STARTS), self.scene.day)
        began = self._let_go()
        with self.scene.town.database.transaction() as session:
            wanted = HoldSlot("h1", codes, starts_at, previous_token=self.token)
            token = hold(session, wanted, actor=ANONYMOUS, now=self.now).token
            mine = Number.hold_token == token_hash(token)
            numbers = tuple(session.scalars(select(Number.id).where(mine, *_of(self.scene))))
        if self.scene.n % 2 == 0:
            self.scene.told.append(Told("hold", token, began, monotonic(), numbers))
        return token

    def _let_go(self) -> float:
        """What is held is certain no longer: it is about to be booked, released or replaced."""
        began = monotonic()
        if self.token is not None:
            self.scene.told.append(Told("let_go", self.token, began, began))
        return began

    def _hold_and_let_go(self) -> None:
        self.token = self._hold(1)
        if self.chance.random() < 0.5:
            self._let_go()
            with self.scene.town.database.transaction() as session:
                release(session, self.token, now=self.now)

    def _book(self) -> None:
        needed = self.chance.choice([1, 1, 2])
        self.token = self._hold(needed)
        command = Book(
            self.token, "张三", "resident_id", sample_resident_id(self.scene.n * CITIZENS + self.who), PHONE
        )
        began = self._let_go()
        with self.scene.town.database.transaction() as session:
            made = book(session, command, actor=ANONYMOUS, now=self.now)
            numbers = _numbers_of(session, made)
            self.reference = made.reference
            self.scene.needed[made.reference] = needed
        self.scene.told.append(Told("book", self.reference, began, monotonic(), numbers))

    def _move(self) -> None:
        assert self.reference is not None
        self.token = None
        self.token = token = self._hold(self.scene.needed[self.reference])
        began = self._let_go()
        with self.scene.town.database.transaction() as session:
            found = _appointment(session, self.reference)
            reschedule(session, found, token=token, actor=ANONYMOUS, now=self.now, fraction=0.0)
            numbers = _numbers_of(session, found)
        self.scene.told.append(Told("move", self.reference, began, monotonic(), numbers))

    def _cancel(self) -> None:
        assert self.reference is not None
        began = monotonic()
        with self.scene.town.database.transaction() as session:
            found = _appointment(session, self.reference)
            cancel(session, found, reason="citizen", actor=ANONYMOUS, now=self.now, fraction=0.0)
        self.scene.told.append(Told("cancel", self.reference, began, monotonic()))
        self.reference = None


def _appointment(session: Any, reference: str) -> Appointment:
    found: Appointment = session.scalars(select(Appointment).where(Appointment.reference == reference)).one()
    return found


def _numbers_of(session: Any, appointment: Appointment) -> tuple[int, ...]:
    session.flush()
    return tuple(session.scalars(select(Number.id).where(Number.appointment_id == appointment.id)))


@pytest.fixture
def town(database: Database) -> Town:
    with database.transaction() as session:
        hall = make_hall(session, "h1")
        letters = [first + second for first in "ABCDE" for second in "STUVWXYZ"]
        groups = [make_group(session, hall, letter) for letter in letters]
        codes = [
            (make_service(session, group).code, make_service(session, group, minutes=20).code)
            for group in groups
        ]
        return Town(database, [group.id for group in groups], codes)


@contextmanager
def restless(database: Database) -> Iterator[local]:
    """Let each thread rest before its statements, as long as its own seed says."""
    mine = local()

    def rest(*_: object) -> None:
        chance = getattr(mine, "chance", None)
        if chance is not None and chance.random() < 0.5:
            sleep(chance.random() * LONGEST_REST)

    event.listen(database.engine, "before_cursor_execute", rest)
    try:
        yield mine
    finally:
        event.remove(database.engine, "before_cursor_execute", rest)


def play(
    town: Town, n: int, pool: ThreadPoolExecutor, mine: local, kind: type[Interleaving] = Interleaving
) -> list[str]:
    """One interleaving; what the checker finds."""
    scene = kind(town, n)
    numbers = _open_line(scene)
    barrier = Barrier(CITIZENS)

    def live(who: int) -> None:
        mine.chance = random.Random(n * 1000 + who)  # a draw that can be repeated
        citizen = Citizen(scene, who)
        barrier.wait()
        citizen.live()

    for each in [pool.submit(live, who) for who in range(CITIZENS)]:
        each.result()
    return violations(scene.told, _final(scene), numbers=numbers, needed=scene.needed)


def _open_line(scene: Interleaving) -> list[int]:
    """Fewer numbers than citizens want."""
    with scene.town.database.transaction() as session:
        for group_id in scene.group_ids:
            group = session.get_one(ServiceGroup, group_id)
            for starts in STARTS:
                make_slot(session, group, at(starts, scene.day), numbers=2)
        return list(session.scalars(select(Number.id).where(*_of(scene))))


def _of(scene: Interleaving) -> tuple[Any, ...]:
    return (Number.group_id.in_(scene.group_ids), Number.on_date == scene.day)


def _final(scene: Interleaving) -> Final:
    with scene.town.database.transaction() as session:
        line = Appointment.group_id.in_(scene.group_ids)
        visits = session.scalars(select(Appointment).where(line, Appointment.on_date == scene.day)).all()
        names = {visit.id: visit.reference for visit in visits}
        rows = session.scalars(select(Number).where(*_of(scene))).all()
        numbers = {
            row.id: names.get(row.appointment_id, f"unknown {row.appointment_id}")
            if row.appointment_id
            else None
            for row in rows
        }
        return Final(numbers, {visit.reference: visit.state for visit in visits})


def test_two_thousand_interleavings_have_a_possible_history(town: Town) -> None:
    booked = 0
    with restless(town.database) as mine, ThreadPoolExecutor(CITIZENS) as pool:
        for n in range(INTERLEAVINGS):
            assert play(town, n, pool, mine) == [], f"interleaving {n}"
    with town.database.transaction() as session:
        assert doctor.check(session) == []
        booked = len(session.scalars(select(Appointment.id)).all())
    assert booked > INTERLEAVINGS, "hardly anybody booked: this proves nothing"


def test_without_the_lock_the_checker_finds_a_number_given_twice(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "TAKE", taking.take_statement(lock=""))
    with restless(town.database) as mine, ThreadPoolExecutor(CITIZENS) as pool:
        found = (play(town, n, pool, mine) for n in range(INTERLEAVINGS))
        assert next((each for each in found if each), None) is not None
