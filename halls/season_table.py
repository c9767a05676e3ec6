"""Seasons as a table: their names and dates; what is planned in them stands in the table of plans."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from halls.plan_history import as_data, current_plan
from halls.tables import Marks, Save, by_hall, hall_column, own_halls, save_or_note
from kernel.actor import Actor
from kernel.tables import Line, Mistakes, Row, Sheet

_FACTS = ("name_zh", "name_en", "first_on", "last_on")
SEASONS = Sheet(
    "seasons",
    "季节计划日期",
    "Dates of seasons",
    (
        hall_column("hall", "code", needed=True),
        hall_column("name_zh", needed=True, most=60),
        hall_column("name_en", most=80),
        hall_column("first_on", "date", needed=True),
        hall_column("last_on", "date", needed=True),
        hall_column("active", "flag"),
    ),
    key=("hall", "name_zh"),
)


def read_seasons(session: Session, actor: Actor) -> list[Row]:
    """The seasons of one's halls."""
    return [
        {"hall": hall.code, **{name: getattr(season, name) for name in _FACTS}, "active": True}
        for hall in own_halls(session, actor, "plan.edit")
        for season in current_plan(session, hall).seasons
    ]


def write_seasons(
    session: Session, lines: Sequence[Line], mistakes: Mistakes, actor: Actor, *, save: Save
) -> None:
    """Make and move seasons, or end them; those that are not named stay.

    A new one begins with the hall's usual week, to be changed in the table of plans.
    """
    for hall, rows in by_hall(session, lines, mistakes, actor, "plan.edit"):
        data = as_data(current_plan(session, hall))
        seasons = {each["name_zh"]: each for each in data["seasons"]}
        for line in rows:
            _put(line, seasons, data)
        data["seasons"] = list(seasons.values())
        places = {each["name_zh"]: str(at) for at, each in enumerate(data["seasons"], 1)}
        marks: Marks = {("seasons", places[line.row["name_zh"]]): line for line in rows if line.row["active"]}
        save_or_note(hall.code, data, {**marks, (): rows[0]}, mistakes=mistakes, save=save)


def _put(line: Line, seasons: dict[str, dict[str, Any]], data: dict[str, Any]) -> None:
    name = line.row["name_zh"]
    if not line.row["active"]:
        seasons.pop(name, None)
        return
    before = seasons.get(name, {"plan": data["plan"]})
    dates = {each: line.row[each].isoformat() for each in ("first_on", "last_on") if line.row[each]}
    seasons[name] = {**before, "name_zh": name, "name_en": line.row["name_en"], **dates}
