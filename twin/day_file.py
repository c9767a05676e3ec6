"""PURE: a day file: one hall's plan and the people of one day, as JSON lines (docs/day-files.md).

The first line is the header, every further line a person. Times are hall-local. Parsing names every
mistake with its line and key.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any
from zoneinfo import available_timezones

from halls.plan_file import read_span
from halls.plan_rows import DAY_MINUTES, SLOT_MINUTES, minute_of
from halls.staffing import assign, choose_counters
from kernel.data_file import DataFileInvalid, Problems, Table, report_doubles

FORMAT = "youhao-day/1"
BOOKED, WALK_IN, GREEN = "booked", "walk_in", "green"
TRACKS = (BOOKED, WALK_IN, GREEN)


@dataclass(frozen=True, slots=True)
class DayGroup:
    """A line of the hall; `mean_minutes` is the expected service time."""

    code: str
    letter: str
    name_zh: str
    name_en: str
    mean_minutes: float
    unit_minutes: int


@dataclass(frozen=True, slots=True)
class DayCounter:
    """A counter and the groups it can serve."""

    number: int
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OpenLine:
    """`counters` (may be a share) serve `group` in [starts, ends)."""

    group: str
    starts: time
    ends: time
    counters: float


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who comes; `minutes` is the service time. `absent`: see docs/day-files.md."""

    id: str
    group: str
    track: str
    arrives: time
    slot: time | None
    minutes: float
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """A whole day: the hall's plan and its people."""

    hall_code: str
    hall_name_zh: str
    hall_name_en: str
    on_date: date
    time_zone: str
    groups: tuple[DayGroup, ...]
    counters: tuple[DayCounter, ...]
    open: tuple[OpenLine, ...]
    people: tuple[Person, ...]

    def needs_at(self, minute: int) -> dict[str, float]:
        """Open counters per group at a minute of the day."""
        needs: dict[str, float] = {}
        for line in self.open:
            if minute_of(line.starts) <= minute < minute_of(line.ends):
                needs[line.group] = needs.get(line.group, 0.0) + line.counters
        return needs

    def counters_open_at(self, at: time) -> tuple[int, ...]:
        """Numbers of the counters to be staffed at a time of day; the same for the whole half-hour."""
        needs = self.needs_at(minute_of(at))
        return choose_counters(needs, {counter.number: counter.groups for counter in self.counters}) or ()


class DayFileInvalid(DataFileInvalid):
    """A day file has mistakes."""

    code = "day_file_invalid"


def parse_day(text: str, *, name: str = "day") -> Day:
    """Read a day file; `name` stands in the complaints. Raises `DayFileInvalid` with all mistakes."""
    problems = Problems()
    rows = [
        (at, _row(line, problems, name, at)) for at, line in enumerate(text.splitlines(), 1) if line.strip()
    ]
    if not rows:
        problems.add(name, "line 1", zh="文件是空的", en="the file is empty")
        raise DayFileInvalid(tuple(problems.found))
    header = rows[0][1]
    groups, counters, lines = _plan(header)
    hall = header.table("hall", required=True)
    people = [(row, _person(row)) for _, row in rows[1:]]
    zone = header.text("time_zone", most=40)
    if zone and zone not in available_timezones():
        header.complain("time_zone", f"没有这个时区：{zone}", f"no such time zone: {zone}")
    if header.text("format") != FORMAT:
        header.complain("format", f"应为 {FORMAT}", f"must be {FORMAT}")
    day = Day(
        hall_code=hall.code("code", most=32),
        hall_name_zh=hall.text("name_zh", most=80),
        hall_name_en=hall.text("name_en", most=120),
        on_date=header.day("date"),
        time_zone=zone,
        groups=groups,
        counters=counters,
        open=lines,
        people=tuple(person for _, person in people),
    )
    hall.finish()
    header.finish()
    report_doubles(((row, person.id) for row, person in people), "id")
    _check_people(people, day)
    problems.stop_if_any(DayFileInvalid)
    _check_shares(header, day)
    problems.stop_if_any(DayFileInvalid)
    return day


def _row(line: str, problems: Problems, name: str, at: int) -> Table:
    try:
        data = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as wrong:
        problems.add(name, f"line {at}", zh=f"不是合法的 JSON：{wrong}", en=f"not JSON: {wrong}")
        return Table({}, Problems(), file=name)
    if isinstance(data, Mapping):
        return Table(data, problems, file=name, path=f"line {at}")
    problems.add(name, f"line {at}", zh="应为一个 JSON 对象", en="must be a JSON object")
    return Table({}, Problems(), file=name)


def _plan(header: Table) -> tuple[tuple[DayGroup, ...], tuple[DayCounter, ...], tuple[OpenLine, ...]]:
    groups = [(row, _group(row)) for row in header.tables("groups", required=True)]
    report_doubles(((row, group.code) for row, group in groups), "code")
    report_doubles(((row, group.letter) for row, group in groups), "letter")
    known = {group.code for _, group in groups}
    counters = [(row, _counter(row, known)) for row in header.tables("counters", required=True)]
    report_doubles(((row, counter.number) for row, counter in counters), "number")
    lines = [_open(row, known) for row in header.tables("open", required=True)]
    return tuple(group for _, group in groups), tuple(counter for _, counter in counters), tuple(lines)


def _group(row: Table) -> DayGroup:
    group = DayGroup(
        code=row.code("code", most=16),
        letter=row.code("letter", most=2),
        name_zh=row.text("name_zh", most=60),
        name_en=row.text("name_en", most=80),
        mean_minutes=row.number("mean_minutes", least=0.1, most=240),
        unit_minutes=row.whole("unit_minutes", least=1, most=240),
    )
    row.finish()
    return group


def _known(row: Table, key: str, code: str, known: set[str]) -> None:
    if code and code not in known:
        row.complain(key, f"没有业务组 {code}", f"no such group: {code}")


def _counter(row: Table, known: set[str]) -> DayCounter:
    counter = DayCounter(row.whole("number", least=1, most=999), row.texts("groups", None))
    for code in counter.groups:
        _known(row, "groups", code, known)
    row.finish()
    return counter


def _open(row: Table, known: set[str]) -> OpenLine:
    starts, ends = read_span(row)
    line = OpenLine(row.code("group", most=16), starts, ends, row.number("counters", most=999))
    _known(row, "group", line.group, known)
    row.finish()
    return line


def _person(row: Table) -> Person:
    person = Person(
        id=row.code("id", most=40),
        group=row.code("group", most=16),
        track=row.text("track", most=10),
        arrives=row.clock("arrives"),
        slot=row.clock("slot") if row.data.get("slot") is not None else None,
        minutes=row.number("minutes", least=0.1, most=480),
        absent=row.flag("absent", default=False),
    )
    if person.track and person.track not in TRACKS:
        row.complain("track", f"应为 {'、'.join(TRACKS)} 之一", f"must be one of {', '.join(TRACKS)}")
    for key in row.data:
        if key not in {"id", "group", "track", "arrives", "slot", "minutes", "absent"}:
            row.complain(key, "不认识的项（可能是拼写错误）", "is not a known key (a typing error?)")
    return person


def _check_people(people: list[tuple[Table, Person]], day: Day) -> None:
    """Groups exist; who booked has a slot in which the group is open, who did not has none."""
    known = {group.code for group in day.groups}
    for row, person in people:
        _known(row, "group", person.group, known)
        if (person.track == BOOKED) != (person.slot is not None):
            row.complain("slot", "预约的人须有时段，其他人不能有", "booked people have one, others have none")
        if person.slot is None:
            continue
        minute = minute_of(person.slot)
        if minute % SLOT_MINUTES or person.slot.second:
            row.complain("slot", "应为整点或半点", "must be on the hour or half-hour")
        elif day.needs_at(minute).get(person.group, 0) <= 0 and person.group in known:
            row.complain("slot", "该组这时不开放", "the group is not open then")


def _check_shares(header: Table, day: Day) -> None:
    """In no half-hour is more open than the counters with the right skills can give."""
    skills = {counter.number: counter.groups for counter in day.counters}
    for minute in range(0, DAY_MINUTES, SLOT_MINUTES):
        needs = day.needs_at(minute)
        if assign(needs, skills) is None:
            total = math.fsum(needs.values())
            clock = f"{minute // 60:02}:{minute % 60:02}"
            header.complain(
                "open",
                f"{clock} 共需 {total:g} 个窗口，现有窗口的技能不够分配",
                f"at {clock} {total:g} counters are open, more than the skills allow",
            )


def format_day(day: Day) -> str:
    """The file's text: the header, then the people by arrival. `parse_day` reads it back the same."""
    header = {
        "format": FORMAT,
        "hall": {"code": day.hall_code, "name_zh": day.hall_name_zh, "name_en": day.hall_name_en},
        "date": day.on_date.isoformat(),
        "time_zone": day.time_zone,
        "groups": [
            {
                "code": group.code,
                "letter": group.letter,
                "name_zh": group.name_zh,
                "name_en": group.name_en,
                "mean_minutes": group.mean_minutes,
                "unit_minutes": group.unit_minutes,
            }
            for group in day.groups
        ],
        "counters": [{"number": one.number, "groups": list(one.groups)} for one in day.counters],
        "open": [
            {
                "group": line.group,
                "starts": f"{line.starts:%H:%M}",
                "ends": f"{line.ends:%H:%M}",
                "counters": int(line.counters) if line.counters == int(line.counters) else line.counters,
            }
            for line in day.open
        ],
    }
    rows: list[Mapping[str, Any]] = [header, *(_person_data(person) for person in day.people)]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _person_data(person: Person) -> dict[str, Any]:
    data: dict[str, Any] = {
        "id": person.id,
        "group": person.group,
        "track": person.track,
        "arrives": f"{person.arrives:%H:%M:%S}",
        "slot": f"{person.slot:%H:%M}" if person.slot else None,
        "minutes": person.minutes,
    }
    return {**data, "absent": True} if person.absent else data
