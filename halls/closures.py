"""Closures: when a hall or one of its lines does not serve, and taking that back."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from halls.events import ClosureAdded, ClosureLifted, HallSaved
from halls.models import Closure, Hall, ServiceGroup
from halls.plan_rows import ClosureRow
from kernel import audit, outbox
from kernel.actor import Actor
from kernel.errors import Invalid, NotFound

#: Characters of a Chinese reason that a message has room for.
LONGEST_REASON = 20


class ClosureBackwards(Invalid):
    """A closure ends before it begins."""

    code = "closure_backwards"
    zh = "关闭的结束时间应晚于开始时间。"
    en = "A closure must end after it begins."


class ClosureReasonUnfit(Invalid):
    """A closure says why, in as many characters as a message has room for."""

    code = "closure_reason_unfit"
    zh = "请写明关闭原因，最多 {most} 个字（短信要写得下）。"
    en = "Please say why it is closed, in at most {most} Chinese characters (an SMS must hold them)."


class ClosureUnknown(NotFound):
    """The hall has no such closure."""

    code = "closure_unknown"
    zh = "没有这个关闭时段，请刷新页面后再试。"
    en = "There is no such closure. Please reload the page."


def add_closure(
    session: Session,
    hall: Hall,
    *,
    group_id: int | None,
    starts_at: datetime,
    ends_at: datetime,
    reason_zh: str,
    reason_en: str = "",
    emergency: bool = False,
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
        emergency=emergency,
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
        emergency=emergency,
    )
    outbox.emit(session, ClosureAdded(closure.id, hall.id), now=now)
    return closure


def lift_closure(session: Session, hall: Hall, closure_id: int, *, actor: Actor, now: datetime) -> Closure:
    """Take a closure back: from now on it counts nowhere. Twice changes nothing.

    Raises:
        ClosureUnknown
    """
    closure = session.get(Closure, closure_id, with_for_update=True)
    if closure is None or closure.hall_id != hall.id:
        raise ClosureUnknown
    if closure.lifted_at is not None:
        return closure
    closure.lifted_at = now
    audit.record(
        session, "closure.lift", actor=actor, now=now, subject=("closure", closure.id), hall_id=hall.id
    )
    outbox.emit(session, ClosureLifted(closure.id, hall.id), now=now)
    session.flush()
    return closure


def change_reason(
    session: Session,
    hall: Hall,
    closure_id: int,
    reasons: tuple[str, str],
    *,
    actor: Actor,
    now: datetime,
) -> bool:
    """Say otherwise (Chinese, English) why a closure holds; whether anything differs.

    Pages say so at once; who was told is not told again.

    Raises:
        ClosureReasonUnfit
        ClosureUnknown: also of one that was lifted.
    """
    if not 0 < len(reasons[0]) <= LONGEST_REASON:
        raise ClosureReasonUnfit(most=LONGEST_REASON)
    closure = session.get(Closure, closure_id, with_for_update=True)
    if closure is None or closure.hall_id != hall.id or closure.lifted_at is not None:
        raise ClosureUnknown
    before = closure.reason_zh, closure.reason_en
    if before == reasons:
        return False
    closure.reason_zh, closure.reason_en = reasons
    audit.record(
        session,
        "closure.change_reason",
        actor=actor,
        now=now,
        subject=("closure", closure.id),
        hall_id=hall.id,
        wording=f"{before[0]} → {reasons[0]}",
    )
    outbox.emit(session, HallSaved(hall.id), now=now)
    session.flush()
    return True


def list_closures(session: Session, hall_id: int, *, now: datetime) -> list[Closure]:
    """Those that hold or will hold, in order of their beginning; lifted ones are left out."""
    return list(
        session.scalars(
            select(Closure)
            .where(Closure.hall_id == hall_id, Closure.ends_at > now, Closure.lifted_at.is_(None))
            .order_by(Closure.starts_at, Closure.id)
        )
    )


def closures_on(session: Session, hall: Hall, group_id: int, on: date) -> list[Closure]:
    """Those that keep a line shut at some time of a hall-local date, in order of their beginning."""
    zone = ZoneInfo(hall.time_zone)
    return list(
        session.scalars(
            select(Closure)
            .where(
                Closure.hall_id == hall.id,
                or_(Closure.group_id.is_(None), Closure.group_id == group_id),
                Closure.lifted_at.is_(None),
                Closure.starts_at < datetime.combine(on + timedelta(days=1), time.min, zone),
                Closure.ends_at > datetime.combine(on, time.min, zone),
            )
            .order_by(Closure.starts_at, Closure.id)
        )
    )


def save_closures(
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
