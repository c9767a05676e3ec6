"""Who did what: the newest entries of the audit, by person, action, day and hall, or by a word."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request
from sqlalchemy import Select, false, or_, select
from sqlalchemy.orm import Session

from halls.models import Hall
from halls.queries import list_halls
from kernel.audit import AuditEntry
from people.models import Staff
from web import edge
from web.admin import audit_subjects
from web.admin.audit_words import ACTIONS, action_in_words, state_in_words
from web.guards import staff_only

PAGE = 100
KINDS = ("staff", "citizen", "system", "device")
_FILTERS = ("q", "who", "kind", "action", "on", "hall")


@staff_only("audit.view")
def home() -> Any:
    """A page of entries, newest first; `before` goes back in time."""
    asked = {name: request.args.get(name, "").strip()[:60] for name in _FILTERS}
    before = request.args.get("before", type=int)
    with edge.transaction() as session:
        halls = [hall for hall in list_halls(session) if edge.actor().may("audit.view", hall.id)]
        wanted = _wanted(session, asked, halls)
        if before:
            wanted = wanted.where(AuditEntry.id < before)
        rows = list(session.scalars(wanted))
        facts = {"names": _names(session, rows), "subjects": audit_subjects.subjects(session, rows)}
    return render_template(
        "admin/audit.html",
        rows=rows,
        halls=halls,
        zones={hall.id: hall.time_zone for hall in halls},
        asked=asked,
        narrowed=any(asked.values()),
        older=rows[-1].id if len(rows) == PAGE else None,
        actions=sorted((action_in_words(code, edge.language()), code) for code in ACTIONS),
        kinds=KINDS,
        more=audit_subjects.more,
        action_in_words=action_in_words,
        state_in_words=state_in_words,
        **facts,
    )


def _names(session: Session, rows: list[AuditEntry]) -> dict[int, str]:
    ids = {row.actor_id for row in rows if row.actor_kind == "staff"}
    found = session.execute(select(Staff.id, Staff.username, Staff.name).where(Staff.id.in_(ids)))
    return {row.id: f"{row.name} · {row.username}" for row in found}


def _wanted(session: Session, asked: dict[str, str], halls: list[Hall]) -> Select[AuditEntry]:
    """The entries that fit everything that was asked for, and that this person may see."""
    wanted = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(PAGE)
    own = edge.actor().hall_ids
    if own is not None:
        wanted = wanted.where(AuditEntry.hall_id.in_(own))
    if asked["hall"]:
        chosen = [hall.id for hall in halls if hall.code == asked["hall"]]
        wanted = wanted.where(AuditEntry.hall_id.in_(chosen))
    if asked["action"]:
        wanted = wanted.where(AuditEntry.action == asked["action"])
    if asked["kind"]:
        wanted = wanted.where(AuditEntry.actor_kind == asked["kind"])
    if asked["who"]:
        named = [column.icontains(asked["who"], autoescape=True) for column in (Staff.username, Staff.name)]
        people = select(Staff.id).where(or_(*named))
        wanted = wanted.where(AuditEntry.actor_kind == "staff", AuditEntry.actor_id.in_(people))
    if asked["on"]:
        wanted = _on_day(wanted, asked["on"], halls, asked["hall"])
    if asked["q"]:
        wanted = wanted.where(audit_subjects.about(session, asked["q"]))
    return wanted


def _on_day(wanted: Select[AuditEntry], text: str, halls: list[Hall], code: str) -> Select[AuditEntry]:
    """Of that day on the chosen hall's clock, or on the first one's."""
    try:
        on = date.fromisoformat(text)
    except ValueError:
        return wanted.where(false())
    zones = [hall.time_zone for hall in halls if hall.code == code or not code]
    starts_at = datetime.combine(on, time.min, ZoneInfo(zones[0] if zones else "Asia/Shanghai"))
    return wanted.where(AuditEntry.at >= starts_at, AuditEntry.at < starts_at + timedelta(days=1))


def add_to(blueprint: Blueprint) -> None:
    """Attach the routes."""
    blueprint.add_url_rule("/audit", "audit", home)
