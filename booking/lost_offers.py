"""Offers of the waitlist whose numbers the hall takes away: who had one waits on, as if it had not been made.

Nobody may lose one of their few chances because a hall closes or plans less.
"""

from collections.abc import Collection
from datetime import datetime
from typing import cast

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from booking import taking
from booking.events import WaitlistOfferLost
from booking.models import Draft, Number, Slot, WaitlistEntry
from booking.waitlist_states import WaitState
from booking.waitlist_visits import lines_of
from halls.models import Closure
from kernel import audit, outbox
from kernel.actor import SYSTEM
from kernel.audit import AuditEntry


def take_back_offers(session: Session, tokens: Collection[bytes], *, now: datetime) -> int:
    """End the offers that held numbers under these tokens (hashes), a part or all of them; how many.

    `booking.turns.stop_moves` has locked those that were running; one that was made since and is being taken
    or left at this moment is not waited for: `take_back_the_rest` finds it.
    """
    if not tokens:
        return 0
    lost = (
        select(WaitlistEntry, Draft.token_hash)
        .join(Draft, Draft.id == WaitlistEntry.draft_id)
        .where(
            WaitlistEntry.state == WaitState.OFFERED,
            WaitlistEntry.offer_until > now,
            Draft.token_hash.in_(tokens),
            Draft.appointment_id.is_(None),
        )
        .order_by(WaitlistEntry.id)
        .with_for_update(of=WaitlistEntry, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    found = session.execute(lost).all()
    for entry, token in found:
        _take_back(session, entry, token, now=now)
    return len(found)


def take_back_the_rest(session: Session, *, now: datetime) -> None:
    """End the offers that the hall took away while somebody was taking or leaving them. A job's."""
    held = select(func.count()).where(Number.hold_token == Draft.token_hash, Number.appointment_id.is_(None))
    lost = (
        select(WaitlistEntry, Draft)
        .join(Draft, Draft.id == WaitlistEntry.draft_id)
        .where(
            WaitlistEntry.state == WaitState.OFFERED,
            WaitlistEntry.offer_until > now,
            Draft.appointment_id.is_(None),
            held.scalar_subquery() < Draft.needed,
        )
        .order_by(WaitlistEntry.id)
        .with_for_update(of=WaitlistEntry, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    for entry, draft in session.execute(lost).all():
        if is_taken_by_hall(session, entry, draft):
            _take_back(session, entry, draft.token_hash, now=now)


def is_taken_by_hall(session: Session, entry: WaitlistEntry, draft: Draft) -> bool:
    """Whether the numbers of an offer, which it holds no more, went with the hall's time.

    Otherwise its owner gave them up: they hold another time instead, or let it go.
    """
    slot = session.get_one(Slot, draft.slot_id)
    last = max([slot.starts_at, *(datetime.fromisoformat(leg["starts_at"]) for leg in draft.legs)])
    closed = exists().where(
        Closure.hall_id == entry.hall_id,
        or_(Closure.group_id.is_(None), Closure.group_id.in_(lines_of(entry))),
        Closure.lifted_at.is_(None),
        Closure.ends_at > slot.starts_at,
        Closure.starts_at < last + draft.needed * (slot.ends_at - slot.starts_at),
    )
    left = exists().where(Number.slot_id == draft.slot_id)
    # A smaller plan that left a part of the slot says in the audit that it took numbers which somebody held.
    on_date = slot.on_date.isoformat()
    smaller = exists().where(
        AuditEntry.subject_kind == "hall",
        AuditEntry.subject_id == entry.hall_id,
        AuditEntry.action == "numbers.publish",
        AuditEntry.at >= draft.created_at,
        AuditEntry.details["held"].as_integer() > 0,
        AuditEntry.details["first_on"].astext <= on_date,
        AuditEntry.details["last_on"].astext >= on_date,
    )
    return bool(session.scalar(select(or_(closed, ~left, smaller))))


def _take_back(session: Session, entry: WaitlistEntry, token: bytes, *, now: datetime) -> None:
    """It waits on; who was told of the offer is told that it is over (`notifications.tell_wait`)."""
    starts_at, draft_id = cast("datetime", entry.offer_starts_at), cast("int", entry.draft_id)
    taking.let_go(session, token)
    entry.state, entry.offers = WaitState.WAITING, entry.offers - 1
    entry.token_sealed = entry.offer_until = entry.offer_starts_at = None  # `waitlist.was_taken_back`
    audit.record(
        session,
        "waitlist.offer_lost",
        actor=SYSTEM,
        now=now,
        subject=("waitlist_entry", entry.id),
        hall_id=entry.hall_id,
        states=(WaitState.OFFERED, WaitState.WAITING),
    )
    outbox.emit(
        session, WaitlistOfferLost(entry.id, entry.hall_id, entry.group_id, draft_id, starts_at), now=now
    )
