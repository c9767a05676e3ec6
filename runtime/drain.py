"""Work off everything at once, in this process: for tests and commands that want to see the outcome."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from kernel import clock
from kernel.outbox import EventDelivery
from kernel.parts import Parts
from notifications import receipts
from notifications.gateways.base import Gateway
from notifications.sender import Sender
from notifications.sweep import sweep
from runtime import deliveries
from runtime.jobs import make_work
from runtime.subscriptions import HANDLERS, handlers_of

_ROUNDS = 100


@dataclass(frozen=True, slots=True)
class Drained:
    """What was done until nothing was left."""

    events: int
    deliveries: int
    sent: int


def drain(parts: Parts, *, now: datetime | None = None, gateway: Gateway | None = None) -> Drained:
    """Dispatch, deliver, send and apply receipts until nothing moves; `now` is business time.

    Raises:
        Exception: the first error of a handler, as it was.
    """
    moment = now or clock.now()
    work = make_work(parts, gateway)
    sender = Sender(parts.database, work.gateway, work.sender.wording, business_now=lambda: moment)
    try:
        return _until_still(parts, sender, moment)
    finally:
        sender.close()
        work.close()


def _until_still(parts: Parts, sender: Sender, moment: datetime) -> Drained:
    total = Drained(0, 0, 0)
    for _ in range(_ROUNDS):
        events = _dispatch(parts)
        delivered = _deliver_all(parts, moment)
        sent = _send(parts, sender, moment)
        if not (events or delivered or sent):
            return total
        total = Drained(total.events + events, total.deliveries + delivered, total.sent + sent)
    raise RuntimeError("events keep causing events")


def _dispatch(parts: Parts) -> int:
    with parts.database.transaction() as session:
        return deliveries.dispatch(session, handlers_of, real_now=clock.real_now()).events


def _deliver_all(parts: Parts, now: datetime) -> int:
    with parts.database.transaction() as session:
        waiting = session.scalars(
            select(EventDelivery.id)
            .where(EventDelivery.done_at.is_(None), EventDelivery.attempts < deliveries.ATTEMPTS)
            .order_by(EventDelivery.id)
        ).all()
    for delivery_id in waiting:
        error = deliveries.deliver(parts.database, delivery_id, HANDLERS, now=now)
        if error is not None:
            raise error
    return len(waiting)


def _send(parts: Parts, sender: Sender, now: datetime) -> int:
    with parts.database.transaction() as session:
        sweep(session, now=now, real_now=clock.real_now())
    sent = sender.send_due()
    with parts.database.transaction() as session:
        return sent + receipts.apply_stored(session, real_now=clock.real_now())
