"""Publish: slots and numbers of coming days, written from the plan."""

from datetime import date, datetime

from sqlalchemy.orm import Session

from kernel.actor import Actor


def publish(
    session: Session, hall_id: int, *, first_on: date, last_on: date, actor: Actor, now: datetime
) -> int:
    """Write the numbers of these days, both included; how many are new. Doing it twice adds nothing.

    What is there stays: a slot that the plan no longer has keeps its booked numbers and loses its free ones.
    """
    raise NotImplementedError
