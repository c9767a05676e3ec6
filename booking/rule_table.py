"""The booking rules of halls as a table: a line per hall, a column per rule, all checked as on their page."""

import re
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from booking.hall_rules import rules_of
from booking.ladder import Ladder
from booking.policy import DEFAULT_POLICY, BookingPolicy
from booking.policy_data import BookingPolicyInvalid, stored_name
from booking.rule_words import NAMES, headed, unit_of
from booking.save_policy import save_policy
from halls.models import Hall
from halls.tables import by_hall, hall_column, own_halls
from kernel.actor import Actor
from kernel.tables import Column, Kind, Line, Mistakes, Row, Sheet

_RUNG = re.compile(r"(\d{1,3}) +(\d{1,2}:\d{2}) +(\d{1,3}(?:\.\d{1,6})?) *[%％]")
_HUNDRED = 100


def _column(field: str, usual: object) -> Column:
    kind = {time: "time", Decimal: "number"}.get(type(usual), "whole")
    return Column(stored_name(field), *headed(NAMES[field], unit_of(field)), kind=kind, optional=True)


RULES = Sheet(
    "booking-rules",
    "预约规则",
    "Booking rules",
    (
        hall_column("hall", "code", needed=True),
        *(_column(each.name, each.default) for each in fields(BookingPolicy) if each.name != "ladder"),
        Column(
            "ladder",
            "放号阶梯（提前几个工作日 时刻 比例，如 7 08:00 50%）",
            "Release ladder (working days ahead, time, share: 7 08:00 50%)",
            kind="list",
            optional=True,
        ),
        Column("duty_share", "机动号比例（%）", "Duty reserve (%)", kind="number", optional=True),
    ),
    key=("hall",),
)


def read_rules(session: Session, actor: Actor) -> list[Row]:
    """The rules in force in one's halls."""
    return [_row(hall) for hall in own_halls(session, actor, "hall.edit")]


def _row(hall: Hall) -> Row:
    policy = rules_of(hall).policy
    stored = policy.as_mapping() | _ladder_cells(policy.ladder)
    times = {
        each.name: getattr(policy, each.name)
        for each in fields(BookingPolicy)
        if isinstance(each.default, time)
    }
    return {"hall": hall.code, **stored, **times}


def _ladder_cells(ladder: Ladder) -> Row:
    rungs = [
        f"{rung.working_days_before} {rung.at:%H:%M} {float(rung.share) * _HUNDRED:g}%"
        for rung in ladder.rungs
    ]
    return {"ladder": rungs, "duty_share": round(float(ladder.duty_share) * _HUNDRED, 6)}


def write_rules(
    session: Session, lines: Sequence[Line], mistakes: Mistakes, actor: Actor, now: datetime
) -> None:
    """Write the rules of every hall that is named; an empty cell is the usual value."""
    for hall, rows in by_hall(session, lines, mistakes, actor, "hall.edit"):
        line = rows[0]
        said = _said(line, rules_of(hall).policy, mistakes)
        if mistakes.found:
            continue
        try:
            save_policy(session, hall, said, version=hall.policy_version, actor=actor, now=now)
        except BookingPolicyInvalid as error:
            facts = error.params
            mistakes.add(line.number, str(facts["name"]), zh=facts["problem_zh"], en=facts["problem_en"])


def _said(line: Line, before: BookingPolicy, mistakes: Mistakes) -> dict[str, object]:
    """What the line says, as it is stored; columns that the file leaves out stay as they are."""
    named = {name: value for name, value in line.row.items() if name not in ("hall", "ladder", "duty_share")}
    kept = {name: value for name, value in before.as_mapping().items() if name not in line.row}
    kept["ladder"] = _ladder(line, before.ladder, mistakes)
    said = {name: _stored(value) for name, value in named.items() if value is not None}
    return {**kept, **said}


def _stored(value: Any) -> object:
    return value.isoformat("minutes") if isinstance(value, time) else value


def _ladder(line: Line, before: Ladder, mistakes: Mistakes) -> object:
    """The ladder as it is stored."""
    cells = {**_ladder_cells(before), **{name: line.row[name] for name in _LADDER if name in line.row}}
    usual = _ladder_cells(DEFAULT_POLICY.ladder)
    rungs = []
    for cell in cells["ladder"] or usual["ladder"]:
        found = _RUNG.fullmatch(cell)
        if found is None:
            zh, en = f"“{cell}”不像“7 08:00 50%”", f"“{cell}” is not like “7 08:00 50%”"
            mistakes.add(line.number, "ladder", zh=zh, en=en)
            continue
        share = round(float(found[3]) / _HUNDRED, 8)
        rungs.append({"working_days_before": int(found[1]), "at": found[2].zfill(5), "share": share})
    duty = usual["duty_share"] if cells["duty_share"] is None else cells["duty_share"]
    return {"rungs": rungs, "duty_share": round(duty / _HUNDRED, 8)}


_LADDER = ("ladder", "duty_share")
KIND = Kind(RULES, "hall.edit", read_rules, write_rules, city_wide=False)
