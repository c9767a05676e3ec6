"""Call the next ticket to a counter."""

from datetime import datetime

from sqlalchemy.orm import Session

from kernel.actor import Actor
from queueing.models import Ticket


def call_next(
    session: Session, counter_id: int, *, actor: Actor, now: datetime, press_key: str | None = None
) -> Ticket | None:
    """Call who is next by the hall's rule; None when nobody waits. The same press returns the same ticket.

    Raises:
        CounterNotOpen, CounterPaused, CounterBusy, NotYourCounter, PressReused
    """
    raise NotImplementedError
