"""Who did what: the newest entries of the audit, with ids instead of names of citizens."""

from typing import Any

from flask import Blueprint, render_template, request
from sqlalchemy import select

from halls.queries import list_halls
from kernel.audit import AuditEntry
from people.models import Staff
from web import edge
from web.admin.audit_words import action_in_words, reason_in_words, subject_in_words
from web.guards import staff_only

PAGE = 100


@staff_only("audit.view")
def home() -> Any:
    """A page of entries, newest first; `before` goes back in time."""
    before = request.args.get("before", type=int)
    wanted = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(PAGE)
    halls = edge.actor().hall_ids
    if halls is not None:
        wanted = wanted.where(AuditEntry.hall_id.in_(halls))
    if before:
        wanted = wanted.where(AuditEntry.id < before)
    with edge.transaction() as session:
        rows = list(session.scalars(wanted))
        ids = {row.actor_id for row in rows if row.actor_kind == "staff"}
        found = session.execute(select(Staff.id, Staff.username).where(Staff.id.in_(ids)))
        names = {row.id: row.username for row in found}
        zones = {hall.id: hall.time_zone for hall in list_halls(session)}
    older = rows[-1].id if len(rows) == PAGE else None
    facts = {
        "action_in_words": action_in_words,
        "subject_in_words": subject_in_words,
        "reason_in_words": reason_in_words,
    }
    return render_template("admin/audit.html", rows=rows, names=names, zones=zones, older=older, **facts)


def add_to(blueprint: Blueprint) -> None:
    """Attach the routes."""
    blueprint.add_url_rule("/audit", "audit", home)
