"""A citizen of an interleaving who waits where no number is free, takes what is offered, or leaves."""

from collections.abc import Callable
from contextlib import suppress
from time import monotonic, sleep

from booking.book import Book, book
from booking.models import WaitlistEntry
from booking.waitlist import JoinWaitlist, accept, join, leave
from kernel.actor import ANONYMOUS
from people.sample_ids import sample_resident_id
from tests.faults.town import CITIZENS, STEPS, Citizen
from tests.faults.town_rows import places_of

MOMENT = 0.01  # seconds


class Waiter(Citizen):
    """More steps than others: most of them find that there are numbers, or no offer yet."""

    entry_id: int | None = None
    needed = 1
    waits = True  # so long as it lives

    def live(self) -> None:
        try:
            self._live()
        finally:
            self.waits = False

    def _live(self) -> None:
        for _ in range(2 * STEPS):
            try:
                self.chance.choice(self._possible())()
            except self.scene.refusals:
                self.token = None
        with suppress(*self.scene.refusals):
            self._leave()

    def _possible(self) -> list[Callable[[], None]]:
        if self.reference is not None:
            return [self._cancel]
        if self.entry_id is None:
            return [self._join, self._join, self._join, self._join, self._book]
        return [self._answer, self._think, self._think, self._leave]

    def _think(self) -> None:
        """Until the jobs have run once more, which may find the time of an offer over."""
        enough = self.scene.rounds + 2
        while self.scene.rounds < enough:
            sleep(MOMENT)

    @property
    def phone(self) -> str:
        return f"+86139{self.scene.n * CITIZENS + self.who:08}"

    def _join(self) -> None:
        self.needed = self.chance.choice([1, 1, 2])
        codes = self.scene.codes(self.needed, self.chance)
        wish = JoinWaitlist(self.scene.hall_code, codes, self.scene.day, self.scene.day, self.phone)
        with self.database.transaction() as session:
            entry_id = join(session, wish, actor=ANONYMOUS, now=self.now).id
        self.entry_id = entry_id

    def _answer(self) -> None:
        """Press the link of the message, and then confirm the form: two transactions."""
        began = monotonic()
        with self.database.transaction() as session:
            entry = session.get_one(WaitlistEntry, self.entry_id)
            self.token = token = accept(session, entry, now=self.now)
            until = entry.offer_until
        assert until is not None
        self._holds(token, began, until)
        began = self._let_go()
        who = sample_resident_id(self.scene.n * CITIZENS + self.who)
        with self.database.transaction() as session:
            command = Book(token, "张三", "resident_id", who, self.phone)
            made = book(session, command, actor=ANONYMOUS, now=self.now)
            reference, numbers = made.reference, places_of(session, made)
        self.reference, self.entry_id = reference, None
        self.scene.booked(reference, self.needed, began, numbers, now=self.now)

    def _leave(self) -> None:
        if self.entry_id is not None:
            self._let_go()
            entry_id, self.entry_id = self.entry_id, None
            with self.database.transaction() as session:
                leave(session, session.get_one(WaitlistEntry, entry_id), actor=ANONYMOUS, now=self.now)
