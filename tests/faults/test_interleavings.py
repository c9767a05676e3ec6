"""Two thousand random interleavings of real transactions on real threads, read by a checker of its own.

In half of them clocks differ, so that holds run out while they are booked. In every third the hall acts too:
it closes a line and opens it again, plans less and as before, releases, withdraws or gives away its numbers.
In every fourth two counters book for people, correct, cancel, and decide special requests. In every fifth
some wait for numbers and take what is offered. With both the jobs run that time brings.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import local

import psycopg
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from booking import doctor, taking, waitlist_offers
from booking.models import Appointment
from kernel.audit import AuditEntry
from kernel.db import Database
from kernel.errors import DomainError
from tests.faults.town import (
    CITIZENS,
    Citizen,
    Interleaving,
    Life,
    Town,
    make_town,
    meet,
    restless,
)
from tests.faults.town_hall import Counter, HallAtWork, Jobs
from tests.faults.town_judge import judge
from tests.faults.town_waiting import Waiter

pytestmark = pytest.mark.faults

INTERLEAVINGS = 2000
WAITING = 2
COUNTERS = 2
MOST_THREADS = CITIZENS + 1 + COUNTERS + 1
JUDGED_AT_ONCE = 80
#: What must have happened often enough.
DONE = (
    "appointment.reschedule",
    "appointment.cancel",
    "appointment.undo_cancel",
    "appointment.move",
    "account.forget",
    "appointment.make_by_staff",
    "appointment.correct",
    "numbers.change",
    "hall.save",
    "special_request.approve",
    "special_request.refuse",
    "special_request.withdraw",
    "waitlist.join",
    "waitlist.offer",
    "waitlist.leave",
)


class Scene(Interleaving):
    """Citizens, and beside them, in ever other company, the hall, its counters, who waits, and the jobs."""

    @property
    def hall_acts(self) -> bool:
        return self.n % 3 == 1

    @property
    def counters_act(self) -> bool:
        return self.n % 4 == 3

    @property
    def somebody_waits(self) -> bool:
        return self.n % 5 == 2

    @property
    def holds_are_certain(self) -> bool:
        """A closure ends those in its time."""
        return not self.hall_acts and super().holds_are_certain

    def lives(self) -> list[Life]:
        """Everybody who acts, each on a thread; fewer citizens where others act beside them."""
        crowd = CITIZENS - (2 if self.hall_acts or self.counters_act else 0)
        waiting = WAITING if self.somebody_waits else 0
        lives = [Citizen(self, who).live for who in range(crowd - waiting)]
        waiters = [Waiter(self, who) for who in range(crowd - waiting, crowd)]
        lives += [each.live for each in waiters]
        if self.hall_acts:
            lives.append(HallAtWork(self).live)
        if self.counters_act:
            requests: list[int] = []
            lives += [Counter(self, nth, requests).live for nth in range(COUNTERS)]
        if self.somebody_waits or self.counters_act:
            lives.append(Jobs(self, waiters).live)
        return lives


OR_ENDED_BY_POSTGRES = (DomainError, OperationalError, psycopg.OperationalError)


class PlantedScene(Interleaving):
    """Citizens alone."""

    refusals = OR_ENDED_BY_POSTGRES


class LateScene(PlantedScene):
    """Citizens alone, whose clocks differ in each interleaving."""

    @property
    def clocks_differ(self) -> bool:
        return True


class WaitingScene(Scene):
    """In each interleaving people wait, and neither hall nor counters act. No hold runs out."""

    refusals = OR_ENDED_BY_POSTGRES
    jobs_minutes = (0,)
    thinks = 0.02

    @property
    def hall_acts(self) -> bool:
        return False

    @property
    def counters_act(self) -> bool:
        return False

    @property
    def somebody_waits(self) -> bool:
        return True


@pytest.fixture
def town(database: Database) -> Town:
    return make_town(database)


def play(scene: Interleaving, pool: ThreadPoolExecutor, mine: local) -> None:
    lives = [Citizen(scene, who).live for who in range(CITIZENS)]
    meet(scene, scene.lives() if isinstance(scene, Scene) else lives, pool, mine)


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
    with restless(town.database) as mine, ThreadPoolExecutor(MOST_THREADS) as pool:
        assert next(findings(town, pool, mine), None) is None
    with town.database.transaction() as session:
        assert doctor.check(session) == []
        booked = session.scalar(select(func.count()).select_from(Appointment)) or 0
        told = dict(
            session.execute(select(AuditEntry.action, func.count()).group_by(AuditEntry.action)).all()
        )
    assert booked > INTERLEAVINGS, "hardly anybody booked: this proves nothing"
    assert min(told.get(action, 0) for action in DONE) > INTERLEAVINGS // 80, told
    assert told.get("waitlist.lapse"), "no offer ran out: this proves nothing"


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
    with restless(town.database) as mine, ThreadPoolExecutor(MOST_THREADS) as pool:
        assert next(findings(town, pool, mine, PlantedScene), None) is not None


_HELD = "AND (held_until IS NULL OR held_until <= :now)"
_HELD_OR_NOT = "AND (held_until IS NULL OR held_until <= :now OR hold_token = :previous)"


@pytest.mark.parametrize(
    ("name", "kind"),
    [("TAKE", LateScene), ("TAKE_AT_ONCE", LateScene), ("TAKE_RETURNING", WaitingScene)],
)
def test_where_running_holds_are_taken_the_checker_finds_it(
    town: Town, monkeypatch: pytest.MonkeyPatch, name: str, kind: type[Interleaving]
) -> None:
    """Also where clocks differ, and where the waitlist is offered what somebody holds."""
    for source, asked in (("_TAKE", _HELD_OR_NOT), ("_TAKE_ONE", _HELD)):
        written = getattr(taking, source)
        assert asked in written
        monkeypatch.setattr(taking, source, written.replace(asked, ""))
    planted = {
        "TAKE": taking.take_statement,
        "TAKE_AT_ONCE": taking.take_at_once_statement,
        "TAKE_RETURNING": lambda: taking.take_statement(released=taking.RETURNING),
    }
    monkeypatch.setattr(taking, name, planted[name]())
    if kind is WaitingScene:  # the waitlist looks for what is free before it takes it
        assert _HELD in waitlist_offers._FREE.text
        looks = text(waitlist_offers._FREE.text.replace(_HELD, ""))
        monkeypatch.setattr(waitlist_offers, "_FREE", looks)
    with restless(town.database) as mine, ThreadPoolExecutor(MOST_THREADS) as pool:
        assert next(findings(town, pool, mine, kind), None) is not None
