"""Crossing visits once more, while the hall takes a half-hour away and people wait for what is given back.

What the hall did to a booking its owner learns later: such visits are judged by the rows at the end alone.
"""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, local
from time import monotonic

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
from kernel.outbox import OutboxEvent
from people.sample_ids import sample_resident_id
from tests.booking_history import Final, Told, violations
from tests.build import at
from tests.faults.test_interleavings import (
    CITIZENS,
    STARTS,
    Citizen,
    Town,
    _final,
    _numbers_of,
    _open_line,
    restless,
    town,
)
from tests.faults.test_leg_interleavings import Crossing

__all__ = ["town"]
pytestmark = pytest.mark.faults

INTERLEAVINGS = 120


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
        wish = JoinWaitlist("h1", codes, self.scene.day, self.scene.day, phone)
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
            numbers = _numbers_of(session, made)
            self.reference, self.entry_id = made.reference, None
            self.scene.needed[made.reference] = entry.needed
        self.scene.told.append(Told("book", self.reference, began, monotonic(), numbers))


def take_away(scene: Crossing, chance: random.Random) -> None:
    """The hall needs a half-hour of a line, or of both, and moves whoever is booked there."""
    group_id = chance.choice([None, *scene.group_ids])
    starts_at = at(chance.choice(STARTS), scene.day)
    with scene.town.database.transaction() as session:
        hall = session.scalars(select(Hall)).one()
        closed = ClosedTime(hall.id, group_id, starts_at, starts_at + timedelta(minutes=30))
        affected = list_in_closed_time(session, closed, now=scene.now)
        rehouse(session, hall, affected, move=chance.random() < 0.7, actor=SYSTEM, now=scene.now)


def play(town: Town, n: int, pool: ThreadPoolExecutor, mine: local) -> list[str]:
    scene = Crossing(town, n)
    numbers = _open_line(scene)
    barrier = Barrier(CITIZENS + 1)

    def live(who: int) -> None:
        mine.chance = random.Random(n * 1000 + who)  # a draw that can be repeated
        if who == CITIZENS:
            barrier.wait()
            take_away(scene, random.Random(n))
            return
        citizen = Waiting(scene, who)
        barrier.wait()
        citizen.live()

    for each in [pool.submit(live, who) for who in range(CITIZENS + 1)]:
        each.result()
    final, touched = _final(scene), _touched(scene)
    told = [each for each in scene.told if each.reference not in touched]
    states = {reference: state for reference, state in final.states.items() if reference not in touched}
    return violations(told, Final(_judged(final, touched), states), numbers=numbers, needed=scene.needed) + [
        f"visit {reference}: {final.states[reference]} with {_count(final, reference)} numbers"
        for reference in touched
        if _count(final, reference) != (scene.needed[reference] if final.states[reference] == "booked" else 0)
    ]


def _judged(final: Final, touched: set[str]) -> dict[int, str | None]:
    """The numbers, without those of visits that are judged apart."""
    return {number: None if owner in touched else owner for number, owner in final.numbers.items()}


def _count(final: Final, reference: str) -> int:
    return sum(owner == reference for owner in final.numbers.values())


def _touched(scene: Crossing) -> set[str]:
    """The references of the visits that the hall has moved or cancelled."""
    names = ("AppointmentRescheduled", "AppointmentCancelled")
    by_hall = OutboxEvent.payload["by_hall"].as_boolean() | (
        OutboxEvent.payload["reason"].as_string() == "hall_closed"
    )
    with scene.town.database.transaction() as session:
        mine = OutboxEvent.payload["appointment_id"].as_integer()
        visits = select(Appointment.reference).join(OutboxEvent, mine == Appointment.id)
        day = Appointment.on_date == scene.day, Appointment.group_id.in_(scene.group_ids)
        return set(session.scalars(visits.where(*day, OutboxEvent.name.in_(names), by_hall)))


def test_interleavings_with_a_hall_that_moves_visits_have_a_possible_history(town: Town) -> None:
    with restless(town.database) as mine, ThreadPoolExecutor(CITIZENS + 1) as pool:
        for n in range(INTERLEAVINGS):
            assert play(town, n, pool, mine) == [], f"interleaving {n}"
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
