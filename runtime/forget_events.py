"""Old events leave the outbox: what they brought about is in the rows that changed, and in the audit."""

from datetime import datetime, timedelta

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from kernel.outbox import EventDelivery, OutboxEvent

KEPT = timedelta(days=30)  # real time; long enough to look into what a handler did
BATCH = 5_000  # one look; looks come often, so none holds many rows for long


def forget_events(session: Session, *, real_now: datetime) -> int:
    """Remove events older than `KEPT` whose handlers are all done, from the oldest; returns how many.

    Only the oldest `BATCH` rows are looked at: what nobody could carry out stays, for `youhao doctor`.
    """
    oldest = (
        select(OutboxEvent.id, OutboxEvent.recorded_at, OutboxEvent.dispatched_at)
        .order_by(OutboxEvent.id)
        .limit(BATCH)
        .subquery()
    )
    waiting = exists().where(EventDelivery.event_id == oldest.c.id, EventDelivery.done_at.is_(None))
    over = select(oldest.c.id).where(
        oldest.c.recorded_at < real_now - KEPT, oldest.c.dispatched_at.is_not(None), ~waiting
    )
    ids = session.scalars(over).all()
    session.execute(delete(EventDelivery).where(EventDelivery.event_id.in_(ids)))
    session.execute(delete(OutboxEvent).where(OutboxEvent.id.in_(ids)))
    return len(ids)
