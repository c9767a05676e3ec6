"""PURE: the files of a city's halls (`city.toml`, `halls/*.toml`) read into rows and checked as a whole.

The rows carry what `halls.models` stores; loading them is another file's work. Times are hall-local.
"""

import re
from collections.abc import Mapping
from datetime import time
from pathlib import PurePosixPath
from typing import Any
from zoneinfo import available_timezones

from halls.conflicts import find_serious_conflicts
from halls.plan_rows import (
    MOBILE,
    SESSIONS,
    SLOT_MINUTES,
    CalendarRow,
    CityFile,
    ClosureRow,
    CounterRow,
    ExtraRow,
    GroupRow,
    HallFile,
    PlanRow,
    SeasonRow,
    minute_of,
)
from kernel.data_file import DataFileInvalid, Problems, Table, read_toml, report_doubles

FORMAT = "youhao-city/1"


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
        seasons=tuple(_season(row, known) for row in table.tables("seasons")),
    )
    for each in hall.handles:
        _check_group(table, "handles", each, known)
    table.finish()
    if not any(problem.file == table.file for problem in problems.found):
        # On faulty rows this would only repeat their mistakes in other words.
        for conflict in find_serious_conflicts(hall):
            table.complain(conflict.where, conflict.zh, conflict.en)
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
        row.complain("ends", "应晚于开始时间", "must be later than the start")
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


def _season(row: Table, known: set[str]) -> SeasonRow:
    made = SeasonRow(
        name_zh=row.text("name_zh", most=60),
        name_en=row.text("name_en", "", most=80),
        first_on=row.day("first_on"),
        last_on=row.day("last_on"),
        plan=tuple(_plan(line, known) for line in row.tables("plan", required=True)),
    )
    if made.last_on < made.first_on and row.has("first_on") and row.has("last_on"):
        row.complain("last_on", "不应早于第一天", "must not be earlier than the first day")
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
        session=row.text("session", "", most=12),
        place_zh=row.text("place_zh", "", most=120),
        place_en=row.text("place_en", "", most=160),
    )
    if made.session and made.session not in SESSIONS:
        row.complain("session", f"应为 {'、'.join(SESSIONS)} 之一", f"must be one of {', '.join(SESSIONS)}")
    if (made.session == MOBILE) != bool(made.place_zh):
        row.complain("place_zh", "流动下乡要写明地点，其他场次不写", "is for mobile sessions, which need it")
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
