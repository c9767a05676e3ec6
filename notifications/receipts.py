"""Delivery receipts: stored as they come, answered at once, applied afterwards, forward only.

A receipt may come twice, out of order, or before our own commit of what it tells about; so it is its own
row first. It also settles doubt: it carries our reference even when the answer to the send was lost.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, and_, exists, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from notifications.gateways.base import Receipt
from notifications.models import Message, MessageReceipt
from notifications.states import FATES, FINAL, MessageState, after_receipt

_RECEIPTS = cast("Table", MessageReceipt.__table__)
ORPHAN_AFTER = timedelta(minutes=10)  # a receipt for nothing we know is kept, but no longer waited for
_IS_KNOWN = or_(
    exists().where(Message.reference == MessageReceipt.message_reference),
    and_(
        MessageReceipt.message_reference.is_(None),
        exists().where(Message.provider_id == MessageReceipt.provider_id),
    ),
)


def store(session: Session, provider: str, receipts: Sequence[Receipt], *, real_now: datetime) -> int:
    """Keep receipts; one that was pushed before changes nothing. Returns how many are new."""
    if not receipts:
        return 0
    rows = [
        {
            "provider": provider,
            "provider_id": receipt.provider_id[:64],
            "message_reference": receipt.reference[:32] if receipt.reference else None,
            "status": receipt.status[:24],
            "error": receipt.error[:64] if receipt.error else None,
            "received_at": real_now,
        }
        for receipt in receipts
    ]
    added = insert(_RECEIPTS).values(rows).on_conflict_do_nothing().returning(_RECEIPTS.c.id)
    return len(session.execute(added).all())


def apply_stored(session: Session, *, real_now: datetime, limit: int = 200) -> int:
    """Apply receipts that wait, the oldest first; returns how many are done with.

    Those whose message is not known yet are passed over until they are orphans: they hold up nobody.
    """
    waiting = session.scalars(
        select(MessageReceipt)
        .where(
            text("message_receipt.applied_at IS NULL"),
            or_(_IS_KNOWN, MessageReceipt.received_at <= real_now - ORPHAN_AFTER),
        )
        .order_by(MessageReceipt.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    if not waiting:
        return 0
    messages = _messages_of(session, waiting)
    for receipt in waiting:
        message = messages.get(receipt.message_reference or "") or messages.get(receipt.provider_id)
        if message is not None:
            _apply(message, receipt, real_now)
        receipt.applied_at = real_now
    return len(waiting)


def _messages_of(session: Session, receipts: Sequence[MessageReceipt]) -> dict[str, Message]:
    """Messages by reference and by provider id, locked in the order of their ids."""
    references = {each.message_reference for each in receipts if each.message_reference}
    provider_ids = {each.provider_id for each in receipts if not each.message_reference}
    found = session.scalars(
        select(Message)
        .where(or_(Message.reference.in_(references), Message.provider_id.in_(provider_ids)))
        .order_by(Message.id)
        .with_for_update()
    ).all()
    by_reference = {message.reference: message for message in found}
    return by_reference | {message.provider_id: message for message in found if message.provider_id}


def _apply(message: Message, receipt: MessageReceipt, real_now: datetime) -> None:
    fate = FATES.get(receipt.status)
    other_attempt = message.provider_id is not None and message.provider_id != receipt.provider_id
    moved = after_receipt(MessageState(message.state), fate) if fate else None
    if moved is None or (other_attempt and moved is not MessageState.DELIVERED):
        return
    message.state, message.lease_until = moved, None
    message.provider, message.provider_id = receipt.provider, receipt.provider_id
    message.accepted_at = message.accepted_at or receipt.received_at
    message.error = receipt.error or (None if moved is MessageState.DELIVERED else message.error)
    message.ended_at = real_now if moved in FINAL else None
