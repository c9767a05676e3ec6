"""PURE: the release ladder, which says when each number of a date can be booked.

Half a date's numbers come seven working days ahead, more three days ahead and on the eve, and a small
share is kept for the duty officer. So those who plan and those whose need is sudden both find a number,
and there is no single moment worth a robot.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cache, lru_cache
from itertools import accumulate
from zoneinfo import ZoneInfo

from booking.overbooking import numbers_to_offer
from booking.slot_cutting import Quota
from halls.workdays import Calendar, add_working_days

#: Ordinals of a slot above this are overbooked places, beyond its quota, so that they can be counted.
OVERBOOKED_ABOVE = 1000
EVERYBODY_COMES = Decimal(1)
DEFAULT_RETURN_WINDOW = timedelta(minutes=10)


class Channel(StrEnum):
    """Whom a number is for; the value is stored."""

    ONLINE = "online"
    WALK_IN = "walk_in"
    DUTY = "duty"


@dataclass(frozen=True, slots=True)
class Rung:
    """A share of a date's numbers, released so many working days before it at a hall-local time."""

    share: Decimal
    working_days_before: int
    at: time


@dataclass(frozen=True, slots=True)
class Ladder:
    """All rungs from the earliest to the latest, and the duty officer's share; together exactly 1."""

    rungs: tuple[Rung, ...]
    duty_share: Decimal

    def __post_init__(self) -> None:
        """Refuse shares that are not a whole, and rungs out of order."""
        shares = [rung.share for rung in self.rungs]
        if not self.rungs or min(*shares, self.duty_share) < 0 or sum(shares, self.duty_share) != 1:
            raise ValueError("the shares of a release ladder must add up to 1")
        order = [(-rung.working_days_before, rung.at) for rung in self.rungs]
        if order != sorted(order) or self.rungs[-1].working_days_before < 0:
            raise ValueError("the rungs of a release ladder go from the earliest to the latest")


DEFAULT_LADDER = Ladder(
    rungs=(
        Rung(Decimal("0.50"), 7, time(8)),
        Rung(Decimal("0.30"), 3, time(8)),
        Rung(Decimal("0.15"), 1, time(18)),
    ),
    duty_share=Decimal("0.05"),
)


@dataclass(frozen=True, slots=True)
class Release:
    """A rung on a real date: from `release_at` on (UTC) this share can be booked."""

    release_at: datetime
    share: Decimal


@dataclass(frozen=True, slots=True)
class PlannedNumber:
    """One number to write: `slot_index` into the slots given, `ordinal` from 1 within the slot.

    `released_at` is None for walk-in and duty numbers: people decide about those on the day.
    """

    slot_index: int
    ordinal: int
    channel: Channel
    released_at: datetime | None


def releases_of(
    on: date, *, calendar: Calendar, tz: ZoneInfo, ladder: Ladder = DEFAULT_LADDER
) -> list[Release]:
    """When the numbers of this date are released, earliest first."""
    return [
        Release(
            datetime.combine(
                add_working_days(on, -rung.working_days_before, calendar), rung.at, tz
            ).astimezone(UTC),
            rung.share,
        )
        for rung in ladder.rungs
    ]


def plan_numbers(
    quotas: Sequence[Quota],
    releases: Sequence[Release],
    *,
    duty_share: Decimal,
    show_probability: Decimal = EVERYBODY_COMES,
) -> list[PlannedNumber]:
    """Every number of a group's day, slot by slot: online and duty first, then the walk-in reserve.

    The shares are met over the whole day by largest remainder, and each rung is spread over all slots, so
    that neither mornings nor afternoons are sold first. The same input always gives the same numbers.
    Where fewer than everybody come, places beyond the quota (`booking.overbooking`) come with the last rung.
    """
    moments: list[datetime | None] = [*(release.release_at for release in releases), None]
    rung_of = _rungs(tuple(quotas), (*(release.share for release in releases), duty_share))
    duty = len(releases)
    planned = []
    for index, quota in enumerate(quotas):
        for ordinal in range(1, quota.online + 1):
            rung = rung_of[index, ordinal]
            channel = Channel.DUTY if rung == duty else Channel.ONLINE
            planned.append(PlannedNumber(index, ordinal, channel, moments[rung]))
        planned.extend(
            PlannedNumber(index, quota.online + extra, Channel.WALK_IN, None)
            for extra in range(1, quota.walk_in + 1)
        )
        planned.extend(
            PlannedNumber(index, OVERBOOKED_ABOVE + extra, Channel.ONLINE, releases[-1].release_at)
            for extra in range(1, _overbooked(quota, show_probability) + 1)
        )
    return planned


@lru_cache(maxsize=256)
def _rungs(quotas: tuple[Quota, ...], shares: tuple[Decimal, ...]) -> Mapping[tuple[int, int], int]:
    """(slot, ordinal) → rung of every online number. Remembered: the weeks of a plan are alike."""
    ends = list(accumulate(apportion(sum(quota.online for quota in quotas), shares)))
    return {
        place: next(rung for rung, end in enumerate(ends) if nth < end)
        for nth, place in enumerate(_spread(quotas))
    }


def _overbooked(quota: Quota, show_probability: Decimal) -> int:
    if show_probability >= EVERYBODY_COMES or not quota.online:
        return 0
    return _offered(quota.online, quota.walk_in, float(show_probability)) - quota.online


@cache
def _offered(online: int, walk_in: int, show_probability: float) -> int:
    return numbers_to_offer(online, show_probability=show_probability, reserve=walk_in)


def apportion(total: int, shares: Sequence[Decimal]) -> list[int]:
    """Whole numbers that follow the shares and add up to `total`: largest remainder, ties to the earlier."""
    exact = [Fraction(share) * total for share in shares]
    whole = [int(part) for part in exact]
    by_remainder = sorted(range(len(exact)), key=lambda n: (whole[n] - exact[n], n))
    for index in by_remainder[: total - sum(whole)]:
        whole[index] += 1
    return whole


def returned_at(
    cancelled_at: datetime, *, fraction: float, within: timedelta = DEFAULT_RETURN_WINDOW
) -> datetime:
    """When a cancelled number can be booked again; `fraction` is random in [0, 1).

    A moment nobody can foresee makes handing a number over by cancelling and booking worthless.
    """
    if not 0 <= fraction < 1:
        raise ValueError("the fraction lies in [0, 1)")
    moment = cancelled_at + within * fraction
    return moment if moment == cancelled_at else off_the_minute(moment)


def off_the_minute(moment: datetime) -> datetime:
    """The moment, but never a whole minute: by that a number on its way back is told from a planned one.

    Without it one return in some millions would look as if it had never been released (`booking.taking`).
    """
    return moment if moment.second or moment.microsecond else moment - timedelta(microseconds=1)


def _spread(quotas: Sequence[Quota]) -> list[tuple[int, int]]:
    """(slot, ordinal) of all online numbers in the order of release: evenly over slots at every point.

    Within a slot by ordinal; between slots shifted by a sequence of low discrepancy (multiples of 89 modulo
    144, neighbours in Fibonacci's), so that slots with one number each do not go from morning to evening.
    """
    keyed = [
        (Fraction((ordinal - 1) * 144 + index * 89 % 144, 144 * quota.online), index, ordinal)
        for index, quota in enumerate(quotas)
        for ordinal in range(1, quota.online + 1)
    ]
    return [(index, ordinal) for _, index, ordinal in sorted(keyed)]
