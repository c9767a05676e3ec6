"""Crossing visits once more, while the hall takes a half-hour away and people wait for what is given back.

What the hall did to a booking its owner learns later: such visits are judged by the rows at the end alone.
"""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import local
from time import monotonic, sleep

import pytest
from sqlalchemy import func, select

from booking import doctor
from booking.affected import ClosedTime, list_in_closed_time
from booking.book import Book, book
from booking.models import Appointment, WaitlistEntry
from booking.rehouse import rehouse
from booking.waitlist import JoinWaitlist, accept, join
from halls.models import Hall
from kernel.actor import ANONYMOUS, SYSTEM
from kernel.db import Database
from kernel.outbox import OutboxEvent
from people.sample_ids import sample_resident_id
from tests.build import at
from tests.faults.test_leg_interleavings import Crossing
from tests.faults.town import CITIZENS, STARTS, STEPS, Citizen, Town, make_town, meet, restless
from tests.faults.town_judge import judge
from tests.faults.town_rows import places_of

pytestmark = pytest.mark.faults

INTERLEAVINGS = 120
JUDGED_AT_ONCE = 40
LATEST = 0.05  # seconds


class Waiting(Citizen):
    """A citizen who may wait for numbers, and books what is offered."""

    entry_id: int | None = None

    def _possible(self):
        steps = super()._possible()
        return (
            steps if self.reference is not None else [*steps, self._answer if self.entry_id else self._wait]
        )

    def _wait(self) -> None:
        codes = self.scene.codes(self.chance.choice([1, 2]), self.chance)
        phone = f"+86139{self.scene.n * CITIZENS + self.who:08}"
        wish = JoinWaitlist(self.scene.hall_code, codes, self.scene.day, self.scene.day, phone)
        with self.scene.town.database.transaction() as session:
            entry = join(session, wish, actor=ANONYMOUS, now=self.now)
            self.entry_id = entry.id

    def _answer(self) -> None:
        began = monotonic()
        who = sample_resident_id(self.scene.n * CITIZENS + self.who)
        with self.scene.town.database.transaction() as session:
            entry = session.get_one(WaitlistEntry, self.entry_id)
            token = accept(session, entry, now=self.now)
            made = book(
                session,
                Book(token, "张三", "resident_id", who, "+8613800138000"),
                actor=ANONYMOUS,
                now=self.now,
            )
            numbers = places_of(session, made)
            reference, needed = made.reference, entry.needed
        self.reference, self.entry_id = reference, None
        self.scene.booked(reference, needed, began, numbers, now=self.now)


def take_away(scene: Crossing, chance: random.Random) -> None:
    """The hall needs a half-hour of a line, or of both, and moves whoever is booked there."""
    group_id = chance.choice([None, *scene.group_ids])
    starts_at = at(chance.choice(STARTS), scene.day)
    with scene.town.database.transaction() as session:
        hall = session.get_one(Hall, scene.hall_id)
        closed = ClosedTime(hall.id, group_id, starts_at, starts_at + timedelta(minutes=30))
        affected = list_in_closed_time(session, closed, now=scene.now)
        rehouse(session, hall, affected, move=chance.random() < 0.7, actor=SYSTEM, now=scene.now)


@pytest.fixture
def town(database: Database) -> Town:
    return make_town(database)


def play(scene: Crossing, pool: ThreadPoolExecutor, mine: local) -> None:
    lives = [Waiting(scene, who).live for who in range(CITIZENS)]
    meet(scene, [*lives, lambda: hall_lives(scene)], pool, mine)


def hall_lives(scene: Crossing) -> None:
    """Now and then, while citizens book: at the very beginning there is nobody to move."""
    chance = random.Random(scene.n)  # a draw that can be repeated
    for _ in range(STEPS):
        sleep(chance.random() * LATEST)
        take_away(scene, chance)


def test_interleavings_with_a_hall_that_moves_visits_have_a_possible_history(town: Town) -> None:
    with restless(town.database) as mine, ThreadPoolExecutor(CITIZENS + 1) as pool:
        for first in range(0, INTERLEAVINGS, JUDGED_AT_ONCE):
            scenes = [Crossing(town, n) for n in range(first, first + JUDGED_AT_ONCE)]
            for scene in scenes:
                play(scene, pool, mine)
            assert judge(town, scenes) == []
    with town.database.transaction() as session:
        assert doctor.check(session) == []
        moved = OutboxEvent.name == "AppointmentRescheduled", OutboxEvent.payload["by_hall"].as_boolean()
        legs = func.jsonb_array_length(Appointment.legs) == 2
        mine = OutboxEvent.payload["appointment_id"].as_integer()
        whole = select(func.count()).select_from(Appointment).join(OutboxEvent, mine == Appointment.id)
        assert session.scalar(whole.where(*moved, legs)) > 0, (
            "no visit of two lines was moved: this proves nothing"
        )
        taken = select(func.count()).where(WaitlistEntry.state == "offered")
        assert session.scalar(taken) > 0, "nobody who waits was offered anything: this proves nothing"
