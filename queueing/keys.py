"""PURE: the key of a ticket, fixed when it is issued: the time from which it is due.

Booked: the start s of the slot, less the hall's lead (none unless the hall sets `booked_lead`), for a
check-in from s−30 to s+15 minutes. Late (after s+15, same half-day): check-in + 15. Walk-in: the promised
latest call time (queueing.promise). Green and standby: issue time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum

from queueing.policy import DEFAULT_POLICY, QueuePolicy


class Punctuality(StrEnum):
    """How a check-in lies to its slot."""

    TOO_EARLY = "too_early"
    ON_TIME = "on_time"
    LATE = "late"
    TOO_LATE = "too_late"


@dataclass(frozen=True, slots=True)
class CheckIn:
    """What a check-in means for the place in line.

    `due_at` is the key. TOO_EARLY carries it too, for staff may let people check in earlier:
    early people never jump, so this harms nobody. TOO_LATE has none: a walk-in number is taken, if admitted.
    """

    punctuality: Punctuality
    due_at: datetime | None

    @property
    def late(self) -> bool:
        return self.punctuality is Punctuality.LATE


def check_in_window(
    slot_starts_at: datetime, policy: QueuePolicy = DEFAULT_POLICY
) -> tuple[datetime, datetime]:
    """Return the first and the last moment (both included) of a punctual check-in: [s−30, s+15] minutes."""
    return slot_starts_at - policy.check_in_opens, slot_starts_at + policy.check_in_closes


def half_day_ends_at(
    slot_starts_at: datetime,
    *,
    closes_at: datetime,
    zone: tzinfo,
    policy: QueuePolicy = DEFAULT_POLICY,
) -> datetime:
    """Return the end of the half-day to which a slot belongs: the hall's noon, or closing."""
    local = slot_starts_at.astimezone(zone)
    noon_at = datetime.combine(local.date(), policy.half_day_splits_at, tzinfo=zone)
    return min(noon_at, closes_at) if local < noon_at else closes_at


def judge_check_in(
    slot_starts_at: datetime,
    checked_in_at: datetime,
    *,
    half_day_ends_at: datetime,
    policy: QueuePolicy = DEFAULT_POLICY,
) -> CheckIn:
    """Say how a booked person who checks in now stands in line.

    1. Before s−30: too early (key s less the lead, if staff accept it).
    2. Until s+15 included: on time, key s less the lead.
    3. Later, before the half-day ends: late, key check-in + 15.
    4. Beyond the half-day: too late, a walk-in number if admitted.
    """
    opens_at, closes_at = check_in_window(slot_starts_at, policy)
    if checked_in_at < opens_at:
        return CheckIn(Punctuality.TOO_EARLY, booked_key(slot_starts_at, policy))
    if checked_in_at <= closes_at:
        return CheckIn(Punctuality.ON_TIME, booked_key(slot_starts_at, policy))
    if checked_in_at < half_day_ends_at:
        return CheckIn(Punctuality.LATE, late_key(checked_in_at, policy))
    return CheckIn(Punctuality.TOO_LATE, None)


def booked_key(slot_starts_at: datetime, policy: QueuePolicy = DEFAULT_POLICY) -> datetime:
    """Return the key of a booked person who came in time: the slot's start, less the hall's lead."""
    return slot_starts_at - policy.booked_lead


def late_key(checked_in_at: datetime, policy: QueuePolicy = DEFAULT_POLICY) -> datetime:
    """Return the key of a booked person who came late: check-in + 15 minutes."""
    return checked_in_at + policy.late_delay


def walk_in_key(promised_at: datetime) -> datetime:
    """Return the key of a walk-in: the promised latest call time, which stands on the ticket."""
    return promised_at


def green_key(issued_at: datetime) -> datetime:
    """Return the key of the green channel: first come, first served in its own stream."""
    return issued_at


def standby_key(issued_at: datetime) -> datetime:
    """Return the key of a standby ticket: it has no promise, only its turn among standbys."""
    return issued_at


def is_quick(minutes: float, mean_minutes: float, policy: QueuePolicy = DEFAULT_POLICY) -> bool:
    """Say whether a matter is quick for a line whose cases take `mean_minutes`; fixed at issue."""
    return 0 < minutes <= policy.quick_share * mean_minutes
