"""Counters at work: open, pause, resume, close. One session per counter and per officer."""

from datetime import datetime

from sqlalchemy.orm import Session

from kernel.actor import Actor
from queueing.models import CounterSession

PAUSE_REASONS = ("break", "meal", "meeting", "equipment", "other")


def open_counter(session: Session, counter_id: int, *, actor: Actor, now: datetime) -> CounterSession:
    """Sit down at a counter; again by the same officer returns the same session (and resumes it).

    Raises:
        CounterUnknown, CounterTaken, AlreadyAtCounter
    """
    raise NotImplementedError


def pause_counter(
    session: Session, counter_id: int, *, reason: str, actor: Actor, now: datetime
) -> CounterSession:
    """Stop calling for a while; a ticket at the counter may still be finished.

    Raises:
        CounterNotOpen, PauseReasonUnknown, NotYourCounter
    """
    raise NotImplementedError


def resume_counter(session: Session, counter_id: int, *, actor: Actor, now: datetime) -> CounterSession:
    """Call again.

    Raises:
        CounterNotOpen, NotYourCounter
    """
    raise NotImplementedError


def close_counter(session: Session, counter_id: int, *, actor: Actor, now: datetime) -> CounterSession:
    """Leave the counter.

    Raises:
        CounterNotOpen, CounterBusy, NotYourCounter
    """
    raise NotImplementedError


def counter_of_staff(session: Session, staff_id: int) -> CounterSession | None:
    """The running session of an officer, open or paused."""
    raise NotImplementedError


def session_of_counter(session: Session, counter_id: int) -> CounterSession | None:
    """The running session at a counter, open or paused."""
    raise NotImplementedError
