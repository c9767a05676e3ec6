"""What is free: counted from the rows themselves, never kept beside them.

`free` is the number of visits that can still be booked; `needed` is how many numbers one visit takes
(`booking.policy.numbers_needed`). Only what `hold` would accept is counted: nothing inside the lead time or
beyond the horizon.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Row, bindparam, func, select, text
from sqlalchemy.orm import Session

from booking.hall_rules import HallRules, rules_from
from booking.models import Number
from booking.policy import last_bookable_on
from booking.slot_places import IN_HALL, Alternative, Place, nearest_free, place_in
from booking.visit_numbers import FreeSlot, visits_from_each, visits_of_day
from catalog.models import HallService
from halls.models import Hall, ServiceGroup
from halls.queries import CITY_DAYS, calendar_with
from halls.workdays import Calendar
from kernel.direct import Direct, Statement
from kernel.kept import Kept


@dataclass(frozen=True, slots=True)
class DayCount:
    """Free visits of a group on one day; days without any are not listed."""

    group_id: int
    on_date: date
    free: int


@dataclass(frozen=True, slots=True)
class SlotCount:
    """Free visits that begin in one slot; `free` may be 0. `place` is a mobile session's village."""

    slot_id: int
    starts_at: datetime
    ends_at: datetime
    free: int
    place: Place = IN_HALL

    def as_free(self) -> FreeSlot:
        """For counting visits."""
        return FreeSlot(self.starts_at, self.ends_at, self.free, self.place.name_zh)


@dataclass(frozen=True, slots=True)
class FreeDay:
    """A day of a group: the visits it can take together, and its slots in order."""

    free: int
    slots: list[SlotCount]


@dataclass(frozen=True, slots=True)
class Window:
    """When a group can be booked at all: from `earliest_at` to the end of `last_on`."""

    hall_id: int
    hall_code: str
    group_id: int
    earliest_at: datetime
    last_on: date


# Free numbers are found by their own index, a line and its days at a time: looking at each slot costs twice.
_FREE_BY_SLOT = text("""
SELECT slot.group_id, slot.on_date, slot.id AS slot_id, slot.starts_at, slot.ends_at,
       slot.place_zh, slot.place_en,
       CASE WHEN slot.starts_at >= bookable.earliest_at AND slot.on_date <= bookable.last_on
            THEN coalesce(number.free, 0) ELSE 0 END AS free
FROM unnest(CAST(:group_ids AS bigint[]), CAST(:earliest AS timestamptz[]), CAST(:last AS date[]))
         AS bookable(group_id, earliest_at, last_on)
JOIN slot ON slot.group_id = bookable.group_id
LEFT JOIN (
    SELECT number.slot_id, number.starts_at, count(*) AS free
    FROM number
    WHERE number.group_id = ANY (CAST(:group_ids AS bigint[]))
      AND number.on_date BETWEEN :first_on AND :last_on
      AND number.appointment_id IS NULL AND number.channel = 'online' AND number.released_at <= :now
      AND (number.held_until IS NULL OR number.held_until <= :now)
    GROUP BY number.slot_id, number.starts_at
) AS number ON number.slot_id = slot.id AND number.starts_at = slot.starts_at
WHERE slot.on_date BETWEEN :first_on AND :last_on AND slot.counters > 0
ORDER BY slot.group_id, slot.starts_at
""")

# The rules of the halls come along, so they are applied to what is found: by day, and until :near by start.
_FREE_BY_DAY = Statement("""
SELECT line.id AS group_id, hall.id AS hall_id, hall.code, hall.policy, hall.time_zone,
       (SELECT jsonb_object_agg(on_date, working) FROM calendar_day) AS city_days,
       (SELECT json_agg(json_build_array(on_date, extract(epoch FROM at), free) ORDER BY on_date)
        FROM (SELECT number.on_date, CASE WHEN number.starts_at < :near THEN number.starts_at END AS at,
                     count(*) AS free
              FROM number
              WHERE number.group_id = line.id AND number.on_date BETWEEN :first_on AND :last_on
                AND number.appointment_id IS NULL AND number.channel = 'online'
                AND number.released_at <= :now
                AND (number.held_until IS NULL OR number.held_until <= :now)
              GROUP BY number.on_date, at) AS of_day) AS days
FROM service_group AS line JOIN hall ON hall.id = line.hall_id
WHERE line.id = ANY (CAST(:group_ids AS bigint[])) AND hall.active
ORDER BY line.id
""")


class _Line(NamedTuple):
    """As much of a line as `_FREE_BY_DAY` tells."""

    group_id: int
    hall_id: int
    code: str
    policy: Mapping[str, Any]
    time_zone: str
    city_days: Mapping[str, bool] | None
    days: Sequence[tuple[str, float | None, int]] | None


#: How far lines could be booked when they were asked for last: (lead, days ahead). Only narrows what is read:
#: the rules that come along decide, and what was read too narrowly is read again.
_REACH: Kept[tuple[int, ...], tuple[timedelta, timedelta]] = Kept(60.0)
_FIRST_REACH = (timedelta(days=1), timedelta(days=366))


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
    if needed == 1:
        return _numbers_by_day(session, group_ids, first_on=first_on, last_on=last_on, now=now)
    windows = _windows(session, group_ids, now=now)
    rows = _free_by_slot(session, windows, first_on=first_on, last_on=last_on, now=now)
    counts = [
        DayCount(group_id, on_date, visits_of_day([_free(row) for row in day], needed))
        for (group_id, on_date), day in groupby(rows, key=lambda row: (row.group_id, row.on_date))
    ]
    return [count for count in counts if count.free]


def slot_counts(
    session: Session, group_id: int, on_date: date, *, now: datetime, needed: int = 1
) -> list[SlotCount]:
    """Every slot of a day in order."""
    days = free_days(session, group_id, first_on=on_date, last_on=on_date, now=now, needed=needed)
    return days[on_date].slots if on_date in days else []


def free_days(
    session: Session,
    group_id: int,
    *,
    first_on: date,
    last_on: date,
    now: datetime,
    needed: int = 1,
    windows: Sequence[Window] | None = None,
) -> dict[date, FreeDay]:
    """These days, both included, with every slot of each; days without any slot are left out.

    Whoever has read the rules of the line gives its window, or they are read again.
    """
    known = _windows(session, [group_id], now=now) if windows is None else windows
    rows = _free_by_slot(session, known, first_on=first_on, last_on=last_on, now=now)
    found = {}
    for on_date, day in groupby(rows, key=lambda row: row.on_date):
        rows_of_day = list(day)
        free = [_free(row) for row in rows_of_day]
        slots = [
            SlotCount(row.slot_id, row.starts_at, row.ends_at, visits, place_in(row))
            for row, visits in zip(rows_of_day, visits_from_each(free, needed), strict=True)
        ]
        found[on_date] = FreeDay(visits_of_day(free, needed), slots)
    return found


def free_slots(
    session: Session, windows: Sequence[Window], *, first_on: date, last_on: date, now: datetime
) -> list[Row[tuple[object, ...]]]:
    """Every slot of these lines, by line and time.

    (group_id, on_date, slot_id, starts_at, ends_at, place_zh, place_en, free)
    """
    return _free_by_slot(session, windows, first_on=first_on, last_on=last_on, now=now)


def window_of(
    rules: HallRules, days: Calendar, *, hall_id: int, hall_code: str, group_id: int, now: datetime
) -> Window:
    """When a line can be booked by the rules of its hall."""
    earliest_at = max(now + rules.policy.lead_time, now + timedelta(microseconds=1))
    last_on = last_bookable_on(now, policy=rules.policy, calendar=days, tz=rules.tz)
    return Window(hall_id, hall_code, group_id, earliest_at, last_on)


def alternatives(
    session: Session,
    group_id: int,
    *,
    starts_at: datetime,
    needed: int,
    now: datetime,
    limit: int = 3,
    service_ids: Collection[int] = (),
) -> list[Alternative]:
    """The free slots nearest in time: in this line, then, for given services, in other halls."""
    own = slots_ahead(session, [group_id], needed=needed, now=now)
    found = nearest_free(own, starts_at)[:limit]
    if len(found) < limit and service_ids:
        elsewhere = groups_elsewhere(session, group_id, service_ids)
        found += nearest_free(slots_ahead(session, elsewhere, needed=needed, now=now), starts_at)
    return found[:limit]


def next_release_at(session: Session, group_id: int, *, now: datetime) -> datetime | None:
    """When the next numbers of a group come, None when no release is planned.

    Releases are planned on whole minutes. Numbers that somebody gave back return at other moments, and
    those must not be foreseen.
    """
    return session.scalar(
        select(func.min(Number.released_at)).where(
            Number.group_id == group_id,
            Number.channel == "online",
            Number.appointment_id.is_(None),
            Number.starts_at > now,
            Number.released_at > now,
            func.date_trunc("minute", Number.released_at) == Number.released_at,
        )
    )


def next_releases(session: Session, group_ids: Collection[int], *, now: datetime) -> dict[int, datetime]:
    """The same for several groups at once; those without a planned release are left out."""
    if not group_ids:
        return {}
    rows = session.execute(
        select(Number.group_id, func.min(Number.released_at))
        .where(
            Number.group_id.in_(group_ids),
            Number.channel == "online",
            Number.appointment_id.is_(None),
            Number.starts_at > now,
            Number.released_at > now,
            func.date_trunc("minute", Number.released_at) == Number.released_at,
        )
        .group_by(Number.group_id)
    )
    return {group_id: at for group_id, at in rows if at is not None}


_OPEN_GROUPS = (
    select(ServiceGroup.id.label("group_id"), Hall.id.label("hall_id"), Hall.code,
           Hall.policy, Hall.time_zone, CITY_DAYS.label("city_days"))
    .join(Hall, Hall.id == ServiceGroup.hall_id)
    .where(ServiceGroup.id.in_(bindparam("group_ids", expanding=True)), Hall.active)
)  # fmt: skip


def _windows(session: Session, group_ids: Iterable[int], *, now: datetime) -> list[Window]:
    rows = session.execute(_OPEN_GROUPS, {"group_ids": list(group_ids)})
    return [_window_in(row, now=now) for row in rows]


def _window_in(row: Row[Any] | _Line, *, now: datetime) -> Window:
    return window_of(
        rules_from(row.policy, row.time_zone),
        calendar_with(row.city_days),
        hall_id=row.hall_id,
        hall_code=row.code,
        group_id=row.group_id,
        now=now,
    )


def _numbers_by_day(
    session: Session, group_ids: Sequence[int], *, first_on: date, last_on: date, now: datetime
) -> list[DayCount]:
    lines = _lines_by_day(session, tuple(group_ids), first_on=first_on, last_on=last_on, now=now)
    found = []
    for line, window in lines:
        earliest, last = window.earliest_at.timestamp(), window.last_on.isoformat()
        by_day: dict[str, int] = {}
        for on, at, free in line.days or ():
            if on <= last and (at is None or at >= earliest):
                by_day[on] = by_day.get(on, 0) + free
        found += [DayCount(line.group_id, date.fromisoformat(on), free) for on, free in by_day.items()]
    return found


def _lines_by_day(
    session: Session, group_ids: tuple[int, ...], *, first_on: date, last_on: date, now: datetime
) -> list[tuple[_Line, Window]]:
    direct = Direct.within(session)  # what SQLAlchemy does around a statement is a third of the answer
    lead, ahead = _REACH.find(group_ids) or _FIRST_REACH
    while True:
        until, near = min(last_on, now.date() + ahead), now + lead
        facts = {"group_ids": list(group_ids), "first_on": first_on, "last_on": until, "near": near}
        rows = [_Line(*row) for row in direct.all(_FREE_BY_DAY, {**facts, "now": now})]
        lines = [(row, _window_in(row, now=now)) for row in rows]
        if not lines:
            return []
        lead = max(window.earliest_at for _row, window in lines) - now
        ahead = max(window.last_on for _row, window in lines) - now.date()
        _REACH.put(group_ids, (lead, ahead))
        if now + lead <= near and min(last_on, now.date() + ahead) <= until:
            return lines


def _as_arrays(windows: Sequence[Window]) -> dict[str, list[int] | list[datetime] | list[date]]:
    return {
        "group_ids": [window.group_id for window in windows],
        "earliest": [window.earliest_at for window in windows],
        "last": [window.last_on for window in windows],
    }


def _free_by_slot(
    session: Session,
    windows: Sequence[Window],
    *,
    first_on: date,
    last_on: date,
    now: datetime,
) -> list[Row[tuple[object, ...]]]:
    facts = {"first_on": first_on, "last_on": last_on, "now": now}
    return list(session.execute(_FREE_BY_SLOT, {**_as_arrays(windows), **facts}))


def _free(row: Row[tuple[object, ...]]) -> FreeSlot:
    return FreeSlot(row.starts_at, row.ends_at, row.free, row.place_zh)


def slots_ahead(
    session: Session, group_ids: Sequence[int], *, needed: int, now: datetime, until_on: date = date.max
) -> list[Alternative]:
    """Every slot of these groups from now on, free or not, in order of group and time."""
    windows = {window.group_id: window for window in _windows(session, group_ids, now=now)}
    if not windows:
        return []
    last_on = min(until_on, max(window.last_on for window in windows.values()))
    rows = _free_by_slot(
        session,
        list(windows.values()),
        first_on=(now - timedelta(days=1)).date(),
        last_on=last_on,
        now=now,
    )
    found = []
    for group_id, of_group in groupby(rows, key=lambda row: row.group_id):
        slots = list(of_group)
        hall_id, code = windows[group_id].hall_id, windows[group_id].hall_code
        visits = visits_from_each([_free(row) for row in slots], needed)
        found += [
            Alternative(hall_id, code, group_id, row.starts_at, free, place_in(row))
            for row, free in zip(slots, visits, strict=True)
        ]
    return found


def groups_elsewhere(session: Session, group_id: int, service_ids: Collection[int]) -> list[int]:
    """Lines of other halls that handle all these services together."""
    hall_id = select(ServiceGroup.hall_id).where(ServiceGroup.id == group_id).scalar_subquery()
    return list(
        session.scalars(
            select(HallService.group_id)
            .where(HallService.service_id.in_(service_ids), HallService.hall_id != hall_id)
            .group_by(HallService.group_id)
            .having(func.count() == len(set(service_ids)))
        )
    )
