"""Counters, plan lines and calendar days as tables: what a spreadsheet shows, and what it may change."""

import re
from collections.abc import Callable, Collection, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from halls.models import CalendarDay, Counter, Hall
from halls.plan_file import hall_from_data
from halls.plan_history import as_data, current_plan
from halls.plan_rows import HallFile
from halls.queries import list_halls
from halls.words import NAMES
from kernel.actor import Actor
from kernel.data_file import DataFileInvalid
from kernel.tables import Column, Line, Mistakes, Row, Sheet

_LISTED = re.compile(r"(groups|counters|plan|extras|seasons)\[(\d+)\](?:\.plan\[(\d+)\])?\.?(.*)")
Marks = dict[tuple[str, ...], Line]
#: What saves a changed hall: bookings come first there, which halls know nothing of.
Save = Callable[[HallFile], None]


def hall_column(name: str, kind: str = "text", **facts: Any) -> Column:
    """A column that is called as on pages (`halls.words`), `called` as another name there."""
    return Column(name, *NAMES[facts.pop("called", name)], kind=kind, **facts)


COUNTERS = Sheet(
    "counters",
    "窗口",
    "Counters",
    (
        hall_column("hall", "code", needed=True),
        hall_column("number", "whole", needed=True),
        hall_column("name_zh"),
        hall_column("name_en"),
        hall_column("groups", "list"),
        hall_column("active", "flag"),
    ),
    key=("hall", "number"),
)
PLAN = Sheet(
    "plan",
    "排班",
    "Plan",
    (
        hall_column("hall", "code", needed=True),
        hall_column("group", "code", needed=True),
        hall_column("season"),
        hall_column("weekdays", "list"),
        hall_column("on", "date"),
        hall_column("kind"),
        hall_column("starts", "time", needed=True),
        hall_column("ends", "time", needed=True),
        hall_column("counters", "number", needed=True, called="planned"),
        hall_column("session"),
        hall_column("place_zh"),
        hall_column("place_en"),
    ),
    key=("hall", "group", "season", "weekdays", "on", "kind", "starts", "ends", "session"),
    whole=("hall",),
)
CALENDAR = Sheet(
    "calendar",
    "日历",
    "Calendar",
    (
        hall_column("on", "date", needed=True),
        hall_column("working", "flag"),
        hall_column("name_zh"),
        hall_column("name_en"),
    ),
    key=("on",),
)


def read_counters(session: Session, actor: Actor) -> list[Row]:
    """The counters of one's halls, also those out of use."""
    rows = []
    for hall in own_halls(session, actor, "hall.edit"):
        used = {each["number"]: each for each in as_data(current_plan(session, hall))["counters"]}
        counters = session.scalars(select(Counter).where(Counter.hall_id == hall.id).order_by(Counter.number))
        rows += [
            {
                "hall": hall.code,
                "number": row.number,
                "name_zh": row.name_zh,
                "name_en": row.name_en,
                "groups": used[row.number]["groups"] if row.number in used else [],
                "active": row.active,
            }
            for row in counters
        ]
    return rows


def write_counters(
    session: Session, lines: Sequence[Line], mistakes: Mistakes, actor: Actor, *, save: Save
) -> None:
    """Make and change counters, or put them out of use; those that are not named stay."""
    for hall, rows in by_hall(session, lines, mistakes, actor, "hall.edit"):
        data = as_data(current_plan(session, hall))
        counters = {each["number"]: each for each in data["counters"]}
        marks: Marks = {(): rows[0]}
        for line in rows:
            number = line.row["number"]
            counters.pop(number, None)
            if line.row["active"]:
                names = ("number", "name_zh", "name_en", "groups")
                counters[number] = {name: line.row[name] for name in names}
        data["counters"] = [counters[number] for number in sorted(counters)]
        for at, each in enumerate(data["counters"], 1):
            line_of = next((line for line in rows if line.row["number"] == each["number"]), rows[0])
            marks["counters", str(at)] = line_of
        save_or_note(hall.code, data, marks, mistakes=mistakes, save=save)


def read_plan(session: Session, actor: Actor) -> list[Row]:
    """The plan lines of one's halls: weekly ones, those of seasons, and those of single dates."""
    rows: list[Row] = []
    for hall in own_halls(session, actor, "plan.edit"):
        plan = current_plan(session, hall)
        weekly = [("", row) for row in plan.plan]
        weekly += [(season.name_zh, row) for season in plan.seasons for row in season.plan]
        rows += [
            _plan_row(hall, season, row, weekdays=[str(day) for day in row.weekdays])
            for season, row in weekly
        ]
        rows += [
            _plan_row(hall, "", row, on=row.on_date, kind=row.kind, session=row.session)
            | {"place_zh": row.place_zh, "place_en": row.place_en}
            for row in plan.extras
        ]
    return rows


def _plan_row(hall: Hall, season: str, row: Any, **facts: Any) -> Row:
    same = {"group": row.group, "starts": row.starts, "ends": row.ends, "counters": float(row.counters)}
    nothing: Row = {"weekdays": [], "on": None, "kind": "", "session": "", "place_zh": "", "place_en": ""}
    return {"hall": hall.code, "season": season, **nothing, **same, **facts}


def write_plan(
    session: Session, lines: Sequence[Line], mistakes: Mistakes, actor: Actor, *, save: Save
) -> None:
    """Write the plan of every hall that the table names, whole; the dates of seasons stay as they are."""
    for hall, rows in by_hall(session, lines, mistakes, actor, "plan.edit"):
        data = as_data(current_plan(session, hall))
        marks: Marks = {(): rows[0]}
        data["plan"], data["extras"] = [], []
        seasons = {each["name_zh"]: at for at, each in enumerate(data.get("seasons", ()))}
        for season in data.get("seasons", ()):
            season["plan"] = []
        for line in rows:
            _place(line, data, seasons, marks, mistakes)
        save_or_note(hall.code, data, marks, mistakes=mistakes, save=save)


def _place(
    line: Line, data: dict[str, Any], seasons: dict[str, int], marks: Marks, mistakes: Mistakes
) -> None:
    """Put a line where it belongs in the hall's data, and note where that was."""
    row = line.row
    when = {name: row[name].isoformat("minutes") for name in ("starts", "ends") if row[name]}
    same = {"group": row["group"], "counters": row["counters"], **when}
    if bool(row["weekdays"]) == bool(row["on"]):
        mistakes.add(line.number, "weekdays", zh="星期和日期填一个", en="give weekdays or a date")
    elif row["season"] and row["season"] not in seasons:
        mistakes.add(line.number, "season", zh="没有这个季节计划", en="no such season")
    elif row["on"]:
        extra = {name: row[name] for name in ("session", "place_zh", "place_en") if row[name]}
        data["extras"].append({**same, **extra, "on": row["on"].isoformat(), "kind": row["kind"] or "extra"})
        marks["extras", str(len(data["extras"]))] = line
    else:
        weekdays = [int(day) for day in row["weekdays"] if day.isdecimal()]
        season = seasons.get(row["season"])
        target = data["plan"] if season is None else data["seasons"][season]["plan"]
        target.append({**same, "weekdays": weekdays})
        head = ("plan",) if season is None else ("seasons", str(season + 1))
        marks[(*head, str(len(target)))] = line


def read_calendar(session: Session, _actor: Actor) -> list[Row]:
    """The city's own days."""
    rows = session.scalars(select(CalendarDay).order_by(CalendarDay.on_date))
    return [
        {"on": row.on_date, "working": row.working, "name_zh": row.name_zh, "name_en": row.name_en}
        for row in rows
    ]


def own_halls(session: Session, actor: Actor, need: str) -> list[Hall]:
    """The halls in which this person may do that."""
    return [hall for hall in list_halls(session) if actor.may(need, hall.id)]


def by_hall(
    session: Session, lines: Sequence[Line], mistakes: Mistakes, actor: Actor, need: str
) -> list[tuple[Hall, list[Line]]]:
    """The lines of each hall, by its id: of two tables neither waits for the other's halls.

    A hall that there is not, or not for this person, is a mistake.
    """
    own = {hall.code: hall for hall in own_halls(session, actor, need)}
    found: dict[str, list[Line]] = {}
    for line in lines:
        if line.row["hall"] not in own:
            mistakes.add(line.number, "hall", zh="没有这个大厅，或不归您管", en="no such hall, or not yours")
        found.setdefault(line.row["hall"], []).append(line)
    mistakes.stop_if_any()
    return sorted(((own[code], rows) for code, rows in found.items()), key=lambda each: each[0].id)


def save_or_note(
    code: str,
    data: dict[str, Any],
    marks: Marks,
    *,
    mistakes: Mistakes,
    save: Save,
    columns: Collection[str] = (),
) -> None:
    """Save a hall's data, or note its mistakes at the lines that they came from (`()`: any other).

    `columns` are those whose mistakes belong to the hall itself.
    """
    if mistakes.found:
        return
    try:
        plan = hall_from_data({name: value for name, value in data.items() if name != "code"}, code=code)
    except DataFileInvalid as error:
        for problem in error.problems:
            part = _LISTED.match(problem.key)
            key = tuple(each for each in (part[1], part[2], part[3]) if each) if part else ()
            line = marks.get(key, marks[()])
            column = part[4].partition("[")[0] if part and key in marks else ""
            column = problem.key if problem.key in columns else column
            place = "" if column else f"{problem.key}："
            mistakes.add(line.number, column, zh=f"{place}{problem.zh}", en=f"{place}{problem.en}")
        return
    save(plan)
