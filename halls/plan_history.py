"""Earlier states of a hall's plan: kept whole whenever a hall is saved, and read back from its rows.

A state has the shape of a hall's file (`halls.plan_file`) without closures: those are added and lifted one
by one, and an earlier plan must not bring an old closure back.
"""

from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from halls.models import Hall, PlanLine, PlanSeason
from halls.plan_file import hall_from_data
from halls.plan_rows import CounterRow, ExtraRow, GroupRow, HallFile, PlanRow, SeasonRow
from halls.queries import list_counters, list_groups
from kernel import history
from kernel.actor import Actor

KIND = "plan"


def keep(session: Session, plan: HallFile, *, actor: Actor, now: datetime, note: str = "") -> None:
    """Keep the state that was just saved; the caller holds the lock on the hall."""
    history.keep(session, (KIND, plan.code), as_data(plan), actor=actor, now=now, note=note)


def read_back(session: Session, code: str, number: int) -> HallFile:
    """An earlier state, ready to be saved again; raises RevisionUnknown."""
    content = history.get_revision(session, KIND, code, number).content
    return hall_from_data({key: value for key, value in content.items() if key != "code"}, code=code)


def current_plan(session: Session, hall: Hall) -> HallFile:
    """The plan as the rows have it now, without closures."""
    groups = list_groups(session, hall.id)
    codes = {group.id: group.code for group in groups}
    counters = list_counters(session, hall.id)
    served = {group_id for counter in counters for group_id in counter.group_ids}
    lines = list(
        session.scalars(select(PlanLine).where(PlanLine.group_id.in_(codes)).order_by(PlanLine.id)).all()
    )
    seasons = session.scalars(
        select(PlanSeason).where(PlanSeason.hall_id == hall.id).order_by(PlanSeason.first_on)
    )
    return HallFile(
        code=hall.code,
        name_zh=hall.name_zh,
        name_en=hall.name_en,
        address_zh=hall.address_zh,
        address_en=hall.address_en,
        phone=hall.phone,
        latitude=hall.latitude,
        longitude=hall.longitude,
        # A line that is gone keeps its row for history's sake, but has neither counters nor plan.
        groups=tuple(
            GroupRow(
                group.code,
                group.letter,
                group.name_zh,
                group.name_en,
                group.unit_minutes,
                float(group.mean_minutes),
            )
            for group in groups
            if group.active and group.id in served
        ),
        counters=tuple(
            CounterRow(each.number, each.name_zh, each.name_en, tuple(codes[one] for one in each.group_ids))
            for each in counters
        ),
        plan=_weekly([line for line in lines if line.season_id is None], codes),
        extras=_extras(lines, codes),
        closures=(),
        seasons=tuple(
            SeasonRow(
                season.name_zh,
                season.name_en,
                season.first_on,
                season.last_on,
                _weekly([line for line in lines if line.season_id == season.id], codes),
            )
            for season in seasons
        ),
    )


def _weekly(lines: list[PlanLine], codes: Mapping[int, str]) -> tuple[PlanRow, ...]:
    """Lines that differ in the weekday only are one row."""
    found: dict[tuple[str, time, time, float], list[int]] = {}
    for line in lines:
        if line.weekday is not None:
            key = (codes[line.group_id], line.starts, line.ends, float(line.counters))
            found.setdefault(key, []).append(line.weekday)
    return tuple(
        PlanRow(group, tuple(sorted(weekdays)), starts, ends, counters)
        for (group, starts, ends, counters), weekdays in found.items()
    )


def _extras(lines: list[PlanLine], codes: Mapping[int, str]) -> tuple[ExtraRow, ...]:
    return tuple(
        ExtraRow(
            codes[line.group_id],
            line.on_date,
            line.kind,
            line.starts,
            line.ends,
            float(line.counters),
            line.session,
            line.place_zh,
            line.place_en,
        )
        for line in lines
        if line.on_date is not None
    )


def as_data(plan: HallFile) -> dict[str, Any]:
    """The plan in the shape of its file, ready for JSON; `plan_file.hall_from_data` reads it back."""
    return _plain(replace(plan, closures=()), without={"handles", "closures"})


def _plain(row: Any, *, without: Collection[str] = ()) -> dict[str, Any]:
    names = {"on_date": "on"}
    return {
        names.get(each.name, each.name): _value(value)
        for each in fields(row)
        if each.name not in without and (value := getattr(row, each.name)) is not None
    }


def _value(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_value(each) for each in value]
    if isinstance(value, time):
        return value.isoformat("minutes")
    if isinstance(value, date):
        return value.isoformat()
    return _plain(value) if hasattr(value, "__dataclass_fields__") else value
