"""Steps of citizens who cancel and take it back, among all the others of an interleaving."""

from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING

from booking.cancel import cancel
from booking.undo_cancel import UNDO_FOR, undo_cancel
from feedback.personal_data import forget
from kernel.actor import ANONYMOUS
from kernel.db import Database
from tests.booking_history import Told
from tests.faults.town_rows import appointment_of, places_of

if TYPE_CHECKING:
    from tests.faults.town import Interleaving


class Undecided:
    """`reference` is the booking that they have, `cancelled` one that they may still have back."""

    scene: "Interleaving"
    now: datetime
    reference: str | None
    cancelled: str | None

    @property
    def database(self) -> Database:
        return self.scene.town.database

    @property
    def phone(self) -> str:
        raise NotImplementedError

    def _cancel_for_now(self) -> None:
        """With the numbers kept for as long as it may be taken back."""
        assert self.reference is not None
        began = monotonic()
        with self.database.transaction() as session:
            found = appointment_of(session, self.reference)
            numbers = places_of(session, found)
            facts = {"reason": "citizen", "actor": ANONYMOUS, "now": self.now, "fraction": 0.0}
            cancel(session, found, **facts, may_undo=True)
        until = self.now + UNDO_FOR
        step = Told("keep", self.reference, began, monotonic(), numbers, self.now, until)
        self.scene.told.append(step)
        self.cancelled, self.reference = self.reference, None

    def _undo(self) -> None:
        """Where it is refused it stays cancelled, and may be tried again."""
        assert self.cancelled is not None
        began = monotonic()
        with self.database.transaction() as session:
            found = appointment_of(session, self.cancelled)
            undo_cancel(session, found, actor=ANONYMOUS, now=self.now)
            numbers = places_of(session, found)
        self.scene.told.append(Told("undo", self.cancelled, began, monotonic(), numbers, self.now))
        self.reference, self.cancelled = self.cancelled, None

    def _undo_twice(self) -> None:
        """Another press, on the same page."""
        mine = self.cancelled
        self._undo()
        with self.database.transaction() as session:
            assert mine is not None
            undo_cancel(session, appointment_of(session, mine), actor=ANONYMOUS, now=self.now)

    def _forget_cancelled(self) -> None:
        """Nobody who was forgotten takes anything back."""
        assert self.cancelled is not None
        began = monotonic()
        with self.database.transaction() as session:
            forget(session, self.phone, cancel_open=True, actor=ANONYMOUS, now=self.now)
        self.scene.told.append(Told("cancel", self.cancelled, began, monotonic()))
        self.cancelled = None
