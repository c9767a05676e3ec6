"""What is free: counted from the rows themselves, never kept beside them.

`free` is the number of visits that can still be booked; `needed` is how many numbers one visit takes
(`booking.policy.numbers_needed`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class DayCount:
    """Free visits of a group on one day; days without any are not listed."""

    group_id: int
    on_date: date
    free: int


@dataclass(frozen=True, slots=True)
class SlotCount:
    """Free visits that begin in one slot; `free` may be 0."""

    slot_id: int
    starts_at: datetime
    ends_at: datetime
    free: int


@dataclass(frozen=True, slots=True)
class Alternative:
    """A free slot near one that is full."""

    hall_id: int
    hall_code: str
    group_id: int
    starts_at: datetime
    free: int

    def as_json(self) -> dict[str, object]:
        """For `SlotFull.alternatives`."""
        raise NotImplementedError


def day_counts(
    session: Session,
    group_ids: Sequence[int],
    *,
    first_on: date,
    last_on: date,
    now: datetime,
    needed: int = 1,
) -> list[DayCount]:
    """Free visits per group and day, both dates included, in order."""
    raise NotImplementedError


def slot_counts(
    session: Session, group_id: int, on_date: date, *, now: datetime, needed: int = 1
) -> list[SlotCount]:
    """Every slot of a day in order."""
    raise NotImplementedError


def alternatives(
    session: Session, group_id: int, *, starts_at: datetime, needed: int, now: datetime, limit: int = 3
) -> list[Alternative]:
    """The free slots nearest in time: in this group, then in groups of other halls with the same services."""
    raise NotImplementedError


def next_release_at(session: Session, group_id: int, *, now: datetime) -> datetime | None:
    """When the next numbers of a group come, None when no release is planned."""
    raise NotImplementedError
