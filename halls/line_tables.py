"""Halls and their lines as tables: what a spreadsheet shows, and what it may change.

A new hall gets a first line, counter and plan, as on its page; the other tables say the rest.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from halls.models import Hall
from halls.new_hall import new_hall_data
from halls.plan_history import as_data, current_plan
from halls.queries import list_groups
from halls.tables import Marks, Save, by_hall, hall_column, own_halls, save_or_note
from kernel.actor import Actor
from kernel.tables import Line, Mistakes, Row, Sheet

_PLACE = ("name_zh", "name_en", "address_zh", "address_en", "phone", "latitude", "longitude")
_LINE = ("letter", "name_zh", "name_en", "unit_minutes", "mean_minutes")
_POINT = ("latitude", "longitude")

HALLS = Sheet(
    "halls",
    "大厅",
    "Halls",
    (
        hall_column("hall", "code", needed=True),
        hall_column("name_zh", needed=True, most=80),
        hall_column("name_en", needed=True, most=120),
        hall_column("address_zh", most=200),
        hall_column("address_en", most=200),
        hall_column("phone", most=40),
        hall_column("latitude", "number"),
        hall_column("longitude", "number"),
    ),
    key=("hall",),
)
LINES = Sheet(
    "lines",
    "业务组",
    "Lines",
    (
        hall_column("hall", "code", needed=True),
        hall_column("group", "code", needed=True),
        hall_column("letter", needed=True),
        hall_column("name_zh", needed=True),
        hall_column("name_en", needed=True),
        hall_column("unit_minutes", "whole", needed=True),
        hall_column("mean_minutes", "number", needed=True),
        hall_column("counters", "list"),
        hall_column("active", "flag"),
    ),
    key=("hall", "group"),
)


def read_halls(session: Session, actor: Actor) -> list[Row]:
    """Where one's halls are."""
    return [
        {"hall": hall.code, **{name: getattr(hall, name) for name in _PLACE}}
        for hall in own_halls(session, actor, "hall.edit")
    ]


def write_halls(
    session: Session, lines: Sequence[Line], mistakes: Mistakes, actor: Actor, *, save: Save
) -> None:
    """Make halls (who works in the whole city) and change where they are; those that are not named stay."""
    known = set(session.scalars(select(Hall.code)))
    new = [line for line in lines if actor.everywhere and line.row["hall"] not in known]
    for line in new:
        data = new_hall_data(_place(line.row))
        save_or_note(line.row["hall"], data, {(): line}, mistakes=mistakes, save=save, columns=_PLACE)
    changed = [line for line in lines if line not in new]
    for hall, rows in by_hall(session, changed, mistakes, actor, "hall.edit"):
        data = as_data(current_plan(session, hall))
        data = {name: value for name, value in data.items() if name not in _POINT} | _place(rows[0].row)
        save_or_note(hall.code, data, {(): rows[0]}, mistakes=mistakes, save=save, columns=_PLACE)


def _place(row: Row) -> Row:
    return {name: row[name] for name in _PLACE if name not in _POINT or row[name] is not None}


def read_lines(session: Session, actor: Actor) -> list[Row]:
    """The lines of one's halls with the counters that serve them, also those closed for good."""
    rows = []
    for hall in own_halls(session, actor, "hall.edit"):
        counters = as_data(current_plan(session, hall))["counters"]
        rows += [
            {
                "hall": hall.code,
                "group": group.code,
                **{name: getattr(group, name) for name in _LINE},
                "counters": [str(each["number"]) for each in counters if group.code in each["groups"]],
                "active": group.active,
            }
            for group in list_groups(session, hall.id)
        ]
    return rows


def write_lines(
    session: Session, lines: Sequence[Line], mistakes: Mistakes, actor: Actor, *, save: Save
) -> None:
    """Make and change lines, close them for good or open them again; those that are not named stay."""
    for hall, rows in by_hall(session, lines, mistakes, actor, "hall.edit"):
        data = as_data(current_plan(session, hall))
        for line in rows:
            if line.row["active"]:
                _put(line, data, mistakes)
            else:
                without_line(data, line.row["group"])
        places = {each["code"]: str(at) for at, each in enumerate(data["groups"], 1)}
        marks: Marks = {("groups", places[line.row["group"]]): line for line in rows if line.row["active"]}
        save_or_note(hall.code, data, {**marks, (): rows[0]}, mistakes=mistakes, save=save)


def _put(line: Line, data: dict[str, Any], mistakes: Mistakes) -> None:
    """Write a line in its place, or at the end, and at which counters it is served."""
    code, wanted = line.row["group"], set(line.row["counters"])
    codes = [each["code"] for each in data["groups"]]
    at = codes.index(code) if code in codes else len(codes)
    data["groups"][at : at + 1] = [{"code": code, **{name: line.row[name] for name in _LINE}}]
    for counter in data["counters"]:
        others = [each for each in counter["groups"] if each != code]
        counter["groups"] = others + [code] * (str(counter["number"]) in wanted)
    unknown = sorted(wanted - {str(counter["number"]) for counter in data["counters"]})
    if unknown:
        zh, en = f"没有这个窗口：{'、'.join(unknown)}", f"no such counter: {', '.join(unknown)}"
        mistakes.add(line.number, "counters", zh=zh, en=en)
    elif not wanted:
        mistakes.add(line.number, "counters", zh="至少要有一个窗口", en="needs at least one counter")


def without_line(data: dict[str, Any], code: str) -> None:
    """Take a line out of a hall's data, with its hours and at its counters."""
    for plan in [data, *data["seasons"]]:
        plan["plan"] = [each for each in plan["plan"] if each["group"] != code]
    data["extras"] = [each for each in data["extras"] if each["group"] != code]
    data["groups"] = [each for each in data["groups"] if each["code"] != code]
    for counter in data["counters"]:
        counter["groups"] = [each for each in counter["groups"] if each != code]
    data["counters"] = [each for each in data["counters"] if each["groups"]]
