"""PURE: the three times of a visit that are kept: how long somebody waited, walked and was served.

Each step adds the time since the last one to one of four sums, so that always
`wait + walk + service + aside = since_at - issued_at`. A visit that is called several times (legs, transfers)
has the sums of all.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from queueing.states import TicketState

_S = TicketState


class Clocked(Protocol):
    """What a ticket keeps of its times."""

    issued_at: datetime
    since_at: datetime | None
    wait_time: timedelta
    walk_time: timedelta
    service_time: timedelta
    aside_time: timedelta


def kind_of(before: TicketState, after: TicketState) -> str:
    """Which sum the time in `before` belongs to, now that it has become `after`.

    From the call to the start is walking only where somebody came. A call that was taken back was waiting;
    a call that nobody answered was time away, like that of parked and missed numbers.
    """
    if before == _S.CALLED:
        return {_S.SERVING: "walk_time", _S.WAITING: "wait_time"}.get(after, "aside_time")
    return {_S.WAITING: "wait_time", _S.SERVING: "service_time"}.get(before, "aside_time")


def spend(times: Clocked, before: TicketState, after: TicketState, now: datetime) -> None:
    """Add the time that ends now. A clock that ran back adds nothing, and the next step counts from there."""
    since = times.since_at or times.issued_at
    until = max(since, now)
    kind = kind_of(before, after)
    setattr(times, kind, getattr(times, kind) + (until - since))
    times.since_at = until
