"""What people of the hall do in an interleaving, and the jobs that time brings, each on a thread."""

import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from math import inf
from time import monotonic, sleep

from booking.book import Book
from booking.book_by_staff import StaffBooking, book_by_staff
from booking.cancel import cancel
from booking.change_plan import change_plan
from booking.close import Close, Then, close, reopen
from booking.correct import Correction, correct
from booking.ladder import Channel
from booking.models import SpecialRequest
from booking.number_changes import Change, ChangeNumbers, change_numbers
from booking.special_requests import AskSpecially, approve, ask, expire_unanswered, refuse, withdraw
from booking.undo_cancel import end_undos
from booking.waitlist_offers import tend
from halls.models import Hall
from halls.plan_history import current_plan
from halls.plan_rows import HallFile
from kernel.actor import ANONYMOUS, SYSTEM, Actor
from kernel.errors import DomainError
from people.permissions import permissions_of
from people.sample_ids import sample_resident_id
from tests.booking_history import TakenAway, Told
from tests.build import at
from tests.faults.town import PHONE, STARTS, STEPS, Interleaving
from tests.faults.town_rows import Place, appointment_of, places_of
from tests.faults.town_waiting import Waiter

DUTY = Actor("staff", 1, permissions_of(["duty_officer"]))
#: Documents of people who come to the counter or ask for a number outside the line.
FIRST_AT_COUNTER = 1_000_000
#: Between two runs of the jobs, in seconds: at the very beginning nobody is offered anything yet.
LONGEST_PAUSE = 0.1


class HallAtWork:
    """What people of the hall do to the line of an interleaving; at the end it is open as before."""

    def __init__(self, scene: Interleaving) -> None:
        self.scene = scene
        self.chance = random.Random(scene.n)  # a draw that can be repeated
        self.now = scene.now + timedelta(minutes=self.chance.choice([0, 5, 11]))
        self.closures: list[int] = []
        self.full_plan: HallFile | None = None

    def live(self) -> None:
        choices = [
            self._close,
            self._close,
            self._reopen,
            self._change,
            self._plan_less,
            self._plan_as_before,
        ]
        for _ in range(STEPS - 1):
            with suppress(DomainError):
                self.chance.choice(choices)()
        while self.closures:
            self._reopen()
        self._plan_as_before()

    def _take_away(self, step: Callable[[], None]) -> None:
        """Also what is held: a hold from before its end is certain no longer."""
        began = monotonic()
        try:
            step()
        finally:
            self.scene.taken_away.append(TakenAway(began, monotonic()))

    def _close(self) -> None:
        starts_at = at(self.chance.choice(STARTS), self.scene.day)
        ends_at = starts_at + timedelta(minutes=self.chance.choice([30, 60]))
        then = self.chance.choice([Then.MOVE, Then.MOVE, Then.CANCEL, Then.KEEP])
        group_id = self.chance.choice(self.scene.group_ids)
        command = Close(group_id, starts_at, ends_at, "停电", then=then)

        def step() -> None:
            with self.scene.town.database.transaction() as session:
                hall = session.get_one(Hall, self.scene.hall_id)
                closing = close(session, hall, command, actor=SYSTEM, now=self.now)
                closure_id = closing.closure.id
            self.closures.append(closure_id)

        self._take_away(step)

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

    def _plan_less(self) -> None:
        """Half a counter in the whole hall, on this and all coming days."""
        then = self.chance.choice([Then.MOVE, Then.MOVE, Then.CANCEL, Then.KEEP])

        def step() -> None:
            with self.scene.town.database.transaction() as session:
                plan = current_plan(session, session.get_one(Hall, self.scene.hall_id))
                less = replace(plan, plan=tuple(replace(row, counters=0.5) for row in plan.plan))
                change_plan(session, less, then=then, actor=SYSTEM, now=self.now)
            self.full_plan = self.full_plan or plan

        self._take_away(step)

    def _plan_as_before(self) -> None:
        if self.full_plan is not None:
            with self.scene.town.database.transaction() as session:
                change_plan(session, self.full_plan, then=Then.KEEP, actor=SYSTEM, now=self.now)
            self.full_plan = None


class Counter:
    """Somebody of the hall who books for people, corrects, cancels, and decides special requests.

    Two of them share their requests: the same one may be decided twice, or while it is withdrawn.
    """

    def __init__(self, scene: Interleaving, nth: int, requests: list[int]) -> None:
        self.scene, self.nth, self.requests = scene, nth, requests
        self.chance = random.Random(scene.n * 10 + nth)  # a draw that can be repeated
        self.now = scene.now
        self.references: list[str] = []
        self.people = 0

    def live(self) -> None:
        choices = [self._book, self._book, self._ask, self._ask, self._decide, self._decide]
        for _ in range(STEPS + 1):
            with suppress(DomainError):
                self.chance.choice([*choices, self._correct, self._cancel])()

    def _somebody(self) -> str:
        self.people += 1
        return sample_resident_id(FIRST_AT_COUNTER + self.scene.n * 100 + self.nth * 50 + self.people)

    def _starts_at(self) -> datetime:
        return at(self.chance.choice(STARTS), self.scene.day)

    def _book(self) -> None:
        needed = self.chance.choice([1, 1, 2])
        line = self.chance.choice(self.scene.lines)
        command = StaffBooking(
            self.scene.hall_id,
            self.scene.town.group_ids[line],
            (self.scene.town.service_ids[line][needed - 1],),
            self._starts_at(),
            self.chance.choice([(Channel.WALK_IN,), (Channel.ONLINE,), (Channel.DUTY, Channel.ONLINE)]),
            "needs_help",
            Book("", "李四", "resident_id", self._somebody(), PHONE),
        )
        began = monotonic()
        with self.scene.town.database.transaction() as session:
            made = book_by_staff(session, command, actor=DUTY, now=self.now)
            reference, numbers = made.reference, places_of(session, made)
        self._booked(reference, needed, began, numbers)

    def _booked(self, reference: str, needed: int, began: float, numbers: tuple[Place, ...]) -> None:
        self.references.append(reference)
        self.scene.booked(reference, needed, began, numbers, now=self.now)

    def _correct(self) -> None:
        """Another document: any booking of the line, its owner may be moving it at this moment."""
        everybody = sorted(self.scene.needed)
        if everybody:
            changed = Correction("typing_slip", identity_kind="resident_id", identity_number=self._somebody())
            with self.scene.town.database.transaction() as session:
                found = appointment_of(session, self.chance.choice(everybody))
                correct(session, found, changed, actor=DUTY, now=self.now)

    def _cancel(self) -> None:
        if self.references:
            mine = self.references.pop(0)
            began = monotonic()
            with self.scene.town.database.transaction() as session:
                found = appointment_of(session, mine)
                cancel(session, found, reason="citizen", actor=DUTY, now=self.now, fraction=0.0)
            self.scene.told.append(Told("cancel", mine, began, monotonic()))

    def _ask(self) -> None:
        line = self.chance.choice(self.scene.lines)
        wish = AskSpecially(
            hall_code=self.scene.hall_code,
            service_codes=(self.scene.town.codes[line][0],),
            kind=self.chance.choice(["green", "urgent"]),
            wanted_on=self.scene.day,
            reason="明天一早出国。",
            name="王五",
            identity_kind="resident_id",
            identity_number=self._somebody(),
            phone=PHONE,
        )
        with self.scene.town.database.transaction() as session:
            asked = ask(session, wish, actor=ANONYMOUS, now=self.now)
            session.flush()
            request_id = asked.id
        self.requests.append(request_id)

    def _decide(self) -> None:
        """Any that was asked, whatever became of it."""
        if not self.requests:
            return
        request_id = self.chance.choice(self.requests)
        state = self.chance.choice(["approved", "approved", "refused", "withdrawn"])
        began = monotonic()
        reference, numbers = "", tuple[Place, ...]()
        with self.scene.town.database.transaction() as session:
            asked = session.get_one(SpecialRequest, request_id)
            if state == "approved":
                values = {"starts_at": self._starts_at(), "answer": "", "actor": DUTY, "now": self.now}
                made = approve(session, asked, **values)
                reference, numbers = made.reference, places_of(session, made)
            elif state == "refused":
                refuse(session, asked, answer="请按预约时间来。", actor=DUTY, now=self.now)
            else:
                withdraw(session, asked, actor=ANONYMOUS, now=self.now)
        self.scene.decided.append((request_id, state, reference))
        if reference:
            self._booked(reference, 1, began, numbers)


class Jobs:
    """What time brings: offers lapse, numbers go to who waits, requests end with their day."""

    def __init__(self, scene: Interleaving, waiters: Sequence[Waiter]) -> None:
        self.scene, self.waiters = scene, waiters
        self.chance = random.Random(scene.n + 1)  # a draw that can be repeated

    def live(self) -> None:
        """A few times, and as long as somebody waits."""
        try:
            self._live()
        finally:
            self.scene.rounds = inf  # nobody waits for one more

    def _live(self) -> None:
        while self.scene.rounds < STEPS or any(each.waits for each in self.waiters):
            self.scene.rounds += 1
            sleep(self.chance.random() * LONGEST_PAUSE)
            now = self.scene.now + timedelta(minutes=self.chance.choice(self.scene.jobs_minutes))
            began = monotonic()
            with self.scene.town.database.transaction() as session:
                if self.chance.random() < 0.2:
                    over = self.scene.now + timedelta(days=1)
                    expire_unanswered(session, self.scene.hall_id, actor=SYSTEM, now=over)
                else:
                    end_undos(session, now=now)
                    tend(session, now=now)
            # Who is offered what has run out by this clock may leave it to anybody.
            self.scene.taken_away.append(TakenAway(began, monotonic(), now))
