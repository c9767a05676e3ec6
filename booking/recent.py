"""What many citizens ask in the same moment, read once: the offer of a service, what is free around a slot.

Kept by each process, never shared. Nothing here decides: numbers are taken from their rows. A hall that was
closed or a rule that was changed is known everywhere after `KEPT_SECONDS`.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from booking.availability import groups_elsewhere, slots_ahead
from booking.errors import SlotFull
from booking.offers import Offer, get_offer, get_offer_at_once
from booking.slot_places import Alternative, nearest_free
from kernel.direct import Direct
from kernel.kept import Kept

KEPT_SECONDS = 0.5
#: A demonstration's clock may run or jump meanwhile: beyond this, what is free is counted again.
_SAME_TIME = timedelta(minutes=2)
_ALTERNATIVES = 3


class Recent:
    """The memory of one process; with 0 seconds it remembers nothing."""

    def __init__(self, seconds: float = KEPT_SECONDS) -> None:
        self._offers: Kept[tuple[object, ...], Offer] = Kept(seconds)
        self._ahead: Kept[tuple[object, ...], list[Alternative]] = Kept(seconds)
        self._refusals: Kept[tuple[Hashable, float], Any] = Kept(seconds)

    def offer(
        self, session: Session, hall_code: str, service_codes: Sequence[str], *, answers: Mapping[str, Any]
    ) -> Offer:
        """As `booking.offers.get_offer`, which raises the same."""
        key = _offer_key(hall_code, service_codes, answers)
        return self._offers.get(key, lambda: get_offer(session, hall_code, service_codes, answers=answers))

    def offer_at_once(self, direct: Direct, hall_code: str, service_codes: Sequence[str]) -> Offer:
        """As `offer` without answers of a guide."""
        key = _offer_key(hall_code, service_codes, {})
        return self._offers.get(key, lambda: get_offer_at_once(direct, hall_code, service_codes))

    def raise_again(self, question: Hashable, *, now: datetime) -> None:
        """Raise the SlotFull that this very question met a moment ago, if it did."""
        alternatives = self._refusals.find((question, _period(now)))
        if alternatives is not None:
            raise SlotFull(alternatives=alternatives)

    def note_refusal(self, question: Hashable, refusal: SlotFull, *, now: datetime) -> None:
        """In a rush most are refused, all with the same words: those of the first do for half a second."""
        self._refusals.put((question, _period(now)), refusal.params["alternatives"])

    def is_slot(self, session: Session, offer: Offer, starts_at: datetime, *, now: datetime) -> bool:
        """Whether the line has a slot, free or full, that begins then and could be booked."""
        return any(slot.starts_at == starts_at for slot in self._own(session, offer, now))

    def alternatives(
        self, session: Session, offer: Offer, *, starts_at: datetime, now: datetime
    ) -> list[Alternative]:
        """As `booking.availability.alternatives`: the nearest in this line, then in other halls."""
        found = nearest_free(self._own(session, offer, now), starts_at)[:_ALTERNATIVES]
        if len(found) < _ALTERNATIVES:
            found += nearest_free(self._elsewhere(session, offer, now), starts_at)
        return found[:_ALTERNATIVES]

    def _own(self, session: Session, offer: Offer, now: datetime) -> list[Alternative]:
        def read() -> list[Alternative]:
            return slots_ahead(session, [offer.group_id], needed=offer.needed, now=now)

        return self._read((offer.group_id, offer.needed), read, now)

    def _elsewhere(self, session: Session, offer: Offer, now: datetime) -> list[Alternative]:
        def read() -> list[Alternative]:
            groups = groups_elsewhere(session, offer.group_id, offer.service_ids)
            found = slots_ahead(session, groups, needed=offer.needed, now=now)
            return [slot for slot in found if slot.free]

        return self._read((offer.group_id, offer.needed, offer.service_ids), read, now)

    def _read(
        self, key: tuple[object, ...], read: Callable[[], list[Alternative]], now: datetime
    ) -> list[Alternative]:
        return self._ahead.get((*key, _period(now)), read)


def _offer_key(
    hall_code: str, service_codes: Sequence[str], answers: Mapping[str, Any]
) -> tuple[object, ...]:
    return hall_code, tuple(service_codes), tuple(sorted(answers.items()))


def _period(now: datetime) -> float:
    return now.timestamp() // _SAME_TIME.total_seconds()


#: For whoever must know how things are now.
NOTHING_KEPT = Recent(0.0)
