"""The queue's rule of halls as a table: a line per hall, a column per number, all checked as on its page."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime, time, timedelta

from sqlalchemy.orm import Session

from booking.rule_words import headed
from halls.models import Hall
from halls.queries import policy as part_of
from halls.tables import by_hall, hall_column, own_halls
from kernel.actor import Actor
from kernel.tables import Column, Kind, Line, Mistakes, Row, Sheet
from queueing.policy import DEFAULT_POLICY, DISCIPLINES, QueuePolicy
from queueing.rule_words import NAMES, STORED, factor, limits_of, shown, unit_of
from queueing.save_rules import QueuePolicyInvalid, save_rules
from queueing.sizing import SIZED


def _column(name: str) -> Column:
    usual, kind = getattr(DEFAULT_POLICY, name), "number"
    if isinstance(usual, str | time):
        kind = "text" if isinstance(usual, str) else "time"
    elif isinstance(usual, int):
        kind = "whole"
    unit = unit_of(name) if name != "discipline" else ("、".join(DISCIPLINES), ", ".join(DISCIPLINES))
    # What is counted in percent says so in its name. The column's code is the field: not what is stored.
    head = NAMES[name] if unit[0] == "%" else headed(NAMES[name], unit)
    return Column(name, *head, kind=kind, optional=True)


RULES = Sheet(
    "queue-rules",
    "排队规则",
    "Rules of the queue",
    (hall_column("hall", "code", needed=True), *(_column(each.name) for each in fields(QueuePolicy))),
    key=("hall",),
)


def read_queue_rules(session: Session, actor: Actor) -> list[Row]:
    """The rules in force in one's halls; empty where the size of each line decides."""
    return [_row(hall) for hall in own_halls(session, actor, "hall.edit")]


def _row(hall: Hall) -> Row:
    said = part_of(hall, "queue")
    whole = DEFAULT_POLICY.as_mapping() | dict(said)
    row: Row = {"hall": hall.code}
    for name, stored in STORED.items():
        by_size = stored in SIZED and stored not in said
        row[name] = None if by_size else _shown(name, whole[stored])
    return row


def _shown(name: str, value: object) -> object:
    usual = getattr(DEFAULT_POLICY, name)
    if isinstance(usual, time):
        return time.fromisoformat(str(value))
    if isinstance(usual, float | timedelta) and isinstance(value, int | float):
        return shown(name, value)
    return value


def write_queue_rules(
    session: Session, lines: Sequence[Line], mistakes: Mistakes, actor: Actor, now: datetime
) -> None:
    """Write the rule of every hall that is named; an empty cell is the usual value, or a line's size decides.

    Columns that the file leaves out stay as they are.
    """
    for hall, rows in by_hall(session, lines, mistakes, actor, "hall.edit"):
        line = rows[0]
        said = _said(line, part_of(hall, "queue"))
        try:
            save_rules(session, hall, said, version=hall.policy_version, actor=actor, now=now)
        except QueuePolicyInvalid as error:
            _note(line, str(error.params["name"]), mistakes)


def _said(line: Line, before: Mapping[str, object]) -> dict[str, object]:
    """What the line says, as it is stored."""
    said: dict[str, object] = {}
    for name, stored in STORED.items():
        if name not in line.row and stored in before:
            said[stored] = before[stored]
        elif line.row.get(name) not in (None, ""):
            said[stored] = _stored(name, line.row[name])
    return said


def _note(line: Line, wrong: str, mistakes: Mistakes) -> None:
    """What is wrong with a field, or a stored name, in words."""
    name = next((field for field, stored in STORED.items() if wrong in (field, stored)), "discipline")
    limits = limits_of(name)
    if name == "discipline":
        known = DISCIPLINES
        zh, en = f"应为 {'、'.join(known)} 之一", f"must be one of {', '.join(known)}"
    elif limits is None or limits[0] <= (line.row.get(name) or 0) <= limits[1]:
        zh, en = (
            "重叫和过号的时间应一个比一个晚",
            "calls are repeated first, then the number counts as absent",
        )
    else:
        zh, en = (
            f"应在 {limits[0]:g} 到 {limits[1]:g} 之间",
            f"must lie within {limits[0]:g} and {limits[1]:g}",
        )
    mistakes.add(line.number, name, zh=zh, en=en)


def _stored(name: str, value: object) -> object:
    if isinstance(value, time):
        return value.isoformat("minutes")
    return round(value / factor(name), 6) if isinstance(value, float) else value


KIND = Kind(RULES, "hall.edit", read_queue_rules, write_queue_rules, city_wide=False)
