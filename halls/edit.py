"""Editing halls: what an administrator's page, the API and the loading of a city all do."""

from collections.abc import Mapping
from datetime import datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from halls.events import ClosureAdded, HallSaved
from halls.models import CalendarDay, Closure, Counter, CounterSkill, Hall, PlanLine, ServiceGroup
from halls.plan_file import CalendarRow, ClosureRow, CounterRow, HallFile
from kernel import audit, outbox
from kernel.actor import Actor
from kernel.db import Base, constraint_of
from kernel.errors import Conflict, Invalid

_PLACE = ("name_zh", "name_en", "address_zh", "address_en", "phone", "latitude", "longitude")
_LINE = ("letter", "name_zh", "name_en", "unit_minutes", "mean_minutes")


class ClosureBackwards(Invalid):
    """A closure ends before it begins."""

    code = "closure_backwards"
    zh = "关闭的结束时间应晚于开始时间。"
    en = "A closure must end after it begins."


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
) -> Hall:
    """Write a hall with its lines, counters, skills and plan, whole: found by code, made if new.

    The same plan twice changes nothing. Counters that are gone go out of use; a line that is gone keeps its
    history but has no counters and no plan. Closures are added, never removed: one that was declared in an
    emergency must outlive the next edit. `time_zone` and `policy` (`{"booking": {...}, "queue": {...}}`)
    stay as they are unless given.

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
        "policy": _set_policy(hall, time_zone, policy),
    }
    groups, changes["groups"] = _save_groups(session, hall, plan)
    changes["counters"] = _save_counters(session, hall, plan.counters, groups)
    changes["plan"] = _save_plan(session, plan, groups)
    changes["closures"] = _save_closures(session, hall, plan.closures, groups, actor=actor, now=now)
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
    return hall


def add_closure(
    session: Session,
    hall: Hall,
    *,
    group_id: int | None,
    starts_at: datetime,
    ends_at: datetime,
    reason_zh: str,
    reason_en: str = "",
    actor: Actor,
    now: datetime,
) -> Closure:
    """Say that the hall (or one line) does not serve in [starts_at, ends_at).

    Raises:
        ClosureBackwards
    """
    if ends_at <= starts_at:
        raise ClosureBackwards
    closure = Closure(
        hall_id=hall.id,
        group_id=group_id,
        starts_at=starts_at,
        ends_at=ends_at,
        reason_zh=reason_zh,
        reason_en=reason_en,
    )
    session.add(closure)
    session.flush()
    audit.record(
        session,
        "closure.add",
        actor=actor,
        now=now,
        subject=("closure", closure.id),
        hall_id=hall.id,
        group=group_id,
    )
    outbox.emit(session, ClosureAdded(closure.id, hall.id), now=now)
    return closure


def save_calendar(session: Session, rows: tuple[CalendarRow, ...], *, actor: Actor, now: datetime) -> int:
    """Write the city's own working and resting days over what is there; how many changed."""
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
    session.flush()
    return len(changed)


def _set(row: Base, values: Mapping[str, Any]) -> bool:
    """Set columns; whether any of them differed."""
    different = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in different.items():
        setattr(row, name, value)
    return bool(different)


def _set_policy(hall: Hall, time_zone: str | None, policy: Mapping[str, Any] | None) -> bool:
    differs = _set(hall, {"time_zone": time_zone}) if time_zone is not None else False
    if policy is not None and _set(hall, {"policy": dict(policy)}):
        hall.policy_version += 1
        differs = True
    return differs


def _save_groups(session: Session, hall: Hall, plan: HallFile) -> tuple[dict[str, ServiceGroup], bool]:
    known = {
        group.code: group
        for group in session.scalars(select(ServiceGroup).where(ServiceGroup.hall_id == hall.id))
    }
    changed = False
    for position, row in enumerate(plan.groups, 1):
        values = {name: getattr(row, name) for name in _LINE} | {"position": position}
        if row.code in known:
            changed |= _set(known[row.code], values)
        else:
            known[row.code] = ServiceGroup(hall_id=hall.id, code=row.code, **values)
            session.add(known[row.code])
            changed = True
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


Line = tuple[int, int | None, Any, str, time, time, Decimal]


def _save_plan(session: Session, plan: HallFile, groups: Mapping[str, ServiceGroup]) -> bool:
    wanted = sorted(_lines(plan, groups), key=repr)
    of_hall = PlanLine.group_id.in_([group.id for group in groups.values()])
    found = sorted((_key(line) for line in session.scalars(select(PlanLine).where(of_hall))), key=repr)
    if wanted == found:
        return False
    session.execute(delete(PlanLine).where(of_hall))
    session.add_all(
        PlanLine(
            group_id=group, weekday=weekday, on_date=on, kind=kind, starts=starts, ends=ends, counters=count
        )
        for group, weekday, on, kind, starts, ends, count in wanted
    )
    session.flush()
    return True


def _lines(plan: HallFile, groups: Mapping[str, ServiceGroup]) -> list[Line]:
    weekly: list[Line] = [
        (groups[row.group].id, weekday, None, "weekly", row.starts, row.ends, _share(row.counters))
        for row in plan.plan
        for weekday in row.weekdays
    ]
    dated: list[Line] = [
        (groups[row.group].id, None, row.on_date, row.kind, row.starts, row.ends, _share(row.counters))
        for row in plan.extras
    ]
    return weekly + dated


def _key(line: PlanLine) -> Line:
    share = _share(line.counters)
    return (line.group_id, line.weekday, line.on_date, line.kind, line.starts, line.ends, share)


def _share(counters: float | Decimal) -> Decimal:
    """Shares are kept in thousandths."""
    return Decimal(str(counters)).quantize(Decimal("0.001"))


def _save_closures(
    session: Session,
    hall: Hall,
    rows: tuple[ClosureRow, ...],
    groups: Mapping[str, ServiceGroup],
    *,
    actor: Actor,
    now: datetime,
) -> bool:
    known = {
        (closure.group_id, closure.starts_at, closure.ends_at)
        for closure in session.scalars(select(Closure).where(Closure.hall_id == hall.id))
    }
    zone = ZoneInfo(hall.time_zone)
    added = False
    for row in rows:
        starts_at, ends_at = (datetime.combine(row.on_date, at, zone) for at in (row.starts, row.ends))
        group_id = groups[row.group].id if row.group is not None else None
        if (group_id, starts_at, ends_at) in known:
            continue
        add_closure(
            session,
            hall,
            group_id=group_id,
            starts_at=starts_at,
            ends_at=ends_at,
            reason_zh=row.reason_zh,
            reason_en=row.reason_en,
            actor=actor,
            now=now,
        )
        added = True
    return added
