"""Editing halls: what an administrator's page, the API and the loading of a city all do."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from halls import own_rules, plan_history
from halls.calendar_days import days_content, keep_days, lock_days
from halls.closures import save_closures
from halls.events import HallSaved
from halls.models import CalendarDay, Counter, CounterSkill, Hall, ServiceGroup
from halls.plan_lines import save_plan
from halls.plan_rows import CalendarRow, CounterRow, HallFile
from kernel import audit, outbox
from kernel.actor import Actor
from kernel.db import Base, constraint_of
from kernel.errors import Conflict

_PLACE = ("name_zh", "name_en", "address_zh", "address_en", "phone", "latitude", "longitude")
_LINE = ("letter", "name_zh", "name_en", "unit_minutes", "mean_minutes")


class LetterTaken(Conflict):
    """Two lines of a hall would share a letter; a line that is gone keeps its own."""

    code = "letter_taken"
    zh = "字母已被本大厅另一业务组使用（含已停用的业务组），请换一个字母。"
    en = "Another line of this hall, perhaps one no longer in use, has that letter. Please choose another."


def save_hall(
    session: Session,
    plan: HallFile,
    *,
    actor: Actor,
    now: datetime,
    time_zone: str | None = None,
    policy: Mapping[str, Any] | None = None,
    note: str = "",
) -> Hall:
    """Write a hall with its lines, counters, skills and plan, whole: found by code, made if new.

    The same plan twice changes nothing. Counters that are gone go out of use; a line that is gone keeps its
    history but has no counters and no plan. Closures are added, never removed: one that was declared in an
    emergency must outlive the next edit. `time_zone` and `policy` (`{"booking": {...}, "queue": {...}}`)
    stay as they are unless given. What was saved is kept as history, with `note`.

    Raises:
        LetterTaken
    """
    hall = session.scalar(select(Hall).where(Hall.code == plan.code).with_for_update())
    made = hall is None
    if hall is None:
        hall = Hall(code=plan.code, name_zh=plan.name_zh, name_en=plan.name_en, policy={})
        session.add(hall)
        session.flush()
    changes = {
        "place": _set(hall, {name: getattr(plan, name) for name in _PLACE} | {"active": True}),
        "policy": _set_policy(session, hall, time_zone, policy, actor=actor, now=now),
    }
    groups, changes["groups"] = _save_groups(session, hall, plan)
    changes["counters"] = _save_counters(session, hall, plan.counters, groups)
    changes["plan"] = save_plan(session, hall, plan, groups)
    changes["closures"] = save_closures(session, hall, plan.closures, groups, actor=actor, now=now)
    changed = [what for what, differs in changes.items() if differs]
    if made or changed:
        audit.record(
            session,
            "hall.save",
            actor=actor,
            now=now,
            subject=("hall", hall.id),
            hall_id=hall.id,
            changed=changed,
        )
        outbox.emit(session, HallSaved(hall.id), now=now)
    session.flush()
    plan_history.keep(session, plan, actor=actor, now=now, note=note)
    return hall


def save_calendar(session: Session, rows: tuple[CalendarRow, ...], *, actor: Actor, now: datetime) -> int:
    """Write the city's own working and resting days over what is there; how many changed."""
    lock_days(session)
    before = days_content(session)
    known = {day.on_date: day for day in session.scalars(select(CalendarDay))}
    changed = []
    for row in rows:
        day = known.get(row.on_date)
        if day is None:
            day = CalendarDay(on_date=row.on_date, working=row.working)
            session.add(day)
            changed.append(row.on_date.isoformat())
        values = {"working": row.working, "name_zh": row.name_zh, "name_en": row.name_en}
        if _set(day, values) and row.on_date in known:
            changed.append(row.on_date.isoformat())
    if changed:
        audit.record(session, "calendar.save", actor=actor, now=now, subject=("calendar", None), days=changed)
        keep_days(session, before, actor=actor, now=now)
    session.flush()
    return len(changed)


def _set(row: Base, values: Mapping[str, Any]) -> bool:
    """Set columns; whether any of them differed."""
    different = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in different.items():
        setattr(row, name, value)
    return bool(different)


def _set_policy(
    session: Session,
    hall: Hall,
    time_zone: str | None,
    policy: Mapping[str, Any] | None,
    *,
    actor: Actor,
    now: datetime,
) -> bool:
    differs = _set(hall, {"time_zone": time_zone}) if time_zone is not None else False
    before = {part: {} for part in own_rules.KINDS} | hall.policy
    if policy is not None and _set(hall, {"policy": dict(policy)}):
        hall.policy_version += 1
        own_rules.keep(session, hall, before, actor=actor, now=now)
        differs = True
    return differs


def _save_groups(session: Session, hall: Hall, plan: HallFile) -> tuple[dict[str, ServiceGroup], bool]:
    known = {
        group.code: group
        for group in session.scalars(select(ServiceGroup).where(ServiceGroup.hall_id == hall.id))
    }
    changed = False
    for position, row in enumerate(plan.groups, 1):
        values = {name: getattr(row, name) for name in _LINE} | {"position": position, "active": True}
        if row.code in known:
            changed |= _set(known[row.code], values)
        else:
            known[row.code] = ServiceGroup(hall_id=hall.id, code=row.code, **values)
            session.add(known[row.code])
            changed = True
    named = {row.code for row in plan.groups}
    for code, group in known.items():
        if code not in named:
            changed |= _set(group, {"active": False})
    try:
        session.flush()
    except IntegrityError as error:
        if constraint_of(error) == "uq_service_group_hall_id_letter":
            raise LetterTaken from error
        raise
    return known, changed


def _save_counters(
    session: Session, hall: Hall, rows: tuple[CounterRow, ...], groups: Mapping[str, ServiceGroup]
) -> bool:
    known = {
        counter.number: counter
        for counter in session.scalars(select(Counter).where(Counter.hall_id == hall.id))
    }
    changed = False
    for row in rows:
        values = {"name_zh": row.name_zh, "name_en": row.name_en, "active": True}
        if row.number in known:
            changed |= _set(known[row.number], values)
        else:
            known[row.number] = Counter(hall_id=hall.id, number=row.number, **values)
            session.add(known[row.number])
            changed = True
    for number in set(known) - {row.number for row in rows}:
        changed |= _set(known[number], {"active": False})
    session.flush()
    wanted = {(known[row.number].id, groups[code].id) for row in rows for code in row.groups}
    return _save_skills(session, [counter.id for counter in known.values()], wanted) or changed


def _save_skills(session: Session, counter_ids: list[int], wanted: set[tuple[int, int]]) -> bool:
    of_hall = CounterSkill.counter_id.in_(counter_ids)
    rows = session.scalars(select(CounterSkill).where(of_hall))
    found = {(skill.counter_id, skill.group_id): skill for skill in rows}
    for key in set(found) - wanted:
        session.delete(found[key])
    session.add_all(
        CounterSkill(counter_id=counter, group_id=group) for counter, group in sorted(wanted - set(found))
    )
    session.flush()
    return set(found) != wanted
