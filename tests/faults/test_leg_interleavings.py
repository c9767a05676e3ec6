"""The interleavings once more, with visits over two lines among those of one, crossing in both orders."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import local

import pytest
from sqlalchemy import func, select

from booking import doctor, leg_holding
from booking.models import Appointment
from kernel.db import Database
from tests.faults.town import CITIZENS, Citizen, Interleaving, Town, make_town, meet, restless
from tests.faults.town_judge import judge

pytestmark = pytest.mark.faults

INTERLEAVINGS = 300
JUDGED_AT_ONCE = 40


class Crossing(Interleaving):
    """Both lines of a hall on one day: a visit of two numbers takes one of each, in either order."""

    @property
    def lines(self) -> tuple[int, ...]:
        return self.line, self.line + 1

    @property
    def line(self) -> int:
        return self.town.place(2 * self.n)[0]

    @property
    def day(self) -> date:
        return self.town.place(2 * self.n)[1]

    def codes(self, needed: int, chance: random.Random) -> tuple[str, ...]:
        both = [self.town.codes[at][0] for at in self.lines]
        chance.shuffle(both)
        return tuple(both[:needed])


@pytest.fixture
def town(database: Database) -> Town:
    return make_town(database)


def findings(town: Town, pool: ThreadPoolExecutor, mine: local) -> Iterator[list[str]]:
    for first in range(0, INTERLEAVINGS, JUDGED_AT_ONCE):
        scenes = [Crossing(town, n) for n in range(first, min(first + JUDGED_AT_ONCE, INTERLEAVINGS))]
        for scene in scenes:
            meet(scene, [Citizen(scene, who).live for who in range(CITIZENS)], pool, mine)
        found = judge(town, scenes)
        if found:
            yield found


def test_three_hundred_interleavings_of_crossing_visits_have_a_possible_history(town: Town) -> None:
    with restless(town.database) as mine, ThreadPoolExecutor(CITIZENS) as pool:
        assert next(findings(town, pool, mine), None) is None
    with town.database.transaction() as session:
        assert doctor.check(session) == []
        legs = func.jsonb_array_length(Appointment.legs)
        crossing = session.scalar(select(func.count()).select_from(Appointment).where(legs == 2))
    assert crossing > INTERLEAVINGS // 3, "hardly anybody crossed: this proves nothing"


def test_without_the_lock_the_checker_finds_a_number_given_twice(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leg_holding, "LOCK", "")
    with restless(town.database) as mine, ThreadPoolExecutor(CITIZENS) as pool:
        assert next(findings(town, pool, mine), None) is not None
