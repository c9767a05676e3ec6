"""PURE: the lines that a ticket has been in, with the minutes that it took at the counters of each.

A ticket that was in one line only needs none of this: the sums of `queueing.durations` are that line's. One
that passes on, by a transfer or to the next part of its visit, notes each stay in a line as it leaves it, and
the last as it is completed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

_MICROSECOND = timedelta(microseconds=1)
_MINUTE = timedelta(minutes=1)


class Staying(Protocol):
    """What a ticket keeps of stays: `{"group_id", "counter_id", "service_ids", "took"}` (microseconds)."""

    group_id: int
    counter_id: int | None
    service_ids: list[int]
    walk_time: timedelta
    service_time: timedelta
    stays: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Spent:
    """What a visit took in one line, over all its stays there: minutes of walking and service.

    Services and counter are those of its last stay.
    """

    group_id: int
    counter_id: int | None
    service_ids: Sequence[int]
    minutes: float


def leave(ticket: Staying) -> None:
    """Note the stay that ends now: its last step is in the sums already, its line is still the old one."""
    took = (ticket.walk_time + ticket.service_time) // _MICROSECOND - sum(
        each["took"] for each in ticket.stays
    )
    stay = {
        "group_id": ticket.group_id,
        "counter_id": ticket.counter_id,
        "service_ids": list(ticket.service_ids),
        "took": took,
    }
    ticket.stays = [*ticket.stays, stay]


def by_line(stays: Sequence[Mapping[str, Any]]) -> list[Spent]:
    """What each line took of a visit: who is sent to another line and comes back is one case of the first."""
    last = {stay["group_id"]: stay for stay in stays}
    return [
        Spent(
            group_id,
            stay["counter_id"],
            stay["service_ids"],
            sum(each["took"] for each in stays if each["group_id"] == group_id) * _MICROSECOND / _MINUTE,
        )
        for group_id, stay in last.items()
    ]
