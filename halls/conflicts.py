"""PURE: what contradicts itself in a hall's plan: overlaps, and lines that its counters cannot cover.

Serious conflicts make a plan wrong and are refused; the others are shown to whoever edits it.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations

from halls.plan_rows import (
    DAY_MINUTES,
    MOBILE,
    SLOT_MINUTES,
    ClosureRow,
    ExtraRow,
    HallFile,
    PlanRow,
    SeasonRow,
    minute_of,
)
from halls.staffing import assign

_Row = PlanRow | ExtraRow | ClosureRow

_WEEKDAYS_ZH = "一二三四五六日"


@dataclass(frozen=True, slots=True)
class Conflict:
    """`kind` is a code, `where` the place in the plan's file (`seasons[2]`), `zh` and `en` the sentence."""

    kind: str
    where: str
    zh: str
    en: str
    serious: bool = True


def find_conflicts(hall: HallFile) -> list[Conflict]:
    """Everything that contradicts itself: what is serious first."""
    return [
        *find_serious_conflicts(hall),
        *_double_lines(hall.plan, where="plan"),
        *(each for at, season in enumerate(hall.seasons, 1) for each in _double_in_season(at, season)),
        *_double_sessions(hall),
        *_closure_conflicts(hall),
    ]


def find_serious_conflicts(hall: HallFile) -> list[Conflict]:
    """What makes a plan wrong, in the order of the file. Lines may be thousands: no pairs of them here."""
    return [
        *_unserved_groups(hall),
        *_short_weeks(hall.plan, hall, where="plan"),
        *_season_conflicts(hall),
        *_mobile_conflicts(hall),
        *_short_dates(hall),
    ]


def needs_at(rows: Iterable[PlanRow], *, weekday: int, minute: int) -> dict[str, float]:
    """Planned counters per group at a minute of a weekday."""
    needs: dict[str, float] = {}
    for row in rows:
        if weekday in row.weekdays and minute_of(row.starts) <= minute < minute_of(row.ends):
            needs[row.group] = needs.get(row.group, 0.0) + row.counters
    return needs


def weekly_on(hall: HallFile, on: date) -> tuple[PlanRow, ...]:
    """The weekly lines that hold on a date: those of its season, or the usual ones."""
    season = next((each for each in hall.seasons if each.first_on <= on <= each.last_on), None)
    return hall.plan if season is None else season.plan


def _unserved_groups(hall: HallFile) -> Iterator[Conflict]:
    """Every group has a counter that can serve it."""
    served = {code for counter in hall.counters for code in counter.groups}
    for at, group in enumerate(hall.groups, 1):
        if group.code and group.code not in served:
            yield Conflict(
                "group_unserved",
                f"groups[{at}]",
                f"没有窗口办理 {group.code}",
                f"no counter serves {group.code}",
            )


def _short_weeks(plan: Sequence[PlanRow], hall: HallFile, *, where: str) -> Iterator[Conflict]:
    """In no half-hour does the plan need more than the counters with the right skills can give."""
    told: set[tuple[tuple[str, float], ...]] = set()
    for weekday in range(1, 8):
        for minute in range(0, DAY_MINUTES, SLOT_MINUTES):
            needs = needs_at(plan, weekday=weekday, minute=minute)
            if _is_covered(needs, hall, told):
                continue
            clock, total = _clock(minute), math.fsum(needs.values())
            yield Conflict(
                "counters_short",
                where,
                f"星期{_WEEKDAYS_ZH[weekday - 1]} {clock} 共需 {total:g} 个窗口，现有窗口的技能不够分配",
                f"weekday {weekday} at {clock} needs {total:g} counters, more than the skills allow",
            )


def _is_covered(needs: dict[str, float], hall: HallFile, told: set[tuple[tuple[str, float], ...]]) -> bool:
    """Whether the counters can give these shares; the same needs are asked once."""
    same = tuple(sorted(needs.items()))
    if same in told:
        return True
    told.add(same)
    return assign(needs, {counter.number: counter.groups for counter in hall.counters}) is not None


def _double_lines(plan: Sequence[PlanRow], *, where: str) -> Iterator[Conflict]:
    for one, other in combinations(plan, 2):
        if one.group == other.group and set(one.weekdays) & set(other.weekdays) and _overlap(one, other):
            clock = f"{max(one.starts, other.starts):%H:%M}"
            yield Conflict(
                "line_overlap",
                where,
                f"业务组 {one.group} 在 {clock} 有两行时段重叠，窗口数会相加",
                f"two lines of group {one.group} overlap at {clock}; their counters add up",
                serious=False,
            )


def _season_conflicts(hall: HallFile) -> Iterator[Conflict]:
    numbered = list(enumerate(hall.seasons, 1))
    for (_, one), (at, other) in combinations(numbered, 2):
        if one.first_on <= other.last_on and other.first_on <= one.last_on:
            both = f"{max(one.first_on, other.first_on)}"
            yield Conflict(
                "season_overlap",
                f"seasons[{at}]",
                f"“{other.name_zh}”与“{one.name_zh}”在 {both} 重叠，一天只能按一个季节计划",
                f"{other.name_en or other.name_zh} overlaps {one.name_en or one.name_zh} on {both}",
            )
    for at, season in numbered:
        yield from _short_weeks(season.plan, hall, where=f"seasons[{at}]")


def _double_in_season(at: int, season: SeasonRow) -> Iterator[Conflict]:
    return _double_lines(season.plan, where=f"seasons[{at}]")


def _mobile_conflicts(hall: HallFile) -> Iterator[Conflict]:
    """People can be told one place only: a village leaves no room for the hall's hours, or another's."""
    for at, row in enumerate(hall.extras, 1):
        if row.kind == "extra" and row.session == MOBILE and _has_hours_elsewhere(hall, row):
            yield Conflict(
                "mobile_overlap",
                f"extras[{at}]",
                f"{row.on_date} {row.starts:%H:%M} 的流动下乡与业务组 {row.group} 在大厅或别处的时段重叠",
                f"the mobile session on {row.on_date} overlaps hours of group {row.group} in another place",
            )


def _double_sessions(hall: HallFile) -> Iterator[Conflict]:
    for (_, one), (at, other) in combinations(enumerate(hall.extras, 1), 2):
        if (one.group, one.on_date, one.kind) == (other.group, other.on_date, other.kind):
            if not _overlap(one, other):
                continue
            yield Conflict(
                "session_overlap",
                f"extras[{at}]",
                f"业务组 {other.group} 在 {other.on_date} 有两个场次重叠，窗口数会相加",
                f"two sessions of group {other.group} overlap on {other.on_date}; their counters add up",
                serious=False,
            )


def _has_hours_elsewhere(hall: HallFile, mobile: ExtraRow) -> bool:
    dated = [row for row in hall.extras if row.on_date == mobile.on_date and row.place_zh != mobile.place_zh]
    others: list[PlanRow | ExtraRow] = [row for row in dated if row.group == mobile.group]
    if not any(row.kind == "replace" and row.group == mobile.group for row in dated):
        weekday = mobile.on_date.isoweekday()
        usual = weekly_on(hall, mobile.on_date)
        others += [row for row in usual if weekday in row.weekdays and row.group == mobile.group]
    return any(row.counters > 0 and _overlap(row, mobile) for row in others)


def _short_dates(hall: HallFile) -> Iterator[Conflict]:
    """The same on the dates that have sessions of their own; a mobile one uses no counter of the hall."""
    told: set[tuple[tuple[str, float], ...]] = set()
    for on in sorted({row.on_date for row in hall.extras}):
        plan = _lines_on(hall, on)
        for minute in range(0, DAY_MINUTES, SLOT_MINUTES):
            needs = needs_at(plan, weekday=on.isoweekday(), minute=minute)
            if _is_covered(needs, hall, told):
                continue
            clock, total = _clock(minute), math.fsum(needs.values())
            yield Conflict(
                "counters_short",
                "extras",
                f"{on} {clock} 共需 {total:g} 个窗口，现有窗口的技能不够分配",
                f"{on} at {clock} needs {total:g} counters, more than the skills allow",
            )


def _lines_on(hall: HallFile, on: date) -> list[PlanRow]:
    rows = [row for row in hall.extras if row.on_date == on and row.session != MOBILE]
    replaced = {row.group for row in rows if row.kind == "replace"}
    usual = [row for row in weekly_on(hall, on) if row.group not in replaced]
    day = (on.isoweekday(),)
    return [*usual, *(PlanRow(row.group, day, row.starts, row.ends, row.counters) for row in rows)]


def _closure_conflicts(hall: HallFile) -> Iterator[Conflict]:
    for (_, one), (at, other) in combinations(enumerate(hall.closures, 1), 2):
        same_line = None in (one.group, other.group) or one.group == other.group
        if same_line and one.on_date == other.on_date and _overlap(one, other):
            yield Conflict(
                "closure_overlap",
                f"closures[{at}]",
                f"{other.on_date} 有两个关闭时段重叠",
                f"two closures overlap on {other.on_date}",
                serious=False,
            )
    for closure in hall.closures:
        for at, row in enumerate(hall.extras, 1):
            if row.on_date == closure.on_date and closure.group in (None, row.group):
                if not _overlap(row, closure):
                    continue
                yield Conflict(
                    "session_closed",
                    f"extras[{at}]",
                    f"{row.on_date} 业务组 {row.group} 的场次落在关闭时段内",
                    f"the session of group {row.group} on {row.on_date} falls into a closure",
                    serious=False,
                )


def _overlap(one: _Row, other: _Row) -> bool:
    return one.starts < other.ends and other.starts < one.ends


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
