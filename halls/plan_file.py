"""PURE: the files of a city's halls (`city.toml`, `halls/*.toml`) read into rows and checked as a whole.

The rows carry what `halls.models` stores; loading them is another file's work. Times are hall-local.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from pathlib import PurePosixPath
from typing import Any
from zoneinfo import available_timezones

from halls.staffing import assign
from kernel.data_file import DataFileInvalid, Problems, Table, read_toml, report_doubles

SLOT_MINUTES = 30
DAY_MINUTES = 24 * 60
FORMAT = "youhao-city/1"


@dataclass(frozen=True, slots=True)
class CalendarRow:
    """A date that the city works, or does not, whatever the State Council's calendar says."""

    on_date: date
    working: bool
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A line of people; one number stands for `unit_minutes`, a visit lasts `mean_minutes` on average."""

    code: str
    letter: str
    name_zh: str
    name_en: str
    unit_minutes: int
    mean_minutes: float


@dataclass(frozen=True, slots=True)
class CounterRow:
    """A window and the codes of the groups it can serve."""

    number: int
    name_zh: str
    name_en: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanRow:
    """Every week on `weekdays` (1 = Monday), `counters` (may be a share) serve `group` in [starts, ends)."""

    group: str
    weekdays: tuple[int, ...]
    starts: time
    ends: time
    counters: float


@dataclass(frozen=True, slots=True)
class ExtraRow:
    """Once, on `on_date`: `kind` "extra" adds to the week's plan, "replace" stands in its place."""

    group: str
    on_date: date
    kind: str
    starts: time
    ends: time
    counters: float


@dataclass(frozen=True, slots=True)
class ClosureRow:
    """The hall, or one `group`, does not serve on `on_date` in [starts, ends)."""

    group: str | None
    on_date: date
    starts: time
    ends: time
    reason_zh: str
    reason_en: str


@dataclass(frozen=True, slots=True)
class HallFile:
    """One hall with everything that belongs to it. `handles`: groups of which it handles all services."""

    code: str
    name_zh: str
    name_en: str
    address_zh: str
    address_en: str
    phone: str
    latitude: float | None
    longitude: float | None
    groups: tuple[GroupRow, ...]
    counters: tuple[CounterRow, ...]
    plan: tuple[PlanRow, ...]
    extras: tuple[ExtraRow, ...]
    closures: tuple[ClosureRow, ...]
    handles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CityFile:
    """The city and its halls. `halls` is in order of file name; `extends` is the folder it builds upon."""

    extends: str
    name_zh: str
    name_en: str
    time_zone: str
    calendar: tuple[CalendarRow, ...]
    halls: tuple[HallFile, ...]

    def groups_by_hall(self) -> dict[str, tuple[str, ...]]:
        """Hall code → its group codes; what a service may refer to."""
        return {hall.code: tuple(group.code for group in hall.groups) for hall in self.halls}


class CityFileInvalid(DataFileInvalid):
    """The files of the city or its halls have mistakes."""

    code = "city_file_invalid"


def parse_city(files: Mapping[str, str]) -> CityFile:
    """Read `city.toml` and `halls/*.toml` of a folder (path → text); other files are not looked at.

    Raises `CityFileInvalid` with all mistakes.
    """
    problems = Problems()
    if "city.toml" in files:
        table = read_toml(files["city.toml"], problems, file="city.toml")
    else:
        problems.add("city.toml", "", zh="缺少这个文件", en="is missing")
        table = Table({}, Problems(), file="city.toml")
    halls = [_hall(name, text, problems) for name, text in sorted(files.items()) if name.startswith("halls/")]
    if not halls:
        problems.add("halls/", "", zh="至少要有一个大厅文件", en="needs at least one hall file")
    city = _city(table, tuple(halls))
    problems.stop_if_any(CityFileInvalid)
    return city


def parse_extends(files: Mapping[str, str]) -> str:
    """The folder that `city.toml` builds upon, seen from its own; "" for none or where there are mistakes."""
    return read_toml(files.get("city.toml", ""), Problems(), file="city.toml").text("extends", "")


def _city(table: Table, halls: tuple[HallFile, ...]) -> CityFile:
    if table.text("format") != FORMAT:
        table.complain("format", f"应为 {FORMAT}", f"must be {FORMAT}")
    zone = table.text("time_zone")
    if zone not in available_timezones():
        table.complain("time_zone", f"没有这个时区：{zone}", f"no such time zone: {zone}")
    city = CityFile(
        extends=table.text("extends", "", most=200),
        name_zh=table.text("name_zh", most=80),
        name_en=table.text("name_en", most=120),
        time_zone=zone,
        calendar=tuple(_calendar_row(row) for row in table.tables("calendar")),
        halls=halls,
    )
    table.finish()
    return city


def _calendar_row(row: Table) -> CalendarRow:
    made = CalendarRow(
        on_date=row.day("on"),
        working=row.flag("working", default=False),
        name_zh=row.text("name_zh", most=60),
        name_en=row.text("name_en", most=80),
    )
    row.finish()
    return made


def hall_from_data(data: Mapping[str, Any], *, code: str) -> HallFile:
    """A hall from a mapping of the same shape as its file; raises CityFileInvalid with all mistakes."""
    problems = Problems()
    hall = _read_hall(Table({**data, "code": code}, problems, file=code), problems)
    problems.stop_if_any(CityFileInvalid)
    return hall


def _hall(name: str, text: str, problems: Problems) -> HallFile:
    table = read_toml(text, problems, file=name)
    stem = PurePosixPath(name).stem
    if table.data.get("code", stem) != stem:
        table.complain("code", f"应与文件名一致：{stem}", "must equal the file's name")
    return _read_hall(table, problems)


def _read_hall(table: Table, problems: Problems) -> HallFile:
    code = table.code("code", most=32)
    groups = [(row, _group(row)) for row in table.tables("groups", required=True)]
    report_doubles(((row, group.code) for row, group in groups), "code")
    report_doubles(((row, group.letter) for row, group in groups), "letter")
    known = {group.code for _, group in groups}
    counters = [(row, _counter(row, known)) for row in table.tables("counters", required=True)]
    report_doubles(((row, counter.number) for row, counter in counters), "number")
    hall = HallFile(
        code=code,
        name_zh=table.text("name_zh", most=80),
        name_en=table.text("name_en", most=120),
        address_zh=table.text("address_zh", "", most=200),
        address_en=table.text("address_en", "", most=200),
        phone=table.text("phone", "", most=40),
        latitude=table.number("latitude", least=-90, most=90) if table.has("latitude") else None,
        longitude=table.number("longitude", least=-180, most=180) if table.has("longitude") else None,
        groups=tuple(group for _, group in groups),
        counters=tuple(counter for _, counter in counters),
        plan=tuple(_plan(row, known) for row in table.tables("plan", required=True)),
        extras=tuple(_extra(row, known) for row in table.tables("extras")),
        closures=tuple(_closure(row, known) for row in table.tables("closures")),
        handles=table.texts("handles"),
    )
    for each in hall.handles:
        _check_group(table, "handles", each, known)
    table.finish()
    _check_served(table, hall)
    if not any(problem.file == table.file for problem in problems.found):
        _check_shares(table, hall)  # on faulty rows it would only repeat their mistakes in other words
    return hall


def _group(row: Table) -> GroupRow:
    code = row.code("code", most=16)
    unit = row.whole("unit_minutes", least=1, most=240)
    group = GroupRow(
        code=code,
        letter=_letter(row, code),
        name_zh=row.text("name_zh", most=60),
        name_en=row.text("name_en", most=80),
        unit_minutes=unit,
        mean_minutes=row.number("mean_minutes", float(unit or 1), least=0.5, most=240),
    )
    row.finish()
    return group


def _letter(row: Table, code: str) -> str:
    """What tickets of the line begin with: a capital, because people read it aloud."""
    letter = row.code("letter", code[:1].upper() or "A", most=2)
    if re.fullmatch("[A-Z]", letter) is None:
        row.complain("letter", "应为一个大写字母 A–Z", "must be one capital letter, A to Z")
    return letter


def _counter(row: Table, known: set[str]) -> CounterRow:
    number = row.whole("number", least=1, most=999)
    counter = CounterRow(
        number=number,
        name_zh=row.text("name_zh", f"{number}号窗口", most=60),
        name_en=row.text("name_en", f"Counter {number}", most=80),
        groups=row.texts("groups", None),
    )
    for code in counter.groups:
        _check_group(row, "groups", code, known)
    row.finish()
    return counter


def _check_group(row: Table, key: str, code: str, known: set[str]) -> None:
    if code and code not in known:
        row.complain(key, f"本大厅没有业务组 {code}", f"this hall has no group {code}")


def _known_group(row: Table, known: set[str]) -> str:
    code = row.code("group", most=16)
    _check_group(row, "group", code, known)
    return code


def read_span(row: Table) -> tuple[time, time]:
    """[starts, ends), forward and on half-hours: slots are half-hours."""
    starts, ends = row.clock("starts"), row.clock("ends")
    for key, at in (("starts", starts), ("ends", ends)):
        if minute_of(at) % SLOT_MINUTES or at.second:
            row.complain(key, "应为整点或半点", "must be on the hour or half-hour")
    if starts >= ends and row.has("starts") and row.has("ends"):
        row.complain("ends", "应晚于 starts", "must be later than starts")
    return starts, ends


def _plan(row: Table, known: set[str]) -> PlanRow:
    starts, ends = read_span(row)
    made = PlanRow(
        group=_known_group(row, known),
        weekdays=row.wholes("weekdays", least=1, most=7),
        starts=starts,
        ends=ends,
        counters=row.number("counters", least=0, most=999),
    )
    row.finish()
    return made


def _extra(row: Table, known: set[str]) -> ExtraRow:
    starts, ends = read_span(row)
    kind = row.text("kind", "extra")
    if kind not in ("extra", "replace"):
        row.complain("kind", "应为 extra 或 replace", "must be extra or replace")
    made = ExtraRow(
        group=_known_group(row, known),
        on_date=row.day("on"),
        kind=kind,
        starts=starts,
        ends=ends,
        counters=row.number("counters", least=0, most=999),
    )
    row.finish()
    return made


def _closure(row: Table, known: set[str]) -> ClosureRow:
    starts, ends = read_span(row)
    made = ClosureRow(
        group=_known_group(row, known) if row.has("group") else None,
        on_date=row.day("on"),
        starts=starts,
        ends=ends,
        reason_zh=row.text("reason_zh", most=120),
        reason_en=row.text("reason_en", most=120),
    )
    row.finish()
    return made


def _check_served(table: Table, hall: HallFile) -> None:
    """Every group has a counter that can serve it."""
    served = {code for counter in hall.counters for code in counter.groups}
    for at, group in enumerate(hall.groups, 1):
        if group.code and group.code not in served:
            table.complain(f"groups[{at}]", f"没有窗口办理 {group.code}", f"no counter serves {group.code}")


def minute_of(at: time) -> int:
    """Minutes since midnight."""
    return at.hour * 60 + at.minute


def needs_at(rows: Iterable[PlanRow], *, weekday: int, minute: int) -> dict[str, float]:
    """Planned counters per group at a minute of a weekday."""
    needs: dict[str, float] = {}
    for row in rows:
        if weekday in row.weekdays and minute_of(row.starts) <= minute < minute_of(row.ends):
            needs[row.group] = needs.get(row.group, 0.0) + row.counters
    return needs


def _check_shares(table: Table, hall: HallFile) -> None:
    """In no half-hour does the plan need more than the counters with the right skills can give."""
    skills = {counter.number: counter.groups for counter in hall.counters}
    told: set[tuple[tuple[str, float], ...]] = set()
    for weekday in range(1, 8):
        for minute in range(0, DAY_MINUTES, SLOT_MINUTES):
            needs = needs_at(hall.plan, weekday=weekday, minute=minute)
            same = tuple(sorted(needs.items()))
            if same in told or assign(needs, skills) is not None:
                continue
            told.add(same)
            clock = f"{minute // 60:02}:{minute % 60:02}"
            total = math.fsum(needs.values())
            table.complain(
                "plan",
                f"星期{'一二三四五六日'[weekday - 1]} {clock} 共需 {total:g} 个窗口，现有窗口的技能不够分配",
                f"weekday {weekday} at {clock} needs {total:g} counters, more than the skills allow",
            )
