"""PURE: what happens when a called person does not come: repeats, 过号, the second chance.

The rule: call, repeat at 45 s, a third time at 90 s; at 150 s the ticket is absent. Who is back within 30
minutes is re-inserted after the next 3 calls, once. After that a walk-in takes a new number; a booked person
counts as late.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from queueing.keys import late_key
from queueing.policy import DEFAULT_POLICY, QueuePolicy


@dataclass(frozen=True, slots=True)
class CallTimes:
    """When a call is made again and when it has failed."""

    first_at: datetime
    second_at: datetime
    third_at: datetime
    absent_at: datetime

    def calls_due(self, now: datetime) -> int:
        """Return how many of the three calls should have been made by now."""
        return sum(at <= now for at in (self.first_at, self.second_at, self.third_at))

    def has_failed(self, now: datetime) -> bool:
        """Tell whether the ticket is to be marked absent."""
        return now >= self.absent_at


def call_times(called_at: datetime, policy: QueuePolicy = DEFAULT_POLICY) -> CallTimes:
    """Return the times of the calls for a ticket first called at `called_at`."""
    return CallTimes(
        first_at=called_at,
        second_at=called_at + policy.second_call_after,
        third_at=called_at + policy.third_call_after,
        absent_at=called_at + policy.absent_after,
    )


class Return(StrEnum):
    """What an absent person who came back gets."""

    REINSERTED = "reinserted"
    AS_LATE = "as_late"
    NEW_NUMBER = "new_number"


@dataclass(frozen=True, slots=True)
class SecondChance:
    """The answer to a re-scan.

    REINSERTED: the same ticket with its first key, callable again once the group made `reinsert_after_call`
    calls. AS_LATE: a booked person, from now on late with the key `due_at`. NEW_NUMBER: a walk-in number, if
    admitted.
    """

    outcome: Return
    reinsert_after_call: int | None = None
    due_at: datetime | None = None


def reinstate(
    *,
    absent_at: datetime,
    reinstated_before: int,
    booked: bool,
    calls_made: int,
    half_day_ends_at: datetime,
    now: datetime,
    policy: QueuePolicy = DEFAULT_POLICY,
) -> SecondChance:
    """Decide about an absent person who is back.

    `calls_made` counts the calls of the group today, `half_day_ends_at` ends the half-day of the booked slot
    (any time for others). Coming back after more than 30 minutes is judged like a second absence.
    """
    in_time = now - absent_at <= policy.reinstate_within
    if in_time and reinstated_before < policy.reinstatements:
        return SecondChance(Return.REINSERTED, reinsert_after_call=calls_made + policy.reinsert_after_calls)
    if booked and now < half_day_ends_at:
        return SecondChance(Return.AS_LATE, due_at=late_key(now, policy))
    return SecondChance(Return.NEW_NUMBER)


def calls_to_wait(reinsert_after_call: int | None, *, calls_made: int) -> int:
    """Return how many more calls of the group come before a re-inserted ticket may be called; 0: none."""
    return 0 if reinsert_after_call is None else max(0, reinsert_after_call - calls_made)
