"""Two thousand random interleavings of real transactions on real threads, read by a checker of its own.

In half of them clocks differ, so that holds run out while they are booked. In every eighth the hall acts too:
it closes a line and opens it again, and releases, withdraws or gives away its numbers.
"""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import local

import pytest
from sqlalchemy import func, select

from booking import doctor, taking
from booking.close import Close, Then, close, reopen
from booking.models import Appointment
from booking.number_changes import Change, ChangeNumbers, change_numbers
from halls.models import Hall
from kernel.actor import SYSTEM
from kernel.audit import AuditEntry
from kernel.db import Database
from kernel.errors import DomainError
from tests.build import at
from tests.faults.town import (
    CITIZENS,
    STARTS,
    STEPS,
    Citizen,
    Interleaving,
    Town,
    make_town,
    meet,
    restless,
)
from tests.faults.town_judge import judge

pytestmark = pytest.mark.faults

INTERLEAVINGS = 2000
JUDGED_AT_ONCE = 80


class Scene(Interleaving):
    """Citizens, and in every eighth interleaving a hall that acts beside them."""

    @property
    def hall_acts(self) -> bool:
        return self.n % 8 == 3

    @property
    def holds_are_certain(self) -> bool:
        """A closure ends those in its time."""
        return not self.hall_acts and super().holds_are_certain


class HallAtWork:
    """What people of the hall do to the line of an interleaving; at the end it is open as before."""

    def __init__(self, scene: Interleaving) -> None:
        self.scene = scene
        self.chance = random.Random(scene.n)  # a draw that can be repeated
        self.now = scene.now + timedelta(minutes=self.chance.choice([0, 5, 11]))
        self.closures: list[int] = []

    def live(self) -> None:
        for _ in range(STEPS):
            step = self.chance.choice([self._close, self._close, self._reopen, self._change])
            with suppress(DomainError):
                step()
        while self.closures:
            self._reopen()

    def _close(self) -> None:
        starts_at = at(self.chance.choice(STARTS), self.scene.day)
        ends_at = starts_at + timedelta(minutes=self.chance.choice([30, 60]))
        then = self.chance.choice([Then.MOVE, Then.MOVE, Then.CANCEL, Then.KEEP])
        group_id = self.chance.choice(self.scene.group_ids)
        command = Close(group_id, starts_at, ends_at, "停电", then=then)
        with self.scene.town.database.transaction() as session:
            hall = session.get_one(Hall, self.scene.hall_id)
            closing = close(session, hall, command, actor=SYSTEM, now=self.now)
            closure_id = closing.closure.id
        self.closures.append(closure_id)

    def _reopen(self) -> None:
        if self.closures:
            with self.scene.town.database.transaction() as session:
                hall = session.get_one(Hall, self.scene.hall_id)
                reopen(session, hall, self.closures.pop(), actor=SYSTEM, now=self.now)

    def _change(self) -> None:
        change, most = self.chance.choice(list(Change)), self.chance.choice([1, 2])
        group_id = self.chance.choice(self.scene.group_ids)
        command = ChangeNumbers(group_id, self.scene.day, change, most, "many_bookings")
        with self.scene.town.database.transaction() as session:
            hall = session.get_one(Hall, self.scene.hall_id)
            change_numbers(session, hall, command, actor=SYSTEM, now=self.now)


@pytest.fixture
def town(database: Database) -> Town:
    return make_town(database)


def play(scene: Interleaving, pool: ThreadPoolExecutor, mine: local) -> None:
    lives = [Citizen(scene, who).live for who in range(CITIZENS)]
    if isinstance(scene, Scene) and scene.hall_acts:
        lives.append(HallAtWork(scene).live)
    meet(scene, lives, pool, mine)


def findings(
    town: Town, pool: ThreadPoolExecutor, mine: local, kind: type[Interleaving] = Scene
) -> Iterator[list[str]]:
    """What the checker finds, interleaving after interleaving."""
    for first in range(0, INTERLEAVINGS, JUDGED_AT_ONCE):
        scenes = [kind(town, n) for n in range(first, min(first + JUDGED_AT_ONCE, INTERLEAVINGS))]
        for scene in scenes:
            play(scene, pool, mine)
        found = judge(town, scenes)
        if found:
            yield found


def test_two_thousand_interleavings_have_a_possible_history(town: Town) -> None:
    with restless(town.database) as mine, ThreadPoolExecutor(CITIZENS + 1) as pool:
        assert next(findings(town, pool, mine), None) is None
    with town.database.transaction() as session:
        assert doctor.check(session) == []
        booked = session.scalar(select(func.count()).select_from(Appointment)) or 0
        told = dict(
            session.execute(select(AuditEntry.action, func.count()).group_by(AuditEntry.action)).all()
        )
    assert booked > INTERLEAVINGS, "hardly anybody booked: this proves nothing"
    done = ("appointment.reschedule", "appointment.cancel", "appointment.move", "numbers.change")
    assert min(told.get(action, 0) for action in done) > INTERLEAVINGS // 80, told


@pytest.mark.parametrize(
    ("name", "unlocked"),
    [
        ("TAKE", taking.take_statement(lock="")),
        ("TAKE_AT_ONCE", taking.take_at_once_statement(lock="")),
    ],
)
def test_without_the_lock_the_checker_finds_a_number_given_twice(
    town: Town, monkeypatch: pytest.MonkeyPatch, name: str, unlocked: object
) -> None:
    """Planted in the ways of one exchange and of several, each alone."""
    monkeypatch.setattr(taking, name, unlocked)
    with restless(town.database) as mine, ThreadPoolExecutor(CITIZENS + 1) as pool:
        assert next(findings(town, pool, mine, Interleaving), None) is not None
