"""Keep a hold for as long as any other, once somebody stands for it: a verified phone, or a browser's cookie.

A caller that shows neither gets a short hold (`nameless_hold` of the booking policy): it costs nothing to ask
for one. What it has by the usual time counts from its beginning, so that saying it again gains nothing.
"""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from booking.errors import HoldExpired
from booking.hall_rules import rules_of
from booking.hold import Held
from booking.models import Draft, Number, Slot
from booking.taking import lock_own
from halls.queries import get_hall_by_id
from kernel.ids import token_hash


def keep_hold(session: Session, token: str, *, now: datetime) -> Held:
    """The hold, kept until the usual time after it began, if that is later.

    As long as nobody else has taken its numbers, one that has run out is as good as a running one. Locks the
    draft and then the numbers, as whoever books does.

    Raises:
        HoldExpired: unknown, given up, booked, taken by others, or as old as a hold becomes.
    """
    hashed = token_hash(token)
    draft = session.scalar(select(Draft).where(Draft.token_hash == hashed).with_for_update())
    if draft is None or draft.appointment_id is not None:
        raise HoldExpired
    policy = rules_of(get_hall_by_id(session, draft.hall_id)).policy
    until = max(draft.held_until, draft.created_at + policy.hold)
    mine = lock_own(session, hashed)
    if until <= now or len(mine) != draft.needed:
        raise HoldExpired
    session.execute(update(Number).where(Number.id.in_(mine)).values(held_until=until))
    draft.held_until = until
    slot = session.get_one(Slot, draft.slot_id)
    return Held(token, draft.id, until, slot.starts_at, slot.ends_at, draft.hall_id, draft.group_id)
