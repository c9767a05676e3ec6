"""PURE: what happens when a called person does not come: repeats, 过号, the second chance.

The rule: call, repeat at 45 s, a third time at 90 s; at 150 s the ticket is absent. Who is back within 30
minutes is re-inserted after the next 3 calls, once. After that a walk-in takes a new number; a booked person
counts as late.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from queueing.keys import late_key
from queueing.policy import DEFAULT_POLICY, QueuePolicy


class Step(StrEnum):
    """What the program does by itself about a call that nobody answers."""

    RECALL = "recall"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class NextStep:
    """What comes next, and when."""

    what: Step
    at: datetime


def next_step(
    called_at: datetime,
    *,
    last_called_at: datetime,
    recalls: int,
    policy: QueuePolicy = DEFAULT_POLICY,
) -> NextStep | None:
    """Tell what follows when the person still does not come; None: nothing but what the officer does.

    Times count from the first call. A call that was made by hand, or late, counts as one of the repeats and
    leaves as much time after it as the rule leaves between two calls.
    """
    offsets = [after for after in (policy.second_call_after, policy.third_call_after) if after]
    what = Step.RECALL if recalls < len(offsets) else Step.ABSENT
    made = min(recalls, len(offsets))
    after = offsets[made] if what is Step.RECALL else policy.absent_after
    if not after:
        return None
    before = offsets[made - 1] if made else timedelta(0)
    return NextStep(what, max(called_at + after, last_called_at + (after - before)))


def missed_at(called_at: datetime, policy: QueuePolicy = DEFAULT_POLICY) -> datetime:
    """Return when a call that nobody answers has failed.

    Officers who do it by hand (`absent_after` 0) are taken to wait as long as the rule does.
    """
    return called_at + (policy.absent_after or DEFAULT_POLICY.absent_after)


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


def back_until(
    *,
    absent_at: datetime,
    reinstated_before: int,
    half_day_ends_at: datetime | None,
    policy: QueuePolicy = DEFAULT_POLICY,
) -> datetime | None:
    """Return until when `reinstate` gives an absent person a place again; None: a new number is all there is.

    `half_day_ends_at` ends the half-day of the booked slot; None for who did not book.
    """
    again = absent_at + policy.reinstate_within if reinstated_before < policy.reinstatements else None
    ends = [each for each in (again, half_day_ends_at) if each is not None]
    return max(ends, default=None)


def calls_to_wait(reinsert_after_call: int | None, *, calls_made: int) -> int:
    """Return how many more calls of the group come before a re-inserted ticket may be called; 0: none."""
    return 0 if reinsert_after_call is None else max(0, reinsert_after_call - calls_made)
