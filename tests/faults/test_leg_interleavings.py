"""The interleavings once more, with visits over two lines among those of one, crossing in both orders."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlalchemy import func, select

from booking import doctor, leg_holding
from booking.models import Appointment
from tests.faults.test_interleavings import CITIZENS, Interleaving, Town, play, restless, town

__all__ = ["town"]
pytestmark = pytest.mark.faults

INTERLEAVINGS = 300


class Crossing(Interleaving):
    """Two lines on one day: a visit of two numbers takes one of each, in one or the other order."""

    @property
    def group_ids(self) -> list[int]:
        return [self.town.group_ids[at] for at in self._pair]

    @property
    def _pair(self) -> tuple[int, int]:
        return self.line, self.line + 1

    @property
    def line(self) -> int:
        return self.town.place(2 * self.n)[0]

    @property
    def day(self) -> date:
        return self.town.place(2 * self.n)[1]

    def codes(self, needed: int, chance: random.Random) -> tuple[str, ...]:
        both = [self.town.codes[at][0] for at in self._pair]
        chance.shuffle(both)
        return tuple(both[:needed])


def test_three_hundred_interleavings_of_crossing_visits_have_a_possible_history(town: Town) -> None:
    with restless(town.database) as mine, ThreadPoolExecutor(CITIZENS) as pool:
        for n in range(INTERLEAVINGS):
            assert play(town, n, pool, mine, Crossing) == [], f"interleaving {n}"
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
        found = (play(town, n, pool, mine, Crossing) for n in range(INTERLEAVINGS))
        assert next((each for each in found if each), None) is not None
